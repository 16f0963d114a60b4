"""What is made once for the local Spark: jars, and the archive of the JVM's classes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import spark_env
from .spark_process import SparkProcess

ROWS = 200


def prepare(
    spark_python: Path | None = None, tell: Callable[[str], None] | None = None
) -> spark_env.SparkEnvironment:
    """Fetch jars and make the class archive, unless they are there."""
    tell = tell or (lambda _: None)
    tell("looking for Python, Java and jars")
    environment = spark_env.find(spark_python)
    if not environment.archive.exists():
        tell("recording the classes that Spark loads (once)")
        make_archive(environment)
    return environment


def make_archive(environment: spark_env.SparkEnvironment) -> None:
    """Run a small stream once; the JVM writes the classes it loaded into a file when it ends."""
    with tempfile.TemporaryDirectory(prefix="lakestream-training-") as folder:
        work = Path(folder)
        for number, text in enumerate(_events()):
            path = work / "in" / f"{number}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            os.utime(path, (1_700_000_000 + number,) * 2)
        with SparkProcess(environment, make_archive=True) as spark:
            spark.request(
                "run",
                notebook=_notebook(work / "in"),
                parameters={
                    "checkpoints": str(work / "checkpoints"),
                    "tables": str(work / "tables"),
                },
            )


def _notebook(folder: Path) -> str:
    """A pipeline with most of what pipelines use: files, filter, pattern, append and merge."""
    from ..catalog import Catalog
    from ..codegen import generate
    from ..graph.model import PipelineDocument
    from ..graph.validate import validate
    from ..relational.columns import SailResolver
    from ..relational.local import LocalEngine

    catalog, engine = Catalog.load(), LocalEngine()
    try:
        resolver = SailResolver(engine)
        document = PipelineDocument.model_validate(_document(folder))
        validation = validate(document, catalog, resolver)
        made = generate(document, validation, catalog, "training", 1, resolver)
    finally:
        engine.close()
    return next(iter(made.files.values()))


def _document(folder: Path) -> dict[str, Any]:
    feed = {
        "path": str(folder),
        "columns": "key string, kind string, n int, at timestamp",
        "event_time": "at",
        "watermark_delay": "1 second",
        "max_files_per_batch": 1,
    }
    waits = {
        "key": ["key"],
        "trigger": "kind = 'A'",
        "expected": "kind = 'B'",
        "within": "1 minute",
    }
    nodes: list[tuple[str, str, dict[str, Any]]] = [
        ("feed", "auto-loader", feed),
        ("known", "filter", {"condition": "n >= 0"}),
        ("quiet", "absence", waits),
        ("rows", "delta-table-sink", {"table": "rows"}),
        ("matches", "delta-table-sink", {"table": "matches", "mode": "merge"}),
    ]
    edges = [("feed", "known"), ("known", "quiet"), ("known", "rows"), ("quiet", "matches")]
    return {
        "name": "Training",
        "nodes": [{"id": i, "type": t, "name": i, "config": c} for i, t, c in nodes],
        "edges": [{"source": a, "target": b} for a, b in edges],
    }


def _events() -> list[str]:
    """Three files of JSON lines."""
    rows = [
        {"key": f"k{i % 9}", "kind": "AB"[i % 2], "n": i, "at": f"2026-01-01T00:{i % 60:02d}:00Z"}
        for i in range(ROWS)
    ]
    third = len(rows) // 3
    parts = [rows[:third], rows[third : 2 * third], rows[2 * third :]]
    return ["".join(json.dumps(row) + "\n" for row in part) for part in parts]
