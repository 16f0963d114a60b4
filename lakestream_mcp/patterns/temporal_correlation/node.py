"""Configuration and plan of `temporal-correlation`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ...cep.expression import function_source
from ...cep.match_row import quoted
from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario, is_true
from ...graph.duration import Duration, duration_us
from ...graph.model import Column, Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import (
    FIELD_ALIASES,
    MOVED_FIELDS,
    ColumnNames,
    Condition,
    KeyNames,
    PatternConfig,
    RowColumn,
    by_key,
    check_measures,
    current_row_sql,
)
from ..inputs import Side, check_sides, condition_over_all, inputs_of, united_values

PORTS = ("left", "right")
MEASURES = (Column("gap_ms", "bigint"),)
RIGHT_FIELDS = {"key": "right_key", "event_time": "right_event_time", "keep": "right_keep"}


class TemporalCorrelationConfig(PatternConfig):
    """Events of two inputs that are near in time."""

    left: Condition = Field(
        default="TRUE", description="SQL condition of the left events that count; default: all"
    )
    right: Condition = Field(
        default="TRUE", description="SQL condition of the right events that count; default: all"
    )
    right_key: KeyNames | None = Field(
        default=None, description="The right input's key columns, where they have other names"
    )
    right_event_time: RowColumn | None = Field(
        default=None, description="The right input's event time; default: the one declared upstream"
    )
    right_keep: ColumnNames | None = Field(
        default=None, description="The right input's columns shown; default as for `keep`"
    )
    within: Duration = Field(
        default="5 minutes", description="The two are less than this apart; the end is exclusive"
    )
    order: Literal["any", "left-first", "right-first"] = Field(
        default="any", description="Which comes first; events at the same time fit every order"
    )
    pairing: Literal["each", "first", "nearest"] = Field(
        default="each",
        description="`each`: all pairs; `first`: in order, each event used once; `nearest`: for "
        "each left event the right one nearest in time",
    )
    on: Condition | None = Field(
        default=None,
        description="SQL condition on both, e.g. `left.amount = right.paid`",
    )
    unpaired_left: bool = Field(
        default=False, description="Also emit left events without partner, once none can come"
    )
    max_events_per_key: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Waiting events per key; then the oldest go"
    )


class TemporalCorrelation(PatternType):
    """Pairs of a left and a right event."""

    type = "temporal-correlation"
    title = "Temporal correlation"
    summary = "Events of two inputs with the same key that are near in time, paired"
    Config = TemporalCorrelationConfig
    input_ports = PORTS
    aliases = ("correlation",)
    field_aliases = {
        **FIELD_ALIASES,
        "streamAFilter": "left",
        "streamBFilter": "right",
        "correlationKey": "key",
        "maxTimeGap": "within",
    }
    moved = MOVED_FIELDS
    field_ports = {
        **dict.fromkeys(("key", "event_time", "keep", "left"), "left"),
        **dict.fromkeys((*RIGHT_FIELDS.values(), "right"), "right"),
    }

    def spelled_out(self, config: TemporalCorrelationConfig) -> TemporalCorrelationConfig:
        """The right input's key, which is the left one's unless it is given."""
        right = config.key if config.right_key is None else config.right_key
        return config.model_copy(update={"right_key": right})

    def sentence(self, config: TemporalCorrelationConfig) -> str:
        """`left and right less than 5 minutes apart, by customer`."""
        pair = {"any": "left and right", "left-first": "left then right"}
        what = pair.get(config.order, "right then left")
        where = [
            f"{port} where {text}"
            for port, text in (("left", config.left), ("right", config.right))
            if text.strip().lower() != "true"
        ]
        by = by_key(config.key)
        on = f", on {config.on}" if config.on else ""
        told = f" ({', '.join(where)})" if where else ""
        return f"{what} less than {config.within} apart{on}{told}{by}"

    def check(
        self, config: TemporalCorrelationConfig, inputs: Sequence[Relation]
    ) -> Iterator[Problem]:
        """The shared fields of both inputs."""
        yield from check_sides(_sides(config, inputs))
        yield from check_measures(config, [column.name for column in MEASURES])

    def plan(
        self,
        config: TemporalCorrelationConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> PatternPlan:
        """Bit 0 marks left events, bit 1 right ones; what ties them becomes Python."""
        sides = _sides(config, inputs)
        left, right = (
            current_row_sql(getattr(config, side.port), side.port, side.relation, resolver)
            for side in sides
        )
        code = ""
        columns = united_values(sides)
        if config.on is not None:
            code, needed = condition_over_all(config.on, "on", sides, resolver, columns)
            columns += needed
        if not config.unpaired_left:
            left = _known(left, sides[0].config.key)
        conditions = ((left, "FALSE"), ("FALSE", _known(right, sides[1].config.key)))
        parts = inputs_of(sides, columns, conditions)
        return PatternPlan(
            key=config.key,
            event_time=parts[0].event_time,
            conditions=parts[0].conditions,
            values=tuple(column.value for column in columns),
            all_rows=False,
            arrival=config.ordering == "arrival",
            matcher="temporal_correlation",
            construct=_construct(config),
            functions=function_source("fits", "bound", code, config.on or "") if code else "",
            steps=PORTS,
            measures=MEASURES,
            inputs=parts,
        )

    def step_conditions(self, config: TemporalCorrelationConfig) -> dict[str, str]:
        """What each event satisfied on its own."""
        return {"left": config.left, "right": config.right}

    def event_conditions(
        self, config: TemporalCorrelationConfig, match: dict[str, Any]
    ) -> list[str]:
        """The later event of a pair also satisfied the condition on both."""
        conditions = super().event_conditions(config, match)
        if config.on is not None and len(conditions) > 1:
            on = read_from(config.on, match["events"][-1]["step"])
            alone = is_true(conditions[-1])
            conditions[-1] = on if alone else f"({conditions[-1]}) AND ({on})"
        return conditions

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """Events without partner, and when their time is over."""
        return [
            (((step, ts, row),), deadline)
            for step, events in enumerate(state or ())
            for deadline, ts, row, found in events
            if not found
        ]

    def state_bound(self, config: TemporalCorrelationConfig) -> StateBound:
        """Events of both inputs that may still find a partner."""
        most = config.max_events_per_key
        return StateBound("max_events_per_key events of both inputs", most, config.within)

    def scenarios(self, config: TemporalCorrelationConfig) -> Iterator[Scenario]:
        """Stories that match, just miss, or lie at a boundary."""
        from .scenarios import correlation_scenarios

        yield from correlation_scenarios(config)

    def misses(self, config: TemporalCorrelationConfig, view: KeyView) -> Iterator[Miss]:
        """What came close, and what was missing."""
        from .why import correlation_misses

        yield from correlation_misses(config, view)

    def verdict(self, config: TemporalCorrelationConfig, match: dict[str, Any]) -> str:
        """The later event, or the timer of the left one."""
        gap, at = match["measures"]["gap_ms"], match["detected_at"]
        if gap is None:
            return f"No right event fitted up to, not including, {at}: the timer at {at} decided."
        apart = f"They are {abs(gap)} ms apart, less than {config.within}"
        if config.pairing == "nearest":
            return f"{apart}; no right event is nearer, which was certain at {at}."
        return f"{apart}: the `{match['events'][-1]['step']}` event at {at} made the pair."


def _sides(config: TemporalCorrelationConfig, inputs: Sequence[Relation]) -> tuple[Side, Side]:
    """The shared fields as each input has them."""
    right = config.model_copy(
        update={
            "key": config.key if config.right_key is None else config.right_key,
            "event_time": config.right_event_time,
            "keep": config.right_keep,
        }
    )
    right_fields = (
        RIGHT_FIELDS
        if config.right_key is not None
        else {name: own for name, own in RIGHT_FIELDS.items() if name != "key"}
    )
    return Side("left", config, inputs[0], {}), Side("right", right, inputs[1], right_fields)


def _known(condition: str, key: Sequence[str]) -> str:
    """The condition, for rows whose key has no NULL: such a row is nobody's partner."""
    return " AND ".join([f"({condition})", *(f"{quoted(name)} IS NOT NULL" for name in key)])


def _construct(config: TemporalCorrelationConfig) -> str:
    return (
        f"CorrelationMatcher(within={duration_us(config.within)}, order={config.order!r}, "
        f"pairing={config.pairing!r}, fits={'fits' if config.on is not None else None}, "
        f"unpaired={config.unpaired_left}, ties={len(config.order_by)}, "
        f"max_events={config.max_events_per_key})"
    )


def read_from(on: str, step: str) -> str:
    """The condition on both as one on the current row, which is of this step."""
    from sqlglot import exp

    from ...relational.sql import parse_expression, sql

    tree = parse_expression(on, "on")
    for column in list(tree.find_all(exp.Column)):
        port = column.table.lower()
        column.set("table", None if port == step else exp.to_identifier(port))
    return sql(tree)


NODE = TemporalCorrelation()
