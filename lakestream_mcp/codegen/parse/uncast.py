"""Casts that generated code adds, taken off again: those to the type a value has anyway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from ...errors import EngineFailed, LakestreamError
from ...graph.model import Relation
from ...graph.node_type import ColumnResolver
from ...relational.column_types import canonical_type
from ...relational.sql import sql


def without_needless_casts(
    query: exp.Query, inputs: Sequence[Relation], resolver: ColumnResolver
) -> exp.Query:
    """The query, each output without a cast that changes nothing."""
    plain = query.copy()
    _strip(plain, {}, inputs, resolver)
    return plain


def without_outer_casts(query: exp.Query) -> exp.Query:
    """The query, each output without the cast around it."""
    plain = query.copy()
    for select in plain.find_all(exp.Select):
        for cast in [_cast(item) for item in select.expressions]:
            if cast is not None:
                cast.replace(cast.this)
        select.set("expressions", [_bare(item) for item in select.expressions])
    return plain


def _strip(
    query: exp.Query,
    ctes: Mapping[str, exp.CTE],
    inputs: Sequence[Relation],
    resolver: ColumnResolver,
) -> None:
    known = {**ctes, **{cte.alias: cte for cte in query.ctes}}
    if isinstance(query, exp.SetOperation):
        _strip(query.left, known, inputs, resolver)
        _strip(query.right, known, inputs, resolver)
    elif isinstance(query, exp.Select):
        casts = [cast for item in query.expressions if (cast := _cast(item)) is not None]
        types = _types(query, casts, known, inputs, resolver)
        for cast, found in zip(casts, types, strict=False):
            if found == canonical_type(sql(cast.to)):
                cast.replace(cast.this)
        query.set("expressions", [_bare(item) for item in query.expressions])


def _cast(item: exp.Expr) -> exp.Cast | None:
    value = item.this if isinstance(item, exp.Alias) else None
    return value if isinstance(value, exp.Cast) and not isinstance(value, exp.TryCast) else None


def _bare(item: exp.Expr) -> exp.Expr:
    plain = isinstance(item, exp.Alias) and isinstance(item.this, exp.Column)
    return item.this if plain and item.this.name == item.alias else item


def _types(
    select: exp.Select,
    casts: Sequence[exp.Cast],
    ctes: Mapping[str, exp.CTE],
    inputs: Sequence[Relation],
    resolver: ColumnResolver,
) -> list[str]:
    """Types of what is cast, as far as the engine can tell: of all at once, or one by one."""
    if not casts:
        return []
    probe = select.copy()
    if ctes:
        probe.set("with_", exp.With(expressions=[cte.copy() for cte in ctes.values()]))
    values = [exp.alias_(cast.this.copy(), f"v{i}") for i, cast in enumerate(casts)]
    try:
        probe.set("expressions", values)
        return [column.type for column in resolver.columns(probe, inputs)]
    except EngineFailed:
        raise  # it says nothing about the types
    except LakestreamError:
        if len(values) == 1:
            return [""]
    return [_types(select, [cast], ctes, inputs, resolver)[0] for cast in casts]
