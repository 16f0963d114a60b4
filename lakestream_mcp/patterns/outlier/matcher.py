"""Values that deviate from the key's own baseline.

Mask bit 0 marks an event that is looked at. An event whose value is NULL, NaN or infinite has no
value: it is skipped and counted. Nothing is carried from one judgement to the next but the
values themselves: each is computed afresh, with sums rounded once, so that it depends on the values
kept and on nothing else.
"""

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any


def rounded_mean(values: Sequence[float]) -> float:
    """The mean of finite numbers: the exact sum, rounded once, over their count."""
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        # fsum gives up where a partial sum overflows, which depends on the order.
        return float(sum(map(Fraction, values), Fraction(0)) / len(values))


def rounded_deviation(values: Sequence[float], mean: float) -> float:
    """The sample deviation around the mean; infinite where a square is beyond a double."""
    squares = [(distance := value - mean) * distance for value in values]
    try:
        return math.sqrt(math.fsum(squares) / (len(values) - 1))
    except OverflowError:
        return math.inf


def quartile(ordered: Sequence[float], number: int) -> float:
    """The first, second or third quartile of ordered values, interpolated linearly."""
    at, rest = divmod((len(ordered) - 1) * number, 4)
    low = ordered[at]
    return low + (ordered[at + 1] - low) * rest / 4 if rest else low


def nearest_distance(ordered: Sequence[float], center: float, count: int) -> float:
    """How far from the center the count-th nearest of ordered values is.

    The nearest values stand side by side: their first place is found by halving.
    """
    low, high = 0, len(ordered) - count
    while low < high:
        middle = (low + high) // 2
        if center - ordered[middle] > ordered[middle + count] - center:
            low = middle + 1
        else:
            high = middle
    return max(center - ordered[low], ordered[low + count - 1] - center)


def zscore_baseline(values: Sequence[float]) -> tuple[float, float, float, float]:
    """Center, deviation, and the two edges from which distances count: mean and deviation."""
    if values[0] == values[-1] and min(values) == max(values):
        # Rounding must not make a deviation where there is none.
        return values[0], 0.0, values[0], values[0]
    center = rounded_mean(values)
    return center, rounded_deviation(values, center), center, center


def iqr_baseline(ordered: Sequence[float]) -> tuple[float, float, float, float]:
    """The same for quartiles: the median, their range, and the outer two."""
    first, third = quartile(ordered, 1), quartile(ordered, 3)
    return quartile(ordered, 2), third - first, first, third


def mad_baseline(ordered: Sequence[float]) -> tuple[float, float, float, float]:
    """The same for the median and 1.4826 times the median distance from it."""
    center, half = quartile(ordered, 2), len(ordered) // 2
    distance = nearest_distance(ordered, center, half + 1)
    if len(ordered) % 2 == 0:
        nearer = nearest_distance(ordered, center, half)
        distance = nearer + (distance - nearer) / 2
    return center, 1.4826 * distance, center, center


OUTLIER_METHODS: dict[str, Callable[[Sequence[float]], tuple[float, float, float, float]]] = {
    "zscore": zscore_baseline,
    "iqr": iqr_baseline,
    "mad": mad_baseline,
}


class OutlierBaseline:
    """A key's kept values while its events are played; what is stored is `state` alone.

    The first `settled` values are those that the next value is judged by. With `ranked` they are
    also held in order of size.
    """

    def __init__(self, state: Any, ranked: bool) -> None:
        times, values, seen, skipped = state or ([], [], 0, 0)
        self.times: list[int] = times
        self.values: list[float] = values
        self.seen: int = seen
        self.skipped: int = skipped
        self.ranked = ranked
        self.settled = 0
        self.ordered: list[float] = []

    def state(self) -> Any:
        """Times, values, when the key was last seen, events skipped; None without values."""
        return (self.times, self.values, self.seen, self.skipped) if self.times else None

    def settle(self, count: int) -> None:
        """Let the first `count` values be those that are judged by."""
        if self.ranked and not self.settled:
            self.ordered = sorted(self.values[:count])
        elif self.ranked:
            for value in self.values[self.settled : count]:
                insort(self.ordered, value)
        self.settled = count

    def drop(self, count: int) -> None:
        """Let the oldest values go."""
        if self.ranked:
            for value in self.values[: min(count, self.settled)]:
                del self.ordered[bisect_left(self.ordered, value)]
        del self.times[:count], self.values[:count]
        self.settled = max(self.settled - count, 0)

    def clear(self) -> None:
        """Forget the key."""
        self.drop(len(self.times))
        self.skipped = 0

    def judged_by(self) -> list[float]:
        """The settled values, in order of size if ranked."""
        if self.ranked:
            return self.ordered
        return self.values if self.settled == len(self.values) else self.values[: self.settled]


