"""What a run shows of one key of one pattern, and replays of parts of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ..cep.carried import load
from ..cep.events import ROW
from ..cep.host import Host, PatternRun
from ..cep.near_miss import Bound, Instant, KeyView, Partial, Seen, moment
from ..cep.packing import united_rows
from ..cep.replay import FAR, Batch, Outcome, replay
from .truth import Truth


def keys_of(pattern: PatternRun) -> dict[tuple[Any, ...], list[int]]:
    """Arrival numbers of the rows that reached a pattern, by key, in order of arrival."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for part, table in zip(pattern.plan.parts(), pattern.inputs, strict=True):
        columns = [table[name].to_pylist() for name in part.key]
        for i, number in enumerate(table[ROW].to_pylist()):
            found.setdefault(tuple(column[i] for column in columns), []).append(number)
    return {key: sorted(numbers) for key, numbers in found.items()}


def some(table: Any, numbers: Iterable[int], column: str) -> Any:
    """The rows of a table with these arrival numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(list(numbers), type=pa.int64())
    return table.filter(pc.is_in(table[column], value_set=wanted))


def inputs_of(pattern: PatternRun, numbers: Iterable[int]) -> list[Any]:
    """These rows of each input of a pattern."""
    wanted = list(numbers)
    return [some(table, wanted, ROW) for table in pattern.inputs]


def replayed(pattern: PatternRun, node: str, numbers: Iterable[int], close: int | None) -> Outcome:
    """The pattern on some of its rows only, without those that were late."""
    late = set(pattern.late_rows.tolist())
    rows = some(pattern.packed, (n for n in numbers if n not in late), "row")
    batches = [Batch(rows, 0)]
    text, mark = pattern.text, pattern.watermark
    if close is not None and close < FAR:
        # The run went on to a time: what is open is open there.
        mark, close = max(mark, close), None
    elif close is not None and rows.num_rows:
        # All rows were played: what is open is open after the last of them.
        import pyarrow.compute as pc

        mark = max(mark, pc.max(rows["ts"]).as_py() or mark)
    outcome: Outcome = replay(text, node, batches, mark, close, traced=True)
    return outcome


def open_at(
    host: Host, pattern: PatternRun, node: str, numbers: Iterable[int], until_us: int
) -> list[dict[str, Any]]:
    """The partial matches open once these rows are played and the watermark stands at a time."""
    late = set(pattern.late_rows.tolist())
    rows = some(pattern.packed, (n for n in numbers if n not in late), "row")
    batches = [Batch(rows, 0)]
    outcome = replay(pattern.text, node, batches, until_us, None, traced=True)
    kind, steps = host.catalog.get(host.type_of(node)), pattern.plan.steps
    return [
        {
            "events": [
                {"step": steps[step], "at": moment(ts), "event": row[-1]} for step, ts, row in bound
            ],
            "deadline": None if deadline is None else moment(deadline),
        }
        for state in outcome.open_states.values()
        for bound, deadline in kind.open_partials(state)
    ]


def key_view(
    host: Host, pattern: PatternRun, node: str, numbers: list[int], close: int | None = FAR
) -> KeyView:
    """Everything about the rows with these arrival numbers, which share one key."""
    kind = host.catalog.get(host.type_of(node))
    late = set(pattern.late_rows.tolist())
    tables = inputs_of(pattern, (n for n in numbers if n not in late))
    end = horizon(pattern, close)
    seen = tuple(s for s in seen_rows(host, pattern, node, tables) if s.ts <= end)
    by_number = {s.number: s for s in seen}
    steps = pattern.plan.steps
    outcome = replayed(pattern, node, numbers, close)
    partials, found = _partials(kind.open_partials, outcome, by_number, steps)
    truth = Truth(host.engine, tables, steps)
    places = {value.name: 1 + i for i, value in enumerate(pattern.plan.values)}
    _, matcher, _ = load(pattern.text, node)
    decided_to = pattern.watermark if close is None else max(close, pattern.watermark)
    until = decided_to if decided_to < FAR else pattern.watermark
    return KeyView(
        events=seen,
        partials=partials,
        matches=frozenset(found),
        matched=frozenset().union(*found),
        parts=truth.parts,
        places=places,
        closed_at=until,
        decided_to=decided_to,
        states=partial(states_of, pattern, matcher, seen, until),
        matcher=matcher,
    )


def horizon(pattern: PatternRun, close: int | None) -> int:
    """The time up to which events were played; later ones wait for the watermark."""
    if pattern.plan.arrival:
        return FAR
    return pattern.watermark if close is None else max(close, pattern.watermark)


def states_of(
    pattern: PatternRun, matcher: Any, events: tuple[Seen, ...], until: int
) -> Iterator[Instant]:
    """What `KeyView.states` gives, played by the matcher itself."""
    state = matcher.initial()
    for seen in events:
        state = _settled(matcher, state, seen.ts)
        yield Instant(seen, False, state)
        if seen.mask or pattern.plan.all_rows:
            state = matcher.on_events(state, ((seen.ts, seen.mask, seen.values),), _unheard)
        yield Instant(seen, True, state)
    last = events[-1].ts if events else until
    yield Instant(None, False, _settled(matcher, state, max(last, until)))


def _settled(matcher: Any, state: Any, now: int) -> Any:
    """The state when everything due by a time is decided."""
    due = matcher.next_timer(state) if state else None
    return matcher.on_time(state, now, _unheard) if due is not None and due <= now else state


def _unheard(match: Any) -> None:
    """Matches are known already."""


def _partials(
    open_partials: Any, outcome: Outcome, by_number: Mapping[int, Seen], steps: Sequence[str]
) -> tuple[tuple[Partial, ...], set[frozenset[int]]]:
    """Partial matches that ended or are open, and the numbers of events by match.

    One that was open before the input was closed, and ended then, is told as ended.
    """

    def bound(events: Any) -> tuple[Bound, ...]:
        return tuple(Bound(steps[step], by_number[row[-1]]) for step, _, row in events)

    partials = [
        Partial(bound(e.bound), e.reason, e.at, by_number.get(e.event[1][-1]) if e.event else None)
        for e in outcome.ended
    ]
    found = {_numbers(match[3]) for _, match in outcome.matches}
    ended = {_steps(e.bound) for e in outcome.ended}
    for state in outcome.open_states.values():
        still = [(b, at) for b, at in open_partials(state) if _numbers(b) not in found]
        partials += [Partial(bound(b), None, at, None) for b, at in still if _steps(b) not in ended]
    return tuple(partials), found


def _steps(bound: Any) -> tuple[tuple[int, int], ...]:
    """What a partial match has bound: step and number of each event."""
    return tuple((step, row[-1]) for step, _, row in bound)


def _numbers(bound: Any) -> frozenset[int]:
    return frozenset(row[-1] for _, _, row in bound)


def seen_rows(host: Host, pattern: PatternRun, node: str, tables: list[Any]) -> tuple[Seen, ...]:
    """Rows of one key in the order of the matcher, those without event time left out."""
    import pyarrow.compute as pc

    plan = pattern.plan._replace(all_rows=True)
    packed = united_rows(plan, pattern.relations, tables, host.engine)
    packed = packed.filter(pc.is_valid(packed["ts"]))
    if not packed.num_rows:
        return ()
    kernel, _, layout = load(pattern.text, node)
    order, _, _, _, occurrences = kernel.arranged(layout, packed)
    table = packed.take(order)
    names = [n for n in table.column_names if n.startswith("value_")]
    columns = [table[n].to_pylist() for n in names]
    columns.append(table["row"].to_pylist())
    values = zip(occurrences or [0] * table.num_rows, *columns)
    shown = {row.pop(ROW): row for rows in tables for row in rows.to_pylist()}
    stamps, masks = table["ts"].to_pylist(), table["mask"].to_pylist()
    return tuple(
        Seen(v[-1], ts, mask, v, shown[v[-1]])
        for ts, mask, v in zip(stamps, masks, values, strict=True)
    )
