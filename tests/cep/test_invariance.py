"""Nothing depends on the schedule: cuts, order within the delay, and restarts change no match."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lakestream_mcp.cep.kernel import NEVER, Layout, advance, from_bytes, seeded, to_bytes
from lakestream_mcp.cep.order_check import found, shuffled_batches
from lakestream_mcp.cep.watermark import WatermarkPoint
from lakestream_mcp.codegen.structured_streaming.key_states import KeyStates
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.patterns.absence.matcher import AbsenceMatcher
from lakestream_mcp.patterns.count_threshold.matcher import (
    RollingCountMatcher,
    WindowCountMatcher,
)
from lakestream_mcp.patterns.deduplicate.matcher import DeduplicateMatcher
from lakestream_mcp.patterns.geofence.matcher import GeofenceCircle, GeofenceMatcher
from lakestream_mcp.patterns.heartbeat.matcher import HeartbeatMatcher
from lakestream_mcp.patterns.match_recognize.history import RowHistoryMatcher
from lakestream_mcp.patterns.match_recognize.matcher import RowPatternMatcher
from lakestream_mcp.patterns.match_recognize.output import RowOutput
from lakestream_mcp.patterns.match_recognize.program import compile_pattern
from lakestream_mcp.patterns.outlier.matcher import OutlierMatcher
from lakestream_mcp.patterns.sequence.automaton import Condition, Step, compile_steps
from lakestream_mcp.patterns.sequence.matcher import SequenceAfterQuiet, SequenceMatcher
from lakestream_mcp.patterns.session.matcher import SessionMatcher
from lakestream_mcp.patterns.state_machine.matcher import StateMachineMatcher
from lakestream_mcp.patterns.temporal_correlation.matcher import CorrelationMatcher
from lakestream_mcp.patterns.trend.matcher import TrendMatcher
from lakestream_mcp.patterns.velocity.matcher import (
    RateChangeMatcher,
    RollingRateMatcher,
    WindowRateMatcher,
)
from tests.patterns.match_recognize.oracle import random_pattern
from tests.patterns.match_recognize.test_engine import parsed

from .packed import packed

MS = 1000  # microseconds
LAYOUT = Layout("p", 1, 1, (0,), 0, False)
LAYOUTS = {
    "heartbeat": LAYOUT._replace(seeds=(("a",), ("never",)), seeded_at=1_000_000 + 30 * MS),
}
"""Where it is not the usual one."""


def absence(rng: random.Random) -> Any:
    tied = (lambda bound, row: bound[0][2][1] == row[1]) if rng.random() < 0.4 else None
    repeat = rng.choice(["keep", "restart", "each"])
    return AbsenceMatcher(rng.randrange(1, 30) * MS, repeat, tied, rng.choice([2, 1000]))


def rolling(rng: random.Random) -> Any:
    return RollingCountMatcher(
        rng.randrange(1, 30) * MS,
        rng.choice([">=", ">", "="]),
        rng.randrange(1, 5),
        rng.random() < 0.3,
        rng.choice([None, 1]),
        rng.choice([4, 1000]),
    )


def windowed(rng: random.Random) -> Any:
    slide = rng.randrange(1, 12) * MS
    return WindowCountMatcher(
        slide + rng.randrange(3) * rng.randrange(8) * MS,
        slide,
        rng.choice([">=", ">", "=", "<", "<="]),
        rng.randrange(1, 4),
        rng.randrange(1, 60) * MS,
        rng.choice([None, 1]),
        rng.choice([4, 1000]),
    )


def sequence(rng: random.Random) -> Any:
    steps = []
    count = rng.randrange(1, 4)
    for n in range(count):
        contiguity = rng.choice(["strict", "relaxed", "relaxed-any"])
        inside = 0 < n < count - 1
        negated = inside and contiguity != "relaxed-any" and rng.random() < 0.4
        low = 1 if negated else rng.randrange(1, 3)
        steps.append(
            Step(
                f"s{n}",
                Condition(rng.randrange(2)),
                contiguity,
                low,
                low if negated else rng.choice([low, low + 1, None]),
                rng.random() < 0.3 and not negated,
                rng.choice(["strict", "relaxed"]),
                optional=not negated and n > 0 and rng.random() < 0.2,
                negated=negated,
            )
        )
    waits = count > 1 and not steps[1].negated and rng.random() < 0.2
    if waits:
        steps[0] = Step("s0", steps[0].where, waits=True)
    within = rng.randrange(1, 40) * MS
    try:
        automaton = compile_steps(tuple(steps), within)
    except LakestreamError:  # a combination that has no meaning
        return sequence(rng)
    matcher = SequenceMatcher(
        automaton.nodes,
        automaton.start,
        tuple((c.bit, None) for c in automaton.conditions),
        within,
        rng.choice(["no-skip", "skip-to-next", "skip-past-last"]),
        emit_timed_out=rng.random() < 0.3,
        max_partial_matches=rng.choice([3, 1000]),
    )
    if not waits:
        return matcher
    return SequenceAfterQuiet(matcher, rng.randrange(1, 30) * MS, steps[0].where.bit)


def heartbeat(rng: random.Random) -> Any:
    timeout = rng.randrange(1, 30) * MS
    return HeartbeatMatcher(timeout, timeout + rng.randrange(1, 60) * MS)


def correlation(rng: random.Random) -> Any:
    tied = (lambda bound: bound[0][2][1] == bound[1][2][1]) if rng.random() < 0.4 else None
    return CorrelationMatcher(
        rng.randrange(1, 30) * MS,
        rng.choice(["any", "left-first", "right-first"]),
        rng.choice(["each", "first", "nearest"]),
        tied,
        rng.random() < 0.5,
        rng.randrange(2),
        rng.choice([4, 1000]),
    )


def rolling_rate(rng: random.Random) -> Any:
    return RollingRateMatcher(
        rng.randrange(1, 30) * MS,
        10 * MS,
        rng.choice([0, 0.5, 1, 2.5]),
        rng.random() < 0.3,
        rng.choice([None, 1]),
        rng.choice([4, 1000]),
    )


def window_rate(rng: random.Random) -> Any:
    return WindowRateMatcher(
        rng.randrange(1, 12) * MS,
        10 * MS,
        rng.choice([0.5, 1, 2.5]),
        rng.randrange(1, 60) * MS,
        rng.choice([None, 1]),
        rng.choice([4, 1000]),
    )


def rate_change(rng: random.Random) -> Any:
    return RateChangeMatcher(
        rng.randrange(1, 20) * MS,
        10 * MS,
        rng.choice([0.5, 0.9, 1.5, 2]),
        rng.random() < 0.3,
        rng.choice([None, 1]),
        rng.choice([4, 1000]),
    )


def trend(rng: random.Random) -> Any:
    return TrendMatcher(
        rng.choice(["up", "down", "flat"]),
        1,
        rng.randrange(2, 5),
        rng.randrange(1, 60) * MS,
        rng.random() < 0.5,
        rng.choice([0.0, 60.0]),
        rng.randrange(2),
        rng.choice([None, 1.0]),
        rng.choice(["first", "each", "end"]),
        rng.choice([2, 1000]),
    )


def deduplicate(rng: random.Random) -> Any:
    return DeduplicateMatcher(rng.randrange(1, 30) * MS, (None, 1))


class MaskedFixes(GeofenceMatcher):
    """A geofence whose fixes are as far away as their mask says."""

    def on_events(self, state: Any, events: Any, emit: Any) -> Any:
        placed = [(ts, mask, (*row[:-1], mask / 100, 0.0, row[-1])) for ts, mask, row in events]
        return super().on_events(state, placed, emit)


def geofence(rng: random.Random) -> Any:
    zones = (GeofenceCircle("near", 0.0, 0.0, 1500.0), GeofenceCircle("far", 0.03, 0.0, 1200.0))
    return MaskedFixes(
        zones,
        (-3, -2),
        rng.choice([("enter", "exit"), ("enter", "exit", "dwell")]),
        rng.randrange(1, 40) * MS,
        rng.randrange(1, 4),
        rng.random() < 0.5,
        rng.choice([0.0, 900.0]),
        rng.randrange(40, 80) * MS,
    )


def session(rng: random.Random) -> Any:
    return SessionMatcher(
        rng.randrange(1, 30) * MS,
        rng.choice([None, rng.randrange(1, 60) * MS]),
        rng.randrange(1, 3),
        (("sum", 1, 0), ("first", 1, ()), ("max", 1, None)),
        tuple,
        rng.choice([2, 1000]),
    )


def outlier(rng: random.Random) -> Any:
    return OutlierMatcher(
        rng.choice(["zscore", "iqr", "mad"]),
        rng.choice([0.3, 1.0]),
        1,
        rng.randrange(1, 60) * MS,
        rng.choice([None, 2, 5]),
        2,
        rng.random() < 0.5,
        rng.choice([3, 1000]),
    )


def state_machine(rng: random.Random) -> Any:
    tied = (
        (lambda bound, row: bool(bound) and bound[-1][2][1] == row[1])
        if rng.random() < 0.4
        else None
    )

    def leaving() -> Any:
        return tuple((rng.randrange(2), tied, rng.randrange(4)) for _ in range(rng.randrange(1, 4)))

    def timeout() -> Any:
        return rng.choice([None, (rng.randrange(5, 40) * MS, rng.randrange(4))])

    return StateMachineMatcher(
        ("rest", "one", "two", "end"),
        0,
        (0, 3),
        (leaving(), leaving(), leaving(), ()),
        (None, timeout(), timeout(), None),
        rng.choice([(0, 1, 2, 3), (3,), (1,)]),
        rng.random() < 0.5,
        rng.random() < 0.3,
        rng.randrange(5, 60) * MS,
        rng.choice([2, 100]),
    )


def row_pattern(rng: random.Random, history: bool = False) -> Any:
    pattern = parsed(f"({random_pattern(rng)}) {rng.choice(('A', 'B?', '()'))}")
    names = pattern.labels
    if not names:
        return row_pattern(rng, history)
    excluded = any(part.kind == "exclude" for part in pattern.walk())
    all_rows = rng.random() < 0.5
    shift = rng.choice([-1, 1])
    tests: list[Any] = [
        (rng.choice([0, 1, None]), place_test(shift) if rng.random() < 0.2 else None, None)
        for _ in names
    ]
    given: dict[str, Any] = {
        "unmatched": all_rows and not excluded and rng.random() < 0.5,
        "skip": rng.choice(["past last row", "next row"]),
        "within": rng.choice([None, rng.randrange(1, 40) * MS]),
        "forget_after": rng.choice([None, None, rng.randrange(1, 60) * MS]),
        "numbered": rng.random() < 0.3,
        "back": int(shift < 0),
        "ahead": int(shift > 0 and any(look for _, look, _ in tests)),
        "max_rows": rng.choice([3, 1000]),
    }
    made: Any = RowPatternMatcher
    if history:
        made = RowHistoryMatcher
        given |= {"memory": (("sum", (0,), lambda v, i: 1, 1),), "max_threads": 1000}
        tests = [(bit, look, lambda v, m: (m[0] or 0) < 4) for bit, look, _ in tests]
    output = RowOutput(names, all_rows=all_rows, columns=(1,), identity=2)
    return made(compile_pattern(pattern, names), names, tuple(tests), output, **given)


def place_test(shift: int) -> Any:
    return lambda v: (v.cell(v.at, shift, 1) or 0) <= (v.cell(v.at, 0, 1) or 0)


MAKERS: dict[str, Callable[[random.Random], Any]] = {
    "absence": absence,
    "rolling count": rolling,
    "window count": windowed,
    "sequence": sequence,
    "heartbeat": heartbeat,
    "correlation": correlation,
    "rolling rate": rolling_rate,
    "window rate": window_rate,
    "rate change": rate_change,
    "trend": trend,
    "outlier": outlier,
    "deduplicate": deduplicate,
    "geofence": geofence,
    "session": session,
    "state machine": state_machine,
    "row pattern": row_pattern,
    "row pattern over history": lambda rng: row_pattern(rng, history=True),
}


def random_rows(rng: random.Random) -> list[tuple[Any, ...]]:
    span = rng.choice([20, 100, 400])
    return [
        (
            rng.choice(["a", "b", None]),
            1_000_000 + rng.randrange(span) * MS,
            rng.choice([0, 1, 2, 3]),
            rng.choice([None, 1, 2]),
            n,
        )
        for n in range(rng.randrange(1, 40))
    ]


def play(layout: Layout, matcher: Any, batches: list[Any], final: int, restart: bool) -> set[str]:
    states = seeded(layout, matcher, range(len(layout.seeds)))
    out: list[Any] = []
    waiting = None
    for rows, watermark in [*batches, (packed([]), final), (packed([]), NEVER)]:
        done = advance(layout, matcher, states, waiting, rows, watermark, out)
        waiting = from_bytes(to_bytes(done.waiting)) if restart else done.waiting
        assert not done.late.num_rows
    assert not states, "nothing stays open once the input is closed"
    assert waiting is None
    return found(out)


class Store(dict[Any, bytes]):
    """What a map state does."""

    put = dict.__setitem__
    remove = dict.__delitem__


def play_by_key(layout: Layout, matcher: Any, batches: list[Any], final: int) -> set[str]:
    """The same with each key's state in an entry of its own, and each batch reading only some."""
    entries, due = Store(), Store()
    times: set[int] = set()
    out: list[Any] = []
    waiting = None
    seeds = seeded(layout, matcher, range(len(layout.seeds)))
    for rows, watermark in [*batches, (packed([]), final), (packed([]), NEVER)]:
        states = KeyStates(entries, due, times)
        for key in list(seeds):
            states.pop(key, None)
            states[key] = seeds.pop(key)
        states.wake(watermark)
        done = advance(layout, matcher, states, waiting, rows, watermark, out)
        states.save(matcher, watermark)
        waiting, times = done.waiting, states.times
        assert set(due) == times
    assert not entries
    assert not times, "nothing stays open once the input is closed"
    return found(out)


