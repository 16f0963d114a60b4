"""Configuration and plan of `deduplicate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from ...cep.expression import PackedValues
from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario
from ...graph.duration import Duration, duration_us
from ...graph.model import Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    ColumnNames,
    PatternConfig,
    by_key,
    check_common,
    event_time_of,
    packed_values,
)
from ..rows import check_row, row_measures

EARLIER_FIELDS = {**FIELD_ALIASES, "dedupKeyFields": "key", "watermarkDuration": "within"}


class DeduplicateConfig(PatternConfig):
    """Repeated rows of a key, dropped for a time."""

    within: Duration = Field(
        default="10 minutes",
        description="How long after a kept row others of its key are duplicates; exclusive, and "
        "not lengthened by duplicates",
    )
    keep: ColumnNames | None = Field(
        default=(),
        description="Columns shown in `events` as well; default: none, since each column of the "
        "row is a column of the match",
    )


class Deduplicate(PatternType):
    """Rows without their repetitions."""

    type = "deduplicate"
    title = "Deduplicate"
    summary = "Pass the first row of each key and drop its repetitions within a time"
    Config = DeduplicateConfig
    passes_through = True
    aliases = ("deduplication", "dedup", "dedupe", "distinct")
    field_aliases = EARLIER_FIELDS
    moved = {k: v for k, v in MOVED_FIELDS.items() if k not in EARLIER_FIELDS}

    def sentence(self, config: DeduplicateConfig) -> str:
        """`the first row within 10 minutes, by order_id`."""
        by = by_key(config.key)
        return f"the first row within {config.within}{by}"

    def check(self, config: DeduplicateConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """The shared fields; the row's names; a key that is missing."""
        yield from check_common(config, inputs[0])
        yield from check_row(config, inputs[0])
        if not config.key:
            yield Problem(
                "NO_KEY",
                f"Without a key only one row of all passes within {config.within}.",
                "key",
                [],
                "the columns whose equal values make a row a repetition",
                severity="warning",
            )

    def plan(
        self, config: DeduplicateConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """No condition: every row counts. What the row shows is packed with it."""
        relation = inputs[0]
        values = PackedValues(packed_values(config, relation))
        measures = row_measures(config, relation, values)
        return PatternPlan(
            key=config.key,
            event_time=event_time_of(config, relation),
            conditions=(),
            values=packed_values(config, relation, values.computed),
            all_rows=True,
            arrival=config.ordering == "arrival",
            matcher="deduplicate",
            construct=f"DeduplicateMatcher(within={duration_us(config.within)}, "
            f"places={measures.places!r})",
            functions="",
            steps=("kept",),
            measures=measures.columns,
        )

    def step_conditions(self, config: DeduplicateConfig) -> dict[str, str]:
        """Any row may be kept."""
        return {"kept": "TRUE"}

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """Nothing waits: a row is decided when it comes."""
        return []

    def state_bound(self, config: DeduplicateConfig) -> StateBound:
        """One time."""
        return StateBound("the time until which rows are repetitions", 1, config.within)

    def scenarios(self, config: DeduplicateConfig) -> Iterator[Scenario]:
        """Rows that are kept, and repetitions, at the boundary of the time too."""
        from .scenarios import deduplicate_scenarios

        yield from deduplicate_scenarios(config)

    def misses(self, config: DeduplicateConfig, view: KeyView) -> Iterator[Miss]:
        """The rows that were dropped, and what each repeats."""
        from .why import deduplicate_misses

        yield from deduplicate_misses(config, view)

    def verdict(self, config: DeduplicateConfig, match: dict[str, Any]) -> str:
        """No row before it was kept so lately."""
        return (
            f"No row of this key was kept in the {config.within} up to {match['detected_at']} "
            "before this one."
        )


NODE = Deduplicate()
