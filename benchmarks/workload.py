"""Runs one pattern of the workload through the tester's host or through generated code on Spark.

    python benchmarks/workload.py DIR --pattern P1 --engine host|spark [--batches 10] [--json]

DIR is as gen_workload.py writes it. Prints matches, events, wall seconds and CPU seconds of the
whole process tree from its start to its end. Set-up is apart: events are written once as Parquet
files, one per micro-batch, the class archive of the JVM is made once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import process_cpu

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
COLUMNS = "seq bigint, key string, type string, ts timestamp, value double"
CLOSING_US = 4_000_000_000_000_999
SHARED = {"key": ["key"], "keep": ["seq"]}
PATTERNS: dict[str, tuple[str, dict[str, Any]]] = {
    "P1": (
        "sequence",
        {
            "steps": [
                {"name": "a", "where": "type = 'A'"},
                {"name": "b", "where": "type = 'B'"},
            ],
            "within": "5 minutes",
            "after_match": "skip-past-last",
        },
    ),
    "P2": (
        "sequence",
        {
            "steps": [{"name": "a", "where": "type = 'A'", "min": 5, "max": 5}],
            "within": "1 minute",
            "after_match": "skip-past-last",
        },
    ),
    "P3": (
        "absence",
        {
            "trigger": "type = 'A'",
            "expected": "type = 'B'",
            "within": "5 minutes",
            "on_repeat": "each",
        },
    ),
    "P4": (
        "match-recognize",
        {
            "clause": "ORDER BY ts PATTERN (A B+ C) "
            "DEFINE A AS type = 'A', B AS type = 'B', C AS type = 'C'",
        },
    ),
}


def prepared(folder: Path, batches: int) -> Path:
    """The events as Parquet, in order of arrival, a file per micro-batch; the last row closes."""
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    out = folder / f"closed-{batches}"
    if out.exists():
        return out
    options = pc.ReadOptions(column_names=["seq", "key", "type", "ts_ms", "value"])
    parts = sorted((folder / "arrival").glob("part-*.csv"))
    rows = pa.concat_tables([pc.read_csv(p, read_options=options) for p in parts]).sort_by("seq")
    stamps = rows["ts_ms"].cast(pa.timestamp("ms")).cast(pa.timestamp("us", tz="UTC"))
    rows = rows.drop_columns(["ts_ms"]).add_column(3, "ts", stamps)
    closing = pa.table(
        [
            pa.array([CLOSING_US], pa.int64()).cast(f.type)
            if f.name == "ts"
            else pa.nulls(1, f.type)
            for f in rows.schema
        ],
        schema=rows.schema,
    )
    made = Path(tempfile.mkdtemp(dir=folder))
    size = -(-rows.num_rows // batches)
    pieces = [rows.slice(i * size, size) for i in range(batches)]
    pieces[-1] = pa.concat_tables([pieces[-1], closing])
    for number, piece in enumerate(pieces):
        path = made / f"batch-{number:05d}.parquet"
        pq.write_table(piece, path)
        os.utime(path, (1_700_000_000 + number,) * 2)
    made.rename(out)
    return out


def document(pattern: str) -> dict[str, Any]:
    """The pipeline of one pattern."""
    kind, config = PATTERNS[pattern]
    feed = {
        "path": "events",
        "format": "parquet",
        "columns": COLUMNS,
        "event_time": "ts",
        "watermark_delay": "2 seconds",
    }
    return {
        "name": pattern,
        "settings": {"buckets": 4},  # twice the partitions of a local Spark
        "nodes": [
            {"id": "feed", "type": "auto-loader", "name": "Feed", "config": feed},
            {"id": "found", "type": kind, "name": pattern, "config": {**SHARED, **config}},
            {"id": "out", "type": "file-sink", "name": "Out", "config": {"path": "out"}},
        ],
        "edges": [
            {"source": "feed", "target": "found"},
            {"source": "found", "target": "out"},
        ],
    }


def on_host(files: Path, pattern: str) -> int:
    """Matches that the tester's host finds: Sail packs, the kernel and the matcher do the rest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from lakestream_mcp.cep.carried import carried
    from lakestream_mcp.cep.events import with_arrivals
    from lakestream_mcp.cep.host import final_watermark, on_time_rows
    from lakestream_mcp.cep.packing import pack_rows
    from lakestream_mcp.cep.replay import Batch, replay
    from lakestream_mcp.cep.watermark import WatermarkPoint
    from lakestream_mcp.relational.local import LocalEngine

    engine = LocalEngine()
    try:
        plan, relation = planned(pattern, engine)
        read = ["seq", "key", "type", "ts"]  # no pattern reads `value`
        parts = [pq.ParquetFile(p) for p in sorted(files.glob("*.parquet"))]
        batches = [part.read(columns=read) for part in parts]  # read_table would import datasets
        batches[-1] = batches[-1].slice(0, batches[-1].num_rows - 1)  # without the closing row
        rows = with_arrivals({"feed": pa.concat_tables(batches)}, {"feed": "ts"})["feed"]
        times, arrivals = rows["ts"].cast(pa.int64()).to_numpy(), rows["__row"].to_numpy()
        packed = pack_rows(plan, relation, rows, engine)
    finally:
        engine.close()
    points = [WatermarkPoint("feed", times, arrivals, relation.delay_ms or 0)]
    fresh, _ = on_time_rows(packed, points, batches[0].num_rows)
    batch = Batch(fresh.drop_columns(["row"]), 0)
    return len(replay(carried(plan, "found"), "found", [batch], final_watermark(points)).matches)


