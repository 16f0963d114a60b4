"""Autofix mends every place that names a column which got another name, and says what it mends."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

Json = dict[str, Any]
COLUMNS = "card string, amount double, kind string, at timestamp"
FEED: Json = {"bootstrap_servers": "b:9092", "topic": "t", "columns": COLUMNS}
FEED |= {"event_time": "at", "watermark_delay": "1 minute"}
CLAUSE = """PARTITION BY card ORDER BY at MEASURES A.amount AS v PATTERN (A B)
WITHIN INTERVAL '5' MINUTE DEFINE A AS amount > 1, B AS B.amount > A.amount"""
WITHIN: Json = {"key": ["card"], "within": "5 minutes"}
STEPS: list[Json] = [
    {"name": "small", "where": "amount < 2"},
    {"name": "large", "where": "amount > 500 AND amount > small.amount"},
]
READERS: dict[str, Json] = {
    "filter": {"condition": "amount > 5 AND kind <> 'amount'"},
    "sequence": WITHIN | {"steps": STEPS},
    "absence": WITHIN | {"trigger": "amount > 1", "expected": "amount > 3"},
    "match-recognize": {"clause": CLAUSE},
    "window-aggregate": {
        "window": "5 minutes",
        "aggregations": [{"function": "sum", "column": "amount", "name": "total"}],
        "group_by": ["card"],
    },
    "map": {"columns": [{"name": "x", "expression": "amount * 2 + length(`kind`)"}]},
    "rename-cast": {"columns": [{"column": "amount", "name": "value"}]},
    "custom-sql": {"query": "SELECT card, amount * 2 AS twice FROM in_0"},
}


@pytest.fixture
def caller(fresh: Host) -> McpCaller:
    """A client with the pipeline `cards`: a source, read by a node of each type."""
    caller = McpCaller(fresh)
    caller.call("create_pipeline", {"id": "cards", "name": "Cards"})
    nodes = [{"id": "feed", "type": "kafka-source", "config": FEED}]
    nodes += [
        {"id": name.replace("-", "_"), "type": name, "config": config}
        for name, config in READERS.items()
    ]
    changes = [
        {"op": "add_node", "node": node} | ({"after": "feed"} if node["id"] != "feed" else {})
        for node in nodes
    ]
    made = caller.call("edit_pipeline", {"pipeline_id": "cards", "changes": changes})
    assert errors(made) == ["NO_SINK"]
    return caller


def errors(answer: Json) -> list[str]:
    """The codes of the errors that an answer tells."""
    return [found["code"] for found in answer["findings"] if found["severity"] == "error"]


def rename(caller: McpCaller, new: str) -> None:
    """Give the source's column `amount` another name, in an edit of its own."""
    columns = COLUMNS.replace("amount", written(new))
    change = {"op": "update_node", "id": "feed", "config": {"columns": columns}}
    caller.call("edit_pipeline", {"pipeline_id": "cards", "changes": [change]})


def written(name: str) -> str:
    """A name as SQL has it."""
    return name if name.isidentifier() else f"`{name}`"


def configs(caller: McpCaller) -> dict[str, Json]:
    """The configurations as stored, by node."""
    asked = {"pipeline_id": "cards", "detail": "document"}
    document = caller.call("get_pipeline", asked)["document"]
    return {node["id"]: node["config"] for node in document["nodes"]}


@pytest.mark.parametrize("new", ["amounts", "the amount"])
def test_autofix_mends_all_places_that_name_a_renamed_column(caller: McpCaller, new: str) -> None:
    rename(caller, new)
    mended = caller.call("validate_pipeline", {"pipeline_id": "cards", "autofix": "apply"})
    assert errors(mended) == ["NO_SINK"]
    stored, name = configs(caller), written(new)
    assert stored["filter"]["condition"] == f"{name} > 5 AND kind <> 'amount'"
    assert [step["where"] for step in stored["sequence"]["steps"]] == [
        f"{name} < 2",
        f"{name} > 500 AND {name} > small.{name}",
    ]
    assert stored["absence"]["expected"] == f"{name} > 3"
    assert stored["rename_cast"]["columns"][0]["column"] == new
    assert stored["map"]["columns"][0]["expression"] == f"{name} * 2 + LENGTH(`kind`)"
    assert stored["custom_sql"]["query"] == f"SELECT card, {name} * 2 AS twice FROM in_0"
    assert stored["window_aggregate"]["aggregations"][0]["column"] == new


def test_each_change_of_autofix_names_the_finding_it_mends(caller: McpCaller) -> None:
    rename(caller, "amounts")
    asked = {"pipeline_id": "cards", "autofix": "preview"}
    said = caller.call("validate_pipeline", asked)
    assert [each["node"] for each in said["mends"]] == [change["id"] for change in said["fixes"]]
    assert {each["code"] for each in said["mends"]} == {"UNKNOWN_COLUMN"}
    fields = {each["field"] for each in said["mends"]}
    assert {"condition", "steps.0.where", "steps.1.where", "columns.0.column"} <= fields
    text = caller.result("validate_pipeline", asked).content[0].text
    (line,) = [line for line in text.splitlines() if line.startswith("its changes mend")]
    told = [f"{m['code']} {m['node']}.{m['field']}" for m in said["mends"]]
    assert line == f"its changes mend, one by one: {'; '.join(told)}"


def test_a_name_that_is_like_no_other_gets_no_fix(caller: McpCaller) -> None:
    rename(caller, "price")
    said = caller.call("validate_pipeline", {"pipeline_id": "cards", "autofix": "preview"})
    assert (said["fixes"], said["mends"]) == ([], [])
