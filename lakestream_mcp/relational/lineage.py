"""Row lineage: which input row each output row came from, for the tester."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

ROW = "__row"


def with_row(query: exp.Query, streams: Collection[str] = ("in_0", "in_1")) -> exp.Query:
    """The query with the hidden column `__row` of its stream input added to each SELECT over one.

    `streams` names the relations that carry `__row`; every `in_<n>` is one by default. A SELECT
    over a query that carries it carries it too; one that reads neither is left as it is.
    """
    traced = query.copy()
    _trace(traced, set(streams))
    return traced


def _trace(query: exp.Query, streams: set[str]) -> bool:
    """Add the column in place; whether the query's rows carry it."""
    from sqlglot import exp

    inside = set(streams)
    for cte in query.ctes:
        if _trace(cte.this, inside):
            inside.add(cte.alias.lower())
    if isinstance(query, exp.Subquery):
        return _trace(query.this, inside)
    if isinstance(query, exp.SetOperation):
        return all([_trace(query.left, inside), _trace(query.right, inside)])
    start = query.args.get("from_")
    source = start.this if start is not None else None
    if isinstance(source, exp.Subquery):
        carried = _trace(source.this, inside)
    else:
        carried = isinstance(source, exp.Table) and _is_stream(source.name, inside)
    if carried and source is not None and isinstance(query, exp.Select):
        name = source.alias_or_name
        table = exp.to_identifier(name) if name else None
        row = exp.Column(this=exp.to_identifier(ROW), table=table)
        query.append("expressions", exp.Alias(this=row, alias=exp.to_identifier(ROW)))
    return carried


def _is_stream(name: str, streams: Collection[str]) -> bool:
    name = name.lower()
    return name in streams or (name.startswith("in_") and name[3:].isdecimal())
