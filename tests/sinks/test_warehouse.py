"""Statements on a SQL warehouse, against a server that speaks its API."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlglot
from databricks.sdk import WorkspaceClient
from sqlglot import exp

from .carried import carried
from .servers import Answer, http_server

STATEMENTS = "/api/2.0/sql/statements"
NAMES = carried("core", "databases")


def state(name: str, **more: Any) -> Answer:
    """An answer of the statement execution API."""
    return Answer(
        headers={"Content-Type": "application/json"},
        body=json.dumps({"statement_id": "s1", "status": {"state": name, **more}}),
    )


def run(*answers: Answer) -> list[Any]:
    with http_server(*answers, under=STATEMENTS) as server:
        client = WorkspaceClient(
            host=f"http://127.0.0.1:{server.server_port}", token="t", auth_type="pat"
        )
        NAMES["run_on_warehouse"](client, "w1", "SELECT 1")
    return [r for r in server.requests if r.path.startswith(STATEMENTS)]


def test_a_statement_is_waited_for() -> None:
    asked = run(state("PENDING"), state("RUNNING"), state("SUCCEEDED"))
    assert [r.method for r in asked] == ["POST", "GET", "GET"]
    assert (asked[0].body["statement"], asked[0].body["warehouse_id"]) == ("SELECT 1", "w1")


def test_a_failed_statement_ends_the_batch() -> None:
    with pytest.raises(RuntimeError, match="no such table"):
        run(state("FAILED", error={"error_code": "BAD_REQUEST", "message": "no such table"}))


def test_the_merge_takes_only_newer_rows() -> None:
    text = NAMES["merge_statement"]("main.a.b", "/Volumes/it's", ["k"], "at")
    (tree,) = sqlglot.parse(text, dialect="databricks")
    assert isinstance(tree, exp.Merge)
    assert [c.name for c in tree.args["on"].find_all(exp.Column)] == ["k", "k"]
    matched, absent = tree.args["whens"].expressions
    assert [c.name for c in matched.args["condition"].find_all(exp.Column)] == ["at", "at"]
    assert absent.args["condition"] is None
