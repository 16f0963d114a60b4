"""The trend matcher against the definition, written with places in the list of values."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import pytest

from lakestream_mcp.patterns.trend.matcher import TrendMatcher

from ..pieces import Event, played

Values = list[tuple[int, Any]]
NO_VALUE = (None, math.nan, math.inf, -math.inf)


class Rules:
    """A random configuration, and what it says of values given as (time, exact number)."""

    def __init__(self, draw: random.Random, direction: str, emit: str) -> None:
        self.direction, self.emit = direction, emit
        self.length = draw.randrange(2, 5)
        self.within = draw.randrange(1, 12)
        self.strict = draw.random() < 0.5
        self.percent = draw.choice((0.0, 50.0, 25.0))
        self.tolerance = draw.randrange(3)
        self.min_change = draw.choice((None, None, 1.0, 2.0))

    def matcher(self) -> TrendMatcher:
        return TrendMatcher(
            self.direction,
            1,
            self.length,
            self.within,
            self.strict,
            self.percent,
            self.tolerance,
            self.min_change,
            self.emit,
        )

    def is_counter(self, values: Values, start: int, at: int) -> bool:
        first, last, value = (values[i][1] for i in (start, at - 1, at))
        if self.direction == "flat":
            return bool(abs(value - first) > Fraction(self.percent) / 100 * abs(first))
        move = value - last if self.direction == "up" else last - value
        return bool(move < 0 or (self.strict and move == 0))

    def counters(self, values: Values, start: int, end: int) -> int:
        return sum(self.is_counter(values, start, at) for at in range(start + 1, end + 1))

    def is_run(self, values: Values, start: int, end: int) -> bool:
        """Whether the values from start to end hang together."""
        gaps = [values[i][0] - values[i - 1][0] for i in range(start + 1, end + 1)]
        few = self.counters(values, start, end) <= self.tolerance
        return few and all(gap < self.within for gap in gaps)

    def qualifies(self, values: Values, start: int, end: int) -> bool:
        change = abs(values[end][1] - values[start][1])
        return end - start + 1 >= self.length and change >= (self.min_change or 0)

    def found(self, values: Values) -> list[tuple[int, int, int]]:
        """(start, end, time of decision) of each match."""
        found, start = [], 0
        while start < len(values):
            end = start
            while end + 1 < len(values) and self.is_run(values, start, end + 1):
                end += 1
            good = [e for e in range(start, end + 1) if self.qualifies(values, start, e)]
            if self.emit == "first" and good:
                end = good[0]
                found.append((start, end, values[end][0]))
            elif self.emit == "each":
                found += [(start, e, values[e][0]) for e in good]
            elif self.emit == "end" and end in good:
                late = values[end][0] + self.within
                broken = values[end + 1][0] if end + 1 < len(values) else late
                found.append((start, end, min(broken, late)))
            start = end + 1
        return found


def random_events(draw: random.Random) -> list[Event]:
    times, at = [], -30
    for _ in range(draw.randrange(1, 30)):
        at += draw.choice((0, 1, 1, 2, 3, 9))
        times.append(at)
    numbers = [draw.choice((-2.0, -0.0, 0.0, 1.0, 1.5, 2.0, 3.0, 4.0)) for _ in times]
    return [
        (
            t,
            draw.choice((1, 1, 1, 1, 1, 0)),
            (0, v if draw.random() < 0.9 else draw.choice(NO_VALUE)),
        )
        for t, v in zip(times, numbers)
    ]


@pytest.mark.parametrize("emit", ["first", "each", "end"])
@pytest.mark.parametrize("direction", ["up", "down", "flat"])
def test_agrees_with_the_definition(direction: str, emit: str) -> None:
    total = 0
    for seed in range(600):
        draw = random.Random(f"{seed} {direction} {emit}")
        rules, events = Rules(draw, direction, emit), random_events(draw)
        usable = [e for e in events if e[1] & 1 and e[2][1] is not None and math.isfinite(e[2][1])]
        values = [(ts, Fraction(row[1])) for ts, _, row in usable]
        expected = []
        for start, end, decided in rules.found(values):
            first, last = float(values[start][1]), float(values[end][1])
            counters = rules.counters(values, start, end)
            measures = (first, last, last - first, end - start + 1, counters)
            times = [values[i][0] for i in range(start, end + 1)]
            expected.append((times[0], times[-1], decided, times, measures))
        got = [
            (m[0], m[1], m[2], [ts for _, ts, _ in m[3]], m[4][:5])
            for m in played(rules.matcher(), events, draw)
        ]
        assert got == expected, (seed, vars(rules), events)
        total += len(got)
    assert total > 300


def run(matcher: TrendMatcher, *values: Any, step: int = 1) -> list[Any]:
    out: list[Any] = []
    events = [(n * step, 1, (0, value)) for n, value in enumerate(values)]
    state = matcher.on_events(None, events, out.append)
    if state:
        assert matcher.on_time(state, 1 << 60, out.append) is None
    return out


def test_a_value_at_exactly_the_gap_starts_anew() -> None:
    matcher = TrendMatcher("up", 1, 2, 10)
    assert run(matcher, 1.0, 2.0, step=10) == []
    assert len(run(matcher, 1.0, 2.0, step=9)) == 1


def test_skipped_values_are_counted_and_do_not_break() -> None:
    (match,) = run(TrendMatcher("up", 1, 3, 10), 1.0, None, 2.0, math.nan, math.inf, 3.0)
    assert match[4] == (1.0, 3.0, 2.0, 3, 0, 3)


def test_nothing_but_zero_is_flat_around_zero() -> None:
    matcher = TrendMatcher("flat", 1, 2, 10, flat_percent=50.0)
    assert run(matcher, 0.0, 1e-300) == []
    (match,) = run(matcher, 0.0, -0.0)
    assert str(match[4][:3]) == "(0.0, 0.0, 0.0)"


def test_a_long_run_is_measured_whole_and_shown_in_part() -> None:
    matcher = TrendMatcher("up", 1, 3, 10, emit_at="end", max_events=4)
    (match,) = run(matcher, *map(float, range(9)))
    assert match[0] == 0
    assert match[4] == (0.0, 8.0, 8.0, 9, 0, 0)
    assert [ts for _, ts, _ in match[3]] == [5, 6, 7, 8]
    assert matcher.dropped == 5


@pytest.mark.parametrize(
    ("values", "step", "reported"),
    [
        ((1.0, 2.0, 1.0), 1, [("contiguity broken", 2), ("expired", 12)]),
        ((1.0, 2.0), 20, [("expired", 10), ("expired", 30)]),
        ((1.0, None), 1, [("no value", 1), ("expired", 10)]),
        ((1.0, 2.0, 3.0, 4.0, 0.0), 1, [("expired", 14)]),
    ],
)
def test_runs_without_a_match_are_reported(values: Any, step: int, reported: Any) -> None:
    told: list[Any] = []
    matcher = TrendMatcher("up", 1, 3, 10, emit_at="each")
    matcher.observer = lambda reason, _, at, by: told.append((reason, at))
    run(matcher, *values, step=step)
    assert told == reported
