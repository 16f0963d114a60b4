"""Configuration and plan of `trend`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario, is_true
from ...graph.duration import Duration, duration_us
from ...graph.model import Column, Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    Condition,
    Expression,
    PatternConfig,
    by_key,
    check_common,
)
from ..numeric import check_measure_names, said, unused, value_plan

MEASURES = (
    Column("first", "double"),
    Column("last", "double"),
    Column("change", "double"),
    Column("length", "bigint"),
    Column("counter_moves", "bigint"),
    Column("skipped", "bigint"),
)
FLAT_PERCENT = 5.0
SAID = {"up": "rises", "down": "falls", "flat": "stays flat"}


class TrendConfig(PatternConfig):
    """A key's values rise, fall or stay flat several times running."""

    value: Expression = Field(description="SQL expression of the number looked at, e.g. a column")
    where: Condition = Field(default="TRUE", description="SQL condition of the events looked at")
    direction: Literal["up", "down", "flat"] = Field(description="Where the values go")
    length: int = Field(
        default=3, ge=2, le=100_000, description="How many values make a trend, the first included"
    )
    strict: bool = Field(
        default=True, description="`up` and `down`: an equal value is a counter-move"
    )
    tolerance: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description="How many counter-moves a run may have; one more ends it",
    )
    tolerance_percent: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="`flat`: how far from the first value the others may be, in percent of it; "
        f"default {FLAT_PERCENT:g}",
    )
    min_change: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="`up` and `down`: least difference between last and first value",
    )
    emit: Literal["first", "each", "end"] = Field(
        default="first",
        description="`first`: when the run is long enough, and the next run starts after it; "
        "`each`: also at every later value; `end`: once, when the run has ended",
    )
    within: Duration = Field(
        default="1 hour", description="A value that comes this long after the last starts a new run"
    )
    max_events_per_key: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="How many events of a run are kept and shown; its measures count all",
    )


class Trend(PatternType):
    """Values that go one way."""

    type = "trend"
    title = "Trend"
    summary = "A number rises, falls or stays flat several times running"
    Config = TrendConfig
    aliases = ("trend-detector",)
    field_aliases = {**FIELD_ALIASES, "valueField": "value", "consecutiveCount": "length"}
    moved = MOVED_FIELDS

    def sentence(self, config: TrendConfig) -> str:
        """`temperature rises over 5 values, by sensor`."""
        by = by_key(config.key)
        where = "" if is_true(config.where) else f" where {config.where}"
        but = f" with up to {_counter_moves(config.tolerance)}" if config.tolerance else ""
        return (
            f"{config.value} {SAID[config.direction]} over {config.length} values{but}{where}{by}"
        )

    def check(self, config: TrendConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """Shared fields, then those that say nothing about the direction."""
        yield from check_common(config, inputs[0])
        yield from check_measure_names(config, MEASURES)
        flat = config.direction == "flat"
        if flat and not config.strict:
            yield unused("strict", False, "`strict` has a meaning for `up` and `down` only.")
        if flat and config.min_change is not None:
            meaning = "Values that stay flat do not change: `min_change` is for `up` and `down`."
            yield unused("min_change", config.min_change, meaning)
        if not flat and config.tolerance_percent is not None:
            meaning = "`tolerance_percent` has a meaning for `flat` only."
            yield unused("tolerance_percent", config.tolerance_percent, meaning)
        if config.tolerance >= config.length - 1:
            yield Problem(
                "TOLERANCE_TOO_HIGH",
                f"{config.length} values have {config.length - 1} moves, and all of them might be "
                "counter-moves: any values would be a trend.",
                "tolerance",
                config.tolerance,
                f"at most {config.length - 2}",
                fix={"tolerance": config.length - 2},
            )

    def plan(
        self, config: TrendConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """One condition, and the value as a computed one."""
        return value_plan(
            config,
            inputs[0],
            resolver,
            matcher="trend",
            construct=lambda value: _construct(config, value),
            step="value",
            measures=MEASURES,
        )

    def step_conditions(self, config: TrendConfig) -> dict[str, str]:
        """Each event of the run satisfies `where`."""
        return {"value": config.where}

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """The key's run, and when it ends if no value comes."""
        return [(tuple((0, ts, row) for ts, row in state[0]), None)] if state else []

    def state_bound(self, config: TrendConfig) -> StateBound:
        """The events of one run."""
        most = config.max_events_per_key
        return StateBound("max_events_per_key events of one run", most, config.within)

    def scenarios(self, config: TrendConfig) -> Iterator[Scenario]:
        """Stories that match, just miss, or lie at a boundary."""
        from .scenarios import trend_scenarios

        yield from trend_scenarios(config)

    def misses(self, config: TrendConfig, view: KeyView) -> Iterator[Miss]:
        """What came close, and what was missing."""
        from .why import trend_misses

        yield from trend_misses(config, view)

    def verdict(self, config: TrendConfig, match: dict[str, Any]) -> str:
        """How far the run went, and what decided it."""
        m = match["measures"]
        way = f"from {said(m['first'])} to {said(m['last'])}"
        run = f"{config.value} went {way} in {m['length']} values"
        but = f" with {_counter_moves(m['counter_moves'])}" if m["counter_moves"] else ""
        if config.emit != "end":
            return f"{run}{but}: the value at {match['detected_at']} made it long enough."
        return (
            f"{run}{but}; the run was over at {match['detected_at']}: a value broke it, or none "
            f"had come for {config.within}."
        )


def _counter_moves(count: int) -> str:
    return f"{count} counter-move{'' if count == 1 else 's'}"


def _construct(config: TrendConfig, value: int) -> str:
    percent = FLAT_PERCENT if config.tolerance_percent is None else config.tolerance_percent
    way = f"flat_percent={percent!r}" if config.direction == "flat" else f"strict={config.strict}"
    return (
        f"TrendMatcher(direction={config.direction!r}, value={value}, length={config.length}, "
        f"within={duration_us(config.within)}, {way}, tolerance={config.tolerance}, "
        f"min_change={config.min_change!r}, emit_at={config.emit!r}, "
        f"max_events={config.max_events_per_key})"
    )


NODE = Trend()
