"""Transforms without state on Spark: what the tester says of them, in one run."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lakestream_mcp.deploy.replay import Cuts
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.graph.model import flow_name
from tests.codegen.bench import Bench, rows_of, sink, source

pytestmark = pytest.mark.spark
COLUMNS = (
    "id bigint, amount double, tags array<string>, items array<struct<sku:string,n:int>>, "
    "readings map<string,double>, place struct<x:int,`y z`:string>, at timestamp"
)
ROUTES = [
    {"name": "big", "condition": "amount >= 100"},
    {"name": "tagged", "condition": "size(tags) > 0"},
]
EXPECTATIONS = [
    {"name": "positive", "constraint": "amount > 0", "action": "drop"},
    {"name": "placed", "constraint": "place.x IS NOT NULL"},
    {"name": "has_id", "constraint": "id IS NOT NULL", "action": "fail"},
]
TAGS = {"column": "tags", "alias": "tag"}
NODES: dict[str, tuple[str, dict[str, Any]]] = {
    "first": ("split-router", {"routes": ROUTES}),
    "every": ("split-router", {"routes": ROUTES, "mode": "all"}),
    "good": ("data-quality-expectations", {"expectations": EXPECTATIONS, "quarantine": True}),
    "tag": ("flatten-explode", {**TAGS, "outer": True, "position": "n", "keep": True}),
    "item": ("flatten-explode", {"column": "items", "prefix": "item_"}),
    "reading": ("flatten-explode", {"column": "readings", "alias": "value", "outer": True}),
    "fields": ("flatten-explode", {"column": "place"}),
}
PORTS = {
    "first": ("big", "tagged", "other"),
    "every": ("big", "tagged", "other"),
    "good": ("out", "quarantine"),
}
READ = [(node, port) for node in NODES for port in PORTS.get(node, ("out",))]


def document() -> dict[str, Any]:
    """One source that feeds every node, and a sink at every port."""
    nodes, edges = [source("1 second", COLUMNS)], []
    for name, (kind, config) in NODES.items():
        nodes.append({"id": name, "type": kind, "name": name, "config": config})
        edges.append({"source": "events", "target": name})
    for node, port in READ:
        end = sink(f"to_{flow_name(node, port)}")
        nodes.append(end)
        edges.append({"source": node, "target": end["id"], "source_port": port})
    return {"name": "Transforms", "nodes": nodes, "edges": edges}


def event(draw: random.Random, number: int) -> dict[str, Any]:
    items = [{"sku": "a", "n": 1}, {"sku": None, "n": None}, None]
    return {
        "id": number,
        "amount": draw.choice([None, -1.0, 5.0, 100.0]),
        "tags": draw.choice([None, [], ["x"], ["x", None, "y"]]),
        "items": draw.choice([None, [], items, items[:1]]),
        "readings": draw.choice([None, {}, {"t": 1.5, "u": None}]),
        "place": draw.choice([None, {"x": None, "y z": "q"}, {"x": 3, "y z": None}]),
        "at": f"2026-03-01T00:00:{number:02d}Z",
    }


def test_the_same_rows_leave_by_every_port(bench: Bench, spark: SparkProcess) -> None:
    draw = random.Random(5)
    made = bench.make(document())
    tables = bench.tables(made, {"events": [event(draw, number) for number in range(40)]})
    on_host = bench.on_host(made, tables)
    names = [flow_name(node, port) for node, port in READ]
    replay = bench.on_spark(spark, made, tables, names, "backlog", Cuts(2, 1))
    for (node, port), name in zip(READ, names, strict=True):
        ours = rows_of(made, on_host.rows(node, port), node)
        assert rows_of(made, replay.tables[name], node) == ours, name
        assert ours, f"no row at {name}"
    progress = replay.progress["good"]
    metrics = [p["observedMetrics"].get("lakestream_good", {}) for p in progress]
    counted = {e["name"]: sum(m.get(e["name"]) or 0 for m in metrics) for e in EXPECTATIONS}
    assert counted == on_host.failed["good"]
    assert counted["positive"] > 0
