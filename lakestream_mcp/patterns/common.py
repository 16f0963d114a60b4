"""What all patterns share: key, event time, order, kept columns, conditions, and their checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ..cep.expression import PackedValues, Scope, Sql
from ..cep.match_row import EVENT_FIELDS, MATCH_COLUMNS, quoted
from ..cep.pattern_type import Value
from ..cep.physical import is_packable
from ..errors import InvalidArgument, InvalidSql, LimitExceeded, nearest
from ..graph.config import named_twice
from ..graph.model import Problem, Relation
from ..graph.node_type import ColumnResolver, NodeConfig
from ..graph.reads import COLUMN, Reads
from ..relational.naming import EXPRESSION

MAX_CONDITIONS = 62

FIELD_ALIASES = {"groupByKeys": "key"}
"""An earlier system's names for the fields of every pattern."""

MOVED_FIELDS = {
    "watermarkDuration": "the watermark is declared upstream: `watermark_delay` of the source, or "
    "a watermark node",
    "checkpointInterval": "the trigger interval is a setting of the pipeline",
    "stateTtl": "state is bounded by the pattern's own times; nothing needs to be set",
    "quantifiers": "a sequence declares `greedy` per step",
    "outputMeasures": "a sequence declares `measures`",
}
"""Fields of the earlier system that live elsewhere now."""


