"""The count matchers against the definition, written out naively."""

from __future__ import annotations

import operator
import random
from typing import Any

import pytest

from lakestream_mcp.patterns.count_threshold.matcher import (
    RollingCountMatcher,
    WindowCountMatcher,
)

COMPARE = {
    ">=": operator.ge,
    ">": operator.gt,
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
}
Event = tuple[int, int, tuple[int, Any]]


def size(events: list[Event], distinct: bool) -> int:
    return len({e[2][1] for e in events}) if distinct else len(events)


def counting(events: list[Event], distinct: bool) -> list[Event]:
    return [e for e in events if e[1] & 1 and not (distinct and e[2][1] is None)]


def rolling(events: list[Event], window: int, op: str, n: int, repeat: bool, distinct: bool) -> Any:
    found = []
    counted = counting(events, distinct)
    for i, event in enumerate(counted):
        inside = [e for e in counted[: i + 1] if e[0] > event[0] - window]
        before = [e for e in counted[:i] if e[0] > event[0] - window]
        holds = COMPARE[op](size(inside, distinct), n)
        held = COMPARE[op](size(before, distinct), n)
        if holds and (repeat or not held):
            found.append((event[0], size(inside, distinct), len(inside)))
    return found


def aligned(
    events: list[Event], window: int, slide: int, op: str, n: int, forget: int, distinct: bool
) -> Any:
    """All windows [start, start + window) with a start that is a multiple of slide."""
    if not events:
        return []
    found = []
    counted = counting(events, distinct)
    empty = COMPARE[op](0, n)
    lo, hi = events[0][0], events[-1][0] + forget + 2 * window
    for start in range((lo - 2 * window) // slide * slide, hi + slide, slide):
        end = start + window
        inside = [e for e in counted if start <= e[0] < end]
        seen = [e[0] for e in events if e[0] < end]
        if not seen:
            continue
        # Follow the key's life: it is forgotten when a window ends too long after its last event.
        if not inside and not (empty and end <= seen[-1] + forget):
            continue
        if COMPARE[op](size(inside, distinct), n):
            found.append((start, end, size(inside, distinct), len(inside)))
    return found


@pytest.mark.parametrize("op", [">=", ">", "="])
def test_rolling_agrees_with_the_definition(op: str) -> None:
    for seed in range(600):
        rng = random.Random(f"{seed} {op}")
        times = sorted(rng.randrange(40) for _ in range(rng.randrange(20)))
        events = [(t, rng.randrange(2), (0, rng.choice([None, 1, 2, 3]))) for t in times]
        window, n = rng.randrange(1, 15), rng.randrange(1, 5)
        repeat, distinct = rng.random() < 0.5, rng.random() < 0.5
        matcher = RollingCountMatcher(window, op, n, repeat, 1 if distinct else None)
        out: list[Any] = []
        matcher.on_events(matcher.initial(), events, out.append)
        got = [(m[2], m[4][0], len(m[3])) for m in out]
        assert got == rolling(events, window, op, n, repeat, distinct), (seed, events)


@pytest.mark.parametrize("op", list(COMPARE))
def test_windows_agree_with_the_definition(op: str) -> None:
    for seed in range(600):
        rng = random.Random(f"{seed} {op}")
        times = sorted(rng.randrange(60) for _ in range(rng.randrange(1, 15)))
        events = [(t, rng.randrange(2), (0, rng.choice([None, 1, 2]))) for t in times]
        slide = rng.randrange(1, 9)
        window = slide + rng.choice([0, 0, rng.randrange(9), slide])
        n, forget = rng.randrange(1, 4), rng.randrange(1, 40)
        distinct = rng.random() < 0.5
        matcher = WindowCountMatcher(window, slide, op, n, forget, 1 if distinct else None)
        out: list[Any] = []
        state = matcher.on_events(matcher.initial(), events, out.append)
        if state:
            assert matcher.on_time(state, 1 << 40, out.append) is None
        got = [(m[4][1], m[4][2], m[4][0], len(m[3])) for m in out]
        assert got == aligned(events, window, slide, op, n, forget, distinct), (seed, events)


def test_crossing_again_after_falling_below() -> None:
    matcher = RollingCountMatcher(10, ">=", 3)
    out: list[Any] = []
    matcher.on_events(None, [(t, 1, (0,)) for t in (0, 1, 2, 3, 20, 21, 22)], out.append)
    assert [m[2] for m in out] == [2, 22]


def test_a_key_is_forgotten_with_its_last_window() -> None:
    matcher = WindowCountMatcher(10, 5, ">=", 2)
    state = matcher.on_events(matcher.initial(), [(12, 1, ("x",))], [].append)
    ends = []
    while state:
        ends.append(matcher.next_timer(state))
        state = matcher.on_time(state, ends[-1], [].append)
    assert ends == [15, 20]


def test_at_the_limit_the_oldest_event_goes() -> None:
    matcher = WindowCountMatcher(10, 10, ">=", 2, max_events=2)
    state = matcher.on_events(None, [(n, 1, (n,)) for n in range(3)], [].append)
    found: list[Any] = []
    matcher.on_time(state, 10, found.append)
    (match,) = found
    assert [row for _, _, row in match[3]] == [(1,), (2,)]
    assert matcher.dropped == 1
