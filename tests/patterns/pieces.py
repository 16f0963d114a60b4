"""Playing a matcher in random pieces, as batches and restarts would."""

from __future__ import annotations

import pickle
import random
from typing import Any

Event = tuple[int, int, tuple[Any, ...]]


def played(matcher: Any, events: list[Event], draw: random.Random) -> list[Any]:
    """All matches; between random pieces the state goes through bytes and time moves on.

    Once time has passed every deadline, nothing is left.
    """
    out: list[Any] = []
    state = matcher.initial()
    at = 0
    while at < len(events):
        to = at + draw.randint(1, len(events))
        state = matcher.on_events(state, events[at:to], out.append)
        state = pickle.loads(pickle.dumps(state, 5))
        at = to
        now = events[at][0] - draw.randrange(2) if at < len(events) else 1 << 60
        if state and due(matcher, state) <= now:
            state = matcher.on_time(state, now, out.append)
    assert not state, "something stays for ever"
    return out


def due(matcher: Any, state: Any) -> int:
    """When a state next needs the matcher."""
    times: list[int | None] = [matcher.next_timer(state), matcher.expires(state)]
    return min(time for time in times if time is not None)
