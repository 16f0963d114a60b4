"""How Spark would hand given rows to a processor: which batches, clocks and late rows.

Unlike a pattern, an author's code may depend on that. With `backlog` all rows are there at the
start (`availableNow`); with `live` a batch without rows follows each one that moved the watermark;
`restart` is a backlog with a stop in its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..events import ROW
from ..watermark import CLOSING_US, WatermarkPoint, watermark_before
from .codec import encoded_rows

if TYPE_CHECKING:
    from ...graph.model import Relation
    from ..processor_type import TimeMode

Schedule = Literal["backlog", "live", "restart"]
SCHEDULES: tuple[Schedule, ...] = ("backlog", "live", "restart")
MS = 1000


class Part(NamedTuple):
    """Rows of a table that arrive together, and the watermark (µs) known before them."""

    start: int
    stop: int
    watermark: int


class Cut(NamedTuple):
    """A table in order of arrival, the parts it comes in, and the watermark (µs) after all."""

    table: Any  # pyarrow.Table
    parts: list[Part]
    final: int


class Course(NamedTuple):
    """How time passes. closing: watermark (µs) to end with, None to leave it where it is."""

    time_mode: TimeMode
    schedule: Schedule
    closing: int | None


class Played(NamedTuple):
    """Batches for the child, and the rows Spark drops as late."""

    batches: list[dict[str, Any]]
    late_rows: list[int]  # arrival numbers


def cut_by_arrival(
    table: Any, points: Sequence[WatermarkPoint], batch_rows: int, total: int
) -> Cut:
    """Rows cut every `batch_rows` of `total` arrivals."""
    import numpy as np

    arrivals = table[ROW].to_numpy()
    order = np.argsort(arrivals, kind="stable")
    bounds = [*range(0, total, batch_rows), total]
    places = np.searchsorted(arrivals[order], bounds, side="left").tolist()
    marks = [0] * len(bounds)
    if points:
        marks = watermark_before(points, np.array(bounds, dtype=np.int64)).tolist()
    pairs = zip(places, places[1:], marks, strict=False)
    return Cut(table.take(order), [Part(*pair) for pair in pairs], marks[-1])


def closing_watermark(
    points: Sequence[WatermarkPoint], final: int, asked: int | None
) -> int | None:
    """Where the watermark ends: what closing every source gives, or what is asked, if less."""
    if asked is None:
        return None
    delay_ms = max((point.delay_ms for point in points), default=0)
    return max(final, min(asked, (CLOSING_US // MS - delay_ms) * MS))


def played(cut: Cut, relation: Relation, course: Course) -> Played:
    """The batches as Spark would run them."""
    rows = encoded_rows(cut.table, relation.columns)
    arrivals, stamps = cut.table[ROW].to_pylist(), _stamps(cut.table, relation)
    filtered = course.time_mode == "event_time"
    parts = cut.parts
    if course.closing is not None:
        # A source is closed by a batch of its own, whose row no node sees.
        parts = [*parts, Part(len(rows), len(rows), cut.final)]
    stop = max(1, len(parts) // 2) if course.schedule == "restart" else None
    batches: list[dict[str, Any]] = []
    late_rows: list[int] = []
    before, now_ms = 0, 0
    for number, (start, end, watermark) in enumerate(parts):
        idle = course.schedule == "live" or number == stop
        if course.time_mode == "event_time" and idle and number and watermark > before:
            batches.append(_batch([], now_ms, watermark))
            before = watermark
        late = {n for n in range(start, end) if filtered and is_late(stamps[n], before)}
        late_rows += [arrivals[n] for n in sorted(late)]
        kept = [rows[n] for n in range(start, end) if n not in late]
        now_ms = max(now_ms, _latest_ms(stamps, start, end, number))
        batches.append(_batch(kept, now_ms, watermark))
        before = watermark
    return Played(batches + _ending(cut.final, before, now_ms, course), late_rows)


def _ending(final: int, before: int, now_ms: int, course: Course) -> list[dict[str, Any]]:
    """The batch without rows at the end, where Spark runs one."""
    end = final if course.closing is None else course.closing
    if course.time_mode == "event_time" and end > before:
        return [_batch([], now_ms, end)]
    if course.time_mode == "processing_time" and course.closing is not None:
        return [_batch([], max(now_ms, end // MS), 0) | {"closing": True}]
    return []


def _batch(rows: list[Any], now_ms: int, watermark: int) -> dict[str, Any]:
    return {"rows": rows, "time_ms": now_ms, "watermark_ms": watermark // MS}


def _stamps(table: Any, relation: Relation) -> list[int | None]:
    """Event times in microseconds; empty where no event time is declared."""
    import pyarrow as pa

    if relation.event_time is None:
        return []
    times = table[relation.event_time].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    stamps: list[int | None] = times.to_pylist()
    return stamps


def is_late(stamp: int | None, watermark: int) -> bool:
    """Late is what is at or below the watermark of the batch before; no event time is not late."""
    return stamp is not None and stamp <= watermark


def _latest_ms(stamps: list[int | None], start: int, end: int, number: int) -> int:
    """Processing time of a batch in the tester: its newest event; else a second per batch."""
    if not stamps:
        return number * 1000
    return max((stamp or 0 for stamp in stamps[start:end]), default=0) // MS
