"""One statement on a SQL warehouse, with values as parameters, and its rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..errors import DatabricksFailed, InvalidArgument
from .databricks_client import calling

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.sql import EndpointInfo, StatementResponse

PATIENCE = timedelta(minutes=5)
"""A stopped warehouse takes minutes to start."""
WAIT = "10s"
AWAKE = ("RUNNING", "STARTING")


def warehouse_of(w: WorkspaceClient, given: str = "") -> str:
    """The warehouse that is named, else the configured one, else the only one that is awake."""
    if given or w.config.warehouse_id:
        return str(given or w.config.warehouse_id)
    known = _known(w)
    awake = [x for x in known if _is_awake(x)]
    found = awake if len(awake) == 1 else known
    if len(found) == 1:
        return str(found[0].id)
    raise InvalidArgument(
        "Say which SQL warehouse reads the table."
        if known
        else "There is no SQL warehouse that you may use.",
        code="WAREHOUSE_NEEDED",
        where={"argument": "warehouse"},
        expected=[f"{x.id} ({x.name})" for x in known[:10]],
        hint="Give its id, or set DATABRICKS_WAREHOUSE_ID.",
    )


def warehouse_awake(w: WorkspaceClient) -> str:
    """The configured warehouse, else one that is awake: no other is started. Raises
    DatabricksFailed."""
    if w.config.warehouse_id:
        return str(w.config.warehouse_id)
    for known in _known(w):
        if _is_awake(known):
            return str(known.id)
    raise DatabricksFailed(
        "Databricks: no SQL warehouse that you may use is running.",
        code="DATABRICKS_NOT_FOUND",
        hint="Start one, or set DATABRICKS_WAREHOUSE_ID: that one is started when it is needed.",
    )


def _known(w: WorkspaceClient) -> list[EndpointInfo]:
    with calling("listing SQL warehouses"):
        return list(w.warehouses.list())


def _is_awake(known: EndpointInfo) -> bool:
    return known.state is not None and known.state.value in AWAKE


def rows_of(
    w: WorkspaceClient,
    statement: str,
    parameters: Mapping[str, str | None],
    warehouse: str,
    patience: timedelta = PATIENCE,
) -> list[list[str | None]]:
    """The first rows that a SELECT gives: what comes in one answer, each value as text.

    Raises DatabricksFailed. A statement that takes too long is cancelled.
    """
    from databricks.sdk.retries import RetryError, poll
    from databricks.sdk.service import sql

    values = [sql.StatementParameterListItem(name, value=v) for name, v in parameters.items()]
    with calling("reading by SQL", warehouse=warehouse):
        first = w.statement_execution.execute_statement(
            statement, warehouse, parameters=values, wait_timeout=WAIT
        )

    def ended() -> tuple[StatementResponse | None, RetryError | None]:
        answer = first if _is_over(first) else w.statement_execution.get_statement(_id(first))
        return (answer, None) if _is_over(answer) else (None, RetryError(TimeoutError("it runs")))

    try:
        with calling("reading by SQL", warehouse=warehouse):
            answer: Any = poll(ended, patience, w.config.clock)
    except DatabricksFailed:
        with calling("ending the statement"):
            w.statement_execution.cancel_execution(_id(first))
        raise
    return _rows(answer, warehouse)


def _rows(answer: Any, warehouse: str) -> list[list[str | None]]:
    if answer.status.state.value != "SUCCEEDED":
        said = answer.status.error.message if answer.status.error else answer.status.state.value
        raise DatabricksFailed(
            f"Databricks: the statement failed: {' '.join(str(said).split())[:500]}",
            code="DATABRICKS_SQL_FAILED",
            where={"warehouse": warehouse},
            hint="discover_schema shows the table and its columns as they are.",
        )
    return list(answer.result.data_array or []) if answer.result else []


def _is_over(answer: StatementResponse) -> bool:
    state = answer.status.state if answer.status else None
    return state is not None and state.value not in ("PENDING", "RUNNING")


def _id(answer: StatementResponse) -> str:
    return str(answer.statement_id)
