"""Columns of an Avro schema, as Spark's `from_avro` gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from ..errors import InvalidArgument, Unsupported
from ..graph.model import Column
from ..relational.column_types import MAX_DEPTH, check_names, quoted

FIELD = "value_schema"
_PRIMITIVES = {
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "bytes": "binary",
    "string": "string",
}
_LOGICAL = {
    ("int", "date"): "date",
    ("long", "timestamp-millis"): "timestamp",
    ("long", "timestamp-micros"): "timestamp",
    ("long", "local-timestamp-millis"): "timestamp_ntz",
    ("long", "local-timestamp-micros"): "timestamp_ntz",
    ("string", "uuid"): "string",
}
_NAMED = {"enum": "string", "fixed": "binary"}
_DIFFERING = frozenset({"time-millis", "time-micros", "timestamp-nanos", "duration"})
"""Logical types that versions of Spark read differently."""


def avro_columns(text: str, written: bool = False) -> tuple[Column, ...]:
    """Columns of a record schema in JSON. Raises InvalidArgument, Unsupported.

    written: values are written, not read: of a union of several types none could be picked.
    """
    return check_names(_Reader(written).fields(_record(text), "", ()))


def avro_required(text: str) -> set[str]:
    """The fields of a record schema that cannot be null."""
    fields = _record(text)["fields"]
    return {f["name"] for f in fields if not isinstance(f["type"], list) or "null" not in f["type"]}


def _record(text: str) -> dict[str, Any]:
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"the Avro schema is no JSON: {error}", text) from None
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise _invalid("the Avro schema is no record", schema)
    return schema


def _invalid(problem: str, got: Any) -> InvalidArgument:
    return InvalidArgument(
        problem,
        code="INVALID_SCHEMA",
        where={"field": FIELD},
        got=str(got)[:200],
        expected='{"type": "record", "name": …, "fields": [{"name": …, "type": …}]}',
    )


def _refuse(problem: str, got: Any, hint: str) -> NoReturn:
    raise Unsupported(problem, where={"field": FIELD}, got=str(got)[:200], hint=hint)


class _Reader:
    """Reads one schema; knows the types it has named so far."""

    def __init__(self, written: bool) -> None:
        self.written = written
        self.named: dict[str, tuple[Mapping[str, Any], str]] = {}

    def fields(
        self, schema: Mapping[str, Any], namespace: str, inside: tuple[str, ...]
    ) -> list[Column]:
        """The fields of a record."""
        name, space = self.remember(schema, namespace)
        fields = schema.get("fields")
        if not isinstance(fields, list) or not fields:
            raise _invalid(f"record `{name}` has no fields", schema)
        if len(inside) >= MAX_DEPTH:
            raise _invalid(f"records are nested more than {MAX_DEPTH} deep", name)
        found = []
        for field in fields:
            if not isinstance(field, dict) or not isinstance(field.get("name"), str):
                raise _invalid(f"a field of `{name}` has no name", field)
            if "type" not in field:
                raise _invalid(f"field `{field['name']}` has no type", field)
            found.append(Column(field["name"], self.type(field["type"], space, (*inside, name))))
        return found

    def remember(self, schema: Mapping[str, Any], namespace: str) -> tuple[str, str]:
        """Full name and namespace of a named type, known from now on."""
        name = schema.get("name")
        if not isinstance(name, str) or not name:
            raise _invalid("a record, enum or fixed type has no name", schema)
        space = str(schema.get("namespace", namespace))
        full = name if "." in name or not space else f"{space}.{name}"
        space = full.rpartition(".")[0]
        self.named[full] = (schema, space)
        return full, space

    def type(self, schema: Any, namespace: str, inside: tuple[str, ...]) -> str:
        """The Spark type of any schema."""
        if len(inside) > MAX_DEPTH:
            raise _invalid(f"types are nested more than {MAX_DEPTH} deep", schema)
        if isinstance(schema, list):
            return self._union(schema, namespace, inside)
        if isinstance(schema, str):
            return self._reference(schema, namespace, inside)
        if not isinstance(schema, dict):
            raise _invalid("a type is a name, an object or a list", schema)
        kind = schema.get("type")
        if isinstance(kind, (dict, list)):
            return self.type(kind, namespace, (*inside, ""))
        return self._complex(schema, str(kind), namespace, inside)

    def _reference(self, name: str, namespace: str, inside: tuple[str, ...]) -> str:
        if name in _PRIMITIVES:
            return _PRIMITIVES[name]
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        known = self.named.get(full) or self.named.get(name)
        if known is None:
            raise _invalid(f"`{name}` is not a type", name)
        if full in inside or name in inside:
            _refuse(
                f"`{name}` holds itself: Spark has no such type",
                name,
                "declare `columns` without it, with a registry, or send it as text",
            )
        return self.type(known[0], known[1], inside)

    def _complex(
        self, schema: Mapping[str, Any], kind: str, namespace: str, inside: tuple[str, ...]
    ) -> str:
        logical = schema.get("logicalType")
        if logical in _DIFFERING:
            _refuse(
                f"logical type `{logical}` is read differently by versions of Spark",
                logical,
                "use timestamp-millis or timestamp-micros",
            )
        if kind == "record":
            columns = self.fields(schema, namespace, inside)
            return f"struct<{','.join(f'{quoted(c.name)}:{c.type}' for c in columns)}>"
        if kind == "array":
            return f"array<{self.type(schema.get('items'), namespace, (*inside, ''))}>"
        if kind == "map":
            return f"map<string,{self.type(schema.get('values'), namespace, (*inside, ''))}>"
        if kind in ("enum", "fixed"):
            self.remember(schema, namespace)
        if logical == "decimal" and kind in ("bytes", "fixed"):
            return _decimal(schema)
        if kind in _NAMED:
            return _NAMED[kind]
        return _LOGICAL.get((kind, str(logical))) or self._reference(kind, namespace, inside)

    def _union(self, members: list[Any], namespace: str, inside: tuple[str, ...]) -> str:
        types = [self.type(m, namespace, inside) for m in members if m != "null"]
        if len(types) == 1:
            return types[0]
        if not self.written and sorted(types) == ["bigint", "int"]:
            return "bigint"
        if not self.written and sorted(types) == ["double", "float"]:
            return "double"
        _refuse(
            "a union of several types has no column type",
            members,
            'a union of "null" and one other type is read as that type',
        )


def _decimal(schema: Mapping[str, Any]) -> str:
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if type(precision) is not int or type(scale) is not int or not 0 <= scale <= precision <= 38:
        raise _invalid("a decimal has a precision of 1 to 38 and a scale within it", schema)
    return f"decimal({precision},{scale})"
