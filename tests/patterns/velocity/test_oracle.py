"""The rate matchers against the definition, in exact fractions."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import pytest

from lakestream_mcp.patterns.velocity.matcher import (
    RateChangeMatcher,
    RollingRateMatcher,
    WindowRateMatcher,
    rounded_total,
)

from ..pieces import Event, played

VALUES = (None, math.nan, math.inf, -math.inf, 0.0, -0.0, 0.5, 1.0, 2.25, -1.5)
PER = 8


def random_events(draw: random.Random, span: int) -> list[Event]:
    times = sorted(draw.randrange(-20, span) for _ in range(draw.randrange(1, 25)))
    return [(t, draw.choice((0, 1, 1, 1)), (0, draw.choice(VALUES))) for t in times]


def counting(events: list[Event], summed: bool) -> list[Event]:
    return [
        e
        for e in events
        if e[1] & 1 and not (summed and (e[2][1] is None or not math.isfinite(e[2][1])))
    ]


def amount(events: list[Event], summed: bool) -> Fraction:
    return (
        sum((Fraction(e[2][1]) for e in events), Fraction(0)) if summed else Fraction(len(events))
    )


def between(events: list[Event], after: int, upto: int) -> list[Event]:
    return [e for e in events if after < e[0] <= upto]


@pytest.mark.parametrize("summed", [False, True])
def test_above_agrees_with_the_definition(summed: bool) -> None:
    found = 0
    for seed in range(800):
        draw = random.Random(f"above {seed} {summed}")
        events = random_events(draw, 50)
        window, repeat = draw.randrange(1, 20), draw.random() < 0.5
        limit = draw.choice((0, 0.5, 1, 2.75, -0.25))
        expected = []
        counted = counting(events, summed)
        for i, event in enumerate(counted):
            inside = between(counted[: i + 1], event[0] - window, event[0])
            rate = amount(inside, summed) * PER / window
            before = amount(between(counted[:i], event[0] - window, event[0]), summed)
            if rate > limit and (repeat or not before * PER / window > limit):
                expected.append((event[0], len(inside), float(rate)))
        matcher = RollingRateMatcher(window, PER, limit, repeat, 1 if summed else None)
        got = [(m[2], m[4][0], m[4][-1]) for m in played(matcher, events, draw)]
        assert got == expected, (seed, events)
        found += len(got)
    assert found > 800


@pytest.mark.parametrize("summed", [False, True])
def test_below_agrees_with_the_definition(summed: bool) -> None:
    found = 0
    for seed in range(800):
        draw = random.Random(f"below {seed} {summed}")
        events = random_events(draw, 60)
        window, forget = draw.randrange(1, 20), draw.randrange(1, 40)
        limit = draw.choice((0.5, 1, 2.75, -0.25) if summed else (0.5, 1, 2.75))
        expected = []
        counted = counting(events, summed)
        for start in range(-40 // window * window, 200, window):
            end = start + window
            inside = [e for e in counted if start <= e[0] < end]
            seen = [e[0] for e in events if e[0] < end]
            if not inside and not (seen and limit > 0 and end <= seen[-1] + forget):
                continue
            rate = amount(inside, summed) * PER / window
            if rate < limit:
                expected.append((start, end, len(inside), float(rate)))
        matcher = WindowRateMatcher(window, PER, limit, forget, 1 if summed else None)
        got = [(*m[4][-2:], m[4][0], m[4][-3]) for m in played(matcher, events, draw)]
        assert got == expected, (seed, events)
        found += len(got)
    assert found > 800


@pytest.mark.parametrize("summed", [False, True])
@pytest.mark.parametrize("factor", [0.5, 0.75, 1.5, 2.0])
def test_changed_agrees_with_the_definition(factor: float, summed: bool) -> None:
    found = 0
    for seed in range(600):
        draw = random.Random(f"changed {seed} {factor} {summed}")
        events = random_events(draw, 50)
        window, repeat = draw.randrange(1, 15), draw.random() < 0.5
        expected, held = [], False
        counted = counting(events, summed)
        for i, (ts, _, _) in enumerate(counted):
            current = amount(between(counted[: i + 1], ts - window, ts), summed)
            previous = amount(between(counted[:i], ts - 2 * window, ts - window), summed)
            before, held = held, False
            if previous:
                ratio = current / previous
                held = ratio > factor if factor > 1 else ratio < factor
            if held and (repeat or not before):
                expected.append((ts, float(previous * PER / window), float(ratio)))
        matcher = RateChangeMatcher(window, PER, factor, repeat, 1 if summed else None)
        out = played(matcher, events, draw)
        got = [(m[2], m[4][-2], m[4][-1]) for m in out]
        assert [(m[0], m[1]) for m in got] == [(m[0], m[1]) for m in expected], (seed, events)
        assert [m[2] for m in got] == pytest.approx([m[2] for m in expected], rel=1e-15)
        for match in out:
            sides = [(step, ts > match[2] - window) for step, ts, _ in match[3]]
            assert all(step == int(current) for step, current in sides)
        found += len(got)
    assert found > 80


def test_a_limit_is_strict_where_it_is_a_decimal_fraction() -> None:
    """Three in ten seconds are exactly 0.3 a second, though 0.3 is no double."""
    second = 1_000_000
    for count in range(1, 40):
        events = [(n, 1, (0,)) for n in range(count)]
        at = RollingRateMatcher(10 * second, second, count / 10)
        below = RollingRateMatcher(10 * second, second, math.nextafter(count / 10, 0))
        out: list[Any] = []
        at.on_events(None, events, out.append)
        assert not out
        below.on_events(None, events, out.append)
        assert [m[4] for m in out] == [(count, count / 10)]


def test_a_sum_depends_on_the_values_alone() -> None:
    values = [1e16, 1.0, -1e16, 0.1, 1e-9, 3e15] * 5
    for seed in range(50):
        shuffled = random.Random(seed).sample(values, len(values))
        assert rounded_total(shuffled) == float(sum(map(Fraction, values)))
    assert rounded_total([1.7e308, 1.7e308, -1.7e308]) == 1.7e308
    assert rounded_total([1.7e308, 1.7e308]) == math.inf
    assert rounded_total([-1.7e308, -1.7e308]) == -math.inf


def test_the_oldest_event_goes_at_the_cap() -> None:
    matcher = RollingRateMatcher(100, 1, 0.029, max_events=3)
    out: list[Any] = []
    matcher.on_events(None, [(t, 1, (0,)) for t in range(6)], out.append)
    assert [m[2] for m in out] == [2]
    assert matcher.dropped == 3


def test_what_fell_short_is_reported() -> None:
    told: list[Any] = []
    matcher = RollingRateMatcher(10, 10, 1)
    matcher.observer = lambda *said: told.append(said)
    matcher.on_events(None, [(0, 1, (0,)), (20, 1, (0,))], list)
    assert told == [("expired", ((0, 0, (0,)),), 10, None)]
