"""Relational transforms that Spark keeps state for: their rows come when the watermark passes.

Such a node is one SQL query, like every relational node. What the query alone does not say is which
rows Spark drops as late and which results it has told by a time; `local` says it for given rows,
by the batches in which they arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from ..graph.model import Relation
from ..graph.node_type import RelationalType
from .events import ROW
from .watermark import WatermarkPoint, watermark_before


class Batch(NamedTuple):
    """A micro-batch: the arrival numbers of its rows, and the two watermarks (µs) Spark knows.

    What is at or below `late` is dropped, which is the watermark of the batch before; what is
    at or below `now` is told after the batch.
    """

    start: int
    stop: int
    late: int
    now: int


class Feed(NamedTuple):
    """What flowed into one port, and the batch in which each of its rows came."""

    relation: Relation
    table: Any  # pyarrow.Table
    batch: Any  # numpy int64


class LocalRun(NamedTuple):
    """What came out of given rows.

    late_rows: arrival numbers of rows that were dropped, wholly or for some windows. waiting: how
    many results the watermark has not reached.
    """

    rows: Any  # pyarrow.Table, with `__row`
    late_rows: list[int]
    waiting: int


class StatefulRelationalType(RelationalType):
    """A query whose state the watermark bounds; a streaming query has at most one such node."""

    stateful: ClassVar[bool] = True

    def needs_watermark(self, config: Any) -> bool:
        """Without one Spark would keep everything and tell nothing."""
        return True

    def local(
        self,
        config: Any,
        feeds: Sequence[Feed],
        batches: Sequence[Batch],
        output: Relation,
        engine: Any,
    ) -> LocalRun:
        """The rows of `query` in Spark's append mode."""
        raise NotImplementedError

    def state_bound(self, config: Any) -> str:
        """The most that is kept, in words."""
        raise NotImplementedError


def batches_of(
    points: Sequence[WatermarkPoint],
    total: int,
    batch_rows: int,
    schedule: str,
    closing: int | None,
) -> list[Batch]:
    """The batches in which `total` arrivals come, `batch_rows` at a time.

    With `live` a batch without rows follows each that moved the watermark; `restart` stops in the
    middle, which has the same effect there. closing: the watermark (µs) to end with.
    """
    import numpy as np

    bounds = [*range(0, total, batch_rows), total]
    marks = watermark_before(points, np.array(bounds, dtype=np.int64)).tolist()
    parts = list(zip(bounds, bounds[1:], marks, strict=False))
    if closing is not None:
        parts.append((total, total, marks[-1]))  # a source is closed by a batch of its own
    stop = max(1, len(parts) // 2) if schedule == "restart" else None
    batches: list[Batch] = []
    before = 0
    for number, (start, end, mark) in enumerate(parts):
        if (schedule == "live" or number == stop) and number and mark > before:
            batches.append(Batch(start, start, before, mark))
            before = mark
        batches.append(Batch(start, end, before, mark))
        before = mark
    last = marks[-1] if closing is None else closing
    if last > before:
        batches.append(Batch(total, total, before, last))
    return batches


def feed_of(relation: Relation, table: Any, batches: Sequence[Batch]) -> Feed:
    """Rows with the number of the batch in which each came."""
    import numpy as np

    stops = np.array([batch.stop for batch in batches], dtype=np.int64)
    return Feed(relation, table, np.searchsorted(stops, table[ROW].to_numpy(), side="right"))


def times_us(feed: Feed) -> Any:
    """Event times in microseconds as an Arrow array, which may hold NULL."""
    import pyarrow as pa

    name = feed.relation.event_time
    assert name is not None, "a stateful node has an event time"
    column = feed.table[name].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def numbered(table: Any) -> Any:
    """Rows with arrival numbers of their own: what comes out of state has no one row behind it."""
    import pyarrow as pa

    rows = table.drop_columns([ROW]) if ROW in table.column_names else table
    return rows.append_column(ROW, pa.array(range(rows.num_rows), type=pa.int64()))
