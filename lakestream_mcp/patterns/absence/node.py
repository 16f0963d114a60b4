"""Configuration and plan of `absence`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ...cep.expression import function_source, part_condition
from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario, is_true
from ...graph.duration import Duration, duration_us
from ...graph.model import Problem, Relation
from ...graph.node_type import ColumnResolver
from ...relational.sql import parse_expression
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    Condition,
    PatternConfig,
    by_key,
    check_common,
    current_row_sql,
    event_time_of,
    packed_values,
    scope_of,
)


class AbsenceConfig(PatternConfig):
    """A trigger that no expected event follows in time."""

    trigger: Condition = Field(description="SQL condition of the event that starts the wait")
    expected: Condition = Field(
        description="SQL condition of the event that should follow; it may read the trigger, "
        "e.g. `amount >= trigger.amount`"
    )
    within: Duration = Field(
        default="5 minutes", description="How long to wait; the end is exclusive"
    )
    on_repeat: Literal["keep", "restart", "each"] = Field(
        default="keep",
        description="A second trigger while one waits: `keep` ignores it, `restart` starts the "
        "wait anew with it, `each` lets it wait on its own",
    )
    max_waiting: int = Field(
        default=1000, ge=1, le=1_000_000, description="Waiting triggers per key; then the oldest go"
    )


class Absence(PatternType):
    """An expected event that does not come."""

    type = "absence"
    title = "Absence"
    summary = "A trigger event that no expected event follows within a time"
    Config = AbsenceConfig
    aliases = ("absence-detector",)
    field_aliases = {
        **FIELD_ALIASES,
        "triggerEventFilter": "trigger",
        "expectedEventFilter": "expected",
        "timeoutDuration": "within",
    }
    moved = {
        **MOVED_FIELDS,
        "withinDuration": "one time says when an absence is decided: `within`",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """A `withinDuration` that says the same as `within` is dropped; another stays an error."""
        if "withinDuration" in config and config["withinDuration"] == config.get("within"):
            return {name: value for name, value in config.items() if name != "withinDuration"}
        return config

    def sentence(self, config: AbsenceConfig) -> str:
        """`kind = 'order' not followed by kind = 'ship' within 10 minutes, by customer`."""
        by = by_key(config.key)
        return f"{config.trigger} not followed by {_what(config)} within {config.within}{by}"

    def check(self, config: AbsenceConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """The shared fields."""
        yield from check_common(config, inputs[0])

    def plan(
        self, config: AbsenceConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """Bit 0 marks triggers, bit 1 expected events; what ties them becomes Python."""
        relation = inputs[0]
        trigger = current_row_sql(config.trigger, "trigger", relation, resolver)
        expected = parse_expression(config.expected, "expected", aggregates=True)
        scope = scope_of(config, relation, resolver, ("trigger",), "expected")
        parted = part_condition(expected, scope)
        tie = parted.code
        return PatternPlan(
            key=config.key,
            event_time=event_time_of(config, relation),
            conditions=(trigger, parted.current or "TRUE"),
            values=packed_values(config, relation, scope.values.computed),
            all_rows=False,
            arrival=config.ordering == "arrival",
            matcher="absence",
            construct=f"AbsenceMatcher(within={duration_us(config.within)}, "
            f"repeat={config.on_repeat!r}, max_waiting={config.max_waiting}"
            + (", fulfils=fulfils)" if tie else ")"),
            functions=function_source("fulfils", "bound, row", tie, config.expected) if tie else "",
            steps=("trigger",),
            measures=(),
        )

    def step_conditions(self, config: AbsenceConfig) -> dict[str, str]:
        """What makes a trigger, and what answers it."""
        return {"trigger": config.trigger, "expected": config.expected}

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """Waiting triggers and when each is decided."""
        return [(((0, ts, row),), deadline) for deadline, ts, row in state or []]

    def state_bound(self, config: AbsenceConfig) -> StateBound:
        """Waiting triggers: one, or with `each` as many as are kept."""
        if config.on_repeat == "each":
            return StateBound("max_waiting triggers", config.max_waiting, config.within)
        return StateBound("one trigger", 1, config.within)

    def scenarios(self, config: AbsenceConfig) -> Iterator[Scenario]:
        """Stories that match, just miss, or lie at a boundary."""
        from .scenarios import absence_scenarios

        yield from absence_scenarios(config)

    def misses(self, config: AbsenceConfig, view: KeyView) -> Iterator[Miss]:
        """What came close, and what was missing."""
        from .why import absence_misses

        yield from absence_misses(config, view)

    def verdict(self, config: AbsenceConfig, match: dict[str, Any]) -> str:
        """No expected event came; the timer decided."""
        return (
            f"No {_what(config, 'event with ')} came from {match['started_at']} up to, not "
            f"including, {match['detected_at']} ({config.within}): the timer at "
            f"{match['detected_at']} decided."
        )


def _what(config: AbsenceConfig, prefix: str = "") -> str:
    """The expected event in words."""
    if is_true(config.expected):
        return "event at all" if prefix else "any event"
    return f"{prefix}`{config.expected}`" if prefix else config.expected


NODE = Absence()
