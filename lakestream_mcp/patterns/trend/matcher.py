"""Runs of a key's values that rise, fall or stay flat.

Mask bit 0 marks an event that is looked at. An event whose value is NULL, NaN or infinite has no
value: it is skipped and counted, and neither continues nor ends a run.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any


class TrendMatcher:
    """Cuts the values into runs, each next to the other, and emits those long enough.

    A value that does not move in the direction is a counter-move; the one after `tolerance` of them
    ends the run and starts the next one, as does a value `within` microseconds or more after the
    last. A run qualifies once it has `length` values and |last - first| is at least `min_change`.
    emit_at: `first` (when it qualifies; the next run starts after it), `each` (also at every later
    value with which it qualifies), `end` (when it has ended).

    State: (events shown as (ts, row), time of the first, first value, last value, length,
    counter-moves, events skipped, whether it was emitted). value: its position in the packed
    rows, a number or a decimal as text. flat_percent: how far from the first value `flat` lets a
    value be. max_events: the oldest events of a longer run are not shown; its measures count them.
    """

    def __init__(
        self,
        direction: str,
        value: int,
        length: int,
        within: int,
        strict: bool = True,
        flat_percent: float = 5.0,
        tolerance: int = 0,
        min_change: float | None = None,
        emit_at: str = "first",
        max_events: int = 10000,
    ) -> None:
        self.direction = direction
        self.value = value
        self.length = length
        self.within = within
        self.strict = strict
        self.flat_percent = flat_percent
        self.tolerance = tolerance
        self.min_change = min_change
        self.emit_at = emit_at
        self.max_events = max_events
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        run = state
        for ts, mask, row in events:
            if not mask & 1:
                continue
            if run and run[0][-1][0] + self.within <= ts:
                run = self.on_time(run, ts, emit)
            value = math.nan if row[self.value] is None else float(row[self.value])
            if not math.isfinite(value):
                self._report("no value", ((ts, row),), ts, None)
                run = run and (*run[:6], run[6] + 1, run[7])
                continue
            run = self._continued(run, ts, value + 0.0, row, emit)
            if self.emit_at != "end" and self._qualifies(run):
                emit(self._match(run, ts))
                run = None if self.emit_at == "first" else (*run[:7], True)
        return run

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        deadline = state[0][-1][0] + self.within
        if deadline > now:
            return state
        self._end(state, deadline, "expired", None, emit)
        return None

    def next_timer(self, state: Any) -> int | None:
        return state[0][-1][0] + self.within if state else None

    def expires(self, state: Any) -> int | None:
        return None

    def _continued(self, run: Any, ts: int, value: float, row: Any, emit: Any) -> Any:
        """The run with the value, or the one that starts with it."""
        if run is not None:
            shown, start, first, last, length, counter_moves, skipped, emitted = run
            counter_moves += not self._moves(first, last, value)
            if counter_moves <= self.tolerance:
                shown.append((ts, row))
                if len(shown) > self.max_events:
                    self._report("limit", shown[:1], ts, None)
                    del shown[0]
                    self.dropped += 1
                counts = (length + 1, counter_moves, skipped)
                return (shown, start, first, value, *counts, emitted)
            self._end(run, ts, "contiguity broken", (ts, row), emit)
        return ([(ts, row)], ts, value, value, 1, 0, 0, False)

    def _moves(self, first: float, last: float, value: float) -> bool:
        """Whether the value goes in the direction."""
        if self.direction == "flat":
            return abs(value - first) * 100 <= self.flat_percent * abs(first)
        if value == last:
            return not self.strict
        return (value > last) == (self.direction == "up")

    def _qualifies(self, run: Any) -> bool:
        _, _, first, last, length, *_ = run
        if length < self.length:
            return False
        return self.min_change is None or abs(last - first) >= self.min_change

    def _end(self, run: Any, at: int, reason: str, by: Any, emit: Any) -> None:
        """Emit a run that has ended, where that is wanted, or report that it came to nothing."""
        if self.emit_at == "end" and self._qualifies(run):
            emit(self._match(run, at))
        elif not run[7]:
            self._report(reason, run[0], at, by)

    def _match(self, run: Any, at: int) -> Any:
        shown, start, first, last, *counts, _ = run
        bound = tuple((0, ts, row) for ts, row in shown)
        return (start, shown[-1][0], at, bound, (first, last, last - first, *counts), ())

    def _report(self, reason: str, events: Iterable[Any], at: int, by: Any) -> None:
        if self.observer is not None:
            self.observer(reason, tuple((0, ts, row) for ts, row in events), at, by)
