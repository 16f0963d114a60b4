"""Edits that are refused say what can be sent instead, and that takes nothing from anybody."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

Json = dict[str, Any]
FEED: Json = {"path": "/data/orders", "columns": "id string, amount double, at timestamp"}
BIG: Json = {"condition": "amount > 100"}


@pytest.fixture
def caller(fresh: Host) -> McpCaller:
    """A client with the pipeline `orders`: a source, and a filter `big` after it."""
    caller = McpCaller(fresh)
    caller.call("create_pipeline", {"id": "orders", "name": "Orders"})
    feed = {"id": "feed", "type": "file-source", "config": FEED}
    edit(caller, add(feed), add({"id": "big", "type": "filter", "config": BIG}, after="feed"))
    return caller


def add(node: Json, **more: Any) -> Json:
    """A change that adds a node."""
    return {"op": "add_node", "node": node, **more}


def edit(caller: McpCaller, *changes: Json) -> Json:
    """The answer of an edit, or its error."""
    answer = caller.call("edit_pipeline", {"pipeline_id": "orders", "changes": list(changes)})
    return answer.get("error", answer)  # type: ignore[no-any-return]


def nodes(caller: McpCaller) -> dict[str, Json]:
    """The nodes as stored, by id."""
    asked = {"pipeline_id": "orders", "detail": "document"}
    document = caller.call("get_pipeline", asked)["document"]
    return {node["id"]: node for node in document["nodes"]}


@pytest.mark.parametrize(
    "node",
    [
        {"id": "big", "type": "filter", "config": {"condition": "amount < 5"}},
        {"id": "big", "type": "filter", "name": "Small"},
        {"id": "big", "type": "deduplicate", "config": {"key": ["id"]}},
    ],
)
def test_the_fix_of_a_taken_id_adds_the_node_under_a_free_one(
    caller: McpCaller, node: Json
) -> None:
    refused = edit(caller, add(node, after="feed"))
    assert refused["code"] == "INVALID_CHANGE"
    said = edit(caller, *refused["fix"])
    assert said["changed"]["added"] == ["big_2"]
    assert said["changed"]["edges"] == ["+ feed -> big_2"]
    stored = nodes(caller)
    assert stored["big"]["config"] == BIG
    assert stored["big_2"]["config"] == node.get("config", {})


def test_the_fix_of_a_taken_id_updates_where_nothing_is_lost(caller: McpCaller) -> None:
    edit(caller, add({"id": "plain", "type": "filter"}))
    node = {"id": "plain", "type": "filter", "name": "Plain", "config": BIG}
    refused = edit(caller, add(node, after="feed"))
    said = edit(caller, *refused["fix"])
    assert said["changed"]["updated"] == ["plain"]
    assert said["changed"]["edges"] == ["+ feed -> plain"]
    stored = nodes(caller)["plain"]
    assert (stored["name"], stored["config"]) == ("Plain", BIG)


@pytest.mark.parametrize("op", ["set_pipeline", "replace_document"])
def test_only_a_document_from_elsewhere_says_that_it_is_deployed(
    caller: McpCaller, op: str
) -> None:
    asked = {"pipeline_id": "orders", "detail": "document"}
    document = caller.call("get_pipeline", asked)["document"] | {"status": "deployed"}
    given: Json = {"status": "deployed", "name": "Big"}
    change = {"op": op, **(given if op == "set_pipeline" else {"document": document})}
    said = edit(caller, {"op": "tidy"}, change)
    if op == "replace_document":
        assert said["revision"] == 3
        return
    assert said["code"] == "NOT_DEPLOYED"
    assert said["where"] == {"change": 1, "op": op, "field": "status"}
    assert said["expected"] == ["draft", "paused", "archived"]
    assert said["hint"].startswith("deploy ")
    (listed,) = caller.call("list_pipelines", {})["pipelines"]
    assert (listed["status"], listed["name"], listed["revision"]) == ("draft", "Orders", 2)


@pytest.mark.parametrize("status", ["paused", "archived", "draft"])
def test_any_other_status_is_set_by_hand(caller: McpCaller, status: str) -> None:
    said = edit(caller, {"op": "set_pipeline", "status": status, "tags": ["ours"]})
    assert "code" not in said
    (listed,) = caller.call("list_pipelines", {})["pipelines"]
    assert listed["status"] == status
