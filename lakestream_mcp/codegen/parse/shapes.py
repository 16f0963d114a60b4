"""Queries over datasets as queries over `in_0`, `in_1` …, and the one text of equal queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlglot import exp

from ...graph.model import Column, Relation
from ...relational.sql import sql
from ...relational.stars import without_stars

OTHER = "lakestream_other"
"""Stands for the columns of a relation that a query does not mention."""


class Shape(NamedTuple):
    """A query over `in_0`, `in_1` …: names of the streams it reads, then of the tables beside."""

    query: exp.Query
    streams: tuple[str, ...]
    tables: Mapping[str, str]


def dotted(table: exp.Table) -> str:
    """A table's name as text; empty for a function."""
    if isinstance(table.this, exp.Func):
        return ""
    return ".".join(part.name for part in table.parts)


def shaped(query: exp.Query, is_stream: Callable[[exp.Table], bool]) -> Shape:
    """The query over `in_n` in place of what it reads; the streams come first."""
    tree = query.copy()
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    read = [
        table
        for table in tree.find_all(exp.Table, bfs=False)
        if not (table.name.lower() in ctes and not table.db)
    ]
    streams = [table for table in read if is_stream(table)]
    beside = [table for table in read if not is_stream(table)]
    names = {id(table): f"in_{i}" for i, table in enumerate([*_in_order(streams), *beside])}
    _rename(tree, names)
    ordered = tuple(dotted(table) for table in _in_order(streams))
    return Shape(tree, ordered, {names[id(table)]: dotted(table) for table in beside})


def _in_order(streams: list[exp.Table]) -> list[exp.Table]:
    """In the order of their aliases where all are `in_n`, else as they are met."""
    numbers = [table.alias[3:] if table.alias.startswith("in_") else "" for table in streams]
    if all(number.isdecimal() for number in numbers) and len(set(numbers)) == len(numbers):
        return sorted(streams, key=lambda table: int(table.alias[3:]))
    return streams


def _rename(tree: exp.Query, names: Mapping[int, str]) -> None:
    """Put `in_n` for tables and their aliases; a SELECT over one relation needs no qualifier."""
    for select in list(tree.find_all(exp.Select)):
        sources = _sources(select)
        known = {}
        for source in sources:
            inside = source.this if isinstance(source, exp.Stream) else source
            known[inside.alias_or_name.lower()] = names.get(id(inside), inside.alias_or_name)
        _qualify(select, known, alone=len(sources) == 1)
        _join_on(select, list(known.values()))
    for table in list(tree.find_all(exp.Table)):
        if id(table) in names:
            whole = table.parent if isinstance(table.parent, exp.Stream) else table
            whole.replace(exp.Table(this=exp.to_identifier(names[id(table)])))


def _sources(select: exp.Select) -> list[exp.Expr]:
    start = select.args.get("from_")
    joins = select.args.get("joins") or []
    return [*([start.this] if start is not None else []), *(join.this for join in joins)]


def _qualify(select: exp.Select, known: Mapping[str, str], alone: bool) -> None:
    for column in list(select.find_all(exp.Column)):
        if column.table.lower() in known and column.find_ancestor(exp.Select) is select:
            name = None if alone else exp.to_identifier(known[column.table.lower()])
            column.set("table", name)
            column.set("db", None)
            column.set("catalog", None)


def _join_on(select: exp.Select, names: list[str]) -> None:
    """`USING (a)` as `ON x.a = y.a`."""
    for at, join in enumerate(select.args.get("joins") or [], 1):
        using = join.args.get("using")
        if using and at < len(names):
            equal = [
                exp.EQ(this=exp.column(i.name, names[0]), expression=exp.column(i.name, names[at]))
                for i in using
            ]
            join.set("on", exp.and_(*equal))
            join.set("using", None)


def assumed_relation(shape: Shape, index: int) -> Relation:
    """A relation with the columns that a query mentions, for one whose columns are not known."""
    name = f"in_{index}"
    alone = len(shape.streams) + len(shape.tables) == 1
    mentioned: dict[str, str] = {}
    for column in shape.query.find_all(exp.Column):
        if isinstance(column.this, exp.Star):
            continue
        if column.table == name or not column.table:
            mentioned.setdefault(column.name.lower(), column.name)
        elif alone:
            mentioned.setdefault(column.table.lower(), column.table)
    columns = tuple(Column(n, "string") for n in (*mentioned.values(), OTHER))
    return Relation(columns, _windowed_by(shape.query))


def _windowed_by(query: exp.Query) -> str | None:
    """The column that a query makes windows of."""
    for call in query.find_all(exp.Anonymous):
        if str(call.this).lower() in ("window", "session_window") and call.expressions:
            return str(call.expressions[0].name)
    return None


def normal(query: exp.Query, names: Mapping[str, Sequence[str]] | None) -> str:
    """A text that is the same for queries that mean the same but for how they are written.

    Stars are written out where the columns' names are given.
    """
    tree = query.copy() if names is None else without_stars(query, names)
    for select in tree.find_all(exp.Select):
        alone = len(_sources(select)) == 1
        for source in _sources(select):
            if isinstance(source, exp.Table) and source.alias == source.name:
                source.set("alias", None)
        if alone:
            _qualify(select, {name.lower(): name for name in names or ()}, alone=True)
        select.set("expressions", [_named(item) for item in select.expressions])
        for join in select.args.get("joins") or []:
            _stream_first(join)
            join.set("kind", None if join.kind in ("OUTER", "INNER") else join.args.get("kind"))
    for cast in list(tree.find_all(exp.Cast)):
        while isinstance(cast.this, exp.Cast) and cast.this.to == cast.to:
            cast.set("this", cast.this.this)
    for argument in tree.find_all(exp.Kwarg):
        argument.set("this", exp.to_identifier(argument.this.name))
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
        identifier.set("quoted", False)
    return sql(tree)


def _stream_first(join: exp.Join) -> None:
    """`in_1.a = in_0.b` as `in_0.b = in_1.a`."""
    for equal in join.find_all(exp.EQ):
        left, right = equal.this, equal.expression
        columns = isinstance(left, exp.Column) and isinstance(right, exp.Column)
        if columns and right.table < left.table:
            equal.set("this", right)
            equal.set("expression", left)


def _named(item: exp.Expr) -> exp.Expr:
    """`a AS a` as `a`."""
    plain = isinstance(item, exp.Alias) and isinstance(item.this, exp.Column)
    return item.this if plain and item.this.name.lower() == item.alias.lower() else item
