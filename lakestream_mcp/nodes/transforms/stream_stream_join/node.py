"""Rows of two streams, put together where keys are equal and times are near."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ....cep.stateful import Batch, Feed, LocalRun, StatefulRelationalType
from ....errors import InvalidSql
from ....graph.duration import Delay, delay_ms
from ....graph.model import Column, Relation
from ....graph.node_type import ColumnResolver, NodeConfig
from ....relational.sql import column, find_column, named
from ...fields import ColumnName, Condition, NewName
from ...keys import refuse_key_type, refuse_other_key_types
from .conditions import join_condition, migrated, refuse_no_condition
from .played import played

if TYPE_CHECKING:
    from sqlglot import exp

SIDES = ("in_0", "in_1")
JOINS = {"inner": "", "left": "left", "right": "right", "full": "full"}


class JoinKey(BaseModel):
    """A key with a name of its own on each side."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    left: ColumnName = Field(description="Column of the left stream")
    right: ColumnName = Field(description="Column of the right stream")


class StreamStreamJoinConfig(NodeConfig):
    """Keys, the time between the rows, and what goes out."""

    keys: list[ColumnName | JoinKey] = Field(
        min_length=1,
        max_length=32,
        description="Columns that must be equal: names both sides have, or pairs of left and "
        "right; NULL equals nothing",
    )
    within_before: Delay = Field(
        description="How much earlier than the right row the left row may be, e.g. `10 minutes`"
    )
    within_after: Delay = Field(
        "0 seconds", description="How much later than the right row the left row may be"
    )
    join: Literal["inner", "left", "right", "full"] = Field(
        "inner",
        description="Whether rows without a partner go out, too: those of `left`, `right`, or "
        "both (`full`); they do when the watermark says that none can come",
    )
    condition: Condition | None = Field(
        None,
        description="What else must be true, over columns like `left.amount` and `right.amount`",
    )
    left_prefix: NewName | None = Field(
        None, description="Put before the names of the left columns, keys of one name apart"
    )
    right_prefix: NewName | None = Field(
        None, description="Put before the names of the right columns, keys of one name apart"
    )


