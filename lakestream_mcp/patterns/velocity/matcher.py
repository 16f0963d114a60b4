"""Rates of events in windows of time: above a limit, below one, or changed by a factor.

Mask bit 0 marks an event that counts; other events only show that the key is alive. The amount of a
window is the number of its events, or the sum of a packed value, a number or a decimal as text;
then an event whose value is NULL, NaN or infinite does not count. Sums are computed afresh over the
values kept and rounded once, so they depend on neither order nor history.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from operator import itemgetter
from typing import Any


def rounded_total(values: Sequence[float]) -> float:
    """The exact sum of finite numbers, rounded once; infinite beyond the range of a double."""
    try:
        return math.fsum(values)
    except OverflowError:
        # fsum gives up where a partial sum overflows, which depends on the order.
        exact = sum(map(Fraction, values), Fraction(0))
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


class RateMatcher:
    """What the rates share. window, per: microseconds; a rate is an amount per `per`.

    value: position of the value to sum in the packed rows; None: events are counted. max_events:
    the oldest event is dropped beyond it.
    """

    def __init__(self, window: int, per: int, value: int | None, max_events: int) -> None:
        self.window = window
        shared = math.gcd(per, window)
        self.scale = (per // shared, window // shared)
        self.value = value
        self.max_events = max_events
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def _counts(self, mask: int, row: Any) -> bool:
        if not mask & 1 or self.value is None:
            return bool(mask & 1)
        value = row[self.value]
        return value is not None and math.isfinite(float(value))

    def _amount(self, events: Sequence[Any], low: int, high: int) -> float:
        """The amount of the events from `low` up to, not including, `high`."""
        if self.value is None:
            return high - low
        value = self.value
        return rounded_total([float(row[value]) for _, row in events[low:high]])

    def _rate(self, amount: float) -> float:
        # A count is a whole number: this division of whole numbers is exact, then rounded once.
        return amount * self.scale[0] / self.scale[1]

    def _measures(self, count: int, amount: float) -> tuple[Any, ...]:
        total = () if self.value is None else (amount,)
        return (count, *total, self._rate(amount))

    def _cap(self, counted: list[Any], ts: int) -> None:
        if len(counted) > self.max_events:
            self._report("limit", counted[:1], ts)
            del counted[0]
            self.dropped += 1

    def _report(self, reason: str, events: Sequence[Any], at: int) -> None:
        if self.observer is not None:
            self.observer(reason, tuple((0, ts, row) for ts, row in events), at, None)


class RollingRateMatcher(RateMatcher):
    """The window is (t - window, t], looked at after each event that counts.

    Emits when the rate is above `threshold` after the event and was not just before it (what had
    expired by then is gone); with `repeat` at every event after which it is. State: the counted
    events in the window as (ts, row).
    """

    def __init__(
        self,
        window: int,
        per: int,
        threshold: float,
        repeat: bool = False,
        value: int | None = None,
        max_events: int = 10000,
    ) -> None:
        super().__init__(window, per, value, max_events)
        self.threshold = threshold
        self.repeat = repeat

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        counted: list[Any] = state or []
        for ts, mask, row in events:
            if not self._counts(mask, row):
                continue
            if counted and counted[0][0] <= ts - self.window:
                self._expire(counted, ts)
            counted.append((ts, row))
            amount = self._amount(counted, 0, len(counted))
            if self._rate(amount) > self.threshold and (self.repeat or not self._held(counted)):
                bound = tuple((0, at, event) for at, event in counted)
                emit((counted[0][0], ts, ts, bound, self._measures(len(counted), amount), ()))
            self._cap(counted, ts)
        return counted or None

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        self._expire(state, now)
        return state or None

    def next_timer(self, state: Any) -> int | None:
        return None

    def expires(self, state: Any) -> int | None:
        return state[-1][0] + self.window if state else None

    def _held(self, counted: list[Any]) -> bool:
        """Whether the rate was above the limit without the last event."""
        return self._rate(self._amount(counted, 0, len(counted) - 1)) > self.threshold

    def _expire(self, counted: list[Any], now: int) -> None:
        gone = bisect_right(counted, now - self.window, key=itemgetter(0))
        if gone and self.observer is not None:
            rate = self._rate(self._amount(counted, 0, len(counted)))
            if rate <= self.threshold:
                self._report("expired", counted, counted[0][0] + self.window)
        del counted[:gone]


class WindowRateMatcher(RateMatcher):
    """Windows [start, start + window) whose starts are multiples of `window` since 1970 in UTC.

    One answer per window whose rate is below `threshold`, decided at its end. Where a rate of 0
    is, empty windows answer too, until `forget_after` microseconds after the key's last event.
    State: (counted events as (ts, row), end of the window to decide next, time of the last event).
    """

    def __init__(
        self,
        window: int,
        per: int,
        threshold: float,
        forget_after: int | None = None,
        value: int | None = None,
        max_events: int = 10000,
    ) -> None:
        super().__init__(window, per, value, max_events)
        self.threshold = threshold
        self.forget_after = forget_after
        self.empty_answers = threshold > 0

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        for ts, mask, row in events:
            if state and state[1] <= ts:
                state = self.on_time(state, ts, emit)
            counts = self._counts(mask, row)
            if state is None:
                if not counts and not self.empty_answers:
                    continue
                state = ([], (ts // self.window + 1) * self.window, ts)
            counted, end, _ = state
            if counts:
                counted.append((ts, row))
                self._cap(counted, ts)
            state = (counted, end, ts)
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        counted, end, seen = state
        while end <= now:
            if not counted and (not self.empty_answers or end > seen + self.forget_after):
                return None
            self._decide(counted, end, emit)
            counted, end = [], end + self.window
        if not counted and not self.empty_answers:
            return None
        return (counted, end, seen)

    def next_timer(self, state: Any) -> int | None:
        return state[1] if state else None

    def expires(self, state: Any) -> int | None:
        return None

    def _decide(self, counted: list[Any], end: int, emit: Any) -> None:
        start, amount = end - self.window, self._amount(counted, 0, len(counted))
        if self._rate(amount) < self.threshold:
            bound = tuple((0, ts, row) for ts, row in counted)
            first, last = (counted[0][0], counted[-1][0]) if counted else (start, end)
            measures = (*self._measures(len(counted), amount), start, end)
            emit((first, last, end, bound, measures, (start,)))
        elif counted:
            self._report("condition false", counted, end)


class RateChangeMatcher(RateMatcher):
    """The window (t - window, t] against the one before it, after each event that counts.

    Emits when current / previous passes `factor` (above it if it is more than 1, else below it) and
    did not pass it after the key's previous event; with `repeat` at every event for which it does.
    Nothing passes against a previous amount of 0. State: (events of both windows as (ts, row),
    whether the factor was passed after the last of them).
    """

    def __init__(
        self,
        window: int,
        per: int,
        factor: float,
        repeat: bool = False,
        value: int | None = None,
        max_events: int = 10000,
    ) -> None:
        super().__init__(window, per, value, max_events)
        self.factor = factor
        self.repeat = repeat

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        counted: list[Any] = state[0] if state else []
        passed = state[1] if state else False
        for ts, mask, row in events:
            if not self._counts(mask, row):
                continue
            if counted and counted[0][0] <= ts - 2 * self.window:
                self._expire(counted, ts)
            counted.append((ts, row))
            before, passed = passed, False
            cut = bisect_right(counted, ts - self.window, key=itemgetter(0))
            previous = self._amount(counted, 0, cut)
            if previous:
                current = self._amount(counted, cut, len(counted))
                ratio = current / previous
                passed = ratio > self.factor if self.factor > 1 else ratio < self.factor
                if passed and (self.repeat or not before):
                    measures = self._measures(len(counted) - cut, current)
                    measures = (*measures, self._rate(previous), ratio)
                    bound = tuple((int(n >= cut), at, e) for n, (at, e) in enumerate(counted))
                    emit((counted[0][0], ts, ts, bound, measures, ()))
            self._cap(counted, ts)
        return (counted, passed) if counted else None

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        counted, passed = state
        self._expire(counted, now)
        return (counted, passed) if counted else None

    def next_timer(self, state: Any) -> int | None:
        return None

    def expires(self, state: Any) -> int | None:
        return state[0][-1][0] + 2 * self.window if state else None

    def _expire(self, counted: list[Any], now: int) -> None:
        """Let go what lies in neither window any more."""
        del counted[: bisect_right(counted, now - 2 * self.window, key=itemgetter(0))]
