"""How a column's type crosses into the kernel and back: only plain Python values go through.

Timestamps travel as microseconds and dates as days, so that no session time zone can touch them;
decimals travel as text, which is exact. What is packed here is unpacked by `unpacked`.
"""

from __future__ import annotations

import datetime as dt
import decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import Unsupported

if TYPE_CHECKING:
    from sqlglot import exp

INTEGERS = frozenset({"tinyint", "smallint", "int", "bigint"})
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def physical_type(column_type: str) -> str:
    """The Spark type a value has inside the kernel. Raises Unsupported for nested types."""
    if column_type in INTEGERS or column_type in ("date", "timestamp"):
        return "bigint"
    if column_type in ("float", "double"):
        return "double"
    if column_type in ("string", "boolean"):
        return column_type
    if column_type.startswith(("decimal", "varchar", "char")):
        return "string"
    raise Unsupported(
        f"A column of type {column_type} cannot be carried by a pattern.",
        code="UNSUPPORTED_TYPE",
        got=column_type,
        expected="boolean, an integer, float, double, decimal, string, date or timestamp",
        hint="Project the fields you need with a map-select node before the pattern.",
    )


def carried_type(column_type: str) -> str:
    """The physical type of a value that a match carries: also arrays, of arrays too."""
    element = element_type(column_type)
    return physical_type(column_type) if element is None else f"array<{carried_type(element)}>"


def element_type(column_type: str) -> str | None:
    """The type of an array's elements; None for other types."""
    return column_type[6:-1] if column_type.startswith("array<") else None


def is_packable(column_type: str) -> bool:
    """Whether `physical_type` accepts the type."""
    try:
        physical_type(column_type)
    except Unsupported:
        return False
    return True


def kept_as_it_is(column_type: str) -> bool:
    """Whether packing changes at most the width of the type, not how the value is written."""
    return is_packable(column_type) and not column_type.startswith(("decimal", "varchar", "char"))


def packed(value: exp.Expr, column_type: str) -> exp.Expr:
    """SQL that turns a value of `column_type` into its physical type."""
    if column_type == "timestamp":
        return call("UNIX_MICROS", value)
    if column_type == "date":
        return cast(call("UNIX_DATE", value), "bigint")
    return cast(value, physical_type(column_type))


def unpacked(value: exp.Expr, column_type: str) -> exp.Expr:
    """SQL that turns a physical value back into `column_type`."""
    from sqlglot import exp

    element = element_type(column_type)
    if element is not None:
        each = unpacked(exp.column("e"), element)
        body = exp.Lambda(this=each, expressions=[exp.to_identifier("e")])
        return call("TRANSFORM", value, body)
    if column_type == "timestamp":
        return call("TIMESTAMP_MICROS", value)
    if column_type == "date":
        return call("DATE_FROM_UNIX_DATE", cast(value, "int"))
    return cast(value, column_type)


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of a function, of trees that are part of no other."""
    from sqlglot import exp

    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(value: exp.Expr, column_type: str) -> exp.Expr:
    """The value as a type, unless it is a cast to it already. Takes the tree as it is."""
    from sqlglot import exp

    to = _data_type(column_type).copy()
    if isinstance(value, exp.Cast):
        return exp.cast(value, to, copy=False, dialect="spark")
    return exp.Cast(this=value, to=to)


@lru_cache(maxsize=512)
def _data_type(column_type: str) -> exp.DataType:
    """A type as a tree: the same few are asked for again and again. Not to be changed."""
    from sqlglot import exp

    return exp.DataType.build(column_type, dialect="spark")


def python_value(value: Any, column_type: str) -> Any:
    """A physical value as the Python value Arrow wants for `column_type`."""
    if value is None:
        return None
    element = element_type(column_type)
    if element is not None:
        return [python_value(each, element) for each in value]
    if column_type == "timestamp":
        return EPOCH + dt.timedelta(microseconds=value)
    if column_type == "date":
        return EPOCH.date() + dt.timedelta(days=value)
    if column_type.startswith("decimal"):
        return decimal.Decimal(value)
    return value
