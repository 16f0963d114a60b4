"""The driver of every pattern, the same text in the tester and in generated Spark code.

Rows are handed over packed: `key_0 … ts mask value_0 …`, where `ts` is the event time in
microseconds since 1970 (UTC) and bit i of `mask` says that condition i holds. `advance` drops late
rows, lets the others wait until the watermark has passed them, and feeds them to the matcher key by
key, ordered by event time, tie-breakers, kept values. So a result depends on the rows and the
watermark delay, never on how a stream was cut into batches, in which order rows came, or where it
was restarted.
"""

import gc
import hashlib
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from itertools import islice, pairwise, repeat
from operator import sub
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NEVER = 1 << 62
PLAYED_AT_ONCE = 1 << 14  # rows


class Layout(NamedTuple):
    """How one pattern's rows are packed: counts of columns, and which values the matches show."""

    pattern: str  # node id
    keys: int  # key_0 … key_<keys - 1>
    order_by: int  # the first values are tie-breakers
    kept: tuple[int, ...]  # values shown in the events of a match
    measures: int
    arrival: bool  # play rows at once instead of in event-time order: depends on batching
    seeds: tuple[Any, ...] = ()  # keys that have a state before their first row
    seeded_at: int = 0  # microseconds; since when


class Advanced(NamedTuple):
    """What `advance` leaves behind, and what it dropped."""

    waiting: Any  # pyarrow.Table | None: rows the watermark has not passed
    deadline: int  # microseconds; when something is next due, NEVER if nothing is
    late: Any  # pyarrow.Table: rows at or below the watermark when they came
    untimed: Any  # pyarrow.Table: rows without event time
    over_limit: int  # partial matches dropped at the cap


