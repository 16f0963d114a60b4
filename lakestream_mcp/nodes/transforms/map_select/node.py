"""Columns computed from columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ....errors import LakestreamError
from ....graph.model import Problem, Relation
from ....graph.node_parts import Reading
from ....graph.node_type import NodeConfig, RelationalType
from ....graph.reads import Reads
from ....relational.naming import PROJECTIONS
from ....relational.sql import (
    cast,
    check_columns,
    column,
    may_differ,
    named,
    parse_expression,
    parse_projections,
    plain_select,
    select,
    sql,
)
from ...fields import Expression, NewName, TypeText

if TYPE_CHECKING:
    from sqlglot import exp

_NAMED = re.compile(r"\S\s+AS\s+\S|^\s*\*\s*$", re.IGNORECASE)


class Projection(BaseModel):
    """One output column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: NewName = Field(description="Name of the column")
    expression: Expression = Field(description="Spark SQL over the row's columns")
    type: TypeText | None = Field(None, description="Type it is cast to, e.g. `decimal(10,2)`")


class MapSelectConfig(NodeConfig):
    """The output columns."""

    columns: (
        Annotated[str, Field(min_length=1, max_length=20_000), Reads(PROJECTIONS)]
        | Annotated[list[Projection], Field(min_length=1, max_length=500)]
    ) = Field(
        description="Output columns: SQL like `*, price * quantity AS total` (`*` stands for the "
        "input columns not named otherwise), or a list of name, expression and type"
    )


class MapSelect(RelationalType):
    """`SELECT` of columns and expressions."""

    type = "map-select"
    title = "Map / select"
    summary = "Chooses and computes columns with SQL expressions"
    Config = MapSelectConfig
    aliases = ("select", "map")
    field_aliases = {"outputColumns": "columns", "projections": "columns"}

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier list came as JSON text, its items as names or as name and expression."""
        given = config.get("columns")
        if isinstance(given, str) and given.lstrip().startswith("["):
            given = json.loads(given)
        if isinstance(given, dict):
            given = [{"name": name, "expression": text} for name, text in given.items()]
        if isinstance(given, list) and all(isinstance(i, str) for i in given) and _are_sql(given):
            given = ", ".join(given)
        if isinstance(given, list):
            given = [_migrated(item) for item in given]
        return config | {"columns": given}

    def sentence(self, config: MapSelectConfig) -> str:
        if isinstance(config.columns, str):
            return f"selects {config.columns}"
        return f"computes {', '.join(p.name for p in config.columns)}"

    def check(self, config: MapSelectConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        if not inputs:
            return
        try:
            outputs = _outputs(config, inputs[0])
        except LakestreamError:
            return  # `relation` raises it
        yield from may_differ(outputs, "columns")

    def query(self, config: MapSelectConfig, inputs: Sequence[Relation]) -> exp.Query:
        return select(_outputs(config, inputs[0]))

    def read(
        self, query: exp.Query, inputs: Sequence[Relation], tables: Mapping[str, str]
    ) -> Reading | None:
        """`SELECT expressions FROM in_0`."""
        if not plain_select(query):
            return None
        return Reading({"columns": ", ".join(sql(item) for item in query.expressions)})


def _are_sql(items: list[str]) -> bool:
    """Whether a list is of expressions, which say their names, rather than of names."""
    return any(_NAMED.search(item) for item in items)


def _migrated(item: Any) -> Any:
    if isinstance(item, str):
        return {"name": item, "expression": f"`{item}`" if not item.isidentifier() else item}
    renamed = {"alias": "name", "expr": "expression", "column": "name"}
    found = {renamed.get(k, k): v for k, v in item.items()}
    return found if "expression" in found else found | {"expression": found.get("name")}


def _outputs(config: MapSelectConfig, rows: Relation) -> list[exp.Expr]:
    if isinstance(config.columns, str):
        return _written(config.columns, rows)
    outputs = []
    for index, projection in enumerate(config.columns):
        field = f"columns.{index}.expression"
        tree = parse_expression(projection.expression, field, nondeterministic=True)
        value = check_columns(tree, rows, field, qualifiers=("in_0",))
        if projection.type is not None:
            value = cast(value, projection.type)
        outputs.append(named(value, projection.name))
    return outputs


def _written(text: str, rows: Relation) -> list[exp.Expr]:
    from sqlglot import exp

    items = parse_projections(text, "columns")
    taken = {item.alias_or_name.lower() for item in items if not isinstance(item, exp.Star)}
    outputs: list[exp.Expr] = []
    for item in items:
        if isinstance(item, exp.Star):
            outputs += [column(name) for name in rows.names if name.lower() not in taken]
        elif isinstance(item, exp.Alias):
            value = check_columns(item.this, rows, "columns", ("in_0",), whole=False)
            outputs.append(named(value, item.alias))
        else:
            checked = check_columns(item, rows, "columns", ("in_0",), whole=len(items) == 1)
            outputs.append(named(checked, checked.name))
    return outputs


NODE = MapSelect()
