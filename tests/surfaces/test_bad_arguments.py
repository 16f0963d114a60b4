"""Wrong calls: one error shape on MCP and REST, short, and without secrets."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller, RestCaller

SECRET = "hunter2-hunter2"
NEW = {"id": "bad-arguments", "name": "Bad arguments"}
HERE = {"pipeline_id": "bad-arguments"}


class Bad(NamedTuple):
    """A call, the code of its error, and the argument it names."""

    name: str
    operation: str
    arguments: dict[str, Any]
    code: str
    argument: str | None = None
    hint: str | None = None


BAD = (
    Bad("missing", "create_node", {**HERE}, "INVALID_ARGUMENT", "type"),
    Bad(
        "misspelt",
        "get_history",
        {**HERE, "limitt": 3},
        "INVALID_ARGUMENT",
        "limitt",
        "Did you mean `limit`?",
    ),
    Bad(
        "no such value",
        "get_history",
        {**HERE, "kind": "diffs"},
        "INVALID_ARGUMENT",
        "kind",
        "Did you mean `diff`?",
    ),
    Bad("too small", "get_history", {**HERE, "limit": 0}, "INVALID_ARGUMENT", "limit"),
    Bad("too large", "get_history", {**HERE, "limit": 10_000}, "INVALID_ARGUMENT", "limit"),
    Bad(
        "too many digits",
        "get_history",
        {**HERE, "to_revision": 1 << 63},
        "INVALID_ARGUMENT",
        "to_revision",
    ),
    Bad("not a number", "get_history", {**HERE, "limit": "ten"}, "INVALID_ARGUMENT", "limit"),
    Bad(
        "empty id",
        "create_node",
        {"pipeline_id": "x" * 65, "type": "filter"},
        "INVALID_ARGUMENT",
        "pipeline_id",
    ),
    Bad("no name", "create_pipeline", {}, "INVALID_ARGUMENT", "name"),
    Bad(
        "bad id",
        "create_pipeline",
        {"name": "A", "id": "No Spaces"},
        "INVALID_ARGUMENT",
        "id",
        "`no-spaces` would do.",
    ),
    Bad(
        "hostile id",
        "create_pipeline",
        {"name": "A", "id": "a'; DROP TABLE"},
        "INVALID_ARGUMENT",
        "id",
    ),
    Bad(
        "path as id", "create_pipeline", {"name": "A", "id": "../../etc"}, "INVALID_ARGUMENT", "id"
    ),
    Bad("NUL", "create_pipeline", {"name": "a\x00b"}, "INVALID_ARGUMENT", "name"),
    Bad("half a character", "create_pipeline", {"name": "a\ud800b"}, "INVALID_ARGUMENT", "name"),
    Bad(
        "list for an object",
        "create_node",
        {**HERE, "type": "filter", "config": [1]},
        "INVALID_ARGUMENT",
        "config",
    ),
    Bad(
        "broken JSON",
        "create_node",
        {**HERE, "type": "filter", "config": '{"a": '},
        "INVALID_ARGUMENT",
        "config",
    ),
    Bad(
        "very deep",
        "create_node",
        {**HERE, "type": "filter", "config": json.loads('{"a":' * 80 + "1" + "}" * 80)},
        "INVALID_ARGUMENT",
    ),
    Bad("no changes", "edit_pipeline", {**HERE, "changes": []}, "INVALID_ARGUMENT", "changes"),
    Bad(
        "changes as a number",
        "edit_pipeline",
        {**HERE, "changes": 5},
        "INVALID_ARGUMENT",
        "changes",
    ),
    Bad("change as text", "edit_pipeline", {**HERE, "changes": ["tidy"]}, "INVALID_CHANGE"),
    Bad(
        "unknown change",
        "edit_pipeline",
        {**HERE, "changes": [{"op": "add_nod"}]},
        "INVALID_CHANGE",
        None,
        "did you mean `add_node`?",
    ),
    Bad(
        "unknown node",
        "edit_pipeline",
        {**HERE, "changes": [{"op": "remove_node", "id": "x"}]},
        "INVALID_CHANGE",
    ),
    Bad(
        "unknown type",
        "create_node",
        {**HERE, "type": "filtre"},
        "INVALID_CHANGE",
        None,
        "did you mean `filter`?",
    ),
    Bad(
        "old revision",
        "create_node",
        {**HERE, "type": "filter", "expect_revision": 40},
        "REVISION_CONFLICT",
    ),
    Bad(
        "no such pipeline",
        "edit_pipeline",
        {"pipeline_id": "bad-argument", "changes": [{"op": "tidy"}]},
        "PIPELINE_NOT_FOUND",
        None,
        "Did you mean `bad-arguments`?",
    ),
    Bad("no such run", "explain_match", {"run_id": "run_0"}, "RUN_NOT_FOUND"),
    Bad("no such revision", "get_pipeline", {**HERE, "revision": 77}, "REVISION_NOT_FOUND"),
    Bad(
        "no such node", "get_pipeline", {**HERE, "detail": "node", "node": "x"}, "NOT_FOUND", "node"
    ),
    Bad("which node", "get_pipeline", {**HERE, "detail": "node"}, "INVALID_ARGUMENT", "node"),
    Bad("not a time", "list_runs", {"since": "yesterday"}, "INVALID_ARGUMENT", "since"),
    Bad("events of an empty pipeline", "test_pattern", {**HERE, "events": []}, "INVALID_PIPELINE"),
    Bad("code of an empty pipeline", "generate_code", {**HERE}, "INVALID_PIPELINE"),
    Bad("nothing to undo", "restore_revision", {**HERE}, "NOTHING_TO_UNDO"),
    Bad(
        "secret in a wrong place",
        "create_node",
        {**HERE, "type": "filter", "password": SECRET},
        "INVALID_ARGUMENT",
        "password",
    ),
    Bad("huge value", "get_history", {**HERE, "kind": "x" * 20_000}, "INVALID_ARGUMENT", "kind"),
)


@pytest.fixture(scope="module")
def callers(host: Host) -> dict[str, Any]:
    """Two surfaces on which the pipeline is there."""
    made = {"mcp": McpCaller(host), "rest": RestCaller(host)}
    made["rest"].call("create_pipeline", NEW)
    return made


@pytest.mark.parametrize("bad", BAD, ids=[b.name for b in BAD])
def test_a_wrong_call_is_answered(callers: dict[str, Any], bad: Bad) -> None:
    error = callers["mcp"].call(bad.operation, bad.arguments)["error"]
    assert error["code"] == bad.code
    assert error["message"]
    if bad.argument:
        assert error["where"]["argument"] == bad.argument
    if bad.hint:
        assert error["hint"] == bad.hint
    text = json.dumps(error)
    assert SECRET not in text
    assert len(text) < 4_000


@pytest.mark.parametrize("bad", BAD, ids=[b.name for b in BAD])
def test_rest_says_the_same(callers: dict[str, Any], bad: Bad) -> None:
    if bad.name == "half a character":
        pytest.skip("HTTP clients cannot encode it")
    mine = callers["rest"].call(bad.operation, bad.arguments)["error"]
    assert mine == callers["mcp"].call(bad.operation, bad.arguments)["error"]


def test_nothing_was_stored_by_wrong_calls(callers: dict[str, Any]) -> None:
    assert callers["rest"].call("get_history", HERE)["revisions"][0]["revision"] == 1


def test_numbers_that_json_does_not_know_are_refused(host: Host) -> None:
    arguments = {**HERE, "type": "filter", "config": {"n": float("nan")}}
    error = McpCaller(host).call("create_node", arguments).get("error")
    assert error is None or error["where"] == {"argument": "config.n"}
