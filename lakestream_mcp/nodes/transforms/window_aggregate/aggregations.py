"""Aggregations whose answers are the same on Sail and on Spark, and do not depend on batches."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ....cep.physical import is_packable
from ....errors import InvalidSql
from ....graph.model import Relation
from ....relational.sql import cast, column, find_column
from ...fields import ColumnName

if TYPE_CHECKING:
    from sqlglot import exp

NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
Function = Literal[
    "count",
    "count_distinct",
    "sum",
    "avg",
    "min",
    "max",
    "first",
    "last",
    "collect_list",
    "collect_set",
]
_OLD_NAMES = {"countdistinct": "count_distinct", "approx_count_distinct": "count_distinct"} | {
    "average": "avg",
    "mean": "avg",
}
_CALL = re.compile(
    r"\s*(\w+)\s*\(\s*(DISTINCT\s+)?(\*|\w+)?\s*\)\s*(?:\bAS\s+(\w+)\s*)?", re.IGNORECASE
)


class Aggregation(BaseModel):
    """One output column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    function: Function = Field(
        description="`first` and `last` by event time; `collect_list` in its order, NULLs kept; "
        "`collect_set` sorted, without NULL; `count_distinct` is exact"
    )
    column: ColumnName | None = Field(
        None, description="Column it reads; `count` without one counts rows"
    )
    name: ColumnName | None = Field(
        None, description="Name of the output column; default: `<function>_<column>`"
    )

    @model_validator(mode="after")
    def _reads_a_column(self) -> Aggregation:
        if self.column is None and self.function != "count":
            raise ValueError(f"`{self.function}` needs a `column`")
        return self

    @property
    def output(self) -> str:
        """The name of the output column."""
        return self.name or "_".join(filter(None, [self.function, self.column]))

    @property
    def keeps_all(self) -> bool:
        """Whether the state of a window grows with its rows."""
        return self.function in ("count_distinct", "collect_list", "collect_set")


def migrated_aggregations(given: Any) -> Any:
    """Aggregations as lists of objects; earlier ones were JSON text or calls like `sum(x)`."""
    if isinstance(given, str):
        text = given.strip()
        given = json.loads(text) if text[:1] in "[{" else [p for p in text.split(";") if p.strip()]
    if isinstance(given, dict):
        given = (
            [given] if "function" in given else [_call(v) | {"name": k} for k, v in given.items()]
        )
    return [_migrated(item) for item in given] if isinstance(given, list) else given


def _migrated(item: Any) -> Any:
    if isinstance(item, str):
        item = _call(item)
    if not isinstance(item, dict):
        return item
    renamed = {"alias": "name", "field": "column", "func": "function", "agg": "function"}
    found = {renamed.get(key, key): value for key, value in item.items()}
    if isinstance(function := found.get("function"), str):
        found["function"] = _OLD_NAMES.get(function.lower(), function.lower())
    return {k: v for k, v in found.items() if (k, v) != ("column", "*")}


def _call(text: Any) -> dict[str, Any]:
    """`sum(x) AS total` as an object; what is no such call is left for validation to name."""
    if isinstance(text, dict):
        return text
    found = _CALL.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return {"function": text}
    function, distinct, column, name = found.groups()
    if distinct:
        function = f"{function}_distinct"
    return {"function": function, "column": column or "*"} | ({"name": name} if name else {})


def aggregated(given: Aggregation, rows: Relation, order: list[str], where: str) -> exp.Expr:
    """The aggregation as SQL. Raises InvalidSql for a column it cannot read."""
    from sqlglot import exp

    if given.column is None:
        return exp.Count(this=exp.Star())
    name = find_column(given.column, rows, f"{where}.column")
    _refuse_types(given, rows.type_of(name) or "", where)
    value = column(name)
    if given.function in ("count", "sum", "min", "max"):
        return exp.func(given.function, value)
    if given.function == "avg":
        return _average(value, rows.type_of(name) or "")
    if given.function == "count_distinct":
        return cast(exp.func("size", exp.func("collect_set", value), dialect="spark"), "bigint")
    if given.function == "collect_set":
        return exp.func("sort_array", exp.func("collect_set", value), dialect="spark")
    return _by_time(given.function, name, rows, order)


def _average(value: exp.Expr, kind: str) -> exp.Expr:
    """The mean as a double; that of decimals from their exact sum."""
    from sqlglot import exp

    if not kind.startswith("decimal"):
        return exp.Avg(this=cast(value, "double"))
    count = exp.func("nullif", exp.Count(this=value.copy()), exp.Literal.number(0))
    return exp.Div(this=cast(exp.Sum(this=value), "double"), expression=count)


def _by_time(function: str, name: str, rows: Relation, order: list[str]) -> exp.Expr:
    """The first, the last or all values in order of event time; ties go by the value itself."""
    from sqlglot import exp

    parts = [("t", rows.event_time)] if rows.event_time else []
    parts += [*((f"o{i}", key) for i, key in enumerate(order)), ("v", name)]
    fields: list[exp.Expr] = []
    for part, source in parts:
        fields += [exp.Literal.string(part), column(source)]
    entry = exp.func("named_struct", *fields, dialect="spark")
    if function in ("first", "last"):
        found = exp.func("min" if function == "first" else "max", entry)
        return exp.Dot(this=found, expression=exp.to_identifier("v"))
    entries = exp.func("sort_array", exp.func("collect_list", entry), dialect="spark")
    body = exp.Dot(this=exp.to_identifier("e"), expression=exp.to_identifier("v"))
    lambda_ = exp.Lambda(this=body, expressions=[exp.to_identifier("e")])
    return exp.func("transform", entries, lambda_, dialect="spark")


def _refuse_types(given: Aggregation, kind: str, where: str) -> None:
    if given.function == "count":
        fits, expected = True, ""
    elif given.function in ("sum", "avg"):
        fits, expected = kind.startswith(NUMBERS), "a number"
    elif given.function in ("count_distinct", "collect_set"):
        fits = is_packable(kind) and kind not in ("float", "double")
        expected = "text, a whole number, decimal, boolean, date or timestamp"
    else:
        fits, expected = is_packable(kind), "a plain type"
    if not fits:
        raise InvalidSql(
            f"`{given.function}` does not take `{given.column}`, which is of type {kind}",
            code="UNSUPPORTED_TYPE",
            where={"field": f"{where}.column"},
            got=kind,
            expected=expected,
            hint="cast the column with a rename-cast node before",
        )
