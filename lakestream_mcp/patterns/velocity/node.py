"""Node type `velocity`: rates of events in windows of time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario, is_true
from ...graph.duration import duration_text, duration_us
from ...graph.model import Column, Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    by_key,
    check_common,
    current_row_sql,
    event_time_of,
    packed_values,
)
from ..numeric import check_measure_names, numeric_value, said
from .config import UNITS_US, VelocityConfig, check_velocity, empty_answers

RATE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:/|per)\s*([a-z]+)", re.IGNORECASE)
UNITS = ("second", "minute", "hour", "day")
EARLIER_UNITS = {"per_sec": "second", "per_min": "minute", "per_hour": "hour"}
MATCHERS = {
    "above": "RollingRateMatcher",
    "below": "WindowRateMatcher",
    "changed": "RateChangeMatcher",
}


class Velocity(PatternType):
    """Rates of events, compared with a limit or with the rate before."""

    type = "velocity"
    title = "Velocity"
    summary = "The rate of events (or of a sum) is above or below a limit, or changed by a factor"
    Config = VelocityConfig
    aliases = ("velocity-detector", "rate", "rate-threshold")
    field_aliases = {
        **FIELD_ALIASES,
        "eventFilter": "where",
        "rateThreshold": "threshold",
        "rateUnit": "per",
        "windowDuration": "window",
    }
    moved = MOVED_FIELDS

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """`rateUnit` was `per_sec`, `per_min` or `per_hour`; a limit may be `100 per minute`."""
        limit = RATE.fullmatch(str(config.get("threshold")).strip())
        if limit and "per" not in config:
            unit = next((u for u in UNITS if u.startswith(limit[2].lower())), limit[2])
            return config | {"threshold": float(limit[1]), "per": unit}
        unit = config.get("per")
        known = isinstance(unit, str) and unit in EARLIER_UNITS
        return config | {"per": EARLIER_UNITS[str(unit)]} if known else config

    def sentence(self, config: VelocityConfig) -> str:
        """`above 10 events per minute where type = 'A' over 5 minutes, by card`."""
        what = config.sum or "events"
        where = "" if is_true(config.where) else f" where {config.where}"
        by = by_key(config.key)
        if config.comparison == "changed":
            rate = f"rate of {what}{where} changed by a factor of {config.factor or 0:g}"
            return f"{rate} within {config.window}{by}"
        of = "of " if config.sum else ""
        limit = f"{config.comparison} {config.threshold or 0:g} {of}{what} per {config.per}"
        return f"{limit}{where} over {config.window}{by}"

    def check(self, config: VelocityConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """Shared fields, then what has no meaning for a rate."""
        yield from check_common(config, inputs[0])
        yield from check_measure_names(config, _measures(config))
        yield from check_velocity(config)

    def plan(
        self, config: VelocityConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """One condition; the summed value, if any, is packed as a computed value."""
        relation = inputs[0]
        where = current_row_sql(config.where, "where", relation, resolver)
        computed = [numeric_value(config.sum, "sum", relation, resolver)] if config.sum else []
        values = packed_values(config, relation, computed)
        return PatternPlan(
            key=config.key,
            event_time=event_time_of(config, relation),
            conditions=(where,),
            values=values,
            # A window that counts when it is empty must know that its key is alive.
            all_rows=empty_answers(config),
            arrival=config.ordering == "arrival",
            matcher="velocity",
            construct=_construct(config, len(values) if config.sum else None),
            functions="",
            steps=_steps(config),
            measures=_measures(config),
        )

    def step_conditions(self, config: VelocityConfig) -> dict[str, str]:
        """Each event that counts satisfies `where`."""
        return dict.fromkeys(_steps(config), config.where)

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """The events counted so far, and when their window ends if it is aligned."""
        counted, deadline = state or [], None
        if isinstance(state, tuple):
            counted = state[0]
            deadline = state[1] if len(state) == 3 else None
        bound = tuple((0, ts, row) for ts, row in counted)
        return [(bound, deadline)] if bound else []

    def state_bound(self, config: VelocityConfig) -> StateBound:
        """The counted events of one window, or of two that are compared."""
        windows = "two windows" if config.comparison == "changed" else "one window"
        kept = duration_us(config.window) * (2 if config.comparison == "changed" else 1)
        kept += duration_us(config.forget_after) if config.forget_after else 0
        formula = f"max_events_per_key counted events of {windows}"
        return StateBound(formula, config.max_events_per_key, duration_text(kept))

    def scenarios(self, config: VelocityConfig) -> Iterator[Scenario]:
        """Stories that match, just miss, or lie at a boundary."""
        from .scenarios import velocity_scenarios

        yield from velocity_scenarios(config)

    def misses(self, config: VelocityConfig, view: KeyView) -> Iterator[Miss]:
        """What came close, and what was missing."""
        from .why import velocity_misses

        yield from velocity_misses(config, view)

    def verdict(self, config: VelocityConfig, match: dict[str, Any]) -> str:
        """The rate and the limit it passes."""
        measures = match["measures"]
        rate = f"The rate is {said(measures['rate'])} per {config.per}"
        before = "just before" if config.comparison == "above" else "after the event before"
        again = "" if config.repeat else f", and it was not so {before}"
        until = f"in the {config.window} up to {match['detected_at']}"
        if config.comparison == "above":
            return f"{rate} {until}, above {config.threshold:g}{again}."
        if config.comparison == "below":
            start, end = measures["window_start"], measures["window_end"]
            window = f"in the window from {start} up to, not including, {end}"
            return f"{rate} {window}, below {config.threshold:g}."
        side = "above" if (config.factor or 0) > 1 else "below"
        times = f"{said(measures['ratio'])} times the {said(measures['previous_rate'])}"
        return (
            f"{rate} {until}, {times} of the {config.window} before: {side} "
            f"{config.factor:g}{again}."
        )


def _steps(config: VelocityConfig) -> tuple[str, ...]:
    return ("previous", "current") if config.comparison == "changed" else ("event",)


def _measures(config: VelocityConfig) -> tuple[Column, ...]:
    total = (Column("total", "double"),) if config.sum else ()
    shared = (Column("count", "bigint"), *total, Column("rate", "double"))
    times = (Column("window_start", "timestamp"), Column("window_end", "timestamp"))
    rates = (Column("previous_rate", "double"), Column("ratio", "double"))
    return shared + {"above": (), "below": times, "changed": rates}[config.comparison]


def _construct(config: VelocityConfig, value: int | None) -> str:
    limit = {
        "above": f"threshold={config.threshold!r}, repeat={config.repeat}",
        "below": f"threshold={config.threshold!r}, forget_after={_us(config.forget_after)}",
        "changed": f"factor={config.factor!r}, repeat={config.repeat}",
    }[config.comparison]
    return (
        f"{MATCHERS[config.comparison]}(window={_us(config.window)}, per={UNITS_US[config.per]}, "
        f"{limit}, value={value}, max_events={config.max_events_per_key})"
    )


def _us(duration: str | None) -> int | None:
    return None if duration is None else duration_us(duration)


NODE = Velocity()
