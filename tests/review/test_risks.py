"""Each risk is found where it is, and not where care was taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from ..surfaces.callers import McpCaller

SOURCE = {
    "bootstrap_servers": "localhost:9092",
    "topics": ["beats"],
    "columns": "sensor string, value double, seq bigint, at timestamp",
    "event_time": "at",
    "watermark_delay": "10 minutes",
}
TREND = {"value": "value", "direction": "up", "key": ["sensor"], "within": "1 hour"}
RISING = {
    "clause": "PARTITION BY sensor ORDER BY at MEASURES A.value AS first ONE ROW PER MATCH "
    "AFTER MATCH SKIP PAST LAST ROW PATTERN (A B) DEFINE B AS B.value > A.value"
}
MERGED = {"table": "main.a.beats", "mode": "merge", "merge_keys": ["sensor"]}
CLUSTER = {"node_type": "i3.xlarge", "workers": 2}
SLACK = {"webhook_url": "secret://alerts/slack", "provider": "slack", "message": "rising"}
KEPT = {"type": "filter", "pattern": {"condition": "value > 1"}}
Parts = dict[str, Any]
RISKS: dict[str, tuple[Parts, Parts]] = {
    "LONG_WATERMARK_DELAY": ({"source": {"watermark_delay": "3 days"}}, {}),
    "TIES_UNDECIDED": ({}, {"pattern": {"order_by": ["seq"]}}),
    "ONE_KEY_FOR_ALL": ({"pattern": {"key": []}}, {}),
    "OPEN_TRANSPORT": (
        {"source": {"bootstrap_servers": "k1:9092"}},
        {"source": {"bootstrap_servers": "k1:9092", "security_protocol": "SSL"}},
    ),
    "COSTLY_TRIGGER": (
        {"settings": {"trigger": "100 milliseconds"}},
        {"settings": {"trigger": "10 seconds"}},
    ),
    "ENDLESS_ON_SERVERLESS": (
        {"settings": {"trigger": "10 seconds"}},
        {"settings": {"trigger": "10 seconds", "deploy": {"cluster": CLUSTER}}},
    ),
    "NOBODY_STARTS_IT": ({}, {"settings": {"deploy": {"continuous": True}}}),
    "STATE_KEPT_FOR_EVER": (
        {"type": "match-recognize", "pattern": RISING},
        {"type": "match-recognize", "pattern": RISING | {"forget_after": "7 days"}},
    ),
    "NOBODY_TOLD": ({}, {"sink_type": "slack-teams-pagerduty", "sink": SLACK}),
    "MISSING_CONFIG": (
        KEPT | {"sink": MERGED},
        KEPT | {"sink": MERGED | {"sequence_by": "at"}},
    ),
}


def document(parts: Parts) -> dict[str, Any]:
    """A pipeline of three nodes, careful but for these parts."""
    kind, sink = parts.get("type", "trend"), parts.get("sink_type", "delta-table-sink")
    pattern = parts.get("pattern", {})
    told = {
        "source": ("kafka-topic", SOURCE | parts.get("source", {})),
        "found": (kind, TREND | pattern if kind == "trend" else pattern),
        "sink": (sink, parts.get("sink", {"table": "main.a.beats"})),
    }
    nodes = [{"id": i, "type": t, "name": i, "config": c} for i, (t, c) in told.items()]
    edges = [{"source": "source", "target": "found"}, {"source": "found", "target": "sink"}]
    settings = parts.get("settings", {})
    return {"name": "Beats", "nodes": nodes, "edges": edges, "settings": settings}


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("risks")))
    yield McpCaller(host)
    host.workspace.close()


def found(caller: McpCaller, name: str, parts: Parts) -> set[str]:
    """What a review of such a pipeline finds."""
    caller.call("create_pipeline", {"id": name, "document": document(parts)})
    reviewed = caller.call("review_pipeline", {"pipeline_id": name, "mode": "review"})
    return {risk["code"] for risk in reviewed["risks"]}


@pytest.mark.parametrize("code", RISKS)
def test_a_risk_is_found_where_it_is(code: str, caller: McpCaller) -> None:
    careless, careful = RISKS[code]
    name = code.lower()
    assert code in found(caller, f"{name}_1", careless)
    assert code not in found(caller, f"{name}_2", careful)


def test_what_a_merge_keeps_and_deletes_is_said(caller: McpCaller) -> None:
    merge = {"sequence_by": "at", "scd_type": 2, "delete_when": "value < 0"}
    told = document(KEPT | {"type": "filter", "sink": MERGED | merge | {"except_columns": ["seq"]}})
    caller.call("create_pipeline", {"id": "kept_versions", "document": told})
    said = caller.call("review_pipeline", {"pipeline_id": "kept_versions"})["sentences"]
    (sink,) = [s["text"] for s in said if s["node"] == "sink"]
    for part in ("SCD type 2", "value < 0", "seq"):
        assert part in sink


def test_columns_alone_speak_for_an_event_time_and_keys(caller: McpCaller) -> None:
    untimed = {"event_time": None, "watermark_delay": None}
    parts = {"source": untimed, "type": "session", "pattern": {"gap": "5 minutes"}}
    here = {"pipeline_id": "of_columns"}
    caller.call("create_pipeline", {"id": "of_columns", "document": document(parts)})
    said = caller.call("review_pipeline", here | {"mode": "suggest"})["suggestions"]
    source, key = (suggestion["fix"][0]["config"] for suggestion in said)
    assert source == {"event_time": "at", "watermark_delay": "10 minutes"}
    assert key == {"key": ["sensor"]}
    changes = [suggestion["fix"][0] for suggestion in said]
    caller.call("edit_pipeline", here | {"changes": changes})
    error = caller.call("review_pipeline", here | {"mode": "suggest"})["error"]
    assert "sample rows" in error["message"]
