"""Arrow tables made such that Sail reads them as Spark would."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import Unsupported
from .arrow_types import arrow_type, spark_type

if TYPE_CHECKING:
    import pyarrow as pa


def canonical(table: pa.Table) -> pa.Table:
    """The table with every column in the one Arrow type of its Spark type.

    NULL structs have their children masked: Sail would read `s.a` of a NULL struct as 0. Raises
    Unsupported for Arrow types without a Spark type, and for values that their Spark type cannot
    hold.
    """
    import pyarrow as pa

    if _is_canonical(table.schema):
        return table
    arrays = []
    for name, given in zip(table.schema.names, table.columns, strict=True):
        target = _target(spark_type(given.type))
        column = given if given.type == target else _cast(given, target, name)
        if _holds_struct(target):
            column = pa.chunked_array([_masked(chunk) for chunk in column.chunks], type=target)
        arrays.append(column)
    return pa.table(arrays, names=table.schema.names)


def _cast(given: pa.ChunkedArray, target: pa.DataType, name: str) -> pa.ChunkedArray:
    """Nanoseconds are cut to microseconds; nothing else may be lost."""
    import pyarrow as pa
    from pyarrow.compute import CastOptions

    try:
        return given.cast(options=CastOptions(target_type=target, allow_time_truncate=True))
    except pa.ArrowInvalid as error:
        raise Unsupported(
            f"a value of `{name}` is beyond what Spark can hold: {error}",
            where={"column": name},
            got=str(given.type),
        ) from None


def stream_bytes(table: pa.Table) -> pa.Buffer:
    """A table as an Arrow stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def read_streams(streams: list[Any]) -> pa.Table:
    """The rows of Arrow streams as one table whose columns may hold NULL."""
    import pyarrow as pa

    tables = [pa.ipc.open_stream(stream).read_all() for stream in streams]
    table = pa.concat_tables(tables) if len(tables) > 1 else tables[0]
    if all(field.nullable for field in table.schema):
        return table
    return table.cast(pa.schema([field.with_nullable(True) for field in table.schema]))


@lru_cache(maxsize=256)
def _is_canonical(schema: pa.Schema) -> bool:
    return all(
        field.type == _target(spark_type(field.type)) and not _holds_struct(field.type)
        for field in schema
    )


def _target(column_type: str) -> Any:
    import pyarrow as pa

    return pa.duration("us") if column_type.startswith("interval") else arrow_type(column_type)


def _holds_struct(given: pa.DataType) -> bool:
    import pyarrow.types as at

    if at.is_struct(given):
        return True
    if at.is_map(given):
        return _holds_struct(given.key_type) or _holds_struct(given.item_type)
    return at.is_list(given) and _holds_struct(given.value_type)


def _masked(array: Any) -> Any:
    """The array with NULL in all children of each NULL struct, at any depth."""
    import pyarrow as pa
    import pyarrow.types as at

    if at.is_struct(array.type):
        # `flatten` gives the children as seen through their parent: NULL where it is NULL.
        children = [_masked(child) for child in array.flatten()]
        mask = array.is_null() if array.null_count else None
        return pa.StructArray.from_arrays(children, fields=list(array.type), mask=mask)
    if not _holds_struct(array.type):
        return array
    whole = (
        pa.concat_arrays([array]) if array.offset == 0 else pa.array(array.to_pylist(), array.type)
    )
    mask = whole.is_null() if whole.null_count else None
    if at.is_map(array.type):
        keys, items = _masked(whole.keys), _masked(whole.items)
        return pa.MapArray.from_arrays(whole.offsets, keys, items, type=array.type, mask=mask)
    values = _masked(whole.values)
    return pa.ListArray.from_arrays(whole.offsets, values, type=array.type, mask=mask)
