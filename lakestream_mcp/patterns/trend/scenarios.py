"""Stories of a trend: long enough, one value too few, a value that goes another way, a gap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ...cep.scenario import Scenario, Wanted, is_true, just_before, replaced, spread
from ...graph.duration import duration_us
from .node import FLAT_PERCENT, TrendConfig

MOST = 50
FLAT = 100.0


def trend_scenarios(config: TrendConfig) -> Iterator[Scenario]:
    """Stories of runs up to 50 values."""
    if config.length > MOST:
        return
    values = _flat(config) if config.direction == "flat" else _moving(config)
    events = _events(config, values)
    movable = config.direction != "flat"
    yield Scenario(f"{config.length} values", "", True, events, movable=movable)
    few = events[:-1]
    yield Scenario("one value too few", "length", False, few, movable=movable)
    yield from _times(config, events, movable)
    if not is_true(config.where):
        last = len(events) - 1
        ignored = replaced(events, last, Wanted(events[-1].at_us, (), ("value",)))
        yield Scenario("one of them is not looked at", "where", False, ignored, movable=movable)
    yield from _beyond(config) if config.direction == "flat" else _against(config)


def _events(config: TrendConfig, values: Sequence[float]) -> tuple[Wanted, ...]:
    within = duration_us(config.within)
    times = spread(len(values), within * len(values))
    return tuple(
        Wanted(at, ("value",), values=(("value", float(value)),))
        for at, value in zip(times, values, strict=True)
    )


def _flat(config: TrendConfig) -> list[float]:
    return [FLAT] * config.length


def _moving(config: TrendConfig, against: int = 0) -> list[float]:
    """Values that go one way, but for the last `against` moves."""
    step = math.ceil(config.min_change or 0) + config.tolerance + 1
    ahead = config.length - 1 - against
    values = [step * n for n in range(ahead + 1)]
    values += [values[-1] - n for n in range(1, against + 1)]
    if config.direction == "up":
        return [float(v) for v in values]
    most = max(values)
    return [float(most - v) for v in values]


def _times(config: TrendConfig, events: tuple[Wanted, ...], movable: bool) -> Iterator[Scenario]:
    """The last value just in time, and too late."""
    within, last = duration_us(config.within), len(events) - 1
    for name, gap, matches in (
        ("the last value just in time", just_before(within), True),
        ("the last value too late", within, False),
    ):
        moved = events[-1]._replace(at_us=events[-2].at_us + gap)
        changed = replaced(events, last, moved)
        yield Scenario(name, "within", matches, changed, movable=movable)


def _against(config: TrendConfig) -> Iterator[Scenario]:
    """Counter-moves, equal values, and too small a change."""
    allowed = config.tolerance
    if allowed:
        tolerated = _events(config, _moving(config, allowed))
        name = f"{allowed} counter-move{'' if allowed == 1 else 's'}"
        yield Scenario(name, "tolerance", True, tolerated, movable=True)
    broken = _events(config, _moving(config, allowed + 1))
    clause = "tolerance" if allowed else "direction"
    yield Scenario("one counter-move too many", clause, False, broken, movable=True)
    other = _events(config, _moving(config)[::-1])
    yield Scenario("values that go the other way", "direction", False, other, movable=True)
    if not allowed and (config.length > 2 or config.min_change is None):
        values = _moving(config)
        equal = _events(config, [*values[:-1], values[-2]])
        matches = not config.strict
        yield Scenario("the last two are equal", "strict", matches, equal, movable=True)
    if config.min_change is not None:
        yield from _least_change(config, config.min_change)


def _least_change(config: TrendConfig, least: float) -> Iterator[Scenario]:
    moves = config.length - 1
    less = least - 1 if least > moves and least == int(least) else 0.9 * least
    for name, change, matches in (
        ("a change of exactly `min_change`", least, True),
        ("too small a change", less, False),
    ):
        # Whole steps where they fit, for columns of whole numbers.
        step = change // moves if change // moves > 0 else change / moves
        values = [*(step * n for n in range(moves)), change]
        if config.direction == "down":
            values = [change - v for v in values]
        events = _events(config, values)
        yield Scenario(name, "min_change", matches, events, movable=True)


def _beyond(config: TrendConfig) -> Iterator[Scenario]:
    """Values at the edge of what is flat, and beyond it."""
    percent = FLAT_PERCENT if config.tolerance_percent is None else config.tolerance_percent
    edge = FLAT + percent
    values = [*_flat(config)[:-1], edge]
    yield Scenario("the last one at the edge", "tolerance_percent", True, _events(config, values))
    beyond = config.tolerance + 1
    values = [*_flat(config)[:-beyond], *[edge + 1] * beyond]
    clause = "tolerance" if config.tolerance else "tolerance_percent"
    yield Scenario("just beyond the edge", clause, False, _events(config, values))