def uncollected(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run without cyclic garbage collection, which would scan millions of tuples for nothing.

    Not a context manager: Spark must be able to pickle what it decorates.
    """

    @wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        enabled = gc.isenabled()
        gc.disable()
        try:
            return function(*arguments, **options)
        finally:
            if enabled:
                gc.enable()

    return run


def seeded(layout: Layout, matcher: Any, places: Iterable[int]) -> dict[Any, Any]:
    """The states that keys start with, given the places of the keys among the seeds.

    A host asks once, before the first rows; a restart continues with the states it stored.
    """
    return {layout.seeds[place]: matcher.seed(layout.seeded_at) for place in places}


@uncollected
def advance(
    layout: Layout,
    matcher: Any,
    states: dict[Any, Any],
    waiting: Any,
    fresh: Any,
    watermark: int,
    out: list[Any],
) -> Advanced:
    """Take in fresh rows and play everything up to the watermark.

    states: matcher state by key tuple, changed in place. waiting: the table returned last time.
    watermark: microseconds, as known before these rows. out: (key, match) pairs are appended.
    """
    fresh, late, untimed = admit(fresh, watermark)
    rows = fresh if waiting is None else pa.concat_tables([waiting, fresh])
    due, rest = parted(rows, NEVER if layout.arrival else watermark)
    if due.num_rows:
        play(layout, matcher, states, due, out)
    deadline = settle(matcher, states, watermark, out)
    over_limit, matcher.dropped = matcher.dropped, 0
    if not rest.num_rows:
        return Advanced(None, deadline, late, untimed, over_limit)
    return Advanced(rest, min(deadline, pc.min(rest["ts"]).as_py()), late, untimed, over_limit)


def admit(fresh: Any, watermark: int) -> tuple[Any, Any, Any]:
    """Part fresh rows into those in time, those late (`ts <= watermark`) and those without time."""
    in_time = pc.greater(fresh["ts"], watermark)
    if in_time.null_count == 0 and pc.all(in_time).as_py() is not False:
        return fresh, fresh.slice(0, 0), fresh.slice(0, 0)
    late = pc.fill_null(pc.invert(in_time), False)
    return fresh.filter(in_time), fresh.filter(late), fresh.filter(pc.is_null(fresh["ts"]))


def parted(rows: Any, watermark: int) -> tuple[Any, Any]:
    """Part rows into those that the watermark has passed and those that wait."""
    passed = pc.less_equal(rows["ts"], watermark)
    count = pc.sum(passed).as_py() or 0
    if count in (0, rows.num_rows):  # so that nothing is copied
        return rows.slice(0, count), rows.slice(count)
    return rows.filter(passed), rows.filter(pc.invert(passed))


def settle(matcher: Any, states: dict[Any, Any], watermark: int, out: list[Any]) -> int:
    """Decide what is due by the watermark, drop what has expired, return the next deadline."""
    deadline = NEVER
    matches: list[Any] = []
    for key in list(states):
        due, end = due_times(matcher, states[key])
        if due <= watermark:
            state = matcher.on_time(states[key], watermark, matches.append)
            out.extend(zip(repeat(key), matches))
            matches.clear()
            if not state or end <= watermark:
                del states[key]
                continue
            states[key] = state
            due, _ = due_times(matcher, state)
        deadline = min(deadline, due)
    return deadline


def due_times(matcher: Any, state: Any) -> tuple[int, int]:
    """When a state next needs the matcher, and when it expires; NEVER where it does not."""
    timer, end = matcher.next_timer(state), matcher.expires(state)
    end = NEVER if end is None else end
    return end if timer is None else min(timer, end), end


def play(layout: Layout, matcher: Any, states: dict[Any, Any], table: Any, out: list[Any]) -> None:
    """Feed rows to the matcher key by key, in order; states that are empty again are dropped."""
    initial, on_events, pop = matcher.initial, matcher.on_events, states.pop
    matches: list[Any] = []
    for keys, counts, events in ordered(layout, table):
        for key, count in zip(keys, counts):
            state, taken = pop(key, None), islice(events, count)
            state = on_events(initial() if state is None else state, taken, matches.append)
            if state:
                states[key] = state
            if matches:
                out.extend(zip(repeat(key), matches))
                matches.clear()


def ordered(layout: Layout, table: Any) -> Iterator[tuple[list[Any], Iterable[int], Iterator[Any]]]:
    """Keys, how many events each has, and their events: all of the first key, then of the next.

    A matcher takes all events of its key. Some keys at a time, since most of the Python values are
    garbage once they have been played.
    """
    order, starts, ends, keys, occurrences = arranged(layout, table)
    columns = [reader(table[n]) for n in table.column_names if not n.startswith("key_")]
    first = 0
    while first < len(keys):
        end = max(first + 1, bisect_right(ends, starts[first] + PLAYED_AT_ONCE))
        span = slice(starts[first], ends[end - 1])
        stamps, masks, *values = (column(order[span]) for column in columns)
        again = repeat(0) if occurrences is None else occurrences[span]
        counts = map(sub, ends[first:end], starts[first:end])
        yield keys[first:end], counts, zip(stamps, masks, zip(again, *values))
        first = end


def arranged(layout: Layout, table: Any) -> tuple[Any, list[int], list[int], list[Any], Any]:
    """The order of rows by key, event time and tie-breakers, and where each key starts and ends.

    Also numbers rows of one key that share event time and tie-breakers (occurrences); None when
    no two do.
    """
    names = [name for name in table.column_names if name.startswith("key_")]
    codes = key_codes(table, names)
    stamps = table["ts"].to_numpy()
    # numpy sorts numbers of two bytes by counting, in a third of the time.
    order = np.lexsort((stamps, codes.astype(np.uint16) if codes.max() < 1 << 16 else codes))
    codes, stamps = codes[order], stamps[order]
    same_key = codes[1:] == codes[:-1]
    tied = np.flatnonzero(same_key & (stamps[1:] == stamps[:-1]))
    occurrences = break_ties(layout, table, order, tied) if len(tied) else None
    cut = (np.flatnonzero(~same_key) + 1).tolist()
    starts = [0, *cut]
    first_rows = pa.array(order[starts])
    keys = list(zip(*(table[name].take(first_rows).to_pylist() for name in names)))
    return order, starts, [*cut, len(order)], keys or [()], occurrences


def key_codes(table: Any, names: list[str]) -> Any:
    """One integer per row, equal for equal keys; NULL equals NULL."""
    codes = np.zeros(table.num_rows, dtype=np.int64)
    for name in names:
        encoded = table[name].combine_chunks().dictionary_encode(null_encoding="encode")
        part = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        if codes.any():
            _, part = np.unique(codes * (len(encoded.dictionary) + 1) + part, return_inverse=True)
        codes = part
    return codes


def break_ties(layout: Layout, table: Any, order: Any, tied: Any) -> list[int]:
    """Order rows of one key and time by their values, in place; number those equal in `order_by`.

    `order_by` values, then kept columns (NULL first), then computed values and the mask. tied:
    places in the order that share key and time with the next one, ascending.
    """
    occurrences = [0] * len(order)
    names = [name for name in table.column_names if name.startswith("value_")]
    places = np.union1d(tied, tied + 1)
    columns = [table[n].take(pa.array(order[places])).to_pylist() for n in (*names, "mask")]
    ranks = [[rank(value) for value in values] for values in zip(*columns)]
    first = 0
    for end in (np.flatnonzero(~np.isin(places, tied)) + 1).tolist():
        lo, ranked = places[first], sorted(range(first, end), key=ranks.__getitem__)
        order[lo : lo + end - first] = order[places[ranked]]
        for at, (before, here) in enumerate(pairwise(ranked), lo + 1):
            if ranks[before][: layout.order_by] == ranks[here][: layout.order_by]:
                occurrences[at] = occurrences[at - 1] + 1
        first = end
    return occurrences


def rank(value: Any) -> tuple[Any, ...]:
    """A sort key: NULL first, NaN last, -0.0 before 0.0."""
    if value is None:
        return (0,)
    if isinstance(value, float):
        return (2,) if math.isnan(value) else (1, value, math.copysign(1.0, value))
    return (1, value)


def reader(column: Any) -> Callable[[Any], list[Any]]:
    """Gives a column's values at given places, as Python values."""
    column = column.combine_chunks()
    if column.null_count or column.type not in (pa.int64(), pa.float64()):
        return lambda places: list(column.take(pa.array(places)).to_pylist())
    values = column.to_numpy()
    return lambda places: list(values[places].tolist())


def match_id(layout: Layout, key: Any, bound: Any, scope: Any) -> str:
    """sha256 of pattern, key and the step, time, tie-breakers and occurrence of each event.

    Measures are excluded: the same events give the same id. `scope` tells apart answers about the
    same events, such as two sliding windows.
    """
    last = layout.order_by + 1
    events = [(step, ts, row[:last]) for step, ts, row in bound]
    return hashlib.sha256(repr((layout.pattern, key, events, scope)).encode()).hexdigest()


@uncollected
def match_columns(layout: Layout, out: list[Any]) -> dict[str, list[Any]]:
    """Matches as columns of plain values: what leaves the stateful operator.

    `steps`, `times` and `kept_<n>` are parallel lists, one entry per bound event.
    """
    ids: list[Any] = [match_id(layout, key, match[3], match[5]) for key, match in out]
    columns = {"match_id": ids}
    columns |= {f"key_{i}": [key[i] for key, _ in out] for i in range(layout.keys)}
    for i, name in enumerate(("started_at", "ended_at", "detected_at")):
        columns[name] = [match[i] for _, match in out]
    columns["steps"] = [[step for step, _, _ in match[3]] for _, match in out]
    columns["times"] = [[ts for _, ts, _ in match[3]] for _, match in out]
    for n, value in enumerate(layout.kept):
        columns[f"kept_{n}"] = [[row[value + 1] for _, _, row in match[3]] for _, match in out]
    measures = {f"measure_{i}": [match[4][i] for _, match in out] for i in range(layout.measures)}
    return columns | measures


def to_bytes(table: Any) -> bytes:
    """A table as an Arrow stream; the empty string for none."""
    if table is None:
        return b""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return bytes(sink.getvalue())


def from_bytes(data: bytes) -> Any:
    """The table that `to_bytes` wrote; None for the empty string."""
    return pa.ipc.open_stream(data).read_all() if data else None
