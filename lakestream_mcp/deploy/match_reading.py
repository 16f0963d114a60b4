"""A match as its sink table keeps it: the query for its row, and the row's values.

What leaves SQL are whole numbers and texts, as between SQL and Python everywhere: no time zone and
no rounding of a client's JSON can touch them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..cep.match_row import MATCH_COLUMNS
from ..cep.physical import INTEGERS, is_packable, packed, physical_type, python_value
from ..errors import Unsupported
from ..graph.model import Column, Relation
from ..relational.column_types import nested_parts

if TYPE_CHECKING:
    from sqlglot import exp

WHOLE_ID = 64
"""Characters of a whole match id, a sha256."""


def readable(relation: Relation) -> list[Column]:
    """The columns of a sink's rows that tell of a match. Raises Unsupported where some lack."""
    lacking = [name for name in MATCH_COLUMNS if relation.type_of(name) is None]
    fields = _fields(relation.type_of("events") or "")
    if lacking or not {"step", "event_time"} <= {c.name for c in fields}:
        raise Unsupported(
            "The rows of this table are no whole matches, so they cannot be explained.",
            code="NO_MATCH_ROWS",
            got=sorted(relation.names)[:50],
            expected=list(MATCH_COLUMNS),
            hint="Let the pattern's rows reach the table with these columns.",
        )
    return [c for c in relation.columns if c.name == "events" or is_packable(c.type)]


def match_query(table: Sequence[str], columns: Sequence[Column], match_id: str) -> str:
    """SQL for the rows of a match id, or of its beginning; the id is the parameter `match_id`."""
    from sqlglot import exp

    from ..relational.sql import column

    wanted, key = exp.Placeholder(this="match_id"), column("match_id")
    whole = len(match_id) == WHOLE_ID
    condition = exp.EQ(this=key, expression=wanted) if whole else _starts(key, wanted)
    names = [exp.to_identifier(name, quoted=True) for name in table]
    source = exp.Table(**dict(zip(("this", "db", "catalog"), reversed(names), strict=False)))
    selected = [exp.alias_(_physical(c), c.name, quoted=True) for c in columns]
    return exp.select(*selected).from_(source).where(condition).limit(2).sql("databricks")


def row_of(values: Sequence[str | None], columns: Sequence[Column]) -> dict[str, Any]:
    """A row's values as Python has them."""
    row: dict[str, Any] = {}
    for value, column in zip(values, columns, strict=True):
        if column.name == "events":
            fields = _fields(column.type)
            row["events"] = [_event(event, fields) for event in json.loads(value or "[]")]
        else:
            row[column.name] = _python(value, column.type)
    return row


def physical_columns(columns: Sequence[Column]) -> list[str]:
    """SQL for what of a row survives JSON: values in their physical types, others as they are."""
    from sqlglot import exp

    from ..relational.sql import column as named

    carried = {c: c.name == "events" or is_packable(c.type) for c in columns}
    values = [_physical(c) if carried[c] else named(c.name) for c in columns]
    aliased = [exp.alias_(v, c.name, quoted=True) for v, c in zip(values, columns, strict=True)]
    return [each.sql("databricks") for each in aliased]


def row_of_json(text: str, columns: Sequence[Column]) -> dict[str, Any]:
    """The row that a JSON object of physical values holds."""
    values, row = json.loads(text), {}
    for column in columns:
        value = values[column.name]
        if column.name == "events":
            value = [_event(event, _fields(column.type)) for event in value or ()]
        elif is_packable(column.type):
            value = _python(value, column.type)
        row[column.name] = value
    return row


def _starts(key: exp.Expr, wanted: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.func("startswith", key, wanted, dialect="databricks")


def _physical(column: Column) -> exp.Expr:
    """A column as SQL gives it out; of events each field."""
    from sqlglot import exp

    from ..relational.sql import column as named

    if column.name != "events":
        return packed(named(column.name), column.type)
    element = exp.to_identifier("e")
    fields = [
        part
        for field in _fields(column.type)
        for part in (
            exp.Literal.string(field.name),
            packed(exp.Dot(this=element, expression=named(field.name).this), field.type),
        )
    ]
    body = exp.func("named_struct", *fields, dialect="databricks")
    return exp.func("transform", named("events"), exp.Lambda(this=body, expressions=[element]))


def _fields(events: str) -> tuple[Column, ...]:
    """The fields of one event that can be read."""
    _, element = nested_parts(events)
    _, fields = nested_parts(element[0].type) if element else ("", ())
    return tuple(f for f in fields if is_packable(f.type))


def _event(event: dict[str, Any], fields: Sequence[Column]) -> dict[str, Any]:
    known = {name.lower(): value for name, value in event.items()}
    return {field.name: _python(known.get(field.name.lower()), field.type) for field in fields}


def _python(value: Any, column_type: str) -> Any:
    """A value of JSON, or its text, as the Python value of its type."""
    if value is None:
        return None
    kind = physical_type(column_type)
    if kind == "bigint" or column_type in INTEGERS:
        value = int(value)
    elif kind == "double":
        value = float(value)
    elif kind == "boolean":
        value = value in (True, "true")
    return python_value(value, column_type)
