"""Histories of payments: as JSON lines, and as a Delta table with two versions."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SCHEMA = pa.schema(
    [("card", pa.string()), ("amount", pa.float64()), ("at", pa.timestamp("us", tz="UTC"))]
)
SPARK_SCHEMA = {
    "type": "struct",
    "fields": [
        {"name": name, "type": kind, "nullable": True, "metadata": {}}
        for name, kind in (("card", "string"), ("amount", "double"), ("at", "timestamp"))
    ],
}


def payments(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Payments of 5,000 cards, 20 a second; few are large."""
    draw = random.Random(seed)
    return [
        {
            "card": f"c{draw.randrange(5_000)}",
            "amount": round(draw.paretovariate(1.1) * 3 - 4, 2),
            "at": START + dt.timedelta(milliseconds=50 * n),
        }
        for n in range(count)
    ]


def bursts(rows: list[dict[str, Any]], every: int) -> list[dict[str, Any]]:
    """The same with three large payments of one card in a row, now and then."""
    for n in range(0, len(rows) - 3, every):
        for m in range(3):
            rows[n + m] |= {"card": rows[n]["card"], "amount": 900.0 + m}
    return rows


def write_json(folder: Path, rows: list[dict[str, Any]], files: int) -> None:
    """JSON lines in some files, in order."""
    folder.mkdir(parents=True)
    size = -(-len(rows) // files)
    for n in range(files):
        lines = [
            json.dumps(row | {"at": row["at"].isoformat()})
            for row in rows[n * size : (n + 1) * size]
        ]
        (folder / f"part-{n:03}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_delta(folder: Path, versions: list[list[dict[str, Any]]]) -> None:
    """A Delta table to which each version appends rows."""
    log = folder / "_delta_log"
    log.mkdir(parents=True)
    for number, rows in enumerate(versions):
        path = folder / f"part-{number}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
        actions: list[dict[str, Any]] = [{"commitInfo": {"timestamp": 0, "operation": "WRITE"}}]
        if number == 0:
            actions += [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, _metadata()]
        add = {
            "path": path.name,
            "partitionValues": {},
            "size": path.stat().st_size,
            "modificationTime": 0,
            "dataChange": True,
        }
        text = "\n".join(json.dumps(action) for action in [*actions, {"add": add}])
        (log / f"{number:020}.json").write_text(text + "\n", encoding="utf-8")


def _metadata() -> dict[str, Any]:
    return {
        "metaData": {
            "id": "00000000-0000-4000-8000-000000000000",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps(SPARK_SCHEMA),
            "partitionColumns": [],
            "configuration": {},
            "createdTime": 0,
        }
    }
