"""The Avro schema of given columns, which Spark's `from_avro` reads as the same columns."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from ..errors import Unsupported
from ..graph.model import Column
from ..relational.column_types import nested_parts

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIMPLE: dict[str, Any] = {
    "boolean": "boolean",
    "tinyint": "int",
    "smallint": "int",
    "int": "int",
    "bigint": "long",
    "float": "float",
    "double": "double",
    "string": "string",
    "binary": "bytes",
    "date": {"type": "int", "logicalType": "date"},
    "timestamp": {"type": "long", "logicalType": "timestamp-micros"},
    "timestamp_ntz": {"type": "long", "logicalType": "local-timestamp-micros"},
}


def avro_schema(columns: Sequence[Column], name: str = "Row") -> str:
    """The schema, JSON text, of a record of these columns, each of which may be NULL.

    Raises Unsupported for names and types that Avro has not.
    """
    return json.dumps(_record(columns, name))


def _record(columns: Sequence[Column], name: str) -> dict[str, Any]:
    """A record; those inside it are named by the path to them, since names are once only."""
    for column in columns:
        if not _NAME.fullmatch(column.name):
            raise Unsupported(
                f"`{column.name}` is no name of an Avro field",
                where={"field": "columns"},
                got=column.name,
                expected="letters, digits and `_`, no digit first",
                hint="name it anew with a rename-cast node before this one",
            )
    fields = [
        {"name": c.name, "type": _nullable(c.type, f"{name}_{c.name}"), "default": None}
        for c in columns
    ]
    return {"type": "record", "name": name, "fields": fields}


def _nullable(column_type: str, name: str) -> list[Any]:
    return ["null", _type(column_type, name)]


def _type(column_type: str, name: str) -> Any:
    if column_type in _SIMPLE:
        return _SIMPLE[column_type]
    if column_type.startswith("decimal("):
        precision, scale = map(int, column_type[8:-1].split(","))
        return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
    form, parts = nested_parts(column_type)
    if form == "struct":
        return _record(parts, name)
    if form == "array":
        return {"type": "array", "items": _nullable(parts[0].type, name)}
    if form == "map" and parts[0].type == "string":
        return {"type": "map", "values": _nullable(parts[1].type, name)}
    raise Unsupported(
        f"{column_type} has no Avro type",
        where={"field": "columns"},
        got=column_type,
        hint="leave the column out by `columns`, or cast it with a node before this one",
    )
