"""`*` written out: every output column of a query by its name.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from ..errors import InvalidSql
from .sql import column, named

Names = Mapping[str, Sequence[str]]
"""Columns of the relations that a query may name, by their names in small letters."""


def without_stars(query: exp.Query, names: Names) -> exp.Query:
    """The query with each `*`, `t.*` and `* EXCEPT (a)` as columns. Raises UNKNOWN_RELATION."""
    written = query.copy()
    _expand(written, {name.lower(): list(columns) for name, columns in names.items()})
    return written


def _expand(query: exp.Query, names: dict[str, list[str]]) -> list[str]:
    """Write out the stars in place; the names of the output columns."""
    inside = dict(names)
    for cte in query.ctes:
        inside[cte.alias.lower()] = _expand(cte.this, inside)
    if isinstance(query, exp.Subquery):
        return _expand(query.this, inside)
    if isinstance(query, exp.SetOperation):
        first = _expand(query.left, inside)
        _expand(query.right, inside)
        return first
    found = _sources(query, inside)
    items: list[exp.Expr] = []
    for item in query.expressions:
        items += _columns(item, found) if item.is_star else [item]
    query.set("expressions", items)
    return [item.alias_or_name for item in items]


def _sources(select: exp.Query, names: dict[str, list[str]]) -> dict[str, list[str]]:
    """Columns of what a SELECT reads, by the name it knows each by."""
    found: dict[str, list[str]] = {}
    start = select.args.get("from_")
    joins = [join.this for join in select.args.get("joins") or []]
    for source in [*([start.this] if start is not None else []), *joins]:
        if isinstance(source, exp.Subquery):
            found[source.alias.lower()] = _expand(source.this, names)
        elif isinstance(source, exp.Table) and source.name.lower() in names:
            found[source.alias_or_name.lower()] = names[source.name.lower()]
    return found


def _columns(item: exp.Expr, sources: dict[str, list[str]]) -> list[exp.Expr]:
    qualifier = item.table.lower() if isinstance(item, exp.Column) else ""
    star = item.this if isinstance(item, exp.Column) else item
    if not isinstance(star, exp.Star) or (qualifier and qualifier not in sources) or not sources:
        raise InvalidSql(
            "`*` is of a relation whose columns are not known",
            code="UNKNOWN_RELATION",
            got=item.sql()[:200],
            expected=sorted(sources),
        )
    left_out = {each.name.lower() for each in star.args.get("except_") or []}
    shown = {qualifier: sources[qualifier]} if qualifier else sources
    relation = qualifier or None
    several = len(sources) > 1
    return [
        named(column(name, relation or (known if several else None)), name)
        for known, names in shown.items()
        for name in names
        if name.lower() not in left_out
    ]
