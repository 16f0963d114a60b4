"""Spark types as Arrow types and back."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import Unsupported
from ..graph.model import Column
from .column_types import nested_parts, quoted

if TYPE_CHECKING:
    import pyarrow as pa


@lru_cache(maxsize=4096)
def arrow_type(column_type: str) -> pa.DataType:
    """The Arrow type of a canonical type."""
    import pyarrow as pa

    simple = {
        "boolean": pa.bool_(),
        "tinyint": pa.int8(),
        "smallint": pa.int16(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "string": pa.string(),
        "binary": pa.binary(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", "UTC"),
        "timestamp_ntz": pa.timestamp("us"),
        "void": pa.null(),
    }
    if column_type in simple:
        return simple[column_type]
    if column_type.startswith("decimal"):
        precision, scale = (int(n) for n in re.findall(r"\d+", column_type))
        return pa.decimal128(precision, scale)
    form, columns = nested_parts(column_type)
    parts = [(part.name, arrow_type(part.type)) for part in columns]
    if form == "array":
        return pa.list_(parts[0][1])
    if form == "map":
        return pa.map_(parts[0][1], parts[1][1])
    if form == "struct":
        return pa.struct(parts)
    raise Unsupported(f"Values of type {column_type} cannot be held here", got=column_type)


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """The Arrow schema of columns."""
    import pyarrow as pa

    return pa.schema([(c.name, arrow_type(c.type)) for c in columns])


def spark_type(given: pa.DataType) -> str:
    """The canonical Spark type that holds an Arrow type. Raises Unsupported."""
    import pyarrow.types as at

    simple = _spark_types_by_arrow_id().get(given.id)
    if simple is None and at.is_dictionary(given):
        simple = spark_type(given.value_type)
    if simple is None and at.is_timestamp(given):
        simple = "timestamp" if given.tz else "timestamp_ntz"
    if simple is None and at.is_decimal128(given):
        simple = f"decimal({given.precision},{given.scale})"
    return simple or _nested_spark_type(given)


def _nested_spark_type(given: pa.DataType) -> str:
    import pyarrow.types as at

    if at.is_list(given) or at.is_large_list(given) or at.is_fixed_size_list(given):
        return f"array<{spark_type(given.value_type)}>"
    if at.is_map(given):
        return f"map<{spark_type(given.key_type)},{spark_type(given.item_type)}>"
    if at.is_struct(given):
        return f"struct<{','.join(f'{quoted(f.name)}:{spark_type(f.type)}' for f in given)}>"
    raise Unsupported(f"Arrow values of type {given} have no Spark type", got=str(given))


@lru_cache(maxsize=1)
def _spark_types_by_arrow_id() -> dict[int, str]:
    import pyarrow as pa

    pairs = (
        (pa.null(), "void"),
        (pa.bool_(), "boolean"),
        (pa.int8(), "tinyint"),
        (pa.int16(), "smallint"),
        (pa.uint8(), "smallint"),
        (pa.int32(), "int"),
        (pa.uint16(), "int"),
        (pa.int64(), "bigint"),
        (pa.uint32(), "bigint"),
        (pa.uint64(), "decimal(20,0)"),
        (pa.float16(), "float"),
        (pa.float32(), "float"),
        (pa.float64(), "double"),
        (pa.string(), "string"),
        (pa.large_string(), "string"),
        (pa.string_view(), "string"),
        (pa.binary(), "binary"),
        (pa.large_binary(), "binary"),
        (pa.binary(1), "binary"),
        (pa.date32(), "date"),
        (pa.date64(), "date"),
        (pa.duration("us"), "interval day to second"),
    )
    return {arrow.id: spark for arrow, spark in pairs}


def columns_of(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns of an Arrow schema."""
    return tuple(Column(field.name, spark_type(field.type)) for field in schema)


class _NoPandas:
    """An importer for which there is no pandas."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def without_pandas() -> None:
    """Have Arrow do without pandas, which it imports with the first array that a process makes.

    Nothing here wants it from Arrow, and it takes a fifth of a second and 40 MB.
    """
    import pyarrow as pa

    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array(())
    finally:
        sys.meta_path.remove(_NoPandas)