def check(kind: str, seed: int) -> None:
    rng = random.Random(f"{kind} {seed}")
    layout, matcher = LAYOUTS.get(kind, LAYOUT), MAKERS[kind](rng)
    rows = random_rows(rng)
    table = packed(rows)
    expected = play(layout, matcher, [(table, 0)], 0, False)
    times = np.array([r[1] for r in rows])
    delay_ms = rng.choice([0, 1, 5])
    point = WatermarkPoint("source", times, np.arange(len(rows)), delay_ms)
    for restart in (False, True):
        batches, final = shuffled_batches(table, [point], rng)
        got = play(layout, matcher, [tuple(b) for b in batches], final, restart)
        assert got == expected, f"{kind} seed {seed}"
    batches, final = shuffled_batches(table, [point], rng)
    got = play_by_key(layout, matcher, [tuple(b) for b in batches], final)
    assert got == expected, f"{kind} seed {seed}, by key"


@pytest.mark.parametrize("kind", MAKERS)
def test_schedule_does_not_matter(kind: str) -> None:
    for seed in range(150):
        check(kind, seed)


@pytest.mark.soak
@pytest.mark.parametrize("kind", MAKERS)
def test_schedule_does_not_matter_soak(kind: str) -> None:
    print(f"{kind}: seeds 0..4999")
    for seed in range(5000):
        check(kind, seed)


