"""Conditions over one row, as several nodes take them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import InvalidSql, LakestreamError
from ..graph.model import Problem, Relation
from ..graph.node_type import ColumnResolver
from ..relational.sql import check_columns, may_differ, parse_expression, select

if TYPE_CHECKING:
    from sqlglot import exp


def condition(text: str, rows: Relation, field: str) -> exp.Expr:
    """The condition as a tree, with each column written as declared. Raises InvalidSql."""
    return check_columns(parse_expression(text, field), rows, field, ("in_0",), copy=False)


def refuse_other_types(
    conditions: Mapping[str, str], inputs: Sequence[Relation], resolver: ColumnResolver
) -> None:
    """Raise InvalidSql for a condition, by its field, that is not a boolean."""
    from sqlglot import exp

    trees = [condition(text, inputs[0], field) for field, text in conditions.items()]
    probes = [exp.Alias(this=t, alias=f"c{i}") for i, t in enumerate(trees)]
    found = resolver.columns(select(probes), inputs[:1])
    for (field, text), column in zip(conditions.items(), found, strict=True):
        if column.type != "boolean":
            raise InvalidSql(
                f"a condition is true or false; this one is of type {column.type}",
                code="NOT_A_CONDITION",
                where={"field": field},
                got=text,
                expected="boolean",
            )


def condition_notes(conditions: Mapping[str, str]) -> Iterator[Problem]:
    """What may differ from Spark in a local test; nothing where a condition does not parse."""
    for field, text in conditions.items():
        try:
            yield from may_differ([parse_expression(text, field)], field)
        except LakestreamError:
            return  # `relation` raises it


def holds(tree: exp.Expr) -> exp.Expr:
    """Whether a condition is true: false where it is NULL."""
    from sqlglot import exp

    return exp.func("coalesce", tree.copy(), exp.false())


def fails(tree: exp.Expr) -> exp.Expr:
    """Whether a condition is false or NULL."""
    from sqlglot import exp

    return exp.Not(this=holds(tree))
