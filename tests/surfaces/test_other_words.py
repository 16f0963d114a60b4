"""Configurations as agents write them before they have read a type's fields: no error, and told."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

Json = dict[str, Any]
FEED: Json = {
    "bootstrap_servers": "b:9092",
    "topics": "t",
    "columns": "id string, kind string, amount double, lat double, lon double, ts timestamp",
    "event_time": "ts",
    "watermark_delay": "1 minute",
}
KEY = {"key": ["id"]}


def steps(quantifier: str) -> Json:
    """A sequence whose first step has a quantifier."""
    first = {"name": "a", "where": "kind = 'a'", "quantifier": quantifier}
    return {**KEY, "steps": [first, {"name": "b", "where": "kind = 'b'"}], "within": "1 hour"}


def times(least: int, most: int | None, **more: Any) -> Json:
    """The same step as it is stored."""
    return {"name": "a", "where": "kind = 'a'", "min": least, "max": most, **more}


NUMBERS = count(1)


def as_written(caller: McpCaller, kind: str, config: Json) -> tuple[Json, list[str]]:
    """What is stored of a configuration, and what was told of it; there must be no error."""
    name = f"words {next(NUMBERS)}"
    document = {
        "nodes": [
            {"id": "feed", "type": "kafka-topic", "config": FEED},
            {"id": "it", "type": kind, "config": config},
            {"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}},
        ],
        "edges": [["feed", "it"], ["it", "out"]],
    }
    made = caller.call("create_pipeline", {"name": name, "document": document})
    assert "error" not in made, made
    assert [f for f in made["findings"] if f["severity"] == "error"] == []
    asked = {"pipeline_id": made["pipeline_id"], "detail": "node", "node": "it"}
    return caller.call("get_pipeline", asked)["node"]["config"], made["notes"]


@pytest.mark.parametrize(
    ("quantifier", "step"),
    [
        ("+", times(1, None)),
        ("*", times(0, None)),
        ("?", times(0, 1)),
        ("{2}", times(2, 2)),
        ("{2,}", times(2, None)),
        ("{,3}", times(0, 3)),
        ("{2, 5}", times(2, 5)),
        ("+?", times(1, None, greedy=False)),
    ],
)
def test_quantifiers_of_regular_expressions(host: Host, quantifier: str, step: Json) -> None:
    stored, _ = as_written(McpCaller(host), "sequence", steps(quantifier))
    kept = {name: value for name, value in stored["steps"][0].items() if value is not None}
    assert kept == {name: value for name, value in step.items() if value is not None}
    assert stored["steps"][0].get("max", "left out") == step["max"]


@pytest.mark.parametrize(
    ("kind", "written", "meant", "told"),
    [
        (
            "absence",
            {**KEY, "start": "kind = 'order'", "missing": "kind = 'ship'", "timeout": "2 hours"},
            {"trigger": "kind = 'order'", "expected": "kind = 'ship'", "within": "2 hours"},
            "read `missing` as `expected` in `it`",
        ),
        (
            "heartbeat",
            {**KEY, "interval": "5 minutes", "forget_after": "1 day"},
            {"timeout": "5 minutes"},
            "read `interval` as `timeout` in `it`",
        ),
        (
            "count-threshold",
            {**KEY, "count": 5, "window": "1 minute", "operator": "gte"},
            {"threshold": 5, "comparison": ">="},
            "read `gte` as `>=` in `comparison` in `it`",
        ),
        (
            "velocity",
            {**KEY, "window": "1 minute", "threshold": 9, "unit": "per minute"},
            {"per": "minute"},
            "read `per minute` as `minute` in `per` in `it`",
        ),
        (
            "trend",
            {**KEY, "field": "amount", "direction": "Increasing", "count": 3},
            {"value": "amount", "direction": "up", "length": 3},
            "read `Increasing` as `up` in `direction` in `it`",
        ),
        *(
            (
                "lookup-enrichment",
                {"table": "a.b.c", "keys": "id", "columns": names, "schema": "id string, tier int"},
                {"select": ["tier"], "static_columns": "id string, tier int"},
                "read `columns` as `select` in `it`",
            )
            for names in ("tier", ["tier"])
        ),
        (
            "outlier",
            {**KEY, "field": "amount", "method": "stddev", "window_size": 50, "ttl": "1 day"},
            {"method": "zscore", "baseline_count": 50},
            "read `stddev` as `zscore` in `method` in `it`",
        ),
        (
            "geofence",
            {
                **KEY,
                "latitude": "lat",
                "longitude": "lon",
                "fences": [{"name": "hq", "type": "circle", "center": [13.4, 52.5], "radius": 9}],
                "events": ["enter", "exit"],
            },
            {
                "zones": [{"name": "hq", "longitude": 13.4, "latitude": 52.5, "radius_m": 9}],
                "emit": ["enter", "exit"],
            },
            "read `fences` as `zones` in `it`",
        ),
        (
            "window-aggregate",
            {
                "window": {"type": "hopping", "size": "10 minutes", "hop": "5 minutes"},
                "group_by": ["id"],
                "aggregations": ["count(*) AS n"],
            },
            {"window_type": "sliding", "duration": "10 minutes", "slide": "5 minutes"},
            "read `window` as `window_type`, `duration`, `slide` in `it`",
        ),
        (
            "data-quality-expectations",
            {"expectations": {"positive": "amount > 0"}, "on_violation": "drop"},
            {"expectations": [{"name": "positive", "constraint": "amount > 0", "action": "drop"}]},
            "read `on_violation` as `expectations` in `it`",
        ),
        (
            "rename-cast",
            {"mappings": {"id": "card"}, "casts": {"card": "bigint", "amount": "decimal(9,2)"}},
            {
                "columns": [
                    {"column": "id", "name": "card", "type": "bigint"},
                    {"column": "amount", "type": "decimal(9,2)"},
                ]
            },
            "read `casts` as `columns` in `it`",
        ),
        (
            "custom-python-udf",
            {
                "function": "def twice(amount):\n    return amount * 2",
                "inputs": ["amount"],
                "output_name": "twice",
                "returns": "double",
            },
            {"input_columns": ["amount"], "output_column": "twice", "output_type": "double"},
            "read `function` as `code` in `it`",
        ),
    ],
)
def test_a_configuration_in_other_words(
    host: Host, kind: str, written: Json, meant: Json, told: str
) -> None:
    stored, notes = as_written(McpCaller(host), kind, written)
    assert {name: stored.get(name) for name in meant} == meant
    assert told in notes


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        ("autoloader", {"folder": "/in", "format": "json", "schema": "id string"}, {"path": "/in"}),
        (
            "delta-source",
            {"table": "main.a.b", "schema": "id string, amount double"},
            {"table": "main.a.b", "columns": "id string, amount double"},
        ),
        (
            "delta-source",
            {"catalog": "main", "schema": "a", "table": "b", "columns": "id string"},
            {"table": "main.a.b"},
        ),
        (
            "kinesis",
            {"stream_name": "s", "region": "eu-west-1", "columns": "id string"},
            {"streams": "s"},
        ),
        (
            "pubsub",
            {"project": "shop-1", "subscription": "lake", "topic": "orders", "schema": "id string"},
            {"project_id": "shop-1", "subscription_id": "lake", "topic_id": "orders"},
        ),
        (
            "kafka",
            {"brokers": "b:9092", "topic": "t", "schema": "id string", "starting_offset": "latest"},
            {"starting_offsets": "latest"},
        ),
    ],
)
def test_a_source_in_other_words(host: Host, kind: str, written: Json, meant: Json) -> None:
    caller = McpCaller(host)
    out = {"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}}
    nodes = [{"id": "it", "type": kind, "config": written}, out]
    document = {"nodes": nodes, "edges": [["it", "out"]]}
    made = caller.call("create_pipeline", {"name": f"words {next(NUMBERS)}", "document": document})
    assert "error" not in made, made
    assert [f for f in made["findings"] if f["severity"] == "error"] == []
    asked = {"pipeline_id": made["pipeline_id"], "detail": "node", "node": "it"}
    stored = caller.call("get_pipeline", asked)["node"]["config"]
    assert {name: stored.get(name) for name in meant} == meant


def test_what_may_be_two_options_is_refused(host: Host) -> None:
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "options", "name": "Options"})
    node = {"id": "it", "type": "trend", "config": {"value": "amount", "direction": "sideways"}}
    arguments = {"pipeline_id": "options", "changes": [{"op": "add_node", "node": node}]}
    findings = caller.call("edit_pipeline", arguments)["findings"]
    (found,) = [f for f in findings if f.get("field") == "direction"]
    assert found["got"] == "sideways"
    assert found["expected"] == ["up", "down", "flat"]


def test_a_missing_time_has_a_usual_value_as_its_fix(host: Host) -> None:
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "silent", "name": "Silent"})
    changes = [
        {"op": "add_node", "id": "feed", "type": "kafka-topic", "config": FEED},
        {"op": "add_node", "id": "it", "type": "heartbeat", "after": "feed"}
        | {"config": {**KEY, "timeout": "6 minutes"}},
    ]
    said = caller.call("edit_pipeline", {"pipeline_id": "silent", "changes": changes})
    (found,) = [f for f in said["findings"] if f["code"] == "MISSING_CONFIG"]
    fixed = {"pipeline_id": "silent", "changes": found["fix"]}
    left = caller.call("edit_pipeline", fixed)["findings"]
    assert not [f for f in left if f.get("node") == "it" and f["severity"] == "error"]


def test_aggregations_as_calls(host: Host) -> None:
    config = {
        "duration": "1 minute",
        "aggregates": {"users": "COUNT(DISTINCT id)", "n": "count(*)"},
    }
    stored, _ = as_written(McpCaller(host), "window-aggregate", config)
    assert stored["aggregations"] == [
        {"function": "count_distinct", "column": "id", "name": "users"},
        {"function": "count", "name": "n"},
    ]


def test_an_aggregation_that_cannot_be_read_is_a_finding(host: Host) -> None:
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "sums", "name": "Sums"})
    config = {"duration": "1 minute", "aggregations": {"x": "sum(amount) / count(*)"}}
    node = {"id": "it", "type": "window-aggregate", "config": config}
    arguments = {"pipeline_id": "sums", "changes": [{"op": "add_node", "node": node}]}
    findings = caller.call("edit_pipeline", arguments)["findings"]
    (found,) = [f for f in findings if f["code"] == "INVALID_CONFIG"]
    assert found["field"] == "aggregations.0.function"
    assert "count_distinct" in found["expected"]
    assert "fix" not in found, "the nearest name would lose the rest"


@pytest.mark.parametrize("given", [["a"], 5, True])
def test_what_is_no_call_is_not_stored_as_one(host: Host, given: Any) -> None:
    caller = McpCaller(host)
    name = f"words {next(NUMBERS)}"
    made = caller.call("create_pipeline", {"name": name})["pipeline_id"]
    node = {"id": "it", "type": "window-aggregate"}
    node |= {"config": {"duration": "1 minute", "aggregations": {"x": given}}}
    arguments = {"pipeline_id": made, "changes": [{"op": "add_node", "node": node}]}
    findings = caller.call("edit_pipeline", arguments)["findings"]
    fields = {f["field"] for f in findings if f["code"] == "INVALID_CONFIG"}
    assert fields == {"aggregations.0.function"}
    asked = {"pipeline_id": made, "detail": "node", "node": "it"}
    stored = caller.call("get_pipeline", asked)["node"]["config"]["aggregations"]
    assert stored == [{"function": given, "name": "x"}]
