"""Files in which rows go to a local Spark, and come back from it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..graph.model import Relation

FIRST_FILE_TIME = 1_700_000_000


def write_batch(rows: Any, relation: Relation, folder: Path, number: int) -> Path:
    """The rows of one micro-batch. The file source goes by the times of files, not by names."""
    import pyarrow.parquet as pq

    from ..relational.arrow_types import arrow_schema

    path = folder / f"batch-{number:06d}.parquet"
    pq.write_table(rows.cast(arrow_schema(relation.columns)), path)
    os.utime(path, (FIRST_FILE_TIME + number,) * 2)
    return path


def write_static(tables: Mapping[str, Any], files: Path, delta: Path) -> list[tuple[str, str]]:
    """The tables that nodes read beside the stream, as files, each with the Delta folder that the
    code looks for."""
    import pyarrow.parquet as pq

    written = []
    for number, (name, table) in enumerate(tables.items()):
        path = files / f"table-{number}.parquet"
        files.mkdir(exist_ok=True)
        pq.write_table(table, path)
        written.append((str(path), str(table_folder(delta, name))))
    return written


def table_folder(tables: Path, name: str) -> Path:
    """The folder that stands for a table on a local Spark, as generated code names it."""
    return tables / re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def read_arrow(path: Path) -> Any:
    """A table that Spark's child wrote; None where it wrote none."""
    import pyarrow as pa

    if not path.exists():
        return None
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
