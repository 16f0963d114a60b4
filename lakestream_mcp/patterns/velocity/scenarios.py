"""Stories of a rate: past the limit, just not, and at the edges of the window."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

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
from .config import UNITS_US, VelocityConfig

MOST = 50
BEFORE = 100


def velocity_scenarios(config: VelocityConfig) -> Iterator[Scenario]:
    """Stories of counts up to 50 events, or of sums of whole numbers."""
    stories = {"above": _above, "below": _below, "changed": _changed}
    aligned = duration_us(config.window) if config.comparison == "below" else 1
    for story in stories[config.comparison](config):
        yield story._replace(aligned_us=aligned)


def _limit(config: VelocityConfig) -> float:
    """The amount in one window that stands at the limit."""
    return (config.threshold or 0.0) * duration_us(config.window) / UNITS_US[config.per]


def _events(
    config: VelocityConfig, times: Sequence[int], amounts: Sequence[float]
) -> tuple[Wanted, ...]:
    """Events that count; where a sum is asked for, with these amounts."""
    step = "current" if config.comparison == "changed" else "event"
    if not config.sum:
        return tuple(Wanted(at, (step,)) for at in times)
    return tuple(
        Wanted(at, (step,), values=(("sum", float(amount)),))
        for at, amount in zip(times, amounts, strict=True)
    )


def _amounts(limit: int) -> list[int]:
    """Whole amounts that together are a limit."""
    each = limit // 3
    return [each, each, limit - 2 * each] if each > 0 else [limit]


def _above(config: VelocityConfig) -> Iterator[Scenario]:
    limit, window = math.floor(_limit(config)), duration_us(config.window)
    needed = limit + 1
    if not config.sum and not 0 < needed <= MOST:
        return
    amounts = _amounts(limit) if config.sum else [1] * needed
    more = [*amounts[:-1], amounts[-1] + 1]
    times = spread(len(amounts), window)
    events = _events(config, times, more)
    yield Scenario("more than the limit", "", True, events)
    if config.sum:
        most = _events(config, times, amounts)
        yield Scenario("the limit at most", "threshold", False, most)
    else:
        yield Scenario("one event too few", "threshold", False, events[:-1])
    yield from _uncounted(config, events)
    if len(events) < 2:
        return
    last = len(events) - 1
    close = events[-1]._replace(at_us=just_before(window))
    yield Scenario("the last one just in time", "window", True, replaced(events, last, close))
    late = events[-1]._replace(at_us=window)
    leaves = replaced(events, last, late)
    yield Scenario("the last one as the first leaves", "window", False, leaves)


def _uncounted(config: VelocityConfig, events: tuple[Wanted, ...]) -> Iterator[Scenario]:
    if not is_true(config.where):
        last = len(events) - 1
        other = Wanted(events[-1].at_us, (), events[-1].holds)
        yield Scenario("one of them does not count", "where", False, replaced(events, last, other))


def _below(config: VelocityConfig) -> Iterator[Scenario]:
    """Of windows with events in them; after the last event empty ones may answer as well."""
    limit, window = math.ceil(_limit(config)), duration_us(config.window)
    most = limit - 1
    if not config.sum and not 0 < most < MOST:
        return
    start = next_multiple(window)
    amounts = [most, 1] if config.sum else [1] * limit
    last = len(amounts) - 1
    events = _events(config, [start + at for at in spread(len(amounts), window)], amounts)
    yield Scenario("less than the limit", "", True, events[:-1], tuple(range(last)))
    yield Scenario("not less than the limit", "threshold", False, events, (0,))
    close = events[-1]._replace(at_us=start + just_before(window))
    inside = replaced(events, last, close)
    yield Scenario("the last one just before the end", "window", False, inside, (0,))
    late = events[-1]._replace(at_us=start + window)
    outside = replaced(events, last, late)
    yield Scenario("the last one in the next window", "window", True, outside, (0,))
    if not is_true(config.where):
        other = Wanted(events[-1].at_us, (), ("event",))
        ignored = replaced(events, last, other)
        yield Scenario("one of them does not count", "where", True, ignored, (0,))


def _changed(config: VelocityConfig) -> Iterator[Scenario]:
    factor, window = config.factor or 1.0, duration_us(config.window)
    rises = factor > 1
    if config.sum:
        yield from _changed_sum(config, factor, window)
        return
    needed = math.floor(factor if rises else 1 / factor) + 1
    if needed > MOST:
        return
    steps = spread(needed, window)
    # One event against several, or several against one, in two windows side by side.
    times = [0, *(window + at for at in steps)] if rises else [*steps, window + steps[-1]]
    events = _events(config, times, ())
    yield Scenario("changed by more than the factor", "", True, events)
    fewer = events[:-1] if rises else events[1:]
    yield Scenario("changed by the factor at most", "factor", False, fewer)
    nothing = events[1:] if rises else events[-1:]
    yield Scenario("nothing before", "factor", False, nothing)
    yield from _uncounted(config, events)
    if rises and needed > 1:
        close = events[-1]._replace(at_us=just_before(2 * window))
        yield Scenario(
            "the one before just in its window", "window", True, replaced(events, needed, close)
        )
        late = events[-1]._replace(at_us=2 * window)
        yield Scenario(
            "the one before has left its window", "window", False, replaced(events, needed, late)
        )


def _changed_sum(config: VelocityConfig, factor: float, window: int) -> Iterator[Scenario]:
    edge = BEFORE * factor
    past = math.floor(edge) + 1 if factor > 1 else math.ceil(edge) - 1
    times = [0, window]
    yield Scenario(
        "changed by more than the factor", "", True, _events(config, times, [BEFORE, past])
    )
    equal = _events(config, times, [BEFORE, edge])
    yield Scenario("changed by exactly the factor", "factor", False, equal)
    nothing = _events(config, times[1:], [past])
    yield Scenario("nothing before", "factor", False, nothing)
    late = _events(config, [0, 2 * window], [BEFORE, past])
    yield Scenario("the one before has left its window", "window", False, late)
