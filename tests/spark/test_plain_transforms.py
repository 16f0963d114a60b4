"""Transforms that are one query, on Structured Streaming: the tester's rows, in one run."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from lakestream_mcp.deploy.replay import Cuts
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench, rows_of, sink, source

pytestmark = pytest.mark.spark
PEOPLE = {
    "table": "main.shop.people",
    "keys": [{"stream": "key", "static": "name"}],
    "static_columns": "name string, region string, age int",
    "static_rows": [{"name": "k1", "region": "north", "age": 7}],
}
STEPS = "WITH more AS (SELECT *, n + 1 AS more FROM in_0), most AS (SELECT * FROM more WHERE n > 1)"
NODES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "kept": ("filter", {"condition": "amount >= 3 AND note <> 'x;y'"}, ("events",)),
    "said": ("map-select", {"columns": "id, at, amount * 2 AS doubled, 'a;b' AS said"}, ("kept",)),
    "renamed": (
        "rename-cast",
        {"columns": [{"column": "id", "name": "number", "type": "string"}]},
        ("events",),
    ),
    "asked": ("custom-sql", {"query": f"{STEPS} SELECT * FROM most"}, ("kept",)),
    "found": ("lookup-enrichment", {**PEOPLE, "defaults": {"region": "nowhere"}}, ("events",)),
    "joined": ("stream-static-join", PEOPLE, ("events",)),
    "united": ("union-merge", {"missing": "null"}, ("kept", "said")),
    "timed": ("watermark", {"event_time": "at", "delay": "20 seconds"}, ("untimed",)),
}
ROWS: list[dict[str, Any]] = [
    {
        "id": n,
        "key": f"k{n % 3}",
        "amount": None if n == 7 else n / 2,
        "n": n,
        "note": None if n % 5 == 0 else f"it's {n}",
        "at": f"2026-03-01T00:{n:02d}:00Z",
    }
    for n in range(30)
]


def document() -> dict[str, Any]:
    """A source with a watermark and one without, and a node of each type."""
    untimed = source(node_id="untimed")
    untimed["config"] |= {"event_time": None, "watermark_delay": None}
    nodes, edges = [source(), untimed], []
    for name, (kind, config, feeds) in NODES.items():
        nodes += [{"id": name, "type": kind, "name": name, "config": config}, sink(f"to_{name}")]
        edges += [{"source": feed, "target": name} for feed in feeds]
        edges.append({"source": name, "target": f"to_{name}"})
    return {"name": "Plain", "nodes": nodes, "edges": edges}


def test_the_same_rows(bench: Bench, spark: SparkProcess) -> None:
    made = bench.make(document())
    tables = bench.tables(made, {"events": ROWS, "untimed": ROWS})
    on_host = bench.on_host(made, tables)
    static = {"main.shop.people": pa.Table.from_pylist(PEOPLE["static_rows"])}  # type: ignore[arg-type]
    found = bench.on_spark(spark, made, tables, list(NODES), cuts=Cuts(2, 1), static=static)
    for name in NODES:
        ours = rows_of(made, on_host.tables[name], name)
        assert ours, name
        assert rows_of(made, found.tables[name], name) == ours, name
