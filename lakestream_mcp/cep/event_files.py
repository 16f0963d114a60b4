"""Events from files: JSON lines, JSON arrays, CSV and Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InvalidEvents, LimitExceeded, NotFound
from .events import MAX_LINE_CHARS, shown


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a JSON-lines, JSON array, CSV (with header) or Parquet file, as dictionaries."""
    if not path.is_file():
        raise NotFound(f"There is no file {path.name!r}.", code="FILE_NOT_FOUND", got=str(path))
    if path.suffix == ".parquet":
        yield from _parquet_rows(path)
    elif path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(_bounded(lines, path)):
                yield {k: v if v != "" else None for k, v in row.items() if k is not None}
    else:
        yield from _json_rows(path)


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        for batch in pq.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise InvalidEvents(
            f"{path.name} is not a Parquet file.", code="UNREADABLE_FILE", got=str(error)[:200]
        ) from None


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(_bounded(lines, path)):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError as error:
                raise InvalidEvents(
                    f"Line {number + 1} of {path.name} is not JSON: {error}",
                    code="UNREADABLE_FILE",
                    where={"file": path.name, "row": number},
                    got=shown(line),
                    expected="one JSON object per line",
                ) from None
            yield from value if isinstance(value, list) else [value]


def _bounded(lines: Any, path: Path) -> Iterator[str]:
    number = 0
    while True:
        try:
            line = lines.readline(MAX_LINE_CHARS + 1)
        except UnicodeDecodeError as error:
            raise InvalidEvents(
                f"{path.name} is not UTF-8 text: {error.reason}",
                code="UNREADABLE_FILE",
                where={"file": path.name, "row": number},
                expected="UTF-8 text",
            ) from None
        if not line:
            return
        if len(line) > MAX_LINE_CHARS:
            raise LimitExceeded(
                f"Line {number + 1} of {path.name} is longer than {MAX_LINE_CHARS:,} characters.",
                where={"file": path.name, "row": number},
            )
        number += 1
        yield line
