"""Columns of a Protobuf message, as Spark's `from_protobuf` gives them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from typing import Any

from ..errors import InvalidArgument, Unsupported, nearest
from ..graph.model import Column
from ..relational.column_types import MAX_DEPTH, check_names, quoted

FIELD = "value_schema"
_HOW = "base64 of what `protoc --include_imports --descriptor_set_out=FILE x.proto` writes"
_TIMESTAMP = "google.protobuf.Timestamp"
_REFUSED = {
    "google.protobuf.Duration": "an interval, which is no column type here",
    "google.protobuf.Any": "a message of any type, which has no columns",
    "google.protobuf.Struct": "a tree of any shape, which has no columns",
}


def protobuf_columns(text: str, message: str | None) -> tuple[Column, ...]:
    """Columns of a message in a descriptor set in base64. Raises InvalidArgument, Unsupported."""
    if message is None:
        raise InvalidArgument(
            "`message` says which message of the descriptor set a value is",
            code="MISSING_CONFIG",
            where={"field": "message"},
            expected="a full name such as `shop.Order`",
        )
    return check_names(_fields(_descriptor(text, message), ()))


def protobuf_required(text: str, message: str) -> set[str]:
    """The fields that a message must have, which only those of proto2 know."""
    return {field.name for field in _descriptor(text, message).fields if field.is_required}


def refuse_choices(text: str, message: str, names: Collection[str]) -> None:
    """Raise Unsupported where more than one field of a oneof would be written: one would stay."""
    _refuse_choices(_descriptor(text, message), names)


def _refuse_choices(descriptor: Any, names: Collection[str]) -> None:
    for choice in descriptor.oneofs:
        found = [field.name for field in choice.fields if field.name in names]
        if len(found) > 1:
            raise Unsupported(
                f"of `{choice.full_name}` a message has one field only, and {len(found)} would be "
                "written",
                where={"field": "columns"},
                got=found,
                hint="list the columns of the value, one of these among them",
            )
    for field in descriptor.fields:
        inner = field.message_type
        if field.name in names and inner is not None:
            _refuse_choices(inner, {each.name for each in inner.fields})


def _descriptor(text: str, message: str) -> Any:
    """The library's descriptor of a message."""
    from google.protobuf import (
        descriptor_pb2,
        descriptor_pool,
    )
    from google.protobuf.message import DecodeError

    try:
        files = descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(text, validate=True))
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            pool.Add(file)
        names = [f"{f.package}.{m.name}".strip(".") for f in files.file for m in f.message_type]
    except (binascii.Error, DecodeError, TypeError, ValueError) as error:
        raise _invalid(f"this is no descriptor set: {error}", text) from None
    if not names:
        raise _invalid("the descriptor set holds no message", text)
    try:
        return pool.FindMessageTypeByName(message)
    except KeyError:
        near = nearest(message, names)
        raise InvalidArgument(
            f"there is no message `{message}` in the descriptor set",
            code="INVALID_SCHEMA",
            where={"field": "message"},
            got=message[:200],
            expected=names[:50],
            hint=f"did you mean `{near}`?" if near else None,
            fix=[{"op": "update_node", "config": {"message": near}}] if near else None,
        ) from None
    except (TypeError, ValueError) as error:
        raise _invalid(f"a file is missing in the descriptor set: {error}", text) from None


def _invalid(problem: str, got: Any) -> InvalidArgument:
    return InvalidArgument(
        problem[:300],
        code="INVALID_SCHEMA",
        where={"field": FIELD},
        got=str(got)[:200],
        expected=_HOW,
    )


def _fields(descriptor: Any, inside: tuple[str, ...]) -> list[Column]:
    if descriptor.full_name in inside or len(inside) >= MAX_DEPTH:
        raise Unsupported(
            f"`{descriptor.full_name}` holds itself: Spark has no such type",
            where={"field": FIELD},
            got=descriptor.full_name,
        )
    here = (*inside, descriptor.full_name)
    return [Column(field.name, _type(field, here)) for field in descriptor.fields]


def _type(field: Any, inside: tuple[str, ...]) -> str:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        key, value = (inner.fields_by_name[name] for name in ("key", "value"))
        return f"map<{_single(key, inside)},{_single(value, inside)}>"
    single = _single(field, inside)
    return f"array<{single}>" if field.is_repeated else single


def _single(field: Any, inside: tuple[str, ...]) -> str:
    """The type of one value of a field."""
    inner = field.message_type
    if inner is not None:
        if inner.full_name == _TIMESTAMP:
            return "timestamp"
        if inner.full_name in _REFUSED:
            raise Unsupported(
                f"field `{field.name}` is {_REFUSED[inner.full_name]}",
                where={"field": FIELD},
                got=inner.full_name,
            )
        columns = _fields(inner, inside)
        return f"struct<{','.join(f'{quoted(c.name)}:{c.type}' for c in columns)}>"
    if field.type in (field.TYPE_UINT64, field.TYPE_FIXED64, field.TYPE_UINT32, field.TYPE_FIXED32):
        raise Unsupported(
            f"field `{field.name}` has no sign: Spark reads its upper half as negative numbers",
            where={"field": FIELD},
            got=field.full_name,
            hint="use int64 in the .proto file",
        )
    return "binary" if field.type == field.TYPE_BYTES else _SCALARS[int(field.cpp_type)]


_SCALARS = {1: "int", 2: "bigint", 5: "double", 6: "float", 7: "boolean", 8: "string", 9: "string"}
"""By `cpp_type`: int32, int64, double, float, bool, enum, string."""
