"""How near runs of values came to a trend, and which value or silence ended them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...cep.near_miss import KeyView, Miss, Partial, Seen, condition_miss, moment, shown, span
from ...graph.duration import duration_us
from ..numeric import packed_number
from .node import FLAT_PERCENT, TrendConfig

MAX_SHOWN = 6
MAX_RUNS = 5
MAX_BETWEEN = 20
SIDES = {"up": ("above", "below"), "down": ("below", "above")}


class Valued(NamedTuple):
    """An event that is looked at, and its value."""

    seen: Seen
    value: float


class Run(NamedTuple):
    """A run that came to nothing, and the values it shows."""

    partial: Partial
    values: tuple[float, ...]

    @property
    def last(self) -> Seen:
        """Its last event."""
        return self.partial.bound[-1].seen

    def told(self) -> str:
        """`20 → 21.5 → 22 (events 1, 2, 3)`."""
        values, numbers = [shown(v) for v in self.values], [n for _, n in self.partial.named]
        events = f"event{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
        if len(values) > MAX_SHOWN:
            values = [*values[:2], "…", *values[-2:]]
            events = f"events {numbers[0]} to {numbers[-1]}"
        return f"{' → '.join(values)} ({events})"


def trend_misses(config: TrendConfig, view: KeyView) -> Iterator[Miss]:
    """The runs that were too short or went not far enough, and events without a value."""
    place = view.places["value"]
    looked_at = [Valued(s, packed_number(s.values[place])) for s in view.events if s.mask & 1]
    valued = [v for v in looked_at if math.isfinite(v.value)]
    runs = list(_runs(view, place))
    for run in runs:
        yield _ended(config, run, valued, place)
    for run in sorted(runs, key=lambda r: -len(r.values))[:MAX_RUNS]:
        yield from _overlooked(config, run, view)
    for seen, value in looked_at:
        if not math.isfinite(value):
            yield Miss(
                0.1,
                "value",
                f"Event {seen.number} at {moment(seen.ts)} is skipped: `{config.value}` is "
                f"{shown(seen.values[place])}.",
                seen.ts,
                seen.number,
            )
    if not looked_at:
        miss = condition_miss(view, "where", "value", config.where, view.events, weight=0.2)
        if miss is not None:
            yield miss


def _runs(view: KeyView, place: int) -> Iterator[Run]:
    """Each run without a match once; one that was open and then ended, as it ended."""
    ended = {p.named for p in view.partials if p.reason is not None}
    for partial in view.partials:
        over = partial.reason in ("contiguity broken", "expired")
        if over or (partial.reason is None and partial.named not in ended):
            yield Run(partial, tuple(packed_number(b.seen.values[place]) for b in partial.bound))


def _ended(config: TrendConfig, run: Run, valued: Sequence[Valued], place: int) -> Miss:
    """What was missing to a run."""
    if len(run.values) >= config.max_events_per_key:
        return _longer_than_shown(config, run)
    if len(run.values) >= config.length:
        return _too_little(config, run)
    if run.partial.by is not None:
        by = run.partial.by
        return _broken(config, run, Valued(by, packed_number(by.values[place])))
    return _out_of_time(config, run, valued)


def _miss(config: TrendConfig, run: Run, nearness: float, clause: str, said: str) -> Miss:
    """A miss of a run: its values count, and how near it was to having one more, below 1."""
    count = min(len(run.values), config.length)
    return Miss(
        0.98 * (count + nearness) / (config.length + 1),
        clause,
        said,
        run.last.ts,
        run.last.number,
        run.partial.named,
    )


def _longer_than_shown(config: TrendConfig, run: Run) -> Miss:
    said = (
        f"A run ended with event {run.last.number} at {moment(run.last.ts)} that is longer than "
        f"the {config.max_events_per_key} events kept of one; it did not go as far as asked."
    )
    return _miss(config, run, 0.0, "max_events_per_key", said)


def _too_little(config: TrendConfig, run: Run) -> Miss:
    """Long enough, but the last value does not differ enough from the first."""
    least, change = config.min_change or 0.0, abs(run.values[-1] - run.values[0])
    said = (
        f"{run.told()} are {len(run.values)} values, but the last differs from the first by "
        f"{shown(change)} only, where at least {shown(least)} is asked: {shown(least - change)} "
        f"was missing."
    )
    nearness = change / least if least else 0.0
    return _miss(config, run, nearness, "min_change", said)._replace(
        got=change, expected=f">= {shown(least)}", distance=shown(least - change)
    )


def _broken(config: TrendConfig, run: Run, by: Valued) -> Miss:
    """A value went another way."""
    clause, why, expected, missing = _against(config, run, by.value)
    size = max(abs(by.value), abs(run.values[-1]))
    nearness = 0.9 * (1 - min(1.0, missing / size)) if size else 0.9
    said = f"{_count(config, run)}; event {by.seen.number} at {moment(by.seen.ts)} broke it: {why}"
    if config.tolerance:
        clause = "tolerance"
        said += f", counter-move {config.tolerance + 1} where {config.tolerance} may be"
    return _miss(config, run, nearness, clause, f"{said}.")._replace(
        at=by.seen.ts,
        event=by.seen.number,
        got=by.value,
        expected=expected,
        distance=shown(missing),
    )


def _count(config: TrendConfig, run: Run) -> str:
    are = "is" if len(run.values) == 1 else "are"
    return f"{run.told()} {are} {len(run.values)} of {config.length} values"


def _against(config: TrendConfig, run: Run, value: float) -> tuple[str, str, str, float]:
    """Why a value is a counter-move: clause, sentence, what was expected, what was missing."""
    first, last = run.values[0], run.values[-1]
    if config.direction == "flat":
        allowed = _percent(config) * abs(first) / 100
        missing = abs(value - first) - allowed
        said = (
            f"{shown(value)} is {shown(abs(value - first))} away from the first value "
            f"{shown(first)}, where {shown(allowed)} ({_percent(config):g} %) is allowed"
        )
        expected = f"{shown(first - allowed)} to {shown(first + allowed)}"
        return "tolerance_percent", said, expected, missing
    good, bad = SIDES[config.direction]
    sign = ">" if config.direction == "up" else "<"
    missing = abs(value - last)
    if value == last:
        said = f"{shown(value)} equals the value before, where it had to be {good}"
        return "strict", said, f"{sign} {shown(last)}", missing
    equal = "" if config.strict else " or equal"
    said = (
        f"{shown(value)} is {shown(missing)} {bad} {shown(last)}, the value before, where it had "
        f"to be {good}{equal}"
    )
    return "direction", said, f"{sign}{'' if config.strict else '='} {shown(last)}", missing


def _percent(config: TrendConfig) -> float:
    return FLAT_PERCENT if config.tolerance_percent is None else config.tolerance_percent


def _out_of_time(config: TrendConfig, run: Run, valued: Sequence[Valued]) -> Miss:
    """No value came in time, or none has come yet."""
    within = duration_us(config.within)
    deadline = run.last.ts + within
    said = f"{_count(config, run)}; the next one had to come before {moment(deadline)}"
    if run.partial.reason is None:
        said = f"{said}, which the watermark had not reached."
        return _miss(config, run, 0.5, "within", said)._replace(at=deadline)
    after = bisect_left(valued, deadline, key=lambda v: v.seen.ts)
    if after == len(valued):
        return _miss(config, run, 0.0, "length", f"{said}, and none came.")._replace(
            got=len(run.values), expected=f">= {config.length}"
        )
    seen, value = valued[after]
    late = span(seen.ts - deadline)
    nearness = 0.9 / (1 + (seen.ts - deadline) / within)
    when = "came at exactly that time, which is outside" if late == "0 s" else f"came {late} late"
    said += f": event {seen.number} at {moment(seen.ts)} {when}"
    if not _moves(config, run, value):
        nearness *= 0.5
        said += f", and its value {shown(value)} goes another way"
    return _miss(config, run, nearness, "within", f"{said}.")._replace(
        at=seen.ts,
        event=seen.number,
        got=moment(seen.ts),
        expected=f"before {moment(deadline)}",
        distance=late,
    )


def _moves(config: TrendConfig, run: Run, value: float) -> bool:
    """Whether a value would have gone in the direction."""
    first, last = run.values[0], run.values[-1]
    if config.direction == "flat":
        return abs(value - first) * 100 <= _percent(config) * abs(first)
    if value == last:
        return not config.strict
    return (value > last) == (config.direction == "up")


def _overlooked(config: TrendConfig, run: Run, view: KeyView) -> Iterator[Miss]:
    """The event after a run that came nearest to being looked at."""
    end = run.last.ts + duration_us(config.within) if run.partial.at is None else run.partial.at
    between = [s for s in view.events if run.last.ts <= s.ts < end and not s.mask & 1]
    progress = 0.98 * min(len(run.values), config.length) / (config.length + 1)
    if between:
        miss = condition_miss(
            view, "where", "value", config.where, between[:MAX_BETWEEN], run.partial, progress, 0.02
        )
        if miss is not None:
            yield miss
