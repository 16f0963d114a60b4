"""Configuration of `sequence`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ...graph.duration import Duration
from ..common import Condition, Expression, PatternConfig

Contiguity = Literal["strict", "relaxed", "relaxed-any"]
AfterMatch = Literal["no-skip", "skip-to-next", "skip-past-last", "skip-to-first", "skip-to-last"]
CONTIGUITY = (
    "`strict`: the very next event; `relaxed`: skip events that do not fit; `relaxed-any`: also "
    "skip events that fit, so that each gives a match of its own"
)


def _measures(value: Any) -> Any:
    """Measures as a mapping, from `SUM(a.x) AS total, …` or [{name, expression}] too."""
    if isinstance(value, str):
        return _listed(value)
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        named = {item.get("name"): item.get("expression") for item in value}
        return value if None in named or len(named) < len(value) else named
    return value


def _listed(text: str) -> dict[str, str]:
    from ...relational import guard
    from ...relational.sql import sql

    tree = guard.parsed(f"SELECT {text}", "measures")
    named = {item.alias: item.this for item in tree.expressions if item.alias}
    if not named or len(named) < len(tree.expressions):
        raise ValueError("name each measure: `SUM(a.amount) AS total, COUNT(a) AS n`")
    return {name: sql(value) for name, value in named.items()}


class SequenceStep(BaseModel):
    """A step binds events that satisfy its condition; with `steps` it is a group instead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        min_length=1, max_length=120, description="Unique; how conditions and matches call it"
    )
    where: Condition | None = Field(
        default=None,
        description="SQL condition of the event; it may read earlier steps, e.g. "
        "`amount > 10 * small.amount`, `SUM(small.amount) > 100`. Without it every event fits",
    )
    contiguity: Contiguity | None = Field(
        default=None, description=f"{CONTIGUITY}. Default: the pattern's `contiguity`"
    )
    min: int = Field(default=1, ge=0, le=1000, description="How often at least; 0: may be left out")
    max: int | None = Field(
        default=1, ge=1, le=1000, description="How often at most; null: without limit"
    )
    greedy: bool = Field(
        default=False,
        description="Repeated step: an event that fits it never goes to the next step instead",
    )
    inner: Contiguity = Field(
        default="relaxed", description="Contiguity between the repetitions of this step"
    )
    until: Condition | None = Field(
        default=None, description="SQL condition of an event that ends a step without limit"
    )
    times_within: Duration | None = Field(
        default=None,
        description="Longest time before a repetition, exclusive, applied as Flink does: to all "
        "but the last possible one; without limit to the required ones (`min`) only",
    )
    optional: bool = Field(default=False, description="A match may do without this step")
    negated: bool = Field(
        default=False,
        description="No such event may come before the next step (`strict`: not as the very next "
        "event); as the last step: none until `within` is over",
    )
    within: Duration | None = Field(
        default=None,
        description="Longest time from the previous event to this step's, exclusive",
    )
    steps: tuple[SequenceStep, ...] = Field(
        default=(), description="A group: steps that repeat, or are left out, together"
    )


Measures = Annotated[dict[str, Expression], BeforeValidator(_measures)]


class SequenceConfig(PatternConfig):
    """Steps that happen in order."""

    steps: tuple[SequenceStep, ...] = Field(
        min_length=1, max_length=60, description="The steps, in order"
    )
    contiguity: Contiguity = Field(
        default="relaxed", description=f"For steps that do not say otherwise. {CONTIGUITY}"
    )
    within: Duration | None = Field(
        default=None, description="Longest time from the first to the last event, exclusive"
    )
    after_match: AfterMatch = Field(
        default="skip-past-last",
        description="What a match discards: `skip-past-last`: all partial matches that started "
        "before it ended; `skip-to-next`: those that start with the same event; `skip-to-first`, "
        "`skip-to-last`: those that started before the first or last event of step `skip_to`; "
        "`no-skip`: nothing, so that every combination is a match",
    )
    skip_to: str | None = Field(
        default=None, description="The step of `skip-to-first` and `skip-to-last`"
    )
    skip_to_missing: Literal["ignore", "fail"] = Field(
        default="ignore", description="What to do where a match has no event of step `skip_to`"
    )
    emit_timed_out: bool = Field(
        default=False,
        description="Also emit partial matches whose time is over, marked by a column `timed_out`",
    )
    max_partial_matches: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="Partial matches kept per key; beyond it the oldest is dropped and counted",
    )
    measures: Measures = Field(
        default_factory=dict,
        description="Extra columns of a match: name → SQL over its steps, e.g. "
        '{"total": "SUM(small.amount)", "first_at": "FIRST(small.at)"}',
    )


def leaves(steps: tuple[SequenceStep, ...]) -> Iterator[SequenceStep]:
    """The steps that bind events, groups opened, in order."""
    for step in steps:
        if step.steps:
            yield from leaves(step.steps)
        else:
            yield step


def everything(
    steps: tuple[SequenceStep, ...], field: str = "steps"
) -> Iterator[tuple[str, int, tuple[SequenceStep, ...]]]:
    """Each step, groups too, as the field that holds it, its place and its chain."""
    for at, step in enumerate(steps):
        yield f"{field}.{at}", at, steps
        yield from everything(step.steps, f"{field}.{at}.steps")


def most_events(steps: tuple[SequenceStep, ...]) -> int | None:
    """How many events a match may bind at most; None without limit."""
    total = 0
    for step in steps:
        inside = most_events(step.steps) if step.steps else 1
        if step.negated:
            continue
        if step.max is None or inside is None:
            return None
        total += step.max * inside
    return total
