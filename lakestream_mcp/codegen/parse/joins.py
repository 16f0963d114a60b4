"""A SELECT over streams or a stream and tables: the join as a node, and further ones behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from ...graph.model import Relation
from .draft import Port
from .shapes import Shape
from .stream_joins import streams_joined

if TYPE_CHECKING:
    from .split import Splitter

STREAM, TABLE = "in_0", "in_1"


def joined(splitter: Splitter, shape: Shape, ports: Sequence[Port], wanted: str) -> Port | None:
    """The first join as a node, then the rest; None where that cannot be."""
    if len(ports) == 1:
        return _with_table(splitter, shape, ports[0], wanted)
    return None if shape.tables else streams_joined(splitter, shape, ports, wanted)


def _with_table(splitter: Splitter, shape: Shape, port: Port, wanted: str) -> Port | None:
    """The first table by a stream-static-join."""
    query = shape.query.copy()
    joins = query.args.get("joins") or []
    start = query.args["from_"].this
    if not joins or getattr(start, "name", "") != STREAM or joins[0].this.name != TABLE:
        return None
    relation = splitter.draft.relations[port[0]]
    if not _qualified(query, relation, alone=len(shape.tables) == 1):
        return None
    names = _used(query, joins[0])
    prefix = _prefix(shape, query, names, relation)
    first = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier(STREAM))).from_(STREAM)
    for name in names:
        value = exp.column(name, TABLE)
        first = first.select(exp.alias_(value, prefix + name) if prefix else value)
    first.set("joins", [joins[0].copy()])
    table = {TABLE: shape.tables[TABLE]}
    node = splitter.one_node(Shape(first, shape.streams, table), [port], f"{wanted}_join")
    if node is None:
        return None
    return splitter.fitted(_rest(query, shape, prefix), [node], wanted)


def _qualified(query: exp.Query, relation: Relation | None, alone: bool) -> bool:
    """Give each column the relation it is of; whether that can be told, and no star is left."""
    known = {name.lower() for name in relation.names} if relation is not None else None
    for column in list(query.find_all(exp.Column)):
        if isinstance(column.this, exp.Star):
            if column.table == STREAM and known is not None and relation is not None:
                continue
            return False
        if not column.table:
            if known is None or not (alone or column.name.lower() in known):
                return False
            owner = STREAM if column.name.lower() in known else TABLE
            column.set("table", exp.to_identifier(owner))
    if relation is not None:
        _expand(query, relation)
    return not any(isinstance(item, exp.Star) for item in query.expressions)


def _expand(query: exp.Query, relation: Relation) -> None:
    items: list[exp.Expr] = []
    for item in query.expressions:
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            items += [exp.column(name, STREAM) for name in relation.names]
        else:
            items.append(item)
    query.set("expressions", items)


def _used(query: exp.Query, join: exp.Join) -> list[str]:
    """Columns of the table that are read after the join."""
    inside = {id(column) for column in join.find_all(exp.Column)}
    columns = query.find_all(exp.Column, bfs=False)
    used = [c.name for c in columns if c.table == TABLE and id(c) not in inside]
    return list(dict.fromkeys(used))


def _prefix(shape: Shape, query: exp.Query, names: list[str], relation: Relation | None) -> str:
    """What makes the table's columns differ from the stream's, where they do not."""
    ours = {c.name.lower() for c in query.find_all(exp.Column) if c.table == STREAM}
    ours |= {name.lower() for name in relation.names} if relation is not None else set()
    clash = ours & {name.lower() for name in names}
    return f"{shape.tables[TABLE].rpartition('.')[2]}_" if clash else ""


def _rest(query: exp.Query, shape: Shape, prefix: str) -> Shape:
    """The query over the rows of the join, further tables numbered anew."""
    query.set("joins", query.args["joins"][1:])
    tables = {f"in_{i}": name for i, name in enumerate(list(shape.tables.values())[1:], 1)}
    moved = {f"in_{i + 1}": f"in_{i}" for i in range(1, len(tables) + 1)}
    for column in list(query.find_all(exp.Column)):
        plain = not isinstance(column.parent, (exp.Alias, exp.Select))
        if column.table == TABLE:
            named = exp.column(prefix + column.name, STREAM if tables else None)
            shown = named if plain or isinstance(column.parent, exp.Alias) else None
            column.replace(shown or (exp.alias_(named, column.name) if prefix else named))
        elif column.table in moved:
            column.set("table", exp.to_identifier(moved[column.table]))
        elif not tables:
            column.set("table", None)
    for table in query.find_all(exp.Table):
        if table.name in moved:
            table.set("this", exp.to_identifier(moved[table.name]))
    return Shape(query, shape.streams, tables)
