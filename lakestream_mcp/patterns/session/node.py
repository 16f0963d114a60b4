"""Configuration and plan of `session`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from ...cep.expression import PackedValues
from ...cep.match_row import MATCH_COLUMNS
from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario
from ...graph.duration import Duration, duration_us
from ...graph.model import Column, Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    Condition,
    PatternConfig,
    by_key,
    check_common,
    check_measures,
    current_row_sql,
    event_time_of,
    packed_values,
)
from ..sequence.config import Measures
from .measures import STEP, session_measures

OWN_MEASURES = (
    Column("count", "bigint"),
    Column("duration_ms", "bigint"),
    Column("closed_by", "string"),
)


class SessionConfig(PatternConfig):
    """Events of a key without long gaps between them."""

    gap: Duration = Field(
        default="5 minutes",
        description="Silence that ends a session; an event exactly so long after the last one "
        "begins another",
    )
    max_duration: Duration | None = Field(
        default=None,
        description="Longest session; an event at exactly start + max_duration begins another",
    )
    where: Condition | None = Field(
        default=None, description="SQL condition of the events that count; default: all"
    )
    end: Condition | None = Field(
        default=None,
        description="SQL condition of an event that belongs to the session and closes it at once",
    )
    min_events: int = Field(
        default=1, ge=1, le=1_000_000, description="Sessions of fewer events are not emitted"
    )
    measures: Measures = Field(
        default_factory=dict,
        description="Extra columns: name → SQL over the session's events, e.g. "
        '{"total": "SUM(event.amount)", "first_page": "FIRST(event.page)"}. Beside them: `count`, '
        "`duration_ms`, `closed_by`",
    )
    max_events_per_key: int = Field(
        default=1000,
        ge=2,
        le=1_000_000,
        description="Of more events in a session the first ones and the last are listed; measures "
        "count all",
    )


class Session(PatternType):
    """Activity between two silences."""

    type = "session"
    title = "Session"
    summary = "Group a key's events into sessions that a silence, a longest time or an event ends"
    Config = SessionConfig
    aliases = ("session-detector",)
    field_aliases = {
        **FIELD_ALIASES,
        "sessionKey": "key",
        "gapDuration": "gap",
        "maxSessionDuration": "max_duration",
        "outputMeasures": "measures",
    }
    moved = {k: v for k, v in MOVED_FIELDS.items() if k != "outputMeasures"}

    def sentence(self, config: SessionConfig) -> str:
        """`events less than 5 minutes apart, at most 1 hour, by user`."""
        what = f"events where {config.where}" if config.where else "events"
        most = f", at most {config.max_duration}" if config.max_duration else ""
        end = f", until {config.end}" if config.end else ""
        by = by_key(config.key)
        return f"{what} less than {config.gap} apart{most}{end}{by}"

    def check(self, config: SessionConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """The shared fields, and names of measures."""
        yield from check_common(config, inputs[0])
        own = [column.name for column in OWN_MEASURES]
        yield from check_measures(config, [*own, *config.measures])
        taken = {*MATCH_COLUMNS, *own}
        for name in config.measures:
            if name.lower() in taken:
                yield Problem(
                    "NAME_TAKEN",
                    f"A session has a `{name}` of its own.",
                    f"measures.{name}",
                    name,
                    hint="Give the measure another name.",
                )
            taken.add(name.lower())

    def plan(
        self, config: SessionConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """Bit 0 marks events that count, bit 1 those that end a session."""
        relation = inputs[0]
        where = "TRUE"
        if config.where is not None:
            where = current_row_sql(config.where, "where", relation, resolver)
        conditions = [where]
        if config.end is not None:
            conditions.append(current_row_sql(config.end, "end", relation, resolver))
        values = PackedValues(packed_values(config, relation))
        measured = session_measures(config, relation, resolver, values)
        given = {
            "gap": duration_us(config.gap),
            "max_duration": duration_us(config.max_duration) if config.max_duration else None,
            "min_events": config.min_events,
            "folds": repr(measured.folds),
            "measures": "measures" if measured.function else None,
            "max_events": config.max_events_per_key,
        }
        return PatternPlan(
            key=config.key,
            event_time=event_time_of(config, relation),
            conditions=tuple(conditions),
            values=packed_values(config, relation, values.computed),
            all_rows=False,
            arrival=config.ordering == "arrival",
            matcher="session",
            construct=f"SessionMatcher({', '.join(f'{k}={v}' for k, v in given.items())})",
            functions=measured.function,
            steps=(STEP,),
            measures=(*OWN_MEASURES, *measured.columns),
            state=tuple(map(repr, measured.folds)),
        )

    def step_conditions(self, config: SessionConfig) -> dict[str, str]:
        """Each event counts; an ending one may satisfy `end` alone."""
        if config.end is None:
            return {STEP: config.where or "TRUE"}
        if config.where is None:
            return {STEP: "TRUE", "end": config.end}
        return {STEP: f"(({config.where}) OR ({config.end}))", "end": config.end}

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """The open session and when it ends if nothing more comes."""
        if not state:
            return []
        return [(tuple((0, ts, row) for ts, row in state[5]), state[0])]

    def state_bound(self, config: SessionConfig) -> StateBound:
        """The listed events of one session; its measures are running totals."""
        ends = [text for text in (config.gap, config.max_duration) if text is not None]
        listed = "the first events of one session and its last, max_events_per_key together"
        return StateBound(listed, config.max_events_per_key, min(ends, key=duration_us))

    def scenarios(self, config: SessionConfig) -> Iterator[Scenario]:
        """Events of one session and of two, at each border between them."""
        from .scenarios import session_scenarios

        yield from session_scenarios(config)

    def misses(self, config: SessionConfig, view: KeyView) -> Iterator[Miss]:
        """Sessions that were not emitted, and what parts one from the next."""
        from .why import session_misses

        yield from session_misses(config, view)

    def verdict(self, config: SessionConfig, match: dict[str, Any]) -> str:
        """What closed the session."""
        reason, count = match["measures"]["closed_by"], match["measures"]["count"]
        said = f"The session of {count} event(s) from {match['started_at']} to {match['ended_at']}"
        if reason == "end":
            return f"{said} was closed by its last event, for which `{config.end}` is true."
        if reason == "max_duration":
            return f"{said} reached its longest time, {config.max_duration}: the timer decided."
        return f"{said} was followed by {config.gap} of silence: the timer decided."


NODE = Session()
