"""One pattern in this process: packed rows in, matches and their trace out.

`replay` drives the same text that generated code carries, batch by batch as Spark would.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..errors import InvalidEvents
from .carried import Carried, load
from .kernel import uncollected

FAR = (1 << 62) - 1


class Batch(NamedTuple):
    """Packed rows, and the watermark (microseconds) known before them."""

    rows: Any  # pyarrow.Table
    watermark: int


class Ended(NamedTuple):
    """A partial match that ended without a match: its events, when, and what ended it."""

    reason: str
    bound: Any
    at: int
    event: Any


class Emission(NamedTuple):
    """When a match came out: the arrival number of the event at hand, None after the last one."""

    after: int | None
    by: str  # `event` or `timer`


class Outcome(NamedTuple):
    """What a replay found. `matches` are (key, match) as the kernel emits them."""

    matches: list[Any]
    open_states: dict[Any, Any]
    waiting: int  # rows the watermark never passed
    ended: list[Ended]
    late: list[Any]  # pyarrow.Table
    untimed: int
    over_limit: int
    snapshots: dict[int, bytes]  # pickled state of the key right after a match, by id(match)
    emissions: dict[int, Emission]  # by id(match), where traced


class Trace:
    """Collects what the matcher discards, when each match came out, and each key's state then."""

    def __init__(self, matcher: Any, limit: int = 10_000) -> None:
        self.limit = limit
        self.ended: list[Ended] = []
        self.snapshots: dict[int, bytes] = {}
        self.emissions: dict[int, Emission] = {}
        matcher.observer = self.observe
        self._initial, self._next_timer = matcher.initial, matcher.next_timer
        self._on_events, matcher.on_events = matcher.on_events, self.on_events
        self._on_time, matcher.on_time = matcher.on_time, self.on_time

    def observe(self, reason: str, bound: Any, at: int, event: Any) -> None:
        """Keep a partial match that ended, up to the limit."""
        if len(self.ended) < self.limit:
            self.ended.append(Ended(reason, bound, at, event))

    def on_events(self, state: Any, events: Iterable[Any], emit: Any) -> Any:
        """One event at a time, deadlines before it first, so that each match can be placed."""
        found: list[Any] = []
        for event in events:
            ts, arrival = event[0], event[2][-1]
            due = self._next_timer(state) if state else None
            if due is not None and due <= ts:
                state = self._on_time(state, ts, found.append)
                self._note(found, state, Emission(arrival, "timer"), emit)
            state = self._on_events(state or self._initial(), (event,), found.append)
            self._note(found, state, Emission(arrival, "event"), emit)
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        """Deadlines after the last event."""
        found: list[Any] = []
        state = self._on_time(state, now, found.append)
        self._note(found, state, Emission(None, "timer"), emit, snapshot=False)
        return state

    def _note(
        self, found: list[Any], state: Any, emission: Emission, emit: Any, snapshot: bool = True
    ) -> None:
        for match in found:
            emit(match)
            self.emissions[id(match)] = emission
            if snapshot and len(self.snapshots) < self.limit:
                self.snapshots[id(match)] = pickle.dumps(state, 5)
        found.clear()


class Session:
    """One matcher with its states and waiting rows, as one bucket on Spark has them."""

    def __init__(self, text: Carried, node_id: str, empty: Any, traced: bool) -> None:
        self.kernel, self.matcher, self.layout = load(text, node_id)
        self.trace = Trace(self.matcher) if traced else None
        self.empty = empty
        seeds = range(len(self.layout.seeds))
        self.states: dict[Any, Any] = self.kernel.seeded(self.layout, self.matcher, seeds)
        self.waiting: Any = None
        self.out: list[Any] = []
        self.late: list[Any] = []
        self.untimed = 0
        self.over_limit = 0

    def take(self, batch: Batch) -> None:
        """Play one batch."""
        done = self.kernel.advance(
            self.layout, self.matcher, self.states, self.waiting, *batch, self.out
        )
        self.waiting = done.waiting
        self.untimed += done.untimed.num_rows
        self.over_limit += done.over_limit
        if done.late.num_rows:
            self.late.append(done.late)

    def restart(self) -> None:
        """Go through bytes, as a restart from a checkpoint would."""
        data = pickle.dumps((self.states, self.kernel.to_bytes(self.waiting)), 5)
        self.states, waiting = pickle.loads(data)
        self.waiting = self.kernel.from_bytes(waiting)

    def outcome(self, open_states: dict[Any, Any], waiting: int) -> Outcome:
        """What was found so far."""
        return Outcome(
            matches=self.out,
            open_states=open_states,
            waiting=waiting,
            ended=self.trace.ended if self.trace else [],
            late=self.late,
            untimed=self.untimed,
            over_limit=self.over_limit,
            snapshots=self.trace.snapshots if self.trace else {},
            emissions=self.trace.emissions if self.trace else {},
        )


@uncollected
def replay(
    text: Carried,
    node_id: str,
    batches: Sequence[Batch],
    final_watermark: int,
    close: int | None = FAR,
    *,
    traced: bool = False,
    restarts: bool = False,
) -> Outcome:
    """Play batches (at least one), then advance the watermark to its natural end and to `close`.

    final_watermark: microseconds, after the last batch. close: where the watermark is advanced to
    afterwards, None to leave it. restarts: states and waiting rows go through bytes between
    batches. What is still open before closing is kept where traced.
    """
    empty = batches[0].rows.slice(0, 0)
    session = Session(text, node_id, empty, traced)
    for number, batch in enumerate([*batches, Batch(empty, final_watermark)]):
        if restarts and number:
            session.restart()
        session.take(batch)
    open_states = pickle.loads(pickle.dumps(session.states, 5)) if traced else {}
    if close is not None:
        session.take(Batch(empty, max(close, final_watermark)))
    waiting = 0 if session.waiting is None else session.waiting.num_rows
    return session.outcome(open_states, waiting)


def failure(node_id: str, error: Exception) -> InvalidEvents:
    """A matcher gave up on these events, as it would on Spark."""
    codes: dict[type[Exception], str] = {
        ZeroDivisionError: "DIVIDE_BY_ZERO",
        OverflowError: "ARITHMETIC_OVERFLOW",
    }
    return InvalidEvents(
        f"The pattern fails on these events, as it would on Spark: {error}.",
        code=codes.get(type(error), "PATTERN_FAILED"),
        where={"node": node_id},
        got=str(error)[:200],
        hint="change the condition or measure, so that it has an answer for every event",
    )