def alone(kind: str, seed: int) -> tuple[Any, list[tuple[int, int, tuple[Any, ...]]]]:
    """A matcher, and the events of one key in their order."""
    rng = random.Random(f"{kind} {seed}")
    matcher = MAKERS[kind](rng)
    rows = sorted(random_rows(rng), key=lambda row: row[1])
    return matcher, [(ts, mask, (0, value, number)) for _, ts, mask, value, number in rows]


@pytest.mark.parametrize("kind", MAKERS)
def test_timers_are_the_moments_of_decisions(kind: str) -> None:
    """Nothing is emitted before a timer, something changes at it, and none stays where it was."""
    for seed in range(60):
        matcher, given = alone(kind, seed)
        state = matcher.initial()
        assert not state
        assert (matcher.next_timer(state), matcher.expires(state)) == (None, None)
        for event in given:
            state = settled(matcher, state, event[0], f"{kind} {seed}")
            state = matcher.on_events(state, [event], [].append)
        settled(matcher, state, NEVER, f"{kind} {seed}")


def settled(matcher: Any, state: Any, now: int, told: str) -> Any:
    """The state with every timer up to a time gone off, each checked."""
    while state and (due := matcher.next_timer(state)) is not None and due <= now:
        early: list[Any] = []
        matcher.on_time(pickle.loads(pickle.dumps(state)), due - 1, early.append)
        assert not early, told
        state = matcher.on_time(state, due, early.append)
        later = matcher.next_timer(state) if state else None
        assert later is None or later > due, told
    return state
