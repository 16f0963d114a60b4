"""A machine per key: events and times move it from state to state.

A key that rests in the initial state has none of its own. Otherwise its state is (when something is
due, machine state, when entered, time of the key's last event, path, whether the path was cut); the
path lists (machine state, when entered, row or None) from the first transition on.
"""

from collections.abc import Callable, Iterable
from typing import Any


class StateMachineMatcher:
    """Takes the first transition that holds, in declared order; at most one per event.

    names: of the states, which are numbered in this order; bound events have the number of the
    state they led into, unmatched ones the number after the last. initial, resting: where nothing
    is kept for a key. transitions: for each state (bit, test, target), in order; a test is
    `test(bound, row)` or None. timeouts: for each state (microseconds, target) or None. emitted:
    states whose entry is emitted; changes_only: not if the machine was in that state already.
    unmatched: emit events for which no transition holds. forget_after: microseconds after the key's
    last event. max_path: the oldest entry is dropped beyond it.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        initial: int,
        resting: tuple[int, ...],
        transitions: tuple[tuple[Any, ...], ...],
        timeouts: tuple[tuple[int, int] | None, ...],
        emitted: tuple[int, ...],
        changes_only: bool = False,
        unmatched: bool = False,
        forget_after: int | None = None,
        max_path: int = 100,
    ) -> None:
        self.names = names
        self.start = initial
        self.resting = frozenset(resting)
        self.transitions = transitions
        self.timeouts = timeouts
        self.emitted = frozenset(emitted)
        self.changes_only = changes_only
        self.unmatched = unmatched
        self.forget_after = forget_after
        self.max_path = max_path
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        for ts, mask, row in events:
            if state is not None:
                state = self.on_time(state, ts, emit)
            target = self._target(state, mask, row)
            if target is not None:
                state = self._enter(state, target, ts, row, emit)
                continue
            if self.unmatched:
                self._emit_unmatched(state, ts, row, emit)
            if state is not None and self.forget_after is not None:
                _, at, entered, _, path, cut = state
                state = self._staying(at, entered, ts, path, cut)
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        while state is not None and state[0] is not None and state[0] <= now:
            _, at, entered, _, path, _ = state
            # Stored times may be those of an earlier configuration.
            state = self._staying(*state[1:])
            due, timeout = state[0], self.timeouts[at]
            if due is None or due > now:
                break
            if timeout is not None and entered + timeout[0] == due:
                state = self._enter(state, timeout[1], due, None, emit)
            else:
                if self.observer is not None:
                    self.observer("expired", self._bound(path), due, None)
                return None
        return state

    def next_timer(self, state: Any) -> int | None:
        return state[0] if state else None

    def expires(self, state: Any) -> int | None:
        return None

    def _rest(self, ts: int) -> Any:
        """What holds of a key for which nothing is kept."""
        return (None, self.start, None, ts, [], False)

    def _staying(self, at: int, entered: int, seen: int, path: Any, cut: bool) -> Any:
        """The state of a key that does not rest, with the time when something is next due."""
        timeout = self.timeouts[at]
        due = None if timeout is None else entered + timeout[0]
        if self.forget_after is not None and (due is None or seen + self.forget_after < due):
            due = seen + self.forget_after
        return (due, at, entered, seen, path, cut)

    def _target(self, state: Any, mask: int, row: Any) -> int | None:
        at, path = (self.start, []) if state is None else (state[1], state[4])
        bound: Any = None
        for bit, test, target in self.transitions[at]:
            if not mask >> bit & 1:
                continue
            if test is not None:
                bound = self._bound(path) if bound is None else bound
                if test(bound, row) is not True:
                    continue
            return int(target)
        return None

    def _enter(self, state: Any, target: int, ts: int, row: Any, emit: Any) -> Any:
        """Enter a state, by an event or, without one, by time; None where the key rests in it."""
        _, at, entered, seen, path, cut = state or self._rest(ts)
        cause = "timeout" if row is None else "event"
        path.append((target, ts, row))
        if len(path) > self.max_path:
            left_out = path.pop(0)
            cut = True
            self.dropped += 1
            if self.observer is not None:
                self.observer("limit", self._bound([left_out]), ts, None)
        if target in self.emitted and not (self.changes_only and target == at):
            told = (self.names[at], self.names[target], *self._told(path, cut))
            measures = (*told, self._stayed(entered, ts), cause)
            scope = (cause, target, ts)
            emit((path[0][1], ts, ts, self._bound(path), measures, scope))
        if target in self.resting:
            return None
        return self._staying(target, ts, seen if row is None else ts, path, cut)

    def _emit_unmatched(self, state: Any, ts: int, row: Any, emit: Any) -> None:
        _, at, entered, _, path, cut = state or self._rest(ts)
        bound = (*self._bound(path), (len(self.names), ts, row))
        told = (self.names[at], None, *self._told(path, cut))
        start = path[0][1] if path else ts
        measures = (*told, self._stayed(entered, ts), "unmatched")
        emit((start, ts, ts, bound, measures, ("unmatched",)))

    def _told(self, path: Any, cut: bool) -> tuple[str, str]:
        """The states of a path, and when each was entered, in microseconds since 1970, as JSON."""
        first = "…" if cut else self.names[self.start]
        states = " > ".join([first, *(self.names[at] for at, _, _ in path)])
        return states, f"[{', '.join(['null', *(str(ts) for _, ts, _ in path)])}]"

    def _bound(self, path: Any) -> tuple[Any, ...]:
        return tuple([entry for entry in path if entry[2] is not None])

    def _stayed(self, entered: int | None, ts: int) -> int | None:
        return None if entered is None else (ts - entered) // 1000
