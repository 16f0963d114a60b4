"""A key that falls silent, and comes back.

State: (since, due, last). `since` is when the silence began to count: the time of the last
heartbeat, or the time from which the key is expected where that is later. `due` is when the key is
lost, None once it is. `last` is the last heartbeat as (ts, row), None before the first.
"""

from collections.abc import Callable, Iterable
from typing import Any


class HeartbeatMatcher:
    """Emits `lost` at `since + timeout`, and `recovered` at the heartbeat that ends the silence.

    timeout, forget_after: microseconds; at `since + forget_after` a key is forgotten. lost,
    recovered: which of the two are emitted.
    """

    def __init__(
        self, timeout: int, forget_after: int, lost: bool = True, recovered: bool = True
    ) -> None:
        self.timeout = timeout
        self.forget_after = forget_after
        self.lost = lost
        self.recovered = recovered
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def seed(self, expected_from: int) -> Any:
        return (expected_from, expected_from + self.timeout, None)

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        timeout, recovered, observed = self.timeout, self.recovered, self.observer is not None
        for ts, _, row in events:
            if state and (state[0] + self.forget_after if state[1] is None else state[1]) <= ts:
                state = self.on_time(state, ts, emit)
            now = ts
            if state:
                since, due, last = state
                if due is None and recovered:
                    emit(self._recovered(since, last, ts, row))
                elif due is not None and observed:
                    self._report("forbidden event", last, ts, (ts, row))
                now = max(since, ts)
            state = (now, now + timeout, (ts, row))
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        since, due, last = state
        if due is not None and due <= now:
            if self.lost:
                emit(self._lost(since, due, last))
            due = None
        if since + self.forget_after <= now:
            self._report("expired", last, since + self.forget_after, None)
            return None
        return (since, due, last)

    def next_timer(self, state: Any) -> int | None:
        return state[1] if state else None

    def expires(self, state: Any) -> int | None:
        return state[0] + self.forget_after if state else None

    def _lost(self, since: int, at: int, last: Any) -> Any:
        seen = since if last is None else last[0]
        bound = () if last is None else ((0, *last),)
        return (seen, at, at, bound, self._measures("lost", seen, at, last), ("lost",))

    def _recovered(self, since: int, last: Any, ts: int, row: Any) -> Any:
        seen = since if last is None else last[0]
        bound = ((1, ts, row),) if last is None else ((0, *last), (1, ts, row))
        return (seen, ts, ts, bound, self._measures("recovered", seen, ts, last), ("recovered",))

    def _measures(self, status: str, seen: int, at: int, last: Any) -> tuple[Any, ...]:
        return (status, (at - seen) // 1000, None if last is None else last[0])

    def _report(self, reason: str, last: Any, at: int, event: Any) -> None:
        if self.observer is not None:
            self.observer(reason, () if last is None else ((0, *last),), at, event)
