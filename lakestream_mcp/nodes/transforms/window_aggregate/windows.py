"""Which windows given rows are in, as Spark assigns, drops and closes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ....cep.events import ROW
from ....cep.stateful import Batch, Feed, times_us


class Assigned(NamedTuple):
    """Row and window pairs that count, and what does not.

    rows: places in the table. late: arrival numbers of rows with a window that was closed. waiting:
    whether the watermark has not yet passed the pair's window.
    """

    rows: Any  # numpy int64
    starts: Any  # numpy int64, µs
    ends: Any  # numpy int64, µs
    waiting: Any  # numpy bool
    late: list[int]


def fixed_windows(
    feed: Feed, batches: Sequence[Batch], duration_us: int, slide_us: int
) -> Assigned:
    """Windows of one length, each starting a slide after the other, counted from 1970.

    A row's pair with a window is late where the window had ended by the watermark of the batch
    before. Until then the window is in Spark's state, so all pairs that are not late count.
    """
    import numpy as np
    import pyarrow.compute as pc

    times = times_us(feed)
    rows = np.flatnonzero(pc.is_valid(times).to_numpy(zero_copy_only=False))
    stamps = times.fill_null(0).to_numpy()[rows]
    newest = stamps // slide_us * slide_us
    count = -(-duration_us // slide_us)
    starts = (newest[:, None] - np.arange(count) * slide_us).ravel()
    rows, stamps = np.repeat(rows, count), np.repeat(stamps, count)
    ends = starts + duration_us
    late_marks = np.array([batch.late for batch in batches] or [0], dtype=np.int64)
    late = ends <= late_marks[feed.batch[rows]]
    inside = stamps < ends
    kept = inside & ~late
    dropped = np.unique(feed.table[ROW].to_numpy()[rows[inside & late]]).tolist()
    waiting = ends[kept] > (batches[-1].now if batches else 0)
    return Assigned(rows[kept], starts[kept], ends[kept], waiting, dropped)


class _Session:
    """An open session of one key."""

    def __init__(self, start: int, end: int, rows: list[int]) -> None:
        self.start = start
        self.end = end
        self.rows = rows


def session_windows(
    feed: Feed, batches: Sequence[Batch], gap_us: int, keys: Sequence[str]
) -> Assigned:
    """Sessions per key: rows of which none is further than the gap from the next.

    Each row is a session as long as the gap, late where it had ended by the watermark of the batch
    before, and merged with those of its key that it meets and that have not been told.
    """
    import numpy as np

    times = times_us(feed).to_pylist()
    listed = [feed.table[key].to_pylist() for key in keys]
    numbers = feed.table[ROW].to_pylist()
    places = np.argsort(feed.table[ROW].to_numpy(), kind="stable").tolist()
    opened: dict[tuple[Any, ...], list[_Session]] = {}
    done: list[_Session] = []
    late: list[int] = []
    for place in places:
        stamp = times[place]
        if stamp is None:
            continue
        closed_by = batches[int(feed.batch[place])].late
        if stamp + gap_us <= closed_by:
            late.append(numbers[place])
            continue
        key = tuple(values[place] for values in listed)
        before = opened.get(key, [])
        done += [s for s in before if s.end <= closed_by]
        opened[key] = _merged([s for s in before if s.end > closed_by], stamp, gap_us, place)
    sessions = [*done, *(s for found in opened.values() for s in found)]
    return _assigned(sessions, batches[-1].now if batches else 0, late)


def _merged(sessions: list[_Session], stamp: int, gap_us: int, row: int) -> list[_Session]:
    """The sessions of a key with one more row."""
    new = _Session(stamp, stamp + gap_us, [row])
    apart = []
    for session in sessions:
        if session.start <= new.end and new.start <= session.end:
            new.start, new.end = min(new.start, session.start), max(new.end, session.end)
            new.rows = session.rows + new.rows if len(session.rows) > 1 else new.rows + session.rows
        else:
            apart.append(session)
    return [*apart, new]


def _assigned(sessions: Sequence[_Session], now: int, late: list[int]) -> Assigned:
    import numpy as np

    sizes = [len(session.rows) for session in sessions]
    rows = np.array([row for session in sessions for row in session.rows], dtype=np.int64)
    starts = np.repeat(np.array([s.start for s in sessions], dtype=np.int64), sizes)
    ends = np.repeat(np.array([s.end for s in sessions], dtype=np.int64), sizes)
    return Assigned(rows, starts, ends, ends > now, late)
