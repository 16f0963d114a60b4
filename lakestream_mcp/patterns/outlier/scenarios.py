"""Stories of an outlier: far above and below its baseline, just inside, and too early."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from ...cep.scenario import Scenario, Wanted, is_true, just_before, replaced, spread
from .matcher import OUTLIER_METHODS
from .node import OutlierConfig, span_us, threshold_of

MOST = 50
ORDINARY = (1.0, 5.0, 2.0, 4.0, 3.0)


def outlier_scenarios(config: OutlierConfig) -> Iterator[Scenario]:
    """Stories of baselines up to 50 values."""
    if config.min_samples > MOST:
        return
    ordinary = list(islice(cycle(ORDINARY), config.min_samples))
    ordered = ordinary if config.method == "zscore" else sorted(ordinary)
    _, deviation, low, high = OUTLIER_METHODS[config.method](ordered)
    reach = threshold_of(config) * deviation
    above, below = math.floor(high + reach) + 1.0, math.ceil(low - reach) - 1.0
    events = _events(config, [*ordinary, above])
    yield Scenario("far above", "", True, events, movable=True)
    yield Scenario("far below", "", True, _events(config, [*ordinary, below]), movable=True)
    inside = _events(config, [*ordinary, math.floor(high + reach)])
    yield Scenario("just inside", "threshold", False, inside, movable=True)
    yield Scenario("one value too few before it", "min_samples", False, events[1:], movable=True)
    last = len(events) - 1
    if not is_true(config.where):
        ignored = replaced(events, last, Wanted(events[-1].at_us, (), ("outlier",)))
        yield Scenario("it is not looked at", "where", False, ignored, movable=True)
    yield from _times(config, events)


def _events(config: OutlierConfig, values: Sequence[float]) -> tuple[Wanted, ...]:
    times = spread(len(values), span_us(config))
    return tuple(
        Wanted(at, ("outlier",), values=(("value", float(value)),))
        for at, value in zip(times, values, strict=True)
    )


def _times(config: OutlierConfig, events: tuple[Wanted, ...]) -> Iterator[Scenario]:
    """The baseline is still whole, and no longer."""
    last, span = len(events) - 1, span_us(config)
    by_time = config.baseline_window is not None
    clause = "baseline_window" if by_time else "forget_after"
    since = events[0].at_us if by_time else events[-2].at_us
    gone = "the first value leaves the baseline" if by_time else "the key is forgotten"
    for name, after, matches in (
        (f"just before {gone}", just_before(span), True),
        (f"as {gone}", span, False),
    ):
        moved = replaced(events, last, events[-1]._replace(at_us=since + after))
        yield Scenario(name, clause, matches, moved, movable=True)
