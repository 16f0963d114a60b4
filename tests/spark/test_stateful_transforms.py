"""Windows and joins of streams on Spark: the tester's rows, however the stream is cut."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lakestream_mcp.deploy.replay import SCHEDULES, Cuts, Schedule
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench, Made, rows_of, sink, source

pytestmark = pytest.mark.spark
Rows = list[dict[str, Any]]
ALL = [
    {"function": "count", "name": "n"},
    *(
        {"function": f, "column": c}
        for f, c in [
            ("count", "amount"),
            ("count_distinct", "kind"),
            ("sum", "n"),
            ("sum", "price"),
            ("avg", "amount"),
            ("avg", "price"),
            ("min", "note"),
            ("max", "day"),
            ("first", "amount"),
            ("last", "note"),
            ("collect_list", "id"),
            ("collect_set", "kind"),
        ]
    ),
]
WINDOWS: dict[str, dict[str, Any]] = {
    "tumbling": {"duration": "10 seconds", "group_by": ["key"]},
    "sliding": {"window_type": "sliding", "duration": "7 seconds", "slide": "3 seconds"},
    "session": {"window_type": "session", "gap": "3 seconds", "group_by": ["key", "flag"]},
}


def windows() -> dict[str, Any]:
    """One source that feeds a window of each kind."""
    nodes = [source("6 seconds")]
    edges = []
    for name, config in WINDOWS.items():
        given = {**config, "aggregations": ALL, "order_by": ["id"]}
        nodes += [{"id": name, "type": "window-aggregate", "name": name, "config": given}]
        nodes += [sink(f"to_{name}")]
        edges += [{"source": "events", "target": name}, {"source": name, "target": f"to_{name}"}]
    return {"name": "Windows", "nodes": nodes, "edges": edges}


def event(draw: random.Random, number: int, late: float) -> dict[str, Any]:
    """A row; its time wanders back by up to `late` seconds, in halves, so that times are equal."""
    seconds = max(0.0, number * 0.9 - draw.random() * late)
    stamp = f"2026-03-01T00:{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
    return {
        "id": number,
        "key": draw.choice(["a", "b", None]),
        "kind": draw.choice(["A", "B", None]),
        "amount": draw.choice([None, 0.25, 2.5, -8.0]),
        "n": draw.choice([None, 1, 2**31 - 1]),
        "flag": draw.choice([True, None]),
        "note": draw.choice([None, "x", "y"]),
        "price": draw.choice([None, "1.10", "20.05"]),
        "day": draw.choice([None, "2026-03-01", "2024-02-29"]),
        "at": None if draw.random() < 0.03 else f"{stamp}.{draw.choice('05')}Z",
    }


def compare(
    bench: Bench,
    spark: SparkProcess,
    made: Made,
    events: dict[str, Rows],
    nodes: list[str],
    schedule: Schedule,
    batch_rows: int,
) -> tuple[int, int]:
    """How many rows the nodes put out, and how many were late: the same on both hosts."""
    tables = bench.tables(made, events)
    order = "backlog" if schedule == "shuffled" else schedule
    on_host = bench.on_host(made, tables, batch_rows, order)
    replay = bench.on_spark(spark, made, tables, nodes, schedule, Cuts(batch_rows=batch_rows))
    for node in nodes:
        ours = rows_of(made, on_host.tables[node], node)
        theirs = rows_of(made, replay.tables[node], node)
        assert theirs == ours, f"{node}, {schedule}"
    found = [on_host.stateful[node].local for node in nodes]
    return sum(f.rows.num_rows for f in found), sum(len(f.late_rows) for f in found)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_windows(bench: Bench, spark: SparkProcess, schedule: Schedule) -> None:
    draw = random.Random(f"windows {schedule}")
    made = bench.make(windows())
    late = 6.0 if schedule == "shuffled" else 40.0
    rows = [event(draw, number, late) for number in range(60)]
    told, dropped = compare(bench, spark, made, {"events": rows}, list(WINDOWS), schedule, 7)
    assert told > 30
    assert (dropped > 0) == (schedule != "shuffled")


JOINS: dict[str, dict[str, Any]] = {
    "inner": {"within_after": "1500 milliseconds"},
    "left": {"join": "left", "condition": "left.amount IS NULL OR left.amount < right.price"},
    "right": {"join": "right"},
    "full": {"join": "full", "within_after": "3 seconds"},
}
LEFT = "id bigint, key string, amount double, at timestamp"
RIGHT = "id bigint, key string, price decimal(10,2), seen timestamp"


def joins() -> dict[str, Any]:
    """Two sources that feed a join of each kind."""
    nodes = [
        source("6 seconds", LEFT, node_id="orders"),
        source("3 seconds", RIGHT, "seen", node_id="paid"),
    ]
    edges = []
    for name, config in JOINS.items():
        given = {"keys": ["key"], "within_before": "4 seconds", "right_prefix": "r_", **config}
        nodes += [{"id": name, "type": "stream-stream-join", "name": name, "config": given}]
        nodes += [sink(f"to_{name}")]
        edges += [
            {"source": "orders", "target": name, "target_port": "left"},
            {"source": "paid", "target": name, "target_port": "right"},
            {"source": name, "target": f"to_{name}"},
        ]
    return {"name": "Joins", "nodes": nodes, "edges": edges}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_joins(bench: Bench, spark: SparkProcess, schedule: Schedule) -> None:
    draw = random.Random(f"joins {schedule}")
    made = bench.make(joins())
    late = 3.0 if schedule == "shuffled" else 30.0
    orders, paid = ([event(draw, number, late) for number in range(40)] for _ in "lr")
    paid = [{**row, "seen": row["at"]} for row in paid]
    columns = [("id", "key", "amount", "at"), ("id", "key", "price", "seen")]
    events = {
        node: [{name: row[name] for name in names} for row in rows]
        for node, rows, names in zip(("orders", "paid"), (orders, paid), columns, strict=True)
    }
    told, dropped = compare(bench, spark, made, events, list(JOINS), schedule, 9)
    assert told > 60
    assert (dropped > 0) == (schedule != "shuffled")