class OutlierMatcher:
    """Emits a value further from its key's baseline than `threshold` deviations.

    The baseline: the last `count` values before it or, if that is None, those in (t - span, t);
    with fewer than `min_samples` of them nothing is emitted. Each value then joins the baseline,
    outliers too unless `exclude_outliers`. method: `zscore`, `iqr`, `mad`. value: its position in
    the packed rows, a number or a decimal as text. span: microseconds; with `count`, a key is
    forgotten that long after its last event. max_events: the oldest value is dropped beyond it,
    unless there is a `count`.
    """

    def __init__(
        self,
        method: str,
        threshold: float,
        value: int,
        span: int,
        count: int | None = None,
        min_samples: int = 10,
        exclude_outliers: bool = False,
        max_events: int = 10000,
    ) -> None:
        self.baseline = OUTLIER_METHODS[method]
        self.ranked = method != "zscore"
        self.threshold = threshold
        self.value = value
        self.span = span
        self.count = count
        self.min_samples = min_samples
        self.exclude_outliers = exclude_outliers
        self.max_events = max_events
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        kept = OutlierBaseline(state, self.ranked)
        for ts, mask, row in events:
            if not mask & 1:
                continue
            self._pass_time(kept, ts)
            value = math.nan if row[self.value] is None else float(row[self.value])
            if not math.isfinite(value):
                self._report("no value", ts, row)
                kept.skipped += bool(kept.times)
                continue
            value += 0.0  # -0.0 becomes 0.0: equal values must not differ
            is_outlier = self._judge(kept, ts, value, row, emit)
            if not (is_outlier and self.exclude_outliers):
                self._join(kept, ts, value, row)
        return kept.state()

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        kept = OutlierBaseline(state, ranked=False)
        if kept.seen + self.span <= now:
            return None
        if self.count is None:
            kept.drop(bisect_right(kept.times, now - self.span))
        return kept.state()

    def next_timer(self, state: Any) -> int | None:
        return None

    def expires(self, state: Any) -> int | None:
        return state[2] + self.span if state else None

    def _pass_time(self, kept: OutlierBaseline, ts: int) -> None:
        """Let go what is too old at a time, and settle what the next value is judged by."""
        if kept.times and kept.seen + self.span <= ts:
            kept.clear()
        if self.count is not None:
            kept.settle(len(kept.times))
            kept.seen = ts
            return
        kept.settle(bisect_left(kept.times, ts))
        if kept.times and kept.times[0] <= ts - self.span:
            kept.drop(bisect_right(kept.times, ts - self.span))

    def _judge(self, kept: OutlierBaseline, ts: int, value: float, row: Any, emit: Any) -> bool:
        if kept.settled < self.min_samples:
            self._report("too few samples", ts, row)
            return False
        center, deviation, low, high = self.baseline(kept.judged_by())
        distance = max(low - value, value - high)
        reach = self.threshold * deviation
        # Without a division, so that any distance is too far where the deviation is 0.
        if not distance > reach:
            self._report("condition false", ts, row)
            return False
        score = distance / deviation if deviation else math.inf
        bounds = (low - reach, high + reach)
        measures = (value, center, deviation, score, *bounds, kept.settled, kept.skipped)
        emit((ts, ts, ts, ((0, ts, row),), measures, ()))
        return True

    def _join(self, kept: OutlierBaseline, ts: int, value: float, row: Any) -> None:
        kept.times.append(ts)
        kept.values.append(value)
        kept.seen = ts
        if self.count is not None:
            kept.drop(max(len(kept.times) - self.count, 0))
        elif len(kept.times) > self.max_events:
            self._report("limit", kept.times[0], None)
            kept.drop(1)
            self.dropped += 1

    def _report(self, reason: str, ts: int, row: Any) -> None:
        if self.observer is not None:
            self.observer(reason, () if row is None else ((0, ts, row),), ts, None)
