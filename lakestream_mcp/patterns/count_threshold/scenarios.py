"""Stories of a count: enough or too many, one fewer, and the last one at the end of the window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import (
    Scenario,
    Wanted,
    is_true,
    just_before,
    next_multiple,
    replaced,
    spread,
)
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import CountThresholdConfig

MOST = 50


def count_scenarios(config: CountThresholdConfig) -> Iterator[Scenario]:
    """Of counts up to 50. A window without events has none to show, and is no example."""
    length = 1 if config.windows == "rolling" else duration_us(config.slide or config.window)
    below = config.comparison in ("<", "<=")
    story = _fewer if below else _enough
    number = config.threshold + (config.comparison in (">", "<="))
    if not below < number <= MOST:
        return
    start = next_multiple(length)
    times = [start + at for at in spread(number, duration_us(config.window))]
    for told in story(config, tuple(Wanted(at, ("event",)) for at in times)):
        yield told._replace(aligned_us=length)


def _enough(config: CountThresholdConfig, events: tuple[Wanted, ...]) -> Iterator[Scenario]:
    what = "distinct values" if config.distinct else "events"
    yield Scenario(f"{len(events)} {what} in the window", "", True, events)
    one = "value" if config.distinct else "event"
    yield Scenario(f"one {one} too few", "threshold", False, events[:-1])
    last = len(events) - 1
    if not is_true(config.where):
        other = Wanted(events[-1].at_us, (), ("event",))
        ignored = replaced(events, last, other)
        yield Scenario("one of them does not count", "where", False, ignored)
    if config.distinct and last:
        yield Scenario("one value comes twice", "distinct", False, events)
    if not last or config.windows != "rolling":
        return
    end = events[0].at_us + duration_us(config.window)
    close = replaced(events, last, events[-1]._replace(at_us=just_before(end)))
    yield Scenario("the last one just in time", "window", True, close)
    late = replaced(events, last, events[-1]._replace(at_us=end))
    yield Scenario("the last one as the first leaves", "window", False, late)


def _fewer(config: CountThresholdConfig, events: tuple[Wanted, ...]) -> Iterator[Scenario]:
    """Of windows with events in them; sliding ones that hold fewer of them answer as well."""
    what = "value" if config.distinct else "event"
    all_of_them = tuple(range(len(events)))
    last = all_of_them[-1]
    shown = (0,) if config.windows == "tumbling" else all_of_them
    yield Scenario(f"one {what} fewer", "", True, events[:-1], all_of_them[:-1])
    yield Scenario(f"one {what} too many", "threshold", False, events, shown)
    if not is_true(config.where):
        other = Wanted(events[-1].at_us, (), ("event",))
        ignored = replaced(events, last, other)
        yield Scenario("one of them does not count", "where", True, ignored, all_of_them[:-1])
    if config.distinct:
        yield Scenario("one value comes twice", "distinct", True, events, all_of_them)
    end = events[0].at_us + duration_us(config.window)
    close = replaced(events, last, events[-1]._replace(at_us=just_before(end)))
    yield Scenario("the last one just before the end", "window", False, close, shown)
    late = replaced(events, last, events[-1]._replace(at_us=end))
    yield Scenario("the last one in the next window", "window", True, late, all_of_them[:-1])