def _names(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
"""Names, as a list or as text with commas."""
RowColumn = Annotated[str, Reads(COLUMN)]
ColumnNames = Annotated[tuple[RowColumn, ...], BeforeValidator(_names)]
"""Columns of the rows that flow in, likewise."""
KeyNames = Annotated[tuple[Annotated[str, Reads(COLUMN, use="key")], ...], BeforeValidator(_names)]
Condition = Annotated[str, Reads(EXPRESSION, use="condition")]
"""SQL that is true or false of an event; it may read earlier ones."""
Expression = Annotated[str, Reads(EXPRESSION)]
"""SQL over an event, or over those of a match."""


class PatternConfig(NodeConfig):
    """Fields of every pattern."""

    key: KeyNames = Field(
        default=(),
        description="Columns whose values are matched apart; none: all rows together",
    )
    event_time: RowColumn | None = Field(
        default=None, description="Event-time column; default: the one declared upstream"
    )
    order_by: ColumnNames = Field(
        default=(),
        description="Tie-breakers for events with equal event time, e.g. a sequence number",
    )
    keep: ColumnNames | None = Field(
        default=None,
        description="Columns shown in a match's events; default: all but key, time and nested ones",
    )
    ordering: Literal["event_time", "arrival"] = Field(
        default="event_time",
        description="`event_time` waits for the watermark and is exact; `arrival` is faster, but "
        "the result depends on how the stream is batched",
    )


def event_time_of(config: PatternConfig, relation: Relation) -> str:
    """The event-time column a pattern uses; '' when there is none (a finding says so)."""
    return config.event_time or relation.event_time or ""


def kept_columns(config: PatternConfig, relation: Relation) -> tuple[str, ...]:
    """The columns a match's events show."""
    if config.keep is not None:
        return config.keep
    hidden = {*config.key, event_time_of(config, relation), *EVENT_FIELDS}
    return tuple(c.name for c in relation.columns if c.name not in hidden and is_packable(c.type))


def packed_values(
    config: PatternConfig, relation: Relation, computed: Sequence[Value] = ()
) -> tuple[Value, ...]:
    """Values for the matcher: tie-breakers, kept columns, then what conditions compute."""
    order = [_value(relation, name, "order") for name in config.order_by]
    kept = [_value(relation, name, "keep") for name in kept_columns(config, relation)]
    return (*order, *kept, *computed)


def _value(relation: Relation, name: str, role: str) -> Value:
    column_type = relation.type_of(name)
    if column_type is None:
        raise InvalidSql(
            f"There is no column `{name}`.",
            code="UNKNOWN_COLUMN",
            got=name,
            expected=list(relation.names),
            hint=nearest(name, relation.names),
        )
    return Value(name, quoted(name), column_type, role)


def current_row_sql(text: str, field: str, relation: Relation, resolver: ColumnResolver) -> str:
    """A condition over the current row, checked and written as canonical SQL. Raises InvalidSql."""
    checked, column_type = expression_column(text, field, relation, resolver)
    if column_type not in ("boolean", "void"):
        raise InvalidSql(
            f"`{text}` is {column_type}, not a condition.",
            where={"field": field},
            got=column_type,
            expected="boolean",
        )
    return checked


def expression_column(
    text: str, field: str, relation: Relation, resolver: ColumnResolver
) -> tuple[str, str]:
    """An expression over the current row as canonical SQL, and its type. Raises InvalidSql."""
    from ..relational.sql import parse_expression

    access = sql_access(relation, field, resolver)
    tree = access.check(parse_expression(text, field), True)
    return access.write(tree), access.type_of(tree)


def sql_access(relation: Relation, field: str, resolver: ColumnResolver) -> Sql:
    """What splitting a condition needs of SQL, for the rows of a relation."""
    from sqlglot import exp

    from ..relational.sql import check_columns, select, sql

    def type_of(tree: exp.Expr) -> str:
        column_type = relation.type_of(tree.name) if isinstance(tree, exp.Column) else None
        if column_type is not None:
            return column_type
        query = select([exp.Alias(this=tree.copy(), alias=exp.to_identifier("value"))])
        return resolver.columns(query, [relation])[0].type

    def check(tree: exp.Expr, whole: bool) -> exp.Expr:
        return check_columns(tree, relation, field, whole=whole)

    return Sql(sql, check, type_of)


def scope_of(
    config: PatternConfig,
    relation: Relation,
    resolver: ColumnResolver,
    steps: tuple[str, ...],
    field: str,
    values: PackedValues | None = None,
) -> Scope:
    """What names mean in conditions of a pattern that may read events bound to `steps`."""
    packed = PackedValues(packed_values(config, relation)) if values is None else values
    return Scope(relation, steps, packed, sql_access(relation, field, resolver), field)


def check_measures(config: PatternConfig, names: Sequence[str]) -> Iterator[Problem]:
    """Key columns that are called like a measure of the match row."""
    taken = {name.lower() for name in names}
    for name in config.key:
        if name.lower() in taken:
            yield name_taken("key", name)


def check_common(config: PatternConfig, relation: Relation) -> Iterator[Problem]:
    """Problems of the shared fields, given what flows in."""
    for field in ("key", "order_by", "keep"):
        names = getattr(config, field) or ()
        yield from named_twice(field, names)
        for name in dict.fromkeys(names):
            yield from _check_column(config, relation, field, name)
    name = event_time_of(config, relation)
    if not name:
        return
    kind = relation.type_of(name)
    if kind is None:
        yield _unknown(config, relation, "event_time", name)
    elif kind != "timestamp":
        yield Problem(
            "EVENT_TIME_TYPE",
            f"Event time `{name}` is {kind}, not timestamp.",
            "event_time",
            kind,
            "timestamp",
            "Cast it with a rename-cast node before the pattern.",
        )


def _check_column(
    config: PatternConfig, relation: Relation, field: str, name: str
) -> Iterator[Problem]:
    kind = relation.type_of(name)
    if kind is None:
        yield _unknown(config, relation, field, name)
        return
    reserved = MATCH_COLUMNS if field == "key" else EVENT_FIELDS if field == "keep" else ()
    if name in reserved and name != event_time_of(config, relation):
        yield name_taken(field, name)
    inexact = ("float", "double") if field == "key" else ("decimal",) if field == "order_by" else ()
    if not is_packable(kind) or kind.startswith(inexact or "?"):
        yield Problem(
            "UNSUPPORTED_TYPE",
            f"Column `{name}` of type {kind} cannot be used as {field}.",
            field,
            kind,
            "a string, an integer, boolean, date or timestamp",
            "Cast or project it with a map-select node before the pattern.",
        )


def name_taken(field: str | None, name: str) -> Problem:
    """A column is called like one that every match row, or this pattern's, has of its own."""
    return Problem(
        "NAME_TAKEN",
        f"A match row has a `{name}` of its own.",
        field,
        name,
        None,
        f"Rename the column `{name}` with a rename-cast node before the pattern.",
    )


def renamed(names: Sequence[str], name: str, near: str) -> list[str]:
    """The names with another one for `name`, each once."""
    return list(dict.fromkeys(near if each == name else each for each in names))


def _unknown(config: PatternConfig, relation: Relation, field: str, name: str) -> Problem:
    near = nearest(name, relation.names)
    fix: dict[str, Any] | None = None
    if near is not None:
        given = getattr(config, field)
        fix = {field: renamed(given, name, near) if isinstance(given, tuple) else near}
    return Problem(
        "UNKNOWN_COLUMN",
        f"There is no column `{name}`.",
        field,
        name,
        list(relation.names),
        f"Did you mean `{near}`?" if near else None,
        fix,
    )


def condition_place(conditions: list[str], current: str, field: str) -> int:
    """The bit of a condition, which is added if it is new. Raises LimitExceeded."""
    if current not in conditions:
        conditions.append(current)
    if len(conditions) > MAX_CONDITIONS:
        raise LimitExceeded(
            f"A pattern has at most {MAX_CONDITIONS} different conditions.",
            where={"field": field},
            got=len(conditions),
            expected=MAX_CONDITIONS,
        )
    return conditions.index(current)


def raise_first(problems: Iterable[Problem]) -> None:
    """Raise the first error among problems, where a plan cannot be made in spite of it."""
    for problem in problems:
        if problem.severity == "error":
            raise InvalidArgument(
                problem.message,
                code=problem.code,
                where={"field": problem.field},
                got=problem.got,
                expected=problem.expected,
                hint=problem.hint,
            )


def by_key(key: Sequence[str]) -> str:
    """`, by customer, card`: the end of a sentence about a pattern; empty without a key."""
    return f", by {', '.join(key)}" if key else ""
