"""Statements: SELECTs that are really run, by Sail over the tables' rows, with parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from databricks.sdk.service.sql import StatementExecutionAPI

from lakestream_mcp.errors import LakestreamError

from .principals import User
from .refusals import Refused, invalid, missing
from .results import chunk, manifest
from .service import Asked, Service, serves
from .sql import Sql

WAIT = re.compile(r"(\d+)s")
DONE = ("SUCCEEDED", "FAILED", "CANCELED", "CLOSED")


@dataclass
class Statement:
    """One statement; its rows are an Arrow table once it has succeeded."""

    id: str
    user: User
    asked: dict[str, Any]
    state: str = "PENDING"
    rows: Any = None
    error: tuple[str, str] | None = None


class StatementExecution(Service):
    """All statements by id."""

    name = "statement_execution"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.known: dict[str, Statement] = {}
        self.sql = Sql(world)

    @serves(StatementExecutionAPI.execute_statement, reads=True)
    def execute(self, asked: Asked) -> dict[str, Any]:
        """Run a statement; with a wait, mostly at once, else it is asked for again."""
        wait = WAIT.fullmatch(asked.get("wait_timeout", "10s"))
        if wait is None or not (int(wait[1]) == 0 or 5 <= int(wait[1]) <= 50):
            raise invalid("wait_timeout must be 0s, or between 5s and 50s")
        if asked.get("disposition", "INLINE") != "INLINE":
            raise invalid("The stand-in gives rows inline, as JSON.")
        warehouse = self.world.warehouses.one(asked, asked["warehouse_id"], "CAN_USE")
        if warehouse.state == "STOPPED":
            warehouse.state = "STARTING"
        made = Statement(self.world.uuid(), asked.user, asked.body)
        self.known[made.id] = made
        if int(wait[1]) and not self.world.paused and warehouse.state == "RUNNING":
            self._finish(made)
        elif asked.get("on_wait_timeout") == "CANCEL":
            made.state = "CANCELED"
        return self._shown(made)

    @serves(StatementExecutionAPI.get_statement)
    def get(self, asked: Asked) -> dict[str, Any]:
        """How far a statement is, and its first rows."""
        found = self._one(asked)
        self.world.moved()
        return self._shown(found)

    @serves(StatementExecutionAPI.get_statement_result_chunk_n)
    def chunk(self, asked: Asked) -> dict[str, Any]:
        """More rows."""
        return chunk(self._one(asked).rows, int(asked["chunk_index"]))

    @serves(StatementExecutionAPI.cancel_execution)
    def cancel(self, asked: Asked) -> None:
        """Stop a statement."""
        found = self._one(asked)
        if found.state not in DONE:
            found.state = "CANCELED"

    def advance(self) -> None:
        """PENDING, then RUNNING, then done."""
        for statement in self.known.values():
            warehouse = self.world.warehouses.known[statement.asked["warehouse_id"]]
            if statement.state == "RUNNING":
                self._finish(statement)
            elif statement.state == "PENDING" and warehouse.state == "RUNNING":
                statement.state = "RUNNING"

    def _finish(self, statement: Statement) -> None:
        try:
            statement.rows = self.sql.run(statement.user, statement.asked)
            statement.state = "SUCCEEDED"
        except Refused as refused:
            statement.state, statement.error = "FAILED", ("BAD_REQUEST", refused.message)
        except LakestreamError as error:
            statement.state, statement.error = "FAILED", ("BAD_REQUEST", error.message)

    def _one(self, asked: Asked) -> Statement:
        found = self.known.get(asked["statement_id"])
        if found is None or found.user != asked.user:
            raise missing(f"The statement {asked['statement_id']} was not found.")
        return found

    def _shown(self, statement: Statement) -> dict[str, Any]:
        status: dict[str, Any] = {"state": statement.state}
        if statement.error:
            code, message = statement.error
            status["error"] = {"error_code": code, "message": message}
        shown: dict[str, Any] = {"statement_id": statement.id, "status": status}
        if statement.state == "SUCCEEDED":
            shown |= {"manifest": manifest(statement.rows), "result": chunk(statement.rows, 0)}
        return shown