class StreamStreamJoin(StatefulRelationalType):
    """A join on keys and an interval of the event times, which bounds what Spark keeps."""

    type = "stream-stream-join"
    title = "Stream-stream join"
    summary = "Joins two streams by key, within a time of each other"
    Config = StreamStreamJoinConfig
    input_ports = ("left", "right")
    field_ports = {"keys.left": "left", "keys.right": "right"}
    unsaid = tuple(StreamStreamJoinConfig.model_fields)
    aliases = ("stream-join", "interval-join")
    field_aliases = {"joinCondition": "condition", "joinType": "join", "joinKeys": "keys"}
    moved = {
        "left": "an input is an edge: connect with `target_port` left",
        "right": "an input is an edge: connect with `target_port` right",
        "leftWatermark": "`watermark_delay` of the source that feeds `left`",
        "rightWatermark": "`watermark_delay` of the source that feeds `right`",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier condition held the keys: `left.id = right.order_id AND …`."""
        return migrated(config)

    def spelled_out(self, config: StreamStreamJoinConfig) -> StreamStreamJoinConfig:
        """Every key with its name on each side."""
        pairs = [JoinKey(left=k, right=k) if isinstance(k, str) else k for k in config.keys]
        return config.model_copy(update={"keys": pairs})

    def sentence(self, config: StreamStreamJoinConfig) -> str:
        names = ", ".join(k if isinstance(k, str) else f"{k.left} = {k.right}" for k in config.keys)
        return (
            f"joins left and right by {names}, left at most {config.within_before} before and "
            f"{config.within_after} after right"
        )

    def query(self, config: StreamStreamJoinConfig, inputs: Sequence[Relation]) -> exp.Query:
        return _query(config, inputs, ())

    def relation(
        self,
        config: StreamStreamJoinConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        """Keys of one name once, then the columns of both sides. No watermark goes on."""
        columns = tuple(Column(name, kind) for name, _, kind in _outputs(config, inputs))
        seen: set[str] = set()
        for name, _ in columns:
            if name.lower() in seen:
                raise InvalidSql(
                    f"both sides have a column `{name}`",
                    code="DUPLICATE_COLUMN",
                    where={"field": "right_prefix"},
                    got=name,
                    hint="set `left_prefix` or `right_prefix`",
                    fix=[{"op": "update_node", "config": {"right_prefix": "right_"}}],
                )
            seen.add(name.lower())
        if config.condition is not None:
            refuse_no_condition(config.condition, inputs, resolver)
        return Relation(columns, _event_time(config, inputs))

    def local(
        self,
        config: StreamStreamJoinConfig,
        feeds: Sequence[Feed],
        batches: Sequence[Batch],
        output: Relation,
        engine: Any,
    ) -> LocalRun:
        """The pairs of all rows that were not late, and rows that can have no partner any more."""
        from ....relational.sql import cast_outputs

        inputs = [feed.relation for feed in feeds]
        query = cast_outputs(_query(config, inputs, ("__row",)), output.columns)
        waits_ms = (delay_ms(config.within_before), delay_ms(config.within_after))
        return played(query, feeds, batches, waits_ms, engine)

    def state_bound(self, config: StreamStreamJoinConfig) -> str:
        """Rows of each side for as long as a partner may come."""
        return (
            f"every left row until the watermark is {config.within_before} past it, every right "
            f"row until it is {config.within_after} past it"
        )


def _pairs(config: StreamStreamJoinConfig, inputs: Sequence[Relation]) -> list[tuple[str, str]]:
    left, right = inputs
    pairs = []
    for i, key in enumerate(config.keys):
        ours, theirs = (key, key) if isinstance(key, str) else (key.left, key.right)
        field = f"keys.{i}"
        pair = find_column(ours, left, field), find_column(theirs, right, field)
        kinds = left.type_of(pair[0]) or "", right.type_of(pair[1]) or ""
        refuse_other_key_types(pair, kinds, field)
        refuse_key_type(pair[0], kinds[0], field)
        pairs.append(pair)
    return pairs


def _event_time(config: StreamStreamJoinConfig, inputs: Sequence[Relation]) -> str | None:
    """The event time of the side whose rows all go out; with `full` there is none."""
    side = 1 if config.join == "right" else 0
    if config.join == "full" or inputs[side].event_time is None:
        return None
    prefix = (config.left_prefix, config.right_prefix)[side] or ""
    return f"{prefix}{inputs[side].event_time}"


def _outputs(
    config: StreamStreamJoinConfig, inputs: Sequence[Relation]
) -> list[tuple[str, exp.Expr, str]]:
    """Name, value and type of each column that goes out."""
    from sqlglot import exp

    shared = [a for a, b in _pairs(config, inputs) if a == b]
    found: list[tuple[str, exp.Expr, str]] = []
    for name in shared:
        both = exp.func("coalesce", *(column(name, side) for side in SIDES))
        found.append((name, both, inputs[0].type_of(name) or ""))
    prefixes = (config.left_prefix, config.right_prefix)
    for side, rows, prefix in zip(SIDES, inputs, prefixes, strict=True):
        found += [
            (f"{prefix or ''}{name}", column(name, side), kind)
            for name, kind in rows.columns
            if name not in shared
        ]
    return found


def _query(
    config: StreamStreamJoinConfig, inputs: Sequence[Relation], hidden: Sequence[str]
) -> exp.Select:
    """The join. Rows without event time would be kept for ever, so they are left out."""
    from sqlglot import exp

    left_time, right_time = (
        exp.Column(this=column(rows.event_time or "").this, table=exp.to_identifier(side))
        for rows, side in zip(inputs, SIDES, strict=True)
    )
    on: list[exp.Expr] = [
        exp.EQ(this=column(a, "in_0"), expression=column(b, "in_1"))
        for a, b in _pairs(config, inputs)
    ]
    if config.join == "full":
        # Spark's full join of streams would take NULL for equal to NULL.
        keys = [column(name, s) for p in _pairs(config, inputs) for name, s in zip(p, SIDES)]
        on += [_is_known(key) for key in keys]
    earliest = exp.Sub(this=right_time, expression=_interval(config.within_before))
    latest = exp.Add(this=right_time.copy(), expression=_interval(config.within_after))
    on += [
        exp.GTE(this=left_time, expression=earliest),
        exp.LTE(this=left_time.copy(), expression=latest),
    ]
    if config.condition is not None:
        on.append(join_condition(config.condition, inputs))
    left, right = (
        exp.select(*map(column, (*rows.names, *hidden)))
        .from_(side)
        .where(_is_known(column(rows.event_time or "")))
        .subquery(side)
        for rows, side in zip(inputs, SIDES, strict=True)
    )
    outputs = [named(value, name) for name, value, _ in _outputs(config, inputs)]
    rows = exp.select(*outputs).from_(left)
    return rows.join(right, on=exp.and_(*on), join_type=JOINS[config.join])


def _is_known(value: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


def _interval(length: str) -> exp.Interval:
    from sqlglot import exp

    seconds, rest = divmod(delay_ms(length), 1000)
    text = f"{seconds}.{rest:03d}" if rest else str(seconds)
    return exp.Interval(this=exp.Literal.string(text), unit=exp.Var(this="SECOND"))


NODE = StreamStreamJoin()
