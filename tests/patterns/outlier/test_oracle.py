"""The outlier matcher against numpy, over baselines chosen as the definition says."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from lakestream_mcp.patterns.outlier.matcher import OutlierMatcher, zscore_baseline

from ..pieces import Event, played

NO_VALUE = (None, math.nan, math.inf, -math.inf)


def numpy_baseline(method: str, values: list[float]) -> tuple[float, float, float, float]:
    """Center, deviation, and the edges from which distances count."""
    if method == "zscore":
        mean = float(np.mean(values))
        return mean, float(np.std(values, ddof=1)), mean, mean
    median = float(np.median(values))
    if method == "iqr":
        low, high = (float(q) for q in np.percentile(values, [25, 75], method="linear"))
        return median, high - low, low, high
    spread = float(np.median(np.abs(np.array(values) - median))) * 1.4826
    return median, spread, median, median


def random_events(draw: random.Random, coarse: bool) -> list[Event]:
    times, at = [], -50
    for _ in range(draw.randrange(1, 60)):
        at += draw.choice((0, 0, 1, 2, 3, 25))
        times.append(at)

    def number() -> float:
        if draw.random() < 0.1:
            return draw.choice((-100.0, 50.0, 1e6))
        return draw.randrange(4) / 2 if coarse else draw.gauss(10, 2)

    return [
        (
            t,
            draw.choice((1, 1, 1, 0)),
            (0, number() if draw.random() < 0.9 else draw.choice(NO_VALUE)),
        )
        for t in times
    ]


class Definition:
    """Baselines as the definition names them; values once judged are told by the matcher."""

    def __init__(self, draw: random.Random, method: str) -> None:
        self.method = method
        self.threshold = draw.choice((0.5, 1.0, 2.0, 3.0))
        self.span = draw.randrange(1, 60)
        self.count = draw.choice((None, None, 3, 8))
        self.min_samples = draw.randrange(2, 4)
        self.exclude = draw.random() < 0.5

    def matcher(self) -> OutlierMatcher:
        return OutlierMatcher(
            self.method,
            self.threshold,
            1,
            self.span,
            self.count,
            self.min_samples,
            self.exclude,
        )

    def baseline(self, events: list[Event], at: int, outliers: set[int]) -> list[float]:
        """The values that event `at` is judged by."""
        now = events[at][0]
        earlier = [i for i in range(at) if events[i][1] & 1]
        if self.count is not None:
            for i, after in reversed(list(zip(earlier, [*earlier[1:], at]))):
                if events[i][0] + self.span <= events[after][0]:
                    earlier = [j for j in earlier if j > i]
                    break
        usable = [i for i in earlier if events[i][2][1] is not None]
        usable = [i for i in usable if math.isfinite(events[i][2][1])]
        if self.exclude:
            usable = [i for i in usable if i not in outliers]
        if self.count is not None:
            return [events[i][2][1] for i in usable[-self.count :]]
        return [events[i][2][1] for i in usable if now - self.span < events[i][0] < now]


@pytest.mark.parametrize("coarse", [False, True], ids=["fine", "coarse"])
@pytest.mark.parametrize("method", ["zscore", "iqr", "mad"])
def test_agrees_with_numpy(method: str, coarse: bool) -> None:
    judged, total = 0, 0
    for seed in range(300):
        draw = random.Random(f"{seed} {method} {coarse}")
        rules, events = Definition(draw, method), random_events(draw, coarse)
        numbered = [(ts, mask, (*row, n)) for n, (ts, mask, row) in enumerate(events)]
        found = {m[3][0][2][2]: m for m in played(rules.matcher(), numbered, draw)}
        outliers = set(found)
        for at, (_, mask, (_, value)) in enumerate(events):
            if not mask & 1 or value is None or not math.isfinite(value):
                assert at not in found
                continue
            values = rules.baseline(events, at, outliers)
            if len(values) < rules.min_samples:
                assert at not in found, (seed, at)
                continue
            judged += 1
            center, deviation, low, high = numpy_baseline(method, values)
            distance = max(low - value, value - high)
            reach = rules.threshold * deviation
            if at in found:
                measures = found[at][4]
                expected = (value, center, deviation, None, low - reach, high + reach, len(values))
                size = max(map(abs, (*values, value)))
                for mine, wanted in zip(measures, expected):
                    assert wanted is None or mine == pytest.approx(wanted, abs=1e-12 * size)
                if deviation > 1e-12:
                    assert measures[3] == pytest.approx(distance / deviation, rel=1e-9)
            if not math.isclose(distance, reach, rel_tol=1e-9, abs_tol=1e-12):
                assert (at in found) == (distance > reach), (seed, at, values)
        total += len(found)
    assert judged > 2000
    assert total > 300


def judge(method: str, baseline: list[Any], value: Any, **fields: Any) -> list[Any]:
    """Matches of a value after others, one microsecond apart."""
    matcher = OutlierMatcher(method, 3.0, 1, 1000, min_samples=2, **fields)
    out: list[Any] = []
    matcher.on_events(None, [(n, 1, (0, v)) for n, v in enumerate(baseline)], list)
    state = matcher.on_events(None, [(n, 1, (0, v)) for n, v in enumerate(baseline)], list)
    matcher.on_events(state, [(len(baseline), 1, (0, value))], out.append)
    return out


@pytest.mark.parametrize("method", ["zscore", "iqr", "mad"])
def test_without_deviation_any_other_value_is_an_outlier(method: str) -> None:
    same = [0.1] * 3
    assert judge(method, same, 0.1) == []
    (match,) = judge(method, same, math.nextafter(0.1, 1))
    assert match[4][1:6] == (0.1, 0.0, math.inf, 0.1, 0.1)
    assert judge(method, [0.0, -0.0, 0.0], -0.0) == []


def test_the_threshold_itself_is_no_outlier() -> None:
    # Mean 10, deviation 2: 16 is exactly three deviations away.
    baseline = [8.0, 12.0, 8.0, 12.0, 10.0]
    assert np.std(baseline, ddof=1) == 2
    assert judge("zscore", baseline, 16.0) == []
    assert judge("zscore", baseline, 4.0) == []
    assert len(judge("zscore", baseline, math.nextafter(16, 17))) == 1


@pytest.mark.parametrize("method", ["zscore", "iqr", "mad"])
def test_the_largest_numbers_do_no_harm(method: str) -> None:
    huge = [1.7e308, -1.7e308, 1.7e308, 0.0, 5e-324]
    for value in (1.7e308, -1.7e308, 0.0):
        for match in judge(method, huge, value):
            assert not any(math.isnan(m) for m in match[4])


def test_what_is_kept_decides_not_how_it_came() -> None:
    """Values that have left leave no trace in the baseline, to the last bit."""
    draw = random.Random(1)
    last = [draw.gauss(0, 1) for _ in range(20)]
    for method in ("zscore", "iqr", "mad"):
        fresh = judge(method, last, 50.0, count=20)
        after = judge(method, [1e15, -1e15, 0.1, *last], 50.0, count=20)
        assert fresh[0][4] == after[0][4]


def test_skipped_values_are_counted_while_there_is_a_baseline() -> None:
    (match,) = judge("zscore", [None, 1.0, math.nan, 2.0, math.inf], 99.0)
    assert match[4][6:] == (2, 2)


def test_the_oldest_value_goes_at_the_cap() -> None:
    matcher = OutlierMatcher("mad", 3.0, 1, 1000, min_samples=2, max_events=3)
    state = matcher.on_events(None, [(n, 1, (0, float(n))) for n in range(5)], list)
    assert state[1] == [2.0, 3.0, 4.0]
    assert matcher.dropped == 2


def test_why_a_value_is_no_outlier_is_reported() -> None:
    told: list[Any] = []
    matcher = OutlierMatcher("zscore", 3.0, 1, 1000, min_samples=2)
    matcher.observer = lambda reason, bound, at, _: told.append((reason, at))
    values = (1.0, None, 2.0, 1.5, 99.0)
    matcher.on_events(None, [(n, 1, (0, v)) for n, v in enumerate(values)], list)
    assert told == [
        ("too few samples", 0),
        ("no value", 1),
        ("too few samples", 2),
        ("condition false", 3),
    ]


def test_a_baseline_of_equal_values_is_the_first_of_them() -> None:
    found = zscore_baseline((0.0, -0.0))
    assert [math.copysign(1, value) for value in found] == [1, 1, 1, 1]
    assert found == (0.0, 0.0, 0.0, 0.0)
