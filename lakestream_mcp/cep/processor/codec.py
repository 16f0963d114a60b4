"""Columns between Arrow and the plain data that goes to and from the guarded child."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import InvalidPipeline
from ...graph.model import Column
from ...relational.arrow_types import arrow_type, spark_type
from ...relational.column_types import parse_columns
from ..processor_type import ProcessorPlan
from .values import EPOCH, MICROSECOND, NAIVE_EPOCH, as_dict, revived

if TYPE_CHECKING:
    import pyarrow as pa

AS_THEY_ARE = {"boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string"}


def tree_of(column_type: str) -> Any:
    """A canonical type as the tree that `values` reads."""
    return _tree(arrow_type(column_type))


def _tree(given: pa.DataType) -> Any:
    import pyarrow.types as at

    if at.is_decimal(given):
        return ["decimal", given.precision, given.scale]
    if at.is_map(given):
        return ["map", _tree(given.key_type), _tree(given.item_type)]
    if at.is_list(given):
        return ["array", _tree(given.value_type)]
    if at.is_struct(given):
        return ["struct", [[field.name, _tree(field.type)] for field in given]]
    return spark_type(given)


def fields_of(columns: Sequence[Column]) -> list[Any]:
    """Columns as names with trees."""
    return [[column.name, tree_of(column.type)] for column in columns]


def state_types(plan: ProcessorPlan) -> dict[str, Any]:
    """The fields of every schema that the code declares, by its text."""
    schemas = {schema for state in plan.states for schema in state.schemas}
    return {schema: fields_of(parse_columns(schema)) for schema in sorted(schemas)}


def encoded_rows(table: Any, columns: Sequence[Column]) -> list[list[Any]]:
    """The rows of a table as plain data."""
    listed = [_encoded_column(table[column.name], column.type) for column in columns]
    return [list(row) for row in zip(*listed, strict=True)]


def _encoded_column(column: Any, column_type: str) -> list[Any]:
    values: list[Any] = column.to_pylist()
    if column_type in AS_THEY_ARE:
        return values
    tree = tree_of(column_type)
    return [_encoded(value, tree) for value in values]


def _encoded(value: Any, tree: Any) -> Any:  # noqa: PLR0911
    if value is None or (isinstance(tree, str) and tree in AS_THEY_ARE):
        return value
    if tree == "binary":
        return value.hex()
    if tree == "date":
        return (value - EPOCH.date()).days
    if tree in ("timestamp", "timestamp_ntz"):
        return (value - (EPOCH if tree == "timestamp" else NAIVE_EPOCH)) // MICROSECOND
    kind = tree[0]
    if kind == "decimal":
        return str(value)
    if kind == "array":
        return [_encoded(item, tree[1]) for item in value]
    if kind == "map":
        return [[_encoded(k, tree[1]), _encoded(v, tree[2])] for k, v in value]
    return [_encoded(value[name], t) for name, t in tree[1]]


def decoded_table(rows: Sequence[Any], columns: Sequence[Column]) -> pa.Table:
    """The rows a child answered as a table. Raises InvalidPipeline for what cannot be read."""
    import pyarrow as pa

    unreadable = (TypeError, ValueError, KeyError, IndexError, ArithmeticError, pa.ArrowException)
    try:
        arrays = [_decoded_column(rows, n, column) for n, column in enumerate(columns)]
    except unreadable as error:
        raise InvalidPipeline(
            f"The rows the code put out cannot be read: {str(error)[:200]}", code="CODE_CRASHED"
        ) from None
    return pa.table(arrays, names=[c.name for c in columns])


def _decoded_column(rows: Sequence[Any], place: int, column: Column) -> pa.Array:
    import pyarrow as pa

    tree = tree_of(column.type)
    values = [revived(values[place], tree, as_dict) for values, _, _ in rows]
    return pa.array(values, arrow_type(column.type))
