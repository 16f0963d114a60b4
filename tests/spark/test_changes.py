"""Changes in their envelopes: a test reads them as the generated code does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy.replay import plain_rows
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench

pytestmark = pytest.mark.spark
Json = dict[str, Any]
MICROS = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z."""
ANN: Json = {"id": 1, "name": "Ann", "at": MICROS, "born": 7_300}
BOB: Json = {"id": 2, "name": None, "at": None, "born": None}
NOBODY: Json = {"id": None, "name": "?", "at": MICROS, "born": 0}
WHEN: Json = {"ts_ms": MICROS // 1_000}


def debezium(op: str | None, before: Json | None, after: Json | None, **more: Any) -> Json:
    return {"before": before, "after": after, "op": op, "source": WHEN, "ts_ms": 5, **more}


EVENTS: dict[str, list[Json]] = {
    "debezium": [
        debezium("c", None, ANN),
        {"schema": {"type": "struct"}, "payload": debezium("u", ANN, BOB)},
        debezium("r", None, ANN, source={}),
        {"op": "d", "before": BOB, "ts_ms": MICROS // 1_000},
        debezium("d", NOBODY, ANN),
        debezium("t", None, None),
        debezium("m", None, ANN),
        debezium(None, ANN, ANN),
        debezium("u", ANN, NOBODY),
        debezium("c", None, None),
    ],
    "maxwell": [
        {"type": kind, "ts": MICROS // 1_000_000, "data": data}
        for kind in ("insert", "update", "delete", "bootstrap-insert", "table-alter")
        for data in (ANN, BOB, NOBODY)
    ],
    "feed": [
        {**row, "_change_type": kind, "_commit_timestamp": "2026-03-01T10:00:00.5Z"}
        for kind in ("insert", "update_preimage", "update_postimage", "delete", "else")
        for row in (ANN, BOB, NOBODY)
    ],
}


def reading(name: str, folder: Path) -> Json:
    config = {
        "path": str(folder / name),
        "envelope": {"feed": "spark-cdc"}.get(name, name),
        "primary_keys": ["ID"],
        "columns": "id bigint, name string, at timestamp, born date",
        "times": "microseconds",
        "include_before": name == "debezium",
    }
    return {"id": name, "type": "cdc-stream", "name": name, "config": config}


def test_envelopes_give_the_same_rows(bench: Bench, spark: SparkProcess, tmp_path: Path) -> None:
    nodes, edges = [], []
    for name, events in EVENTS.items():
        folder = tmp_path / name
        folder.mkdir()
        folder.joinpath("a.json").write_text("".join(json.dumps(e) + "\n" for e in events))
        sink, table = f"{name}_out", {"table": f"{name}_rows"}
        nodes.append(reading(name, tmp_path))
        nodes.append({"id": sink, "type": "delta-table-sink", "name": name, "config": table})
        edges.append({"source": name, "target": sink})
    made = bench.make({"name": "Changes", "nodes": nodes, "edges": edges})
    spark.request(
        "run",
        notebook=next(iter(made.generated.files.values())),
        parameters={"checkpoints": str(tmp_path / "state"), "tables": str(tmp_path / "tables")},
    )
    tables = bench.tables(made, EVENTS)
    for name in EVENTS:
        output = tmp_path / f"{name}.arrow"
        stored = f"SELECT * FROM delta.`{tmp_path}/tables/{name}_rows`"
        spark.request("sql", text=stored, output=str(output))
        names = made.validation.relations[name].names
        on_spark = plain_rows(arrow(output), names)
        assert on_spark == plain_rows(tables[name], names), name
        assert len(on_spark) >= 4


def arrow(path: Path) -> Any:
    import pyarrow as pa

    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
