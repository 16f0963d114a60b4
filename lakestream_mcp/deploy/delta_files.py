"""The newest rows of a Delta table in a folder: what its log says is there, read as Parquet.

Only what a local run writes is read: protocol 1, classic checkpoints. A table that asks more of its
readers (deletion vectors, renamed columns) is refused: its files alone would tell other rows.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..errors import NotFound, Unsupported
from ..graph.model import Column
from ..relational.column_types import nested_parts

COMMIT = re.compile(r"(\d{20})\.json")
CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")
READER_MAX = 1


class DataFile:
    """One live file, and the values of partition columns, which are not in it."""

    def __init__(self, path: Path, partition: dict[str, str | None]) -> None:
        self.path = path
        self.partition = partition


def matching_rows(
    folder: Path, columns: Sequence[Column], name: str, beginning: str
) -> Iterator[dict[str, Any]]:
    """The rows whose column of this name begins so. Raises NotFound, Unsupported."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = pc.starts_with(pc.field(name), beginning)
    for file in live_files(folder):
        known = set(pq.read_schema(file.path).names)
        if name not in known:
            continue
        table = pq.read_table(
            file.path,
            columns=[c.name for c in columns if c.name in known],
            filters=wanted,
            coerce_int96_timestamp_unit="us",
            partitioning=None,
        )
        beside = {c.name: _typed(file.partition.get(c.name), c.type) for c in columns}
        for row in table.to_pylist():
            yield {c.name: _python(row.get(c.name, beside[c.name]), c.type) for c in columns}


def live_files(folder: Path) -> list[DataFile]:
    """The files of the newest version."""
    log = folder / "_delta_log"
    if not log.is_dir():
        raise NotFound("There is no Delta table here.", code="NO_LOCAL_TABLE", got=str(folder.name))
    found: dict[str, DataFile] = {}
    for action in _actions(log):
        if protocol := action.get("protocol"):
            _check(folder, protocol)
        if added := action.get("add"):
            path = folder / unquote(added["path"])
            found[added["path"]] = DataFile(path, dict(added.get("partitionValues") or {}))
        if removed := action.get("remove"):
            found.pop(removed["path"], None)
    return list(found.values())


def _actions(log: Path) -> Iterator[dict[str, Any]]:
    """What the log says, in order: the newest checkpoint, then the commits after it."""
    names = sorted(path.name for path in log.iterdir())
    checkpoints = [m for m in map(CHECKPOINT.fullmatch, names) if m]
    start = -1
    if checkpoints:
        start = int(checkpoints[-1][1])
        yield from _checkpoint(log / checkpoints[-1][0])
    commits = [m for m in map(COMMIT.fullmatch, names) if m and int(m[1]) > start]
    if not commits and not checkpoints:
        raise _unreadable(log.parent, "its log is empty")
    for expected, commit in enumerate(commits, start + 1):
        if int(commit[1]) != expected:
            raise _unreadable(log.parent, f"its log lacks version {expected}")
        with (log / commit[0]).open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.strip())


def _checkpoint(file: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    table = pq.read_table(file, columns=["protocol", "add"], partitioning=None)
    yield from ({k: v for k, v in row.items() if v is not None} for row in table.to_pylist())


def _check(folder: Path, protocol: dict[str, Any]) -> None:
    if protocol.get("minReaderVersion", 1) > READER_MAX:
        raise _unreadable(folder, "it asks more of its readers than local runs do")


def _unreadable(folder: Path, why: str) -> Unsupported:
    return Unsupported(
        f"The Delta table {folder.name} cannot be read from here: {why}.",
        code="TABLE_UNREADABLE",
        got=folder.name,
        hint="Read it by a SQL warehouse, or by Spark.",
    )


def _typed(text: str | None, column_type: str) -> Any:
    """The value of a partition column, which the log holds as text."""
    import pyarrow as pa

    from ..relational.arrow_types import arrow_type

    if text is None:
        return None
    wanted = pa.timestamp("us") if column_type == "timestamp" else arrow_type(column_type)
    return pa.array([text]).cast(wanted)[0].as_py()


def _python(value: Any, column_type: str) -> Any:
    """A value as Python has it, with times in UTC."""
    if value is None:
        return None
    form, parts = nested_parts(column_type)
    if form == "array":
        return [_python(each, parts[0].type) for each in value]
    if form == "struct":
        return {part.name: _python(value.get(part.name), part.type) for part in parts}
    if column_type == "timestamp":
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value
    return value
