"""Counts of events in a window of time, compared with a threshold.

Mask bit 0 marks an event that counts; other events only show that the key is alive. With `distinct`
the number of distinct values of a packed value is counted instead; NULL does not count.
"""

import operator
from collections.abc import Callable, Iterable
from typing import Any

COUNT_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
}


def count_values(tally: dict[Any, int], value: Any, change: int) -> None:
    """Add to the number of events that hold a value; a value held by none is dropped."""
    held = tally.get(value, 0) + change
    if held:
        tally[value] = held
    else:
        del tally[value]


class RollingCountMatcher:
    """The window is (t - window, t], looked at after each event that counts.

    Emits when the comparison holds after the event and did not hold just before it (what had
    expired by then is gone); with `repeat` at every event for which it holds. State: the counted
    events in the window as (ts, row), and how many of them hold each distinct value. window:
    microseconds. distinct: a position in the packed rows, or None. max_events: the oldest event is
    dropped beyond it.
    """

    def __init__(
        self,
        window: int,
        comparison: str,
        threshold: int,
        repeat: bool = False,
        distinct: int | None = None,
        max_events: int = 10000,
    ) -> None:
        self.window = window
        self.compare = COUNT_COMPARISONS[comparison]
        self.threshold = threshold
        self.repeat = repeat
        self.distinct = distinct
        self.max_events = max_events
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        counted: list[Any] = state[0] if state else []
        tally: dict[Any, int] = state[1] if state else {}
        window, distinct = self.window, self.distinct
        for ts, mask, row in events:
            if not mask & 1 or (distinct is not None and row[distinct] is None):
                continue
            if counted and counted[0][0] <= ts - window:
                counted = self._expire(counted, tally, ts)
            held = not self.repeat and self._holds(counted, tally)
            counted.append((ts, row))
            if distinct is not None:
                count_values(tally, row[distinct], 1)
            if not held and self._holds(counted, tally):
                emit(self._match(counted, tally, ts))
            if len(counted) > self.max_events:
                self._drop_oldest(counted, tally, ts)
        return (counted, tally) if counted else None

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        counted, tally = state
        counted = self._expire(counted, tally, now)
        return (counted, tally) if counted else None

    def next_timer(self, state: Any) -> int | None:
        return None

    def expires(self, state: Any) -> int | None:
        return state[0][-1][0] + self.window if state else None

    def _expire(self, counted: list[Any], tally: dict[Any, int], now: int) -> list[Any]:
        gone = 0
        while gone < len(counted) and counted[gone][0] <= now - self.window:
            gone += 1
        if gone and self.observer is not None and not self._holds(counted, tally):
            self._report("expired", counted, counted[0][0] + self.window)
        if self.distinct is not None:
            for _, row in counted[:gone]:
                count_values(tally, row[self.distinct], -1)
        return counted[gone:]

    def _drop_oldest(self, counted: list[Any], tally: dict[Any, int], ts: int) -> None:
        self._report("limit", counted[:1], ts)
        _, row = counted.pop(0)
        if self.distinct is not None:
            count_values(tally, row[self.distinct], -1)
        self.dropped += 1

    def _holds(self, counted: list[Any], tally: dict[Any, int]) -> bool:
        return self.compare(len(counted if self.distinct is None else tally), self.threshold)

    def _match(self, counted: list[Any], tally: dict[Any, int], ts: int) -> Any:
        bound = tuple((0, at, row) for at, row in counted)
        count = len(counted if self.distinct is None else tally)
        return (counted[0][0], ts, ts, bound, (count,), ())

    def _report(self, reason: str, events: list[Any], at: int) -> None:
        if self.observer is not None:
            self.observer(reason, tuple((0, ts, row) for ts, row in events), at, None)


class WindowCountMatcher:
    """Windows [start, start + window) whose starts are multiples of `slide` since 1970 in UTC.

    One answer per window whose count compares as asked, decided at its end. Where no event at all
    can satisfy the comparison, empty windows answer too, until `forget_after` microseconds after
    the key's last event. State: (counted events as (ts, row), end of the next window to decide,
    time of the key's last event).
    """

    def __init__(
        self,
        window: int,
        slide: int,
        comparison: str,
        threshold: int,
        forget_after: int | None = None,
        distinct: int | None = None,
        max_events: int = 10000,
    ) -> None:
        self.window = window
        self.slide = slide
        self.compare = COUNT_COMPARISONS[comparison]
        self.threshold = threshold
        self.forget_after = forget_after
        self.distinct = distinct
        self.max_events = max_events
        self.empty_answers = self.compare(0, threshold)
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        for ts, mask, row in events:
            if state and state[1] <= ts:
                state = self.on_time(state, ts, emit)
            counts = mask & 1 and (self.distinct is None or row[self.distinct] is not None)
            if state is None:
                if not counts and not self.empty_answers:
                    continue
                state = ([], self._first_end(ts), ts)
            counted, end, _ = state
            if counts:
                counted.append((ts, row))
                if len(counted) > self.max_events:
                    self._report("limit", counted[:1], ts)
                    del counted[0]
                    self.dropped += 1
            state = (counted, end, ts)
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        counted, end, seen = state
        while end <= now:
            if not counted and (not self.empty_answers or end > seen + self.forget_after):
                return None
            self._decide(counted, end, emit)
            end += self.slide
            first = end - self.window
            counted = [event for event in counted if event[0] >= first]
        if not counted and not self.empty_answers:
            return None
        return (counted, end, seen)

    def next_timer(self, state: Any) -> int | None:
        return state[1] if state else None

    def expires(self, state: Any) -> int | None:
        return None

    def _first_end(self, ts: int) -> int:
        """The end of the earliest window that holds `ts`."""
        return ((ts - self.window) // self.slide + 1) * self.slide + self.window

    def _decide(self, counted: list[Any], end: int, emit: Any) -> None:
        start, count = end - self.window, len(counted)
        if self.distinct is not None:
            count = len({row[self.distinct] for _, row in counted})
        if self.compare(count, self.threshold):
            bound = tuple((0, ts, row) for ts, row in counted)
            first, last = (counted[0][0], counted[-1][0]) if counted else (start, end)
            emit((first, last, end, bound, (count, start, end), (start,)))
        elif counted:
            self._report("condition false", counted, end)

    def _report(self, reason: str, events: list[Any], at: int) -> None:
        if self.observer is not None:
            self.observer(reason, tuple((0, ts, row) for ts, row in events), at, None)
