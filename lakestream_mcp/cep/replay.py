"""One pattern in this process: packed rows in, matches and their trace out.

`replay` drives the same text that generated code carries, batch by batch as Spark would.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .carried import Carried, load

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


class Trace:
    """Collects what the matcher discards, and each key's state at its matches."""

    def __init__(self, matcher: Any, limit: int = 10_000) -> None:
        self.limit = limit
        self.ended: list[Ended] = []
        self.snapshots: dict[int, bytes] = {}
        matcher.observer = self.observe
        self._on_events, matcher.on_events = matcher.on_events, self.on_events

    def observe(self, reason: str, bound: Any, at: int, event: Any) -> None:
        """Keep a partial match that ended, up to the limit."""
        if len(self.ended) < self.limit:
            self.ended.append(Ended(reason, bound, at, event))

    def on_events(self, state: Any, events: Iterable[Any], emit: Any) -> Any:
        """One event at a time, so that the state at each match can be seen."""
        found: list[Any] = []
        for event in events:
            state = self._on_events(state, (event,), found.append)
            for match in found:
                emit(match)
                if len(self.snapshots) < self.limit:
                    self.snapshots[id(match)] = pickle.dumps(state, 5)
            found.clear()
        return state


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
    """Play batches, then advance the watermark to its natural end and to `close`.

    final_watermark: microseconds, after the last batch. close: where the watermark is advanced to
    afterwards, None to leave it. restarts: states and waiting rows go through bytes between
    batches, as a restart from a checkpoint would take them.
    """
    kernel, matcher, layout = load(text, node_id)
    trace = Trace(matcher) if traced else None
    states: dict[Any, Any] = {}
    out: list[Any] = []
    late: list[Any] = []
    waiting, untimed, over_limit = None, 0, 0
    empty = batches[0].rows.slice(0, 0) if batches else None
    steps = [*batches]
    if empty is not None:
        steps.append(Batch(empty, final_watermark))
    open_states: dict[Any, Any] = {}
    for number, batch in enumerate(steps):
        if restarts and number:
            states, data = pickle.loads(pickle.dumps((states, kernel.to_bytes(waiting)), 5))
            waiting = kernel.from_bytes(data)
        done = kernel.advance(layout, matcher, states, waiting, batch.rows, batch.watermark, out)
        waiting = done.waiting
        untimed += done.untimed.num_rows
        over_limit += done.over_limit
        if done.late.num_rows:
            late.append(done.late)
    still_waiting = 0 if waiting is None else waiting.num_rows
    if close is None or empty is None:
        open_states = states
    else:
        open_states = pickle.loads(pickle.dumps(states, 5))
        mark = max(close, final_watermark)
        done = kernel.advance(layout, matcher, states, waiting, empty, mark, out)
        over_limit += done.over_limit
        still_waiting = 0 if done.waiting is None else done.waiting.num_rows
    return Outcome(
        out,
        open_states,
        still_waiting,
        trace.ended if trace else [],
        late,
        untimed,
        over_limit,
        trace.snapshots if trace else {},
    )
