"""The two queries around a pattern's stateful operator: packing its rows, unpacking its matches.

Both hosts run the same text. The packing query evaluates every condition that reads only the
current row, so that rows no step can use never reach the matcher.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ..cep.kernel_layout import TIMES, layout_of
from ..cep.physical import call, carried_type, cast, kept_as_it_is, packed, physical_type, unpacked
from ..graph.model import Column, Relation
from .sql import filtered, select

if TYPE_CHECKING:
    from sqlglot import exp

    from ..cep.pattern_type import PatternPlan

REMEMBERED_TEXT = 200


def packing_query(plan: PatternPlan, relations: Sequence[Relation]) -> exp.Query:
    """The packed rows of all inputs `in_0`, `in_1` … of a plan, united; as generated code runs it.

    What filters the rows of an input stays below the union, above the input's own watermark.
    """
    from sqlglot import exp

    packed_inputs: list[exp.Query] = [
        pack_query(part, relation, f"in_{i}")
        for i, (part, relation) in enumerate(zip(plan.parts(), relations, strict=True))
    ]
    united = packed_inputs[0]
    for query in packed_inputs[1:]:
        united = exp.Union(this=united, expression=query, distinct=False)
    return united


def pack_query(plan: PatternPlan, relation: Relation, source: str = "in_0") -> exp.Select:
    """`SELECT key_0 …, ts, mask, value_0 … FROM in_0`, the packed rows of one input.

    Rows whose mask is 0 are left out unless the pattern is strict. The filter also names `ts`: a
    filter that did not mention event time would be moved below the watermark by Spark's optimizer,
    and the rows it drops would then no longer advance the watermark.
    """
    from sqlglot import exp

    columns = [
        _as(packed(exp.column(name, quoted=True), _type(relation, name)), f"key_{i}")
        for i, name in enumerate(plan.key)
    ]
    columns.append(_as(packed(exp.column(plan.event_time, quoted=True), "timestamp"), "ts"))
    columns.append(_as(_mask(plan.conditions), "mask"))
    for i, value in enumerate(plan.values):
        columns.append(_as(packed(_parsed(value.sql), value.type), f"value_{i}"))
    rows = select(columns, source)
    if plan.all_rows or any(map(_always, plan.conditions)):
        return rows
    packed_rows = exp.From(this=rows.subquery("packed", copy=False))
    wanted = _parsed("mask <> 0 OR ts IS NULL")
    return exp.Select(expressions=[exp.Star()], from_=packed_rows, where=exp.Where(this=wanted))


def computed_query(plan: PatternPlan, relation: Relation) -> tuple[exp.Select, list[str]]:
    """Only what has to be evaluated: `SELECT mask, value_n …, __row FROM in_0`, for all rows.

    Values that are columns of a type that keeps its value when packed are left out, as are keys.
    Also returns the columns the query reads.
    """
    from sqlglot import exp

    columns: list[exp.Expr] = [_as(_mask(plan.conditions), "mask")]
    for i, value in enumerate(plan.values):
        tree = _parsed(value.sql)
        column = isinstance(tree, exp.Column) and tree.name == value.name
        if value.role == "computed" or not column or not kept_as_it_is(value.type):
            columns.append(_as(packed(tree, value.type), f"value_{i}"))
    for i, name in enumerate(plan.key):
        if not kept_as_it_is(_type(relation, name)):
            key = packed(exp.column(name, quoted=True), _type(relation, name))
            columns.append(_as(key, f"key_{i}"))
    query = select([*columns, exp.column("__row")])
    declared = {name.lower(): name for name in relation.names}
    read = {c.name.lower() for c in query.find_all(exp.Column)}
    return query, [declared[name] for name in sorted(read & declared.keys())]


def _mask(conditions: tuple[str, ...]) -> exp.Expr:
    from sqlglot import exp

    bits = [_bit(c, 1 << i) for i, c in enumerate(conditions) if c.upper() != "FALSE"]
    total = bits[0] if bits else cast(exp.Literal.number(0), "bigint")
    for bit in bits[1:]:
        total = exp.Add(this=total, expression=bit)
    return total


def _bit(condition: str, value: int) -> exp.Expr:
    from sqlglot import exp

    held = cast(exp.Literal.number(value), "bigint")
    if _always(condition):
        return held
    missed = cast(exp.Literal.number(0), "bigint")
    return exp.Case(ifs=[exp.If(this=_parsed(condition), true=held)], default=missed)


def _always(condition: str) -> bool:
    """Whether a condition is the word TRUE, which each row satisfies."""
    return condition.upper() == "TRUE"


def _as(value: exp.Expr, name: str, quoted: bool = False) -> exp.Alias:
    from sqlglot import exp

    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=quoted))


def _parsed(text: str) -> exp.Expr:
    return _remembered(text).copy() if len(text) <= REMEMBERED_TEXT else _read(text)


def _read(text: str) -> exp.Expr:
    from .dialect import parse, tokenize

    (tree,) = parse(tokenize(text), text)
    assert tree is not None, text
    return tree


_remembered = lru_cache(maxsize=1024)(_read)
"""Patterns of one type share most of their texts."""


def _type(relation: Relation, name: str) -> str:
    found = relation.type_of(name)
    assert found is not None, f"{name} was checked when the plan was made"
    return found


def packed_columns(plan: PatternPlan, relation: Relation) -> tuple[Column, ...]:
    """The columns `pack_query` produces."""
    keys = [Column(f"key_{i}", physical_type(_type(relation, n))) for i, n in enumerate(plan.key)]
    values = [Column(f"value_{i}", physical_type(v.type)) for i, v in enumerate(plan.values)]
    return (*keys, Column("ts", "bigint"), Column("mask", "bigint"), *values)


def match_columns(plan: PatternPlan, relation: Relation) -> tuple[Column, ...]:
    """The columns the stateful operator emits, physical, as `kernel.match_columns` names them."""
    layout = layout_of(plan, "")
    keys = [Column(f"key_{i}", physical_type(_type(relation, n))) for i, n in enumerate(plan.key)]
    kept = [
        Column(f"kept_{n}", f"array<{physical_type(plan.values[value].type)}>")
        for n, value in enumerate(layout.kept)
    ]
    measures = [Column(f"measure_{i}", carried_type(m.type)) for i, m in enumerate(plan.measures)]
    return (
        Column("match_id", "string"),
        *keys,
        *(Column(name, "bigint") for name in TIMES),
        Column("steps", "array<bigint>"),
        Column("times", "array<bigint>"),
        *kept,
        *measures,
    )


class Unpacking(NamedTuple):
    """What the query after a pattern's operator is made of, but for the pattern's name."""

    key: tuple[Column, ...]
    kept: tuple[Column, ...]
    steps: tuple[str, ...]
    measures: tuple[Column, ...]


def unpacking(plan: PatternPlan, relation: Relation) -> Unpacking:
    """The same for patterns that differ in what they match, not in what their rows hold."""
    kept = [plan.values[value] for value in layout_of(plan, "").kept]
    return Unpacking(
        tuple(Column(name, _type(relation, name)) for name in plan.key),
        tuple(Column(value.name, value.type) for value in kept),
        plan.steps,
        plan.measures,
    )


def unpack_query(rows: Unpacking, pattern: str) -> exp.Select:
    """From the operator's rows to match rows: names, types and one array of events.

    Rows without `match_id` carry counters only and are left out.
    """
    from sqlglot import exp

    columns: list[exp.Expr] = [
        _as(exp.column("match_id"), "match_id"),
        _as(exp.Literal.string(pattern), "pattern"),
    ]
    for i, part in enumerate(rows.key):
        columns.append(_as(unpacked(exp.column(f"key_{i}"), part.type), part.name, quoted=True))
    columns += [_as(unpacked(exp.column(name), "timestamp"), name) for name in TIMES]
    columns.append(_as(_events(rows), "events"))
    for i, measure in enumerate(rows.measures):
        value = unpacked(exp.column(f"measure_{i}"), measure.type)
        columns.append(_as(value, measure.name, quoted=True))
    return filtered(select(columns), _parsed("match_id IS NOT NULL"))


def _events(rows: Unpacking) -> exp.Expr:
    from sqlglot import exp

    def at(name: str) -> exp.Expr:
        return exp.Bracket(this=exp.column(name), expressions=[exp.column("i")])

    names = exp.Array(expressions=[exp.Literal.string(name) for name in rows.steps])
    place = exp.Add(this=cast(exp.column("step"), "int"), expression=exp.Literal.number(1))
    fields: list[exp.Expr] = [
        _as(call("ELEMENT_AT", names, place), "step"),
        _as(unpacked(at("times"), "timestamp"), "event_time"),
    ]
    for n, column in enumerate(rows.kept):
        value = unpacked(at(f"kept_{n}"), column.type)
        fields.append(exp.Alias(this=value, alias=exp.to_identifier(column.name)))
    # By index: zipping the lists first would make a row per event, only to take it apart again.
    variables = [exp.to_identifier("step"), exp.to_identifier("i")]
    each = exp.Lambda(this=exp.Struct(expressions=fields), expressions=variables)
    return call("TRANSFORM", exp.column("steps"), each)
