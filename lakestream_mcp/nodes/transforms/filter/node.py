"""Rows that satisfy a condition go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from ....graph.model import Problem, Relation
from ....graph.node_parts import Reading
from ....graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ....relational.sql import column, filtered, plain_select, select, sql
from ...conditions import condition, condition_notes, refuse_other_types
from ...fields import Condition

if TYPE_CHECKING:
    from sqlglot import exp


class FilterConfig(NodeConfig):
    """Which rows go on."""

    condition: Condition = Field(
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
        yield from condition_notes({"condition": config.condition})

    def query(self, config: FilterConfig, inputs: Sequence[Relation]) -> exp.Query:
        rows = select(map(column, inputs[0].names))
        return filtered(rows, condition(config.condition, inputs[0], "condition"))

    def read(
        self, query: exp.Query, inputs: Sequence[Relation], tables: Mapping[str, str]
    ) -> Reading | None:
        """`SELECT … FROM in_0 WHERE condition`."""
        where = query.args.get("where")
        if not plain_select(query, "where") or where is None:
            return None
        return Reading({"condition": sql(where.this)})

    def relation(
        self, config: FilterConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The input as it is, once the condition is known to be a boolean."""
        refuse_other_types({"condition": config.condition}, inputs, resolver)
        return inputs[0]


NODE = Filter()
