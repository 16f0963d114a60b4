"""Rows that satisfy a condition go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from ....errors import InvalidSql, LakestreamError
from ....graph.model import Problem, Relation
from ....graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ....relational.sql import check_columns, column, may_differ, parse_expression

if TYPE_CHECKING:
    from sqlglot import exp


class FilterConfig(NodeConfig):
    """Which rows go on."""

    condition: str = Field(
        min_length=1,
        max_length=20_000,
        description="Spark SQL condition over the row's columns, e.g. `magnitude >= 4.5`; rows for "
        "which it is NULL are left out",
    )


class Filter(RelationalType):
    """`SELECT … WHERE condition`."""

    type = "filter"
    title = "Filter"
    summary = "Keeps the rows that satisfy a SQL condition"
    Config = FilterConfig
    field_aliases = {"where": "condition", "expression": "condition"}

    def sentence(self, config: FilterConfig) -> str:
        return f"keeps rows where {config.condition}"

    def check(
        self,
        config: FilterConfig,
        inputs: Sequence[Relation],
    ) -> Iterator[Problem]:
        try:
            yield from may_differ([parse_expression(config.condition, "condition")], "condition")
        except LakestreamError:
            return  # `relation` raises it

    def query(self, config: FilterConfig, inputs: Sequence[Relation]) -> exp.Query:
        from sqlglot import exp

        condition = _condition(config, inputs[0])
        rows = exp.select(*(column(name) for name in inputs[0].names)).from_("in_0")
        return rows.where(condition)

    def relation(
        self, config: FilterConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The input as it is, once the condition is known to be a boolean."""
        from sqlglot import exp

        condition = _condition(config, inputs[0])
        probe = exp.select(exp.Alias(this=condition, alias="condition")).from_("in_0")
        kind = resolver.columns(probe, inputs[:1])[0].type
        if kind != "boolean":
            raise InvalidSql(
                f"a condition is true or false; this one is of type {kind}",
                code="NOT_A_CONDITION",
                where={"field": "condition"},
                got=config.condition,
                expected="boolean",
            )
        return inputs[0]


def _condition(config: FilterConfig, rows: Relation) -> exp.Expr:
    tree = parse_expression(config.condition, "condition")
    return check_columns(tree, rows, "condition", qualifiers=("in_0",))


NODE = Filter()
