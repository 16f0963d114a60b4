"""Previews of every node, on rows that are given, at hand, made up, or there right now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from tests.codegen.cases import BASES, COLUMNS, document
from tests.explain.agent import Agent, agent_in

Json = dict[str, Any]
CATALOG = Catalog.load()
NO_ROWS = {"stream-static-join", "custom", "geofence"}
"""A table's rows, and an author's process, are asked for by tests of their own; no fix of the
geofence's case can lie in its zone."""

STATED: dict[str, Json] = {
    "custom-python-source": {"sample_rows": [{"id": 1, "key": "a", "at": "2026-01-01T10:00:00Z"}]},
    "flatten-explode": {"outer": True},
    "lookup-enrichment": {"static_rows": [{"name": "a", "region": "north", "age": 3}]},
    "ml-model-endpoint": {"sample_predictions": [{"prediction": 0.5}]},
}
"""What has to be stated, since no local run can ask for it or make it up."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("preview")


@pytest.fixture(scope="module")
def agent(folder: Path) -> Iterator[Agent]:
    with agent_in(folder) as made:
        yield made


def imported(agent: Agent, pipeline_id: str, doc: Json) -> str:
    agent.call("create_pipeline", id=pipeline_id, document={**doc, "format_version": 1})
    return pipeline_id


@pytest.mark.parametrize("node_type", [t for t in BASES if t not in NO_ROWS])
def test_every_node_has_a_preview_without_events(agent: Agent, node_type: str) -> None:
    config = BASES[node_type] | STATED.get(node_type, {})
    made = imported(agent, f"any-{node_type}", document(node_type, config))
    asked = {"pipeline_id": made, "node": "it", "limit": 5}
    shown = agent.call("preview_node", **asked)
    assert shown["total"] > 0, shown
    assert agent.call("preview_node", **asked) == shown
    assert shown["warnings"], "it says where the rows are from"


def test_a_seed_gives_rows_of_its_own(agent: Agent) -> None:
    made = imported(agent, "seeded", document("filter", BASES["filter"]))
    asked = {"pipeline_id": made, "node": "it", "events": {"sample": 50}}
    first = agent.call("preview_node", **asked)
    assert 0 < first["total"] < 50
    assert all(row["amount"] > 1 for row in first["rows"])
    assert agent.call("preview_node", **asked, seed=0)["rows"] == first["rows"]
    assert agent.call("preview_node", **asked, seed=1)["rows"] != first["rows"]


def feed(path: str, columns: str | None = None, **fields: Any) -> Json:
    config = {"path": path, **({"columns": columns} if columns else {}), **fields}
    return {"id": "feed", "type": "auto-loader", "name": "Feed", "config": config}


def through(source: Json, condition: str = "amount > 5") -> Json:
    it = {"id": "it", "type": "filter", "name": "It", "config": {"condition": condition}}
    out = {"id": "out", "type": "file-sink", "name": "Out", "config": {"path": "out"}}
    edges = [{"source": "feed", "target": "it"}, {"source": "it", "target": "out"}]
    return {"name": "Through", "nodes": [source, it, out], "edges": edges}


ROWS = [
    {"id": 1, "amount": 3, "at": "2026-01-01T10:00:00Z", "tags": ["a"], "who": {"name": "x"}},
    {"id": 2, "amount": 7.5, "at": "2026-01-01T10:00:01Z", "tags": [], "day": "2026-01-01"},
    {"id": None, "amount": 9, "at": None, "who": {"name": "y", "age": 3}},
]
SHOWN = (
    "id bigint, amount double, at timestamp, tags array<string>, "
    "who struct<name:string,age:bigint>, day date"
)


@pytest.mark.parametrize("operation", ["preview_node", "test_pattern"])
def test_columns_that_are_missing_are_offered_from_the_rows(agent: Agent, operation: str) -> None:
    made = imported(agent, f"shown-{operation.split('_')[0]}", through(feed("/Volumes/a/b")))
    node = {"node": "it"} if operation == "preview_node" else {}
    asked = {"pipeline_id": made, "events": ROWS, **node}
    refused = agent.mcp.call(operation, asked)["error"]
    assert refused["hint"] == "the fix declares the columns that the events show"
    assert refused["fix"] == [{"op": "update_node", "id": "feed", "config": {"columns": SHOWN}}]
    agent.call("edit_pipeline", pipeline_id=made, changes=refused["fix"])
    assert "error" not in agent.mcp.call(operation, asked)


def test_columns_of_a_csv_file_are_offered(agent: Agent, folder: Path) -> None:
    (folder / "some.csv").write_text("id,amount,at,note\n1,2.5,2026-01-01 10:00:00,\n2,,,x\n")
    doc = through(
        {
            **feed("x"),
            "type": "kafka-topic",
            "config": {"bootstrap_servers": "k:9092", "topics": "t"},
        }
    )
    made = imported(agent, "csv", doc)
    asked = {"pipeline_id": made, "node": "it", "events": {"file": "some.csv"}}
    refused = agent.mcp.call("preview_node", asked)["error"]
    columns = "id bigint, amount double, at timestamp, note string"
    assert refused["fix"][0]["config"] == {"columns": columns}


def test_live_rows_of_files(agent: Agent, folder: Path) -> None:
    landing = folder / "landing"
    landing.mkdir()

    def write(name: str, ids: range, changed: float) -> None:
        lines = [json.dumps({"id": i, "amount": 10.0}) for i in ids]
        (landing / name).write_text("\n".join(lines))
        os.utime(landing / name, (changed, changed))

    write("b.jsonl", range(5), 1_000.0)
    write("a.jsonl", range(5, 9), 2_000.0)
    made = imported(agent, "live", through(feed("landing", "id bigint, amount double")))
    asked: Json = {"pipeline_id": made, "node": "it"}
    shown = agent.call("preview_node", **asked, events={"live": 6})
    assert [row["id"] for row in shown["rows"]] == [3, 4, 5, 6, 7, 8]
    assert shown["warnings"] == [
        "feed: the last 6 rows of 2 of 2 files; since: 1970-01-01T00:33:20+00:00"
    ]
    since = shown["warnings"][0].partition("since: ")[2]
    again = agent.call("preview_node", **asked, events={"live": 6, "since": since})
    assert again["total"] == 0
    write("c.jsonl", range(20, 22), 3_000.5)
    new = agent.call("preview_node", **asked, events={"live": 6, "since": since})
    assert [row["id"] for row in new["rows"]] == [20, 21]


def test_what_cannot_be_read_live_says_so(agent: Agent) -> None:
    made = imported(agent, "dead", document("delta-table-source", BASES["delta-table-source"]))
    for events, code in (
        ({"live": 5}, "NOT_LIVE"),
        ({"live": 0}, "INVALID_ARGUMENT"),
        ({"live": 5, "since": "yesterday"}, "INVALID_ARGUMENT"),
    ):
        asked = {"pipeline_id": made, "node": "it", "events": events}
        assert agent.mcp.call("preview_node", asked)["error"]["code"] == code


def test_only_what_is_upstream_is_asked(agent: Agent) -> None:
    doc = through(feed("/Volumes/a/b", COLUMNS))
    doc["nodes"].append(
        {"id": "bad", "type": "filter", "name": "Bad", "config": {"condition": "nonsense >"}}
    )
    doc["edges"].append({"source": "it", "target": "bad"})
    made = imported(agent, "upstream", doc)
    assert agent.call("preview_node", pipeline_id=made, node="it")["total"] > 0
    assert agent.mcp.call("preview_node", {"pipeline_id": made, "node": "bad"})["error"]


def test_events_of_other_sources_are_left_out_and_told(agent: Agent) -> None:
    feed = {"path": "in", "columns": "id bigint", "event_time": None}
    nodes = [
        {"id": "views", "type": "auto-loader", "config": feed},
        {"id": "clicks", "type": "auto-loader", "config": feed},
        {"id": "seen", "type": "filter", "config": {"condition": "id > 1"}},
        {"id": "both", "type": "union-merge", "config": {}},
        {"id": "out", "type": "file-sink", "config": {"path": "out"}},
    ]
    edges = [["views", "seen"], ["seen", "both"], ["clicks", "both"], ["both", "out"]]
    made = imported(agent, "two-feeds", {"name": "Two", "nodes": nodes, "edges": edges})
    events = {"views": [{"id": 1}, {"id": 2}], "clicks": [{"id": 3}]}
    shown = agent.call("preview_node", pipeline_id=made, node="seen", events=events)
    assert shown["rows"] == [{"id": 2}]
    assert "`clicks` does not flow into this node" in shown["warnings"][0]
    shown = agent.call("preview_node", pipeline_id=made, node="both", events=events)
    assert (shown["total"], shown["warnings"]) == (2, [])
    only = {"clicks": [{"id": 3}]}
    assert agent.call("preview_node", pipeline_id=made, node="seen", events=only)["total"] == 0
