"""Events of a key that follow one another without a long gap.

State: the open session as (deadline, start, last, count, totals, listed). Mask bit 1 marks an event
that ends its session.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any


class SessionMatcher:
    """A session ends at min(last + gap, start + max_duration), or at once by an ending event.

    gap, max_duration: microseconds. folds: (kind, place, zero) of each running total, where a place
    is one in the packed row. measures: makes extra measures of the totals. max_events: of more
    events the first ones and the last are listed; all are counted.
    """

    def __init__(
        self,
        gap: int,
        max_duration: int | None = None,
        min_events: int = 1,
        folds: tuple[tuple[str, int, Any], ...] = (),
        measures: Callable[[Any], tuple[Any, ...]] | None = None,
        max_events: int = 1000,
    ) -> None:
        self.gap = gap
        self.max_duration = max_duration
        self.min_events = min_events
        self.folds = folds
        self.measures = measures
        self.max_events = max_events
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        gap, folds = self.gap, self.folds
        for ts, mask, row in events:
            if state is not None and state[0] <= ts:
                state = self.on_time(state, ts, emit)
            if state is None:
                state = (0, ts, ts, 0, [zero for _, _, zero in folds], [])
            _, start, _, count, totals, listed = state
            for i, (kind, place, _) in enumerate(folds):
                totals[i] = SESSION_FOLDS[kind](totals[i], row[place])
            self._list(listed, ts, row)
            deadline = ts + gap
            if self.max_duration is not None and start + self.max_duration < deadline:
                deadline = start + self.max_duration
            state = (deadline, start, ts, count + 1, totals, listed)
            if mask & 2:
                self._close(state, ts, "end", emit)
                state = None
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        if state[0] > now:
            return state
        reason = "gap" if state[0] == state[2] + self.gap else "max_duration"
        self._close(state, state[0], reason, emit)
        return None

    def next_timer(self, state: Any) -> int | None:
        return state[0] if state else None

    def expires(self, state: Any) -> int | None:
        return None

    def _close(self, state: Any, at: int, reason: str, emit: Any) -> None:
        _, start, last, count, totals, listed = state
        bound = tuple([(0, ts, row) for ts, row in listed])
        if count < self.min_events:
            if self.observer is not None:
                self.observer("condition false", bound, at, None)
            return
        extra = self.measures(totals) if self.measures is not None else ()
        emit((start, last, at, bound, (count, (last - start) // 1000, reason, *extra), ()))

    def _list(self, listed: list[Any], ts: int, row: Any) -> None:
        """List an event; beyond the limit it takes the place of the last one."""
        if len(listed) == self.max_events:
            left_out = listed.pop()
            self.dropped += 1
            if self.observer is not None:
                self.observer("limit", ((0, *left_out),), ts, (ts, row))
        listed.append((ts, row))


def session_greater(value: Any, best: Any) -> bool:
    """Whether a value is greater than another; NaN is greatest."""
    if isinstance(value, float) and math.isnan(value):
        return not math.isnan(best)
    return bool(value > best)


def fold_events(total: Any, _value: Any) -> Any:
    """How many events there are."""
    return total + 1


def fold_count(total: Any, value: Any) -> Any:
    """How many values are not NULL."""
    return total if value is None else total + 1


def fold_sum(total: Any, value: Any) -> Any:
    """Sum from left to right, without NULLs."""
    return total if value is None else total + value


def fold_max(total: Any, value: Any) -> Any:
    """The greatest value; the first of equal ones."""
    if total is None or (value is not None and session_greater(value, total)):
        return value
    return total


def fold_min(total: Any, value: Any) -> Any:
    """The least value; the first of equal ones."""
    if total is None or (value is not None and session_greater(total, value)):
        return value
    return total


def fold_first(total: Any, value: Any) -> Any:
    """The value of the first event; `()` before there is one."""
    return value if total == () else total


def fold_last(_total: Any, value: Any) -> Any:
    """The value of the last event."""
    return value


SESSION_FOLDS: dict[str, Callable[[Any, Any], Any]] = {
    "events": fold_events,
    "count": fold_count,
    "sum": fold_sum,
    "max": fold_max,
    "min": fold_min,
    "first": fold_first,
    "last": fold_last,
}
