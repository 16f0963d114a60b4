"""The shape of a match row: the same columns for all patterns, then a pattern's own measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..graph.model import Column, Relation

if TYPE_CHECKING:
    from .pattern_type import PatternPlan

MATCH_COLUMNS = ("match_id", "pattern", "started_at", "ended_at", "detected_at", "events")
EVENT_FIELDS = ("step", "event_time")


def quoted(name: str) -> str:
    """A column name as a quoted Spark SQL identifier."""
    return "`" + name.replace("`", "``") + "`"


def match_relation(plan: PatternPlan, relation: Relation) -> Relation:
    """The match row: id, pattern, key, times, events, measures. It declares no event time."""
    fields = [("step", "string"), ("event_time", "timestamp")]
    fields += [(v.name, v.type) for v in plan.values if v.role == "keep"]
    struct = ",".join(f"{_field(name)}:{kind}" for name, kind in fields)
    keys = [Column(name, relation.type_of(name) or "string") for name in plan.key]
    times = [Column(name, "timestamp") for name in MATCH_COLUMNS[2:5]]
    return Relation(
        (
            Column("match_id", "string"),
            Column("pattern", "string"),
            *keys,
            *times,
            Column("events", f"array<struct<{struct}>>"),
            *plan.measures,
        )
    )


def _field(name: str) -> str:
    return name if name.isidentifier() else quoted(name)
