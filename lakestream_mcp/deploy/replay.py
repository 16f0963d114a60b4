"""Given events through generated code on a local Spark, under a chosen schedule."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..cep.events import ROW, times_of
from ..cep.watermark import CLOSING_US
from ..codegen import Generated
from ..graph.model import Relation
from ..relational.arrow_types import arrow_schema
from .spark_files import read_arrow, write_batch, write_static
from .spark_process import SparkProcess

Schedule = Literal["backlog", "live", "shuffled", "restart"]
SCHEDULES: tuple[Schedule, ...] = ("backlog", "live", "shuffled", "restart")


class Replay(NamedTuple):
    """What came out: a table per collected node, the progress of its queries, and, if asked for,
    how many rows each variable of its state holds in the end."""

    tables: dict[str, Any]
    progress: dict[str, list[dict[str, Any]]]
    states: dict[str, dict[str, int]]


class Cuts(NamedTuple):
    """How rows are cut into micro-batches: at random, or every `batch_rows` arrivals.

    closing: a last row closes each source whose event time is known. closing_apart: it comes with a
    batch of its own; else with the last.
    """

    batches: int = 3
    seed: int = 0
    batch_rows: int | None = None
    closing: bool = True
    closing_apart: bool = True


RANDOM_CUTS = Cuts()


class Parts(NamedTuple):
    """One source's rows, batch by batch."""

    frame: str
    relation: Relation
    batches: list[Any]


def replay_on_spark(
    spark: SparkProcess,
    generated: Generated,
    relations: Mapping[str, Relation],
    sources: Mapping[str, Any],
    collect: Sequence[str],
    schedule: Schedule = "backlog",
    cuts: Cuts = RANDOM_CUTS,
    states: bool = False,
    static: Mapping[str, Any] | None = None,
) -> Replay:
    """Run generated code on the sources' rows and collect what flows out of some nodes.

    The reads of the sources and the sinks are replaced; everything between is the code as
    generated. A last row per source, far in the future, makes the watermark pass everything.
    static: tables that nodes read beside the stream, by name.
    """
    draw = random.Random(cuts.seed)
    parts = {
        node: Parts(
            generated.frames[node],
            relations[node],
            _batches(table, relations[node], schedule, cuts, draw),
        )
        for node, table in sources.items()
    }
    work = Path(tempfile.mkdtemp(prefix="lakestream-replay-"))
    try:
        (work / "results").mkdir()
        answer = spark.request(
            "replay",
            notebook=next(iter(generated.files.values())),
            parameters={"checkpoints": str(work / "checkpoints"), "tables": str(work / "tables")},
            sources={
                node: {
                    "frame": cut.frame,
                    "folder": str(work / "in" / node),
                    "schema": schema_text(cut.relation),
                    "closing_us": CLOSING_US,
                }
                for node, cut in parts.items()
            },
            collect={node: generated.frames[node] for node in collect},
            phases=_phases(_written(parts, work), schedule),
            results=str(work / "results"),
            states=states,
            static=write_static(static or {}, work, work / "tables"),
        )
        tables = {node: _collected(work / "results", node) for node in collect}
    finally:
        shutil.rmtree(work, ignore_errors=True)
    progress: dict[str, list[dict[str, Any]]] = {node: [] for node in collect}
    for query in answer["queries"]:
        progress[query["name"]] += query["progress"]
    return Replay(tables, progress, answer["states"])


def schema_text(relation: Relation) -> str:
    """Columns as DDL."""
    quoted = (("`" + c.name.replace("`", "``") + "`", c.type) for c in relation.columns)
    return ", ".join(f"{name} {kind}" for name, kind in quoted)


def _batches(
    table: Any, relation: Relation, schedule: Schedule, cuts: Cuts, draw: random.Random
) -> list[Any]:
    """Rows by batch, the closing row last."""
    import pyarrow as pa

    rows = table.drop_columns([ROW]) if ROW in table.column_names else table
    if schedule == "shuffled":
        rows = _shuffled(rows, relation, draw)
    if cuts.batch_rows is None:
        places = sorted(draw.randrange(rows.num_rows + 1) for _ in range(cuts.batches - 1))
    else:
        places = _arrival_places(table, cuts.batch_rows)
    parts = [rows.slice(a, b - a) for a, b in pairwise([0, *places, rows.num_rows])]
    if cuts.closing and relation.event_time is not None:
        last = _closing(rows.schema, relation.event_time)
        if not cuts.closing_apart:
            last = pa.concat_tables([parts.pop(), last])
        parts.append(last)
    return parts


def _arrival_places(table: Any, batch_rows: int) -> list[int]:
    """Where the arrival numbers of one source pass the multiples of `batch_rows`."""
    import numpy as np

    arrivals = table[ROW].to_numpy()
    last = int(arrivals[-1]) if len(arrivals) else 0
    bounds = range(batch_rows, last + 1, batch_rows)
    return [int(place) for place in np.searchsorted(arrivals, list(bounds), side="left")]


def _shuffled(rows: Any, relation: Relation, draw: random.Random) -> Any:
    """Another order of arrival: each row is held back by less than the delay, so none is late."""
    import pyarrow as pa

    if relation.event_time is None or not relation.delay_ms:
        return rows
    times = times_of(rows, relation.event_time)
    held = [int(ts) + draw.random() * relation.delay_ms * 1000 for ts in times]
    order = sorted(range(rows.num_rows), key=held.__getitem__)
    return rows.take(pa.array(order, type=pa.int64()))


def _closing(schema: Any, event_time: str) -> Any:
    import pyarrow as pa

    arrays = [
        pa.array([CLOSING_US], pa.timestamp("us", tz="UTC")).cast(field.type)
        if field.name == event_time
        else pa.nulls(1, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def closing_rows(relation: Relation) -> Any:
    """The row that closes a source, as a table of its columns."""
    assert relation.event_time is not None
    return _closing(arrow_schema(relation.columns), relation.event_time)


def _written(parts: Mapping[str, Parts], work: Path) -> list[list[tuple[str, str]]]:
    """Parquet files by batch, as (where it is, where its source looks)."""
    steps: list[list[tuple[str, str]]] = []
    for node, cut in parts.items():
        (work / "out" / node).mkdir(parents=True)
        (work / "in" / node).mkdir(parents=True)
        for number, rows in enumerate(cut.batches):
            path = write_batch(rows, cut.relation, work / "out" / node, number)
            if number == len(steps):
                steps.append([])
            steps[number].append((str(path), str(work / "in" / node / path.name)))
    return steps


def _phases(steps: list[list[tuple[str, str]]], schedule: Schedule) -> list[dict[str, Any]]:
    if schedule == "restart":
        middle = max(1, len(steps) // 2)
        halves = [part for part in (steps[:middle], steps[middle:]) if part]
        return [{"live": False, "steps": half} for half in halves]
    return [{"live": schedule == "live", "steps": steps}]


def _collected(folder: Path, node: str) -> Any:
    import pyarrow as pa

    parts = [read_arrow(path) for path in sorted(folder.glob(f"{node}-??????.arrow"))]
    return pa.concat_tables(parts, promote_options="permissive") if parts else None


def plain_rows(table: Any, names: Sequence[str]) -> list[str]:
    """Rows as text that is equal exactly if the rows are, sorted."""
    if table is None:
        return []
    return sorted(repr([_plain(value) for value in row.values()]) for row in _listed(table, names))


def _listed(table: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = table.select(list(names)).to_pylist()
    return listed


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else value