def planned(pattern: str, engine: Any) -> tuple[Any, Any]:
    """The plan of the pattern and the relation it reads."""
    from lakestream_mcp.catalog import Catalog
    from lakestream_mcp.graph.model import PipelineDocument
    from lakestream_mcp.graph.validate import validate
    from lakestream_mcp.relational.columns import SailResolver

    catalog, resolver = Catalog.load(), SailResolver(engine)
    parsed = PipelineDocument.model_validate(document(pattern))
    validation = validate(parsed, catalog, resolver)
    relation = validation.relations["feed"]
    kind = catalog.get(PATTERNS[pattern][0])
    return kind.plan(validation.configs["found"], [relation], resolver), relation  # type: ignore[attr-defined]


def on_spark(files: Path, code: Path) -> int:
    """Matches that generated code finds on Spark; its rows go nowhere."""
    from lakestream_mcp.deploy import spark_env
    from lakestream_mcp.deploy.spark_process import SparkProcess

    environment = spark_env.find()
    with SparkProcess(environment) as spark, tempfile.TemporaryDirectory() as work:
        answer = spark.request(
            "measure",
            notebook=code.read_text(encoding="utf-8"),
            parameters={"checkpoints": f"{work}/checkpoints", "tables": f"{work}/tables"},
            sources={"feed": {"frame": "feed", "folder": str(files), "schema": COLUMNS}},
            frame="found",
        )
    return sum(p["observedMetrics"]["lakestream_found"]["matches"] for p in answer["progress"])


def generated(pattern: str, folder: Path) -> Path:
    """The generated notebook of a pattern: made once, as a deployment would."""
    path = folder / f"{pattern}.py"
    path.write_text(generated_text(document(pattern), pattern.lower()), encoding="utf-8")
    return path


def generated_text(pipeline: dict[str, Any], name: str) -> str:
    """The notebook of a pipeline."""
    from lakestream_mcp.catalog import Catalog
    from lakestream_mcp.codegen import generate
    from lakestream_mcp.graph.model import PipelineDocument
    from lakestream_mcp.graph.validate import validate
    from lakestream_mcp.relational.columns import SailResolver
    from lakestream_mcp.relational.local import LocalEngine

    catalog, engine = Catalog.load(), LocalEngine()
    resolver = SailResolver(engine)
    try:
        parsed = PipelineDocument.model_validate(pipeline)
        validation = validate(parsed, catalog, resolver)
        made = generate(parsed, validation, catalog, name, 1, resolver)
    finally:
        engine.close()
    return next(iter(made.files.values()))


def warm_up() -> None:
    """Make Python compile what it imports, once: part of the set-up."""
    from lakestream_mcp.relational.local import LocalEngine

    engine = LocalEngine()
    planned("P1", engine)
    engine.close()


def measured(command: list[str], warm: bool = True) -> tuple[str, float, float]:
    """Output, wall and CPU seconds of a command and of all processes it leaves behind."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    if warm:
        subprocess.run([sys.executable, __file__, "--warm-up"], env=env, check=True)
    return process_cpu.measured(command, env)


def main() -> None:
    """Set up, run in a process of its own, print the figures."""
    if sys.argv[1:] == ["--warm-up"]:
        warm_up()
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pattern", required=True, choices=sorted(PATTERNS))
    parser.add_argument("--engine", required=True, choices=["host", "spark"])
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.inside is not None:
        files = prepared(a.folder, a.batches)
        spark = a.engine == "spark"
        print(on_spark(files, a.inside) if spark else on_host(files, a.pattern))
        return
    prepared(a.folder, a.batches)
    code = a.folder
    if a.engine == "spark":
        from lakestream_mcp.deploy import setup

        setup.prepare()
        code = generated(a.pattern, a.folder)
    out, wall, cpu = measured([sys.executable, __file__, *sys.argv[1:], "--inside", str(code)])
    expected = json.loads((a.folder / "expected.json").read_text(encoding="utf-8"))
    matches, events = int(out.split()[-1]), expected["events"]
    right = matches == expected["counts"][a.pattern]
    figures = {"matches": matches, "events": events, "wall_s": wall, "cpu_s": cpu, "right": right}
    print(json.dumps(figures) if a.json else "  ".join(f"{k} {v}" for k, v in figures.items()))
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
