"""What sinks would send: the messages of a test's rows, shown and not sent."""

from __future__ import annotations

from typing import Any

from ..errors import LakestreamError
from ..graph.node_type import SinkType
from .events import ROW
from .host import GraphRun, Host

MAX_MESSAGES = 100


def sink_messages(host: Host, run: GraphRun, limit: int = MAX_MESSAGES) -> dict[str, list[Any]]:
    """The first messages of each sink that sends any, by node."""
    found: dict[str, list[Any]] = {}
    for node_id, table in run.tables.items():
        kind = host.catalog.get(host.type_of(node_id))
        if isinstance(kind, SinkType) and type(kind).messages is not SinkType.messages:
            made = messages_of(host, node_id, table.slice(0, limit))
            if made is not None:
                found[node_id] = made
    return found


def messages_of(host: Host, node_id: str, table: Any) -> list[Any] | None:
    """The messages of some rows; None where a node sends none.

    Raises LakestreamError where a row makes none.
    """
    kind = host.catalog.get(host.type_of(node_id))
    if not isinstance(kind, SinkType):
        return None
    names = [name for name in table.column_names if name != ROW]
    rows = table.select(names).to_pylist()
    try:
        made: list[Any] | None = kind.messages(host.configs[node_id], host.relations[node_id], rows)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise LakestreamError(
            f"A message cannot be made of a row: {error}",
            code="BAD_TEMPLATE",
            where={"node": node_id},
        ) from error
    return made
