"""Windows and aggregations read back from a query.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from ....errors import InvalidArgument
from ....graph.duration import duration_text, duration_us
from ....graph.node_parts import Reading
from ....relational.intervals import interval_us

PLAIN: dict[type[exp.Expr], str] = {exp.Sum: "sum", exp.Min: "min", exp.Max: "max"}


def reading(query: exp.Query) -> Reading | None:
    """The configuration of `SELECT window.start, window.end, keys, aggregates … GROUP BY`."""
    group = query.args.get("group")
    said = {name for name, value in query.args.items() if value}
    if not isinstance(query, exp.Select) or said != {"expressions", "from_", "group"} or not group:
        return None
    grouping = [item.this if isinstance(item, exp.Paren) else item for item in group.expressions]
    windows = [item for item in grouping if is_window(item)]
    keys = [item.name for item in grouping if isinstance(item, exp.Column)]
    if len(windows) != 1 or len(keys) + 1 != len(grouping):
        return None
    config = window_fields(windows[0])
    found = [aggregation(item) for item in query.expressions[2 + len(keys) :]]
    if config is None or None in found or not found:
        return None
    return Reading(config | {"group_by": keys, "aggregations": found})


def is_window(item: exp.Expr) -> bool:
    """Whether an expression is `window(…)` or `session_window(…)`."""
    named = isinstance(item, exp.Anonymous)
    return named and str(item.this).lower() in ("window", "session_window")


def window_fields(call: exp.Expr) -> dict[str, Any] | None:
    """Type and lengths of a window; None where it is of another kind."""
    lengths = [_length(each) for each in call.expressions[1:]]
    if not lengths or None in lengths or len(lengths) > 2:
        return None
    if str(call.this).lower() == "session_window":
        return {"window_type": "session", "gap": lengths[0]} if len(lengths) == 1 else None
    if len(lengths) == 2 and lengths[1] != lengths[0]:
        return {"window_type": "sliding", "duration": lengths[0], "slide": lengths[1]}
    return {"duration": lengths[0]}


def _length(value: exp.Expr) -> str | None:
    length = interval_us(value)
    if length is None and isinstance(value, exp.Literal) and value.is_string:
        try:
            length = duration_us(value.name)
        except InvalidArgument:
            return None
    return duration_text(length) if length else None


def aggregation(item: exp.Expr) -> dict[str, Any] | None:
    """Function, column and name of one aggregate; None for one that has no such form."""
    value = item.this if isinstance(item, exp.Alias) else item
    name = {"name": item.alias} if isinstance(item, exp.Alias) else {}
    found = _called(value)
    return found | name if found is not None else None


def _called(value: exp.Expr) -> dict[str, Any] | None:
    inner = value.this
    if isinstance(value, exp.Count):
        if isinstance(inner, exp.Column):
            return {"function": "count", "column": inner.name}
        rows = isinstance(inner, exp.Star) or (isinstance(inner, exp.Literal) and inner.this == "1")
        return {"function": "count"} if rows else _distinct(inner)
    if type(value) in PLAIN and isinstance(inner, exp.Column):
        return {"function": PLAIN[type(value)], "column": inner.name}
    if isinstance(value, exp.Avg):
        column = inner.this if isinstance(inner, exp.Cast) and inner.is_type("double") else inner
        return {"function": "avg", "column": column.name} if _is_column(column) else None
    return _collected(value)


def _is_column(value: Any) -> bool:
    return isinstance(value, exp.Column)


def _distinct(inner: exp.Expr) -> dict[str, Any] | None:
    """`COUNT(DISTINCT column)`."""
    columns = inner.expressions if isinstance(inner, exp.Distinct) else []
    if len(columns) != 1 or not _is_column(columns[0]):
        return None
    return {"function": "count_distinct", "column": columns[0].name}


def _collected(value: exp.Expr) -> dict[str, Any] | None:
    """`CAST(size(collect_set(column)) AS BIGINT)` and `sort_array(collect_set(column))`."""
    names: list[str] = []
    while not isinstance(value, exp.Column):
        if isinstance(value, exp.Cast):
            value = value.this
            continue
        inside = value.expressions or [value.this]
        if not isinstance(value, exp.Func) or len(inside) != 1 or inside[0] is None:
            return None
        names.append(str(value.this if isinstance(value, exp.Anonymous) else value.sql_name()))
        value = inside[0]
    functions = {"size/collect_set": "count_distinct", "sort_array/collect_set": "collect_set"}
    found = functions.get("/".join(names).lower())
    return {"function": found, "column": value.name} if found else None
