"""Configuration and plan of `count-threshold`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound, Value
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
    current_row_sql,
    event_time_of,
    expression_column,
    packed_values,
)

Comparison = Literal[">=", ">", "=", "<", "<="]
ROLLING_COMPARISONS = (">=", ">", "=")
WINDOW_MEASURES = (
    Column("count", "bigint"),
    Column("window_start", "timestamp"),
    Column("window_end", "timestamp"),
)


class CountThresholdConfig(PatternConfig):
    """Count events of a key in a window of time and compare with a threshold."""

    where: Condition = Field(default="TRUE", description="SQL condition of the events counted")
    threshold: int = Field(default=10, ge=0, le=10_000, description="The number compared with")
    comparison: Comparison = Field(
        default=">=", description="How the count compares: `count >= threshold`"
    )
    window: Duration = Field(default="5 minutes", description="Length of the window of time")
    windows: Literal["rolling", "tumbling", "sliding"] = Field(
        default="rolling",
        description="`rolling` looks back from each event; `tumbling` and `sliding` are aligned to "
        "the epoch in UTC and answer once, at their end",
    )
    slide: Duration | None = Field(
        default=None, description="Distance between sliding windows; at most `window`"
    )
    distinct: Expression | None = Field(
        default=None, description="Count distinct values of this SQL expression instead of events"
    )
    repeat: bool = Field(
        default=False,
        description="Rolling: emit at every event for which the comparison holds, not only at "
        "the first",
    )
    forget_after: Duration | None = Field(
        default=None,
        description="How long after its last event a key's empty windows still count; needed where "
        "an empty window satisfies the comparison",
    )
    max_events_per_key: int = Field(
        default=10_000, ge=1, le=1_000_000, description="The oldest event is dropped beyond this"
    )


class CountThreshold(PatternType):
    """Counts of events in a window, compared with a threshold."""

    type = "count-threshold"
    title = "Count threshold"
    summary = "Count events (or distinct values) in a window of time and compare with a threshold"
    Config = CountThresholdConfig
    field_aliases = {
        **FIELD_ALIASES,
        "eventFilter": "where",
        "thresholdCount": "threshold",
        "windowDuration": "window",
        "stateTtl": "forget_after",
    }
    moved = MOVED_FIELDS

    def sentence(self, config: CountThresholdConfig) -> str:
        """`5 or more events (type = 'A') within 1 hour, by card`."""
        what = f"distinct {config.distinct}" if config.distinct else "events"
        by = by_key(config.key)
        kind = "" if config.windows == "rolling" else f" {config.windows}"
        where = "" if is_true(config.where) else f" where {config.where}"
        return (
            f"{config.comparison} {config.threshold} {what}{where} "
            f"in{' a' + kind + ' window of' if kind else ''} {config.window}{by}"
        )

    def check(self, config: CountThresholdConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """Shared fields, then combinations that can never hold or would never end."""
        yield from check_common(config, inputs[0])
        rolling = config.windows == "rolling"
        if rolling and config.comparison not in ROLLING_COMPARISONS:
            yield Problem(
                "ROLLING_COMPARISON",
                "A rolling count is looked at when an event comes, so it cannot be seen to fall.",
                "comparison",
                config.comparison,
                list(ROLLING_COMPARISONS),
                "Use tumbling or sliding windows, which answer at their end.",
                {"windows": "tumbling", "forget_after": config.forget_after or "1 day"},
            )
        yield from _check_threshold(config)
        yield from _check_windows(config)

    def plan(
        self, config: CountThresholdConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """One condition; the counted value, if any, is packed as a computed value."""
        relation = inputs[0]
        where = current_row_sql(config.where, "where", relation, resolver)
        computed = []
        if config.distinct:
            text, column_type = expression_column(config.distinct, "distinct", relation, resolver)
            computed.append(Value("distinct", text, column_type, "computed"))
        values = packed_values(config, relation, computed)
        rolling = config.windows == "rolling"
        return PatternPlan(
            key=config.key,
            event_time=event_time_of(config, relation),
            conditions=(where,),
            values=values,
            # A window that counts when it is empty must know that its key is alive.
            all_rows=not rolling and _empty_holds(config),
            arrival=config.ordering == "arrival",
            matcher="count_threshold",
            construct=_construct(config, len(values) if config.distinct else None),
            functions="",
            steps=("event",),
            measures=WINDOW_MEASURES[:1] if rolling else WINDOW_MEASURES,
        )

    def step_conditions(self, config: CountThresholdConfig) -> dict[str, str]:
        """Each counted event satisfies `where`."""
        return {"event": config.where}

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """The events counted so far."""
        counted = state[0] if state else []
        bound = tuple((0, ts, row) for ts, row in counted)
        deadline = state[1] if state and isinstance(state[1], int) else None
        return [(bound, deadline)] if bound else []

    def state_bound(self, config: CountThresholdConfig) -> StateBound:
        """The counted events of one window."""
        kept = config.forget_after or config.window
        return StateBound("max_events_per_key counted events", config.max_events_per_key, kept)

    def scenarios(self, config: CountThresholdConfig) -> Iterator[Scenario]:
        """Stories that match, just miss, or lie at a boundary."""
        from .scenarios import count_scenarios

        yield from count_scenarios(config)

    def misses(self, config: CountThresholdConfig, view: KeyView) -> Iterator[Miss]:
        """What came close, and what was missing."""
        from .why import count_misses

        yield from count_misses(config, view)

    def verdict(self, config: CountThresholdConfig, match: dict[str, Any]) -> str:
        """The count and the comparison it satisfies."""
        count = match["measures"]["count"]
        said = f"The count is {count}, and {count} {config.comparison} {config.threshold}"
        if config.windows == "rolling":
            again = "" if config.repeat else ", which did not hold just before this event"
            return f"{said} in the {config.window} up to {match['detected_at']}{again}."
        start, end = match["measures"]["window_start"], match["measures"]["window_end"]
        return f"{said} in the window from {start} up to, not including, {end}."


def _empty_holds(config: CountThresholdConfig) -> bool:
    """Whether a window without events satisfies the comparison."""
    at_zero = {"<=": True, "<": config.threshold > 0, ">": False}
    return at_zero.get(config.comparison, config.threshold == 0)


def _construct(config: CountThresholdConfig, distinct: int | None) -> str:
    window = duration_us(config.window)
    shared = f"distinct={distinct}, max_events={config.max_events_per_key}"
    if config.windows == "rolling":
        return (
            f"RollingCountMatcher(window={window}, comparison={config.comparison!r}, "
            f"threshold={config.threshold}, repeat={config.repeat}, {shared})"
        )
    slide = window if config.windows == "tumbling" else duration_us(config.slide or config.window)
    forget = duration_us(config.forget_after) if config.forget_after else None
    return (
        f"WindowCountMatcher(window={window}, slide={slide}, comparison={config.comparison!r}, "
        f"threshold={config.threshold}, forget_after={forget}, {shared})"
    )


def _check_threshold(config: CountThresholdConfig) -> Iterator[Problem]:
    least = 0 if config.comparison in (">", "<=") else 1
    if config.threshold < least:
        yield Problem(
            "THRESHOLD_TOO_LOW",
            f"`count {config.comparison} {config.threshold}` says nothing about a count.",
            "threshold",
            config.threshold,
            f"at least {least}",
            fix={"threshold": least},
        )
    # A count that may fall short must also be seen to reach the threshold, or it always "holds".
    most = config.threshold + (config.comparison in (">", "<="))
    if most > config.max_events_per_key:
        yield Problem(
            "THRESHOLD_UNREACHABLE",
            f"At most {config.max_events_per_key} events are kept, so {most} are never counted.",
            "max_events_per_key",
            config.max_events_per_key,
            f"at least {most}",
            fix={"max_events_per_key": most},
        )


def _check_windows(config: CountThresholdConfig) -> Iterator[Problem]:
    yield from _check_slide(config)
    if config.windows != "rolling" and config.repeat:
        yield _unused("repeat", True, "`repeat` has a meaning for rolling windows only.")
    answers_empty = config.windows != "rolling" and _empty_holds(config)
    if answers_empty and config.forget_after is None:
        yield Problem(
            "UNBOUNDED_STATE",
            "An empty window satisfies the comparison, so a key would answer for ever.",
            "forget_after",
            None,
            "how long after its last event a key still counts",
            fix={"forget_after": "1 day"},
        )
    if config.forget_after is not None and not answers_empty:
        yield _unused(
            "forget_after",
            config.forget_after,
            "`forget_after` has a meaning only where an empty window satisfies the comparison.",
        )


def _check_slide(config: CountThresholdConfig) -> Iterator[Problem]:
    if config.windows == "sliding" and config.slide is None:
        yield Problem(
            "MISSING_CONFIG", "Sliding windows need `slide`.", "slide", None, "a duration"
        )
    if config.windows != "sliding" and config.slide is not None:
        meaning = f"`slide` has no meaning for {config.windows} windows."
        yield _unused("slide", config.slide, meaning)
    if config.slide and duration_us(config.slide) > duration_us(config.window):
        yield Problem(
            "SLIDE_TOO_LONG",
            "Events between two sliding windows would never be counted.",
            "slide",
            config.slide,
            f"at most {config.window}",
            fix={"slide": config.window},
        )


def _unused(field: str, got: Any, message: str) -> Problem:
    return Problem("UNUSED_CONFIG", message, field, got, fix={field: None})


NODE = CountThreshold()
