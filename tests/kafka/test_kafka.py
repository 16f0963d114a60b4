"""Kafka in, pattern, Kafka out: generated code against a real broker."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench

pytestmark = [pytest.mark.spark, pytest.mark.kafka]
COLUMNS = "id bigint, customer string, status string, at timestamp"
Json = dict[str, Any]


def pipeline(*nodes: tuple[str, str, Json]) -> Json:
    edges = [{"source": a[0], "target": b[0]} for a, b in pairwise(nodes)]
    listed = [{"id": i, "type": t, "name": i, "config": c} for i, t, c in nodes]
    return {"name": "Kafka", "nodes": listed, "edges": edges}


def run(bench: Bench, spark: SparkProcess, document: Json, folder: Path) -> None:
    made = bench.make(document)
    parameters = {"checkpoints": str(folder / "state"), "tables": str(folder / "tables")}
    text = next(iter(made.generated.files.values()))
    spark.request("run", notebook=text, parameters=parameters)


def test_records_become_matches_become_records(
    server: str, spark: SparkProcess, bench: Bench, tmp_path: Path
) -> None:
    kafka = {"bootstrap_servers": server}
    rows = [
        {"id": 1, "customer": "é", "status": "paid", "at": "2026-01-01T10:00:00Z"},
        {"id": 2, "customer": "b", "status": "paid", "at": "2026-01-01T10:01:00Z"},
        {"id": 2, "customer": "b", "status": "shipped", "at": "2026-01-01T10:05:00Z"},
        {"id": 9, "customer": "c", "status": "paid", "at": "2026-01-02T10:00:00Z"},
    ]
    tmp_path.joinpath("in").mkdir()
    tmp_path.joinpath("in", "a.json").write_text("".join(json.dumps(r) + "\n" for r in rows))
    files = {"path": str(tmp_path / "in"), "columns": COLUMNS}
    timed = {"columns": COLUMNS, "event_time": "at", "watermark_delay": "1 second"}
    orders = {**kafka, **timed, "topics": "orders", "starting_offsets": "earliest"}
    waits = {
        "key": ["id"],
        "keep": ["customer"],
        "trigger": "status = 'paid'",
        "expected": "status = 'shipped'",
        "within": "10 minutes",
    }
    alerts = {
        **kafka,
        "topics": "alerts",
        "columns": "match_id string, id bigint, detected_at timestamp",
        "starting_offsets": "earliest",
    }
    stages = {
        "produce": pipeline(
            ("files", "auto-loader", files),
            ("orders", "kafka-topic-sink", {**kafka, "topic": "orders"}),
        ),
        "detect": pipeline(
            ("orders", "kafka-topic", orders),
            ("unshipped", "absence", waits),
            ("alerts", "kafka-topic-sink", {**kafka, "topic": "alerts", "key": "match_id"}),
        ),
        "consume": pipeline(
            ("alerts", "kafka-topic", alerts), ("out", "file-sink", {"path": str(tmp_path / "out")})
        ),
    }
    for name, document in stages.items():
        run(bench, spark, document, tmp_path / name)
    found = [json.loads(x) for p in tmp_path.glob("out/*.json") for x in p.open(encoding="utf-8")]
    assert [(row["id"], row["detected_at"]) for row in found] == [(1, "2026-01-01T10:10:00.000Z")]
