"""The first row of a key, and then none for a while.

State: (end,), before which rows of the key are duplicates.
"""

from collections.abc import Callable, Iterable
from typing import Any


class DeduplicateMatcher:
    """Keeps a row unless a kept row of its key lies in (t - within, t] before it.

    within: microseconds, counted from the kept row; a duplicate does not lengthen it. places: where
    the values of the row are that a match shows, in order; None stands for its event time.
    """

    def __init__(self, within: int, places: tuple[int | None, ...]) -> None:
        self.within = within
        self.places = places
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        within, places = self.within, self.places
        for ts, _, row in events:
            if state is not None and ts < state[0]:
                if self.observer is not None:
                    self.observer("duplicate", ((0, ts, row),), ts, None)
                continue
            state = (ts + within,)
            shown = tuple([ts if place is None else row[place] for place in places])
            emit((ts, ts, ts, ((0, ts, row),), shown, ()))
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        return None if state[0] <= now else state

    def next_timer(self, state: Any) -> int | None:
        return None

    def expires(self, state: Any) -> int | None:
        return state[0] if state else None
