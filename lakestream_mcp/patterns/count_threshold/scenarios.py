"""Stories of a count: enough, one too few, and the last one at the end of the window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import Scenario, Wanted, just_before, replaced, spread
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import CountThresholdConfig

MOST = 50


def count_scenarios(config: CountThresholdConfig) -> Iterator[Scenario]:
    """For comparisons that more events fulfil; more than 50 events are no example."""
    needed = config.threshold + (config.comparison == ">")
    if config.comparison not in (">=", ">", "=") or config.distinct or not 0 < needed <= MOST:
        return
    window = duration_us(config.window)
    times = spread(needed, window)
    events = tuple(Wanted(at, ("event",)) for at in times)
    yield Scenario(f"{needed} events in the window", "", True, events)
    yield Scenario("one event too few", "threshold", False, events[:-1])
    last = len(events) - 1
    other = Wanted(times[-1], (), ("event",))
    yield Scenario("one of them does not count", "where", False, replaced(events, last, other))
    if needed < 2 or config.windows != "rolling":
        return
    close = Wanted(just_before(window), ("event",))
    yield Scenario("the last one just in time", "window", True, replaced(events, last, close))
    late = Wanted(window, ("event",))
    yield Scenario(
        "the last one as the first leaves", "window", False, replaced(events, last, late)
    )
