"""The absence matcher against the definition, written out naively."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lakestream_mcp.patterns.absence.matcher import AbsenceMatcher

TRIGGER, EXPECTED = 1, 2
Event = tuple[int, int, tuple[int, int]]  # ts, mask, (occurrence, order id)


def answered(trigger: int, events: list[Event], within: int, tied: bool) -> int | None:
    """The index of the first later event that answers the trigger in time."""
    ts, _, row = events[trigger]
    for i in range(trigger + 1, len(events)):
        at, mask, other = events[i]
        if at < ts + within and mask & EXPECTED and (not tied or other[1] == row[1]):
            return i
    return None


def expected_matches(events: list[Event], within: int, repeat: str, tied: bool) -> list[Any]:
    """Each trigger's fate, from the definition."""
    waiting: int | None = None
    found = []
    for i, (ts, mask, _) in enumerate(events):
        if waiting is not None:
            by = answered(waiting, events, within, tied)
            over = events[waiting][0] + within <= ts
            if over or (by is not None and by <= i):
                if by is None or events[waiting][0] + within <= events[by][0]:
                    found.append(waiting)
                waiting = None
        if not mask & TRIGGER:
            continue
        if repeat == "each":
            if answered(i, events, within, tied) is None:
                found.append(i)
        elif waiting is None or repeat == "restart":
            waiting = i
    if waiting is not None and answered(waiting, events, within, tied) is None:
        found.append(waiting)
    return sorted((events[i][0], events[i][0] + within, events[i][2]) for i in found)


def run(events: list[Event], within: int, repeat: str, tied: bool) -> list[Any]:
    matcher = AbsenceMatcher(
        within, repeat, (lambda bound, row: bound[0][2][1] == row[1]) if tied else None
    )
    out: list[Any] = []
    state = matcher.on_events(matcher.initial(), events, out.append)
    assert not matcher.on_time(state, 1 << 60, out.append)
    return sorted((m[0], m[2], m[3][0][2]) for m in out)


@pytest.mark.parametrize("repeat", ["keep", "restart", "each"])
@pytest.mark.parametrize("tied", [False, True])
def test_agrees_with_the_definition(repeat: str, tied: bool) -> None:
    for seed in range(600):
        rng = random.Random(f"{seed} {repeat} {tied}")
        times = sorted(rng.randrange(30) for _ in range(rng.randrange(12)))
        events = [(t, rng.randrange(4), (0, rng.randrange(2))) for t in times]
        within = rng.randrange(1, 10)
        assert run(events, within, repeat, tied) == expected_matches(
            events, within, repeat, tied
        ), (seed, events, within)


def test_deadline_comes_before_an_event_at_that_time() -> None:
    events = [(0, TRIGGER, (0, 1)), (10, EXPECTED, (0, 1))]
    assert run(events, 10, "keep", False) == [(0, 10, (0, 1))]
    assert run(events, 11, "keep", False) == []


def test_same_time_later_in_order_answers() -> None:
    assert run([(5, TRIGGER, (0, 1)), (5, EXPECTED, (0, 1))], 10, "keep", False) == []
    assert run([(5, EXPECTED, (0, 1)), (5, TRIGGER, (0, 1))], 10, "keep", False) != []


def test_an_event_of_both_kinds_answers_others_then_waits_itself() -> None:
    both = TRIGGER | EXPECTED
    assert run([(0, TRIGGER, (0, 1)), (5, both, (0, 2))], 10, "keep", False) == [(5, 15, (0, 2))]


def observed(matcher: AbsenceMatcher, events: list[Event]) -> list[tuple[str, int, int]]:
    """What ended without a match: reason, time of the trigger, time of the end."""
    told: list[tuple[str, int, int]] = []
    matcher.observer = lambda reason, bound, at, event: told.append((reason, bound[0][1], at))
    out: list[Any] = []
    state = matcher.on_events(matcher.initial(), events, out.append)
    matcher.on_time(state, 1 << 60, out.append)
    return told


def test_the_oldest_goes_at_the_cap() -> None:
    matcher = AbsenceMatcher(100, "each", None, 2)
    out: list[Any] = []
    events = [(t, TRIGGER, (0, t)) for t in (0, 1, 2, 3)]
    state = matcher.on_events(matcher.initial(), events, out.append)
    matcher.on_time(state, 1 << 60, out.append)
    assert [m[0] for m in out] == [2, 3]
    assert matcher.dropped == 2
    assert observed(AbsenceMatcher(100, "each", None, 2), events) == [
        ("limit", 0, 2),
        ("limit", 1, 3),
    ]


def test_what_ended_a_wait_is_reported() -> None:
    events = [(0, TRIGGER, (0, 1)), (5, TRIGGER, (0, 2)), (7, EXPECTED, (0, 2))]
    assert observed(AbsenceMatcher(100, "restart"), events) == [
        ("restarted", 0, 5),
        ("forbidden event", 5, 7),
    ]
    assert observed(AbsenceMatcher(100, "keep"), events) == [("forbidden event", 0, 7)]
