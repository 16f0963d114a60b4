"""A streamed table as a configuration.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from sqlglot import exp

from ....graph.model import Column
from ....graph.node_parts import Reading
from ....relational.column_types import ddl
from ....relational.sql import sql


def reading(query: exp.Query) -> Reading | None:
    """The configuration of `SELECT CAST(a AS type) AS a, … FROM STREAM table`, or None."""
    start = query.args.get("from_")
    said = {name for name, value in query.args.items() if value}
    stream = start.this if start is not None else None
    table = stream.this if isinstance(stream, exp.Stream) else None
    if said != {"expressions", "from_"} or not isinstance(table, exp.Table):
        return None
    if isinstance(table.this, exp.Func):
        return None
    columns = [_column(item) for item in query.selects]
    known = [column for column in columns if column is not None]
    if len(known) < len(columns):
        return None
    name = ".".join(part.name for part in table.parts)
    return Reading({"table": name, "columns": ddl(known)})


def _column(item: exp.Expr) -> Column | None:
    value = item.this if isinstance(item, exp.Alias) else None
    if not isinstance(value, exp.Cast) or not isinstance(value.this, exp.Column):
        return None
    return Column(item.alias, sql(value.to).lower()) if value.this.name == item.alias else None
