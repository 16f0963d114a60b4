"""How far values were from being outliers, judged by the baseline they met."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...cep.near_miss import KeyView, Miss, Seen, condition_miss, moment, shown
from ..numeric import packed_number
from .matcher import OUTLIER_METHODS
from .node import DEVIATIONS, OutlierConfig, span_us, threshold_of


class Judged(NamedTuple):
    """A value and the baseline it met.

    samples: how many values that has. distance: beyond the edge nearest to it; one deviation is
    `deviation`. low, high: the edges from which distances count.
    """

    seen: Seen
    value: float
    samples: int
    center: float = 0.0
    deviation: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @property
    def distance(self) -> float:
        """How far beyond the edges the value lies; below 0 between them."""
        return max(self.low - self.value, self.value - self.high)

    @property
    def score(self) -> float:
        """The distance in deviations."""
        if self.deviation:
            return max(self.distance, 0.0) / self.deviation
        return math.inf if self.distance > 0 else 0.0


def outlier_misses(config: OutlierConfig, view: KeyView) -> Iterator[Miss]:
    """Each value that was none: too few samples, or not far enough away."""
    place = view.places["value"]
    any_looked_at = False
    for seen, after, state in view.states():
        if after or seen is None or not seen.mask & 1:
            continue
        any_looked_at = True
        value = packed_number(seen.values[place])
        if not math.isfinite(value):
            yield _without_value(config, seen, place)
        elif seen.number not in view.matched:
            yield _ordinary(config, _judged(config, seen, value, state))
    if not any_looked_at:
        miss = condition_miss(view, "where", "outlier", config.where, view.events, weight=0.2)
        if miss is not None:
            yield miss


def _judged(config: OutlierConfig, seen: Seen, value: float, state: object) -> Judged:
    kept = _baseline(config, state, seen.ts)
    if len(kept) < 2:
        return Judged(seen, value, len(kept))
    ordered = kept if config.method == "zscore" else sorted(kept)
    return Judged(seen, value, len(kept), *OUTLIER_METHODS[config.method](ordered))


def _baseline(config: OutlierConfig, state: object, ts: int) -> Sequence[float]:
    """The values that one at a time is judged by, of the state just before it."""
    if not isinstance(state, tuple):
        return ()
    times, values, last, _ = state
    span = span_us(config)
    if last + span <= ts:
        return ()
    if config.baseline_count is not None:
        return list(values)
    return list(values[bisect_right(times, ts - span) : bisect_left(times, ts)])


def _without_value(config: OutlierConfig, seen: Seen, place: int) -> Miss:
    return Miss(
        0.05,
        "value",
        f"Event {seen.number} at {moment(seen.ts)} is skipped: `{config.value}` is "
        f"{shown(seen.values[place])}.",
        seen.ts,
        seen.number,
    )


def _ordinary(config: OutlierConfig, judged: Judged) -> Miss:
    if judged.samples < config.min_samples:
        return _too_few(config, judged)
    limit, seen = threshold_of(config), judged.seen
    reach = limit * judged.deviation
    short = reach - judged.distance
    said = (
        f"The value {shown(judged.value)} of event {seen.number} at {moment(seen.ts)} is "
        f"{_score(config, judged)}, where more than {shown(limit)} is asked: the {judged.samples} "
        f"values before allow {shown(judged.low - reach)} to {shown(judged.high + reach)}"
    )
    said += f", and it lies {shown(short)} inside" if short else ", and it lies exactly there"
    return Miss(
        0.98 * min(judged.score / limit, 1.0),
        "threshold",
        f"{said}.",
        seen.ts,
        seen.number,
        got=judged.score,
        expected=f"> {shown(limit)}",
        distance=shown(limit - judged.score),
    )


def _score(config: OutlierConfig, judged: Judged) -> str:
    edges = shown(judged.center)
    if config.method == "iqr":
        edges = f"{shown(judged.low)} and {shown(judged.high)}"
    return f"{shown(judged.score)} {DEVIATIONS[config.method]} {edges}"


def _too_few(config: OutlierConfig, judged: Judged) -> Miss:
    """A value that was not judged since too few came before it."""
    seen, missing = judged.seen, config.min_samples - judged.samples
    place = "" if config.baseline_window is None else f" in the {config.baseline_window}"
    said = (
        f"The value {shown(judged.value)} of event {seen.number} at {moment(seen.ts)} was not "
        f"judged: {_values(judged.samples)} came{place} before it, where {config.min_samples} are "
        "needed"
    )
    far = judged.samples >= 2 and judged.score > threshold_of(config)
    if far:
        said += f". By those alone it is {_score(config, judged)}"
    return Miss(
        (0.9 if far else 0.3) * judged.samples / config.min_samples,
        "min_samples",
        f"{said}.",
        seen.ts,
        seen.number,
        got=judged.samples,
        expected=f">= {config.min_samples}",
        distance=_values(missing),
    )


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"
