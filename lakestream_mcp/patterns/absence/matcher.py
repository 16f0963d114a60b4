"""A trigger event that no expected event follows within a time.

State: waiting triggers as (deadline, ts, row), in order of their deadlines. Mask bit 0 marks a
trigger, bit 1 an expected event.
"""

from collections.abc import Callable, Iterable
from typing import Any


class AbsenceMatcher:
    """Emits a trigger at `ts + within` when no expected event came in [ts, ts + within).

    within: microseconds. repeat: what a trigger does while another one waits: `keep` (ignored),
    `restart` (takes its place), `each` (waits as well). fulfils(bound, row): whether an expected
    event answers the trigger, the only event bound; None: any does. max_waiting: the oldest is
    dropped beyond it.
    """

    def __init__(
        self,
        within: int,
        repeat: str = "keep",
        fulfils: Callable[[Any, Any], Any] | None = None,
        max_waiting: int = 1000,
    ) -> None:
        self.within = within
        self.repeat = repeat
        self.fulfils = fulfils
        self.max_waiting = max_waiting
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return []

    def on_events(self, waiting: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        within, each = self.within, self.repeat == "each"
        for ts, mask, row in events:
            if waiting and waiting[0][0] <= ts:
                waiting = self.on_time(waiting, ts, emit)
            if mask & 2 and waiting:
                waiting = self._answer(waiting, ts, row)
            if mask & 1:
                if waiting and not each:
                    if self.repeat == "keep":
                        continue
                    self._report("restarted", waiting[0], ts, row)
                    waiting = []
                waiting.append((ts + within, ts, row))
                if len(waiting) > self.max_waiting:
                    self._report("limit", waiting.pop(0), ts, row)
                    self.dropped += 1
        return waiting

    def on_time(self, waiting: Any, now: int, emit: Any) -> Any:
        due = 0
        for deadline, ts, row in waiting:
            if deadline > now:
                break
            due += 1
            emit((ts, deadline, deadline, ((0, ts, row),), (), ()))
        return waiting[due:]

    def next_timer(self, waiting: Any) -> int | None:
        return waiting[0][0] if waiting else None

    def expires(self, waiting: Any) -> int | None:
        return None

    def _answer(self, waiting: Any, ts: int, row: Any) -> Any:
        """The triggers that this expected event does not answer."""
        fulfils, observer = self.fulfils, self.observer
        if fulfils is None and observer is None:
            return []
        left = []
        for trigger in waiting:
            if fulfils is not None and not fulfils(((0, trigger[1], trigger[2]),), row):
                left.append(trigger)
            elif observer is not None:
                self._report("forbidden event", trigger, ts, row)
        return left

    def _report(self, reason: str, trigger: Any, at: int, row: Any) -> None:
        if self.observer is not None:
            self.observer(reason, ((0, trigger[1], trigger[2]),), at, (at, row))
