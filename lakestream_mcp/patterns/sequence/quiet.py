"""The wait before a sequence whose first step says what must not come."""

# --- carried ---
from collections.abc import Callable, Iterable
from typing import Any


class SequenceAfterQuiet:
    """Begins a sequence when no event of a kind has come for `quiet` microseconds.

    `bit` of the mask marks that kind; None: every event is of it. The wait begins with an event of
    a key for which nothing is open, and anew with each event of the kind. State: () when nothing is
    open, (begin of the wait,), or the state of the sequence.
    """

    def __init__(self, sequence: Any, quiet: int, bit: int | None) -> None:
        self.sequence = sequence
        self.quiet = quiet
        self.bit = bit

    @property
    def dropped(self) -> int:
        dropped: int = self.sequence.dropped
        return dropped

    @dropped.setter
    def dropped(self, value: int) -> None:
        self.sequence.dropped = value

    @property
    def observer(self) -> Callable[..., None] | None:
        observer: Callable[..., None] | None = self.sequence.observer
        return observer

    @observer.setter
    def observer(self, value: Callable[..., None] | None) -> None:
        self.sequence.observer = value

    def initial(self) -> Any:
        return ()

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        for event in events:
            ts, mask, _ = event
            state = self._begun(state, ts)
            if len(state) > 1:
                state = self.sequence.on_events(state, (event,), emit)
            elif state and (self.bit is None or mask >> self.bit & 1):
                state = ()
            state = state or (ts,)
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        state = self._begun(state, now)
        return self.sequence.on_time(state, now, emit) if len(state) > 1 else state

    def next_timer(self, state: Any) -> int | None:
        due: int | None = self.sequence.next_timer(state) if len(state) > 1 else None
        return due

    def expires(self, state: Any) -> int | None:
        if len(state) == 1:
            state = self.sequence.begin(state[0] + self.quiet)
        end: int | None = self.sequence.expires(state)
        return end

    def _begun(self, state: Any, now: int) -> Any:
        """The sequence has begun once the wait is over."""
        if len(state) == 1 and now - state[0] >= self.quiet:
            return self.sequence.begin(state[0] + self.quiet)
        return state
