"""Configurations as other systems shape them are read as ours, where they can mean one thing."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

Json = dict[str, Any]


def config_of(caller: McpCaller, kind: str, config: Json) -> Json:
    """What is stored of a node's configuration, which must be right so far."""
    made = {"id": "tried", "name": "Tried", "document": {"name": "Tried", "nodes": []}}
    caller.call("create_pipeline", made)
    node = {"id": "node", "type": kind, "config": config}
    changes = [{"op": "remove_node", "id": "node"}, {"op": "add_node", "node": node}]
    read = caller.call("get_pipeline", {"pipeline_id": "tried", "detail": "document"})
    sent = {"pipeline_id": "tried", "changes": changes[not read["document"]["nodes"] :]}
    said = caller.call("edit_pipeline", sent)
    wrong = ("UNKNOWN_CONFIG", "INVALID_CONFIG", "MISSING_CONFIG", "SYNTAX_ERROR")
    assert not [f for f in said["findings"] if f["code"] in wrong], said["findings"]
    read = caller.call("get_pipeline", {"pipeline_id": "tried", "detail": "document"})
    found: Json = read["document"]["nodes"][0]["config"]
    return found


SQUARE = [[[13.3, 52.5], [13.4, 52.5], [13.4, 52.6], [13.3, 52.5]]]
SHAPES: dict[str, tuple[str, Json, Json]] = {
    "Flink's steps": (
        "sequence",
        {
            "keyBy": "user",
            "pattern": [
                {"begin": "fail", "where": "NOT ok", "times": 3, "consecutive": True},
                {"next": "success", "where": "ok"},
            ],
            "within": "Time.minutes(10)",
        },
        {
            "key": "user",
            "steps": [
                {"name": "fail", "where": "NOT ok", "min": 3, "max": 3, "inner": "strict"},
                {"name": "success", "where": "ok", "contiguity": "strict"},
            ],
        },
    ),
    "a whole query": (
        "match-recognize",
        {
            "sql": "SELECT * FROM ticks MATCH_RECOGNIZE (ORDER BY at PATTERN (A B) "
            "DEFINE B AS B.p > A.p) AS t;"
        },
        {"clause": "MATCH_RECOGNIZE (ORDER BY at PATTERN (A B) DEFINE B AS B.p > A.p) AS t"},
    ),
    "zones as maps have them": (
        "geofence",
        {
            "lat": "lat",
            "lng": "lng",
            "event": "exit",
            "zones": [
                {"id": "yard", "type": "Polygon", "coordinates": SQUARE},
                {"name": "hq", "center": {"lat": 52.5, "lng": 13.3}, "radius": "1.5 km"},
            ],
        },
        {
            "emit": "exit",
            "zones": [
                {"polygon": {"type": "Polygon", "coordinates": SQUARE}, "name": "yard"},
                {"name": "hq", "latitude": 52.5, "longitude": 13.3, "radius_m": 1500.0},
            ],
        },
    ),
    "keys of two names": (
        "lookup-enrichment",
        {"table": "a.b.c", "on": {"customer_id": "id"}, "static_columns": "id int, x int"},
        {"keys": [{"stream": "customer_id", "static": "id"}]},
    ),
    "rules by name": (
        "data-quality",
        {"rules": {"warm": {"check": "t < 80", "action": "quarantine"}}},
        {
            "expectations": [{"name": "warm", "constraint": "t < 80", "action": "drop"}],
            "quarantine": True,
        },
    ),
    "slowly changing": (
        "delta-table-sink",
        {"table": "a.b.c", "mode": "scd2", "keys": ["id"], "sequence_by": "at"},
        {"mode": "merge", "scd_type": 2, "merge_keys": ["id"]},
    ),
    "a window that slides": (
        "hopping-window",
        {"size": "5 minutes", "slide": "1 minute", "aggregations": {"n": "count(*)"}},
        {"window_type": "sliding", "slide": "1 minute"},
    ),
    "a rate with its unit": (
        "rate",
        {"key": "card", "max_rate": "100/min", "window": "1 min"},
        {"threshold": 100.0, "per": "minute"},
    ),
    "keys as SQL has them": (
        "stream-static-join",
        {"table": "a.b.c", "on": "o.customer_id = c.id", "columns": "id int, x int"},
        {"keys": [{"stream": "customer_id", "static": "id"}], "static_columns": "id int, x int"},
    ),
    "a window of sessions": (
        "session_window",
        {"gap_duration": "30 minutes", "aggregations": {"n": "count(*)"}},
        {"window_type": "session", "gap": "30 minutes"},
    ),
    "moves of states": (
        "state-machine",
        {
            "states": ["new", "paid"],
            "transitions": [{"source": "new", "target": "paid", "trigger": "kind = 'pay'"}],
        },
        {"transitions": [{"from": "new", "to": "paid", "when": "kind = 'pay'"}]},
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_other_systems_are_read(host: Host, name: str) -> None:
    kind, given, wanted = SHAPES[name]
    stored = config_of(McpCaller(host), kind, given)
    assert {key: stored.get(key) for key in wanted} == wanted
