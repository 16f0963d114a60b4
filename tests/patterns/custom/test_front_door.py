"""An author's code through the tools that agents call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.surfaces.callers import McpCaller

from .processors import TOTALS

FEED = {
    "path": "in",
    "columns": "key string, amount double, at timestamp",
    "event_time": "at",
    "watermark_delay": "1 minute",
}
CUSTOM = {"key": ["key"], "output": "key string, n bigint, amount double", "time_mode": "none"}
EVENTS = [
    {"key": "a", "amount": 1.5, "at": "2026-01-01T10:00:00Z"},
    {"key": "a", "amount": None, "at": "2026-01-01T10:00:01Z"},
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("custom")))
    yield McpCaller(host)
    host.workspace.close()


def pipeline(agent: McpCaller, name: str, code: str) -> dict[str, Any]:
    """A pipeline around some code; the answer to the edit."""
    agent.call("create_pipeline", {"name": name, "id": name})
    nodes = (
        ("feed", "auto-loader", FEED),
        ("it", "custom-stateful-processor", CUSTOM | {"pythonCode": code}),
        ("out", "file-sink", {"path": "out"}),
    )
    changes: list[dict[str, Any]] = []
    for n, (node, kind, given) in enumerate(nodes):
        change: dict[str, Any] = {"op": "add_node"}
        change["node"] = {"id": node, "type": kind, "config": given}
        changes.append(change | ({"after": nodes[n - 1][0]} if n else {}))
    return dict(agent.call("edit_pipeline", {"pipeline_id": name, "changes": changes}))


def test_a_run_shows_rows(agent: McpCaller) -> None:
    assert "error" not in pipeline(agent, "good", TOTALS)
    answer = agent.call("test_pattern", {"pipeline_id": "good", "events": EVENTS, "node": "it"})
    assert answer["rows"] == {
        "it": [{"key": "a", "n": 1, "amount": 1.5}, {"key": "a", "n": 2, "amount": 1.5}]
    }
    assert (answer["result"], answer["counts"]["rows"]) == ("matched", 2)
    code = agent.call("generate_code", {"pipeline_id": "good"})
    assert code["hashes"]["it"] == answer["code_hash"]["it"]
    shown = agent.call(
        "preview_node", {"pipeline_id": "good", "node": "it", "events": EVENTS, "limit": 1}
    )
    assert shown["rows"] == [{"key": "a", "n": 1, "amount": 1.5}]
    explained = agent.call("explain_match", {"run_id": answer["run_id"]})
    assert explained["error"]["code"] == "UNSUPPORTED"
    assert "own code" in explained["error"]["message"]


def test_a_schedule_can_be_asked_for(agent: McpCaller) -> None:
    code = TOTALS.replace(
        "yield Row(", "count = timerValues.getCurrentWatermarkInMs() // 60_000\n        yield Row("
    )
    pipeline(agent, "timed", code)
    changes = [{"op": "update_node", "id": "it", "config": {"time_mode": "event_time"}}]
    agent.call("edit_pipeline", {"pipeline_id": "timed", "changes": changes})
    rows = [{"key": "a", "at": f"2026-01-01T10:0{m}:00Z"} for m in (5, 3, 9)]
    found = {}
    for schedule in ("backlog", "live"):
        arguments = {"pipeline_id": "timed", "events": rows, "schedule": schedule}
        answer = agent.call("test_pattern", arguments)
        assert "error" not in answer, answer
        found[schedule] = (len(answer["rows"]["it"]), answer["counts"]["late"])
    assert found == {"backlog": (3, 0), "live": (2, 1)}


def test_code_that_raises_is_an_answer(agent: McpCaller) -> None:
    pipeline(agent, "bad", TOTALS.replace("count += 1", "count += row.amount"))
    answer = agent.call("test_pattern", {"pipeline_id": "bad", "events": EVENTS})
    error = answer["error"]
    assert error["code"] == "STATE_VALUE"
    assert error["where"] | {"line": 0, "batch": 0, "key": ""} == {
        "node": "it",
        "field": "code",
        "line": 0,
        "method": "handleInputRows",
        "batch": 0,
        "key": "",
        "state": "total",
    }
    assert error["expected"] == "int (bigint)"


def test_findings_come_with_the_edit(agent: McpCaller) -> None:
    answer = pipeline(agent, "unsafe", TOTALS.replace("import math", "import os"))
    codes = {f["code"] for f in answer["findings"] if f["severity"] == "error"}
    assert codes == {"IMPORT_REFUSED"}
    refused = agent.call("test_pattern", {"pipeline_id": "unsafe", "events": EVENTS})
    assert refused["error"]["code"] == "INVALID_PIPELINE"
