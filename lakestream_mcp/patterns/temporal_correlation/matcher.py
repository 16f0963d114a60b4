"""Pairs of a left and a right event that are near in time.

State: (lefts, rights), both in order of time. An event is (deadline, ts, row, found); at its
deadline `ts + within` no partner can come any more. `found` says whether it is in a pair; for
`nearest` it is a left event's best partner so far, as (distance, ts, row). Mask bit 0 marks a left
event, bit 1 a right one.
"""

from collections.abc import Callable, Iterable
from typing import Any


class CorrelationMatcher:
    """Pairs events with |left - right| < within that fit in order and by condition.

    within: microseconds. order: `any`, `left-first` or `right-first`; events that are equal in time
    and tie-breakers fit every order. pairing: `each` pair; `first`, in event order, each event
    used once; `nearest` right event of each left one, decided at the left one's deadline.
    fits(bound): the condition on both events, None for none. unpaired: left events without partner
    are emitted at their deadline. ties: how many values of a row are tie-breakers. max_events: the
    oldest event of a key is dropped beyond it.
    """

    def __init__(
        self,
        within: int,
        order: str = "any",
        pairing: str = "each",
        fits: Callable[[Any], Any] | None = None,
        unpaired: bool = False,
        ties: int = 0,
        max_events: int = 10000,
    ) -> None:
        self.within = within
        self.order = order
        self.first = pairing == "first"
        self.nearest = pairing == "nearest"
        self.fits = fits
        self.unpaired = unpaired
        self.ties = ties
        self.max_events = max_events
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        for ts, mask, row in events:
            if state and self._oldest(state) <= ts:
                state = self.on_time(state, ts, emit)
            lefts, rights = state or ([], [])
            if mask & 1:
                self._left(lefts, rights, ts, row, emit)
            else:
                self._right(lefts, rights, ts, row, emit)
            if len(lefts) + len(rights) > self.max_events:
                self._drop_oldest(lefts, rights, ts, row)
            state = (lefts, rights) if lefts or rights else None
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        lefts, rights = state
        gone = due_events(lefts, now)
        for event in lefts[:gone]:
            self._decide(event, emit)
        lefts = lefts[gone:]
        gone = due_events(rights, now)
        for deadline, ts, row, found in rights[:gone]:
            if not found and not self.nearest:
                self._report("expired", ((1, ts, row),), deadline, None)
        rights = rights[gone:]
        return (lefts, rights) if lefts or rights else None

    def next_timer(self, state: Any) -> int | None:
        decides = state and state[0] and (self.nearest or self.unpaired)
        return state[0][0][0] if decides else None

    def expires(self, state: Any) -> int | None:
        return max(events[-1][0] for events in state if events) if state else None

    def _left(self, lefts: Any, rights: Any, ts: int, row: Any, emit: Any) -> None:
        """Pair a left event with the right ones before it, then let it wait."""
        found: Any = None
        for place, (deadline, at, other, _) in enumerate(rights):
            if not self._pair(ts, row, at, other, left_later=True):
                continue
            if self.nearest:
                if found is None or abs(ts - at) < found[0]:
                    found = (abs(ts - at), at, other)
                continue
            self._emit(ts, row, at, other, max(ts, at), emit)
            if self.first:
                del rights[place]
                return
            rights[place] = (deadline, at, other, True)
            found = True
        put_in_order(lefts, (ts + self.within, ts, row, found))

    def _right(self, lefts: Any, rights: Any, ts: int, row: Any, emit: Any) -> None:
        """Pair a right event with the left ones before it, then let it wait."""
        used = False
        for place, (deadline, at, other, found) in enumerate(lefts):
            if not self._pair(at, other, ts, row, left_later=False):
                continue
            if self.nearest:
                if found is None or abs(ts - at) < found[0]:
                    lefts[place] = (deadline, at, other, (abs(ts - at), ts, row))
                continue
            self._emit(at, other, ts, row, max(ts, at), emit)
            if self.first:
                del lefts[place]
                return
            lefts[place] = (deadline, at, other, True)
            used = True
        if self.order != "left-first":
            put_in_order(rights, (ts + self.within, ts, row, used))

    def _pair(self, left_ts: int, left: Any, right_ts: int, right: Any, left_later: bool) -> bool:
        """Whether two events are a pair, given which of them is later in order."""
        if abs(left_ts - right_ts) >= self.within:
            return False
        if self.order != "any" and left_later == (self.order == "left-first"):
            tie = slice(1, 1 + self.ties)
            if left_ts != right_ts or left[tie] != right[tie]:
                return False
        fits = self.fits
        return fits is None or bool(fits(((0, left_ts, left), (1, right_ts, right))))

    def _emit(self, left_ts: int, left: Any, right_ts: int, right: Any, at: int, emit: Any) -> None:
        bound = ((0, left_ts, left), (1, right_ts, right))
        if right_ts < left_ts:
            bound = bound[::-1]
        gap = right_ts - left_ts
        gap_ms = gap // 1000 if gap >= 0 else -(-gap // 1000)
        emit((bound[0][1], bound[1][1], at, bound, (gap_ms,), ()))

    def _decide(self, event: Any, emit: Any) -> None:
        """A left event whose time is over."""
        deadline, ts, row, found = event
        if found is None:
            if self.unpaired:
                emit((ts, deadline, deadline, ((0, ts, row),), (None,), ()))
            else:
                self._report("expired", ((0, ts, row),), deadline, None)
        elif self.nearest:
            self._emit(ts, row, found[1], found[2], deadline, emit)

    def _oldest(self, state: Any) -> int:
        return min(int(events[0][0]) for events in state if events)

    def _drop_oldest(self, lefts: Any, rights: Any, at: int, row: Any) -> None:
        step = 0 if lefts and (not rights or lefts[0][1] <= rights[0][1]) else 1
        _, ts, other, _ = (lefts, rights)[step].pop(0)
        self._report("limit", ((step, ts, other),), at, (at, row))
        self.dropped += 1

    def _report(self, reason: str, bound: Any, at: int, event: Any) -> None:
        if self.observer is not None:
            self.observer(reason, bound, at, event)


def due_events(events: list[Any], now: int) -> int:
    """How many events at the front have reached their deadlines."""
    due = 0
    while due < len(events) and events[due][0] <= now:
        due += 1
    return due


def put_in_order(events: list[Any], event: Any) -> None:
    """Insert an event by its deadline, behind those with the same."""
    place = len(events)
    while place and events[place - 1][0] > event[0]:
        place -= 1
    events.insert(place, event)
