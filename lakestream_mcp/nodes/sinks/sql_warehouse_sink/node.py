"""Rows merged into a table by a SQL warehouse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ....errors import LakestreamError
from ....graph.config import problem_of
from ....graph.model import Problem, Relation
from ....graph.node_type import NodeConfig, SinkType
from ....relational.sql import find_column
from ...fields import (
    ColumnName,
    NameList,
    PlainText,
    TableName,
    joined_table_name,
    partial_name_problems,
)
from ...merging import merge_keys, merge_problems


def _warehouse(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
        raise ValueError("the id of a warehouse is letters and digits, as in its address")
    return text


def _folder(text: str) -> str:
    if not text.startswith(("/Volumes/", "s3://", "abfss://", "gs://")):
        raise ValueError("the warehouse must reach the folder: take one below /Volumes/")
    return text


class SqlWarehouseSinkConfig(NodeConfig):
    """Which table, which warehouse, and what identifies a row."""

    warehouse_id: Annotated[str, AfterValidator(_warehouse)] = Field(
        description="Id of the SQL warehouse that runs the statements"
    )
    table: TableName = Field(description="Table, `catalog.schema.table`; made when it is missing")
    merge_keys: NameList | None = Field(
        None, description="Columns that identify a row; default: match_id"
    )
    sequence_by: ColumnName | None = Field(
        None, description="Of two rows with one key, the greater value of this column wins"
    )
    staging: Annotated[PlainText, AfterValidator(_folder)] = Field(
        "/Volumes/main/default/lakestream/staging",
        description="Folder through which a batch reaches the warehouse",
    )


class SqlWarehouseSink(SinkType):
    """A table that a SQL warehouse writes."""

    type = "sql-warehouse-sink"
    title = "SQL warehouse"
    summary = "Merges rows into a table by statements on a SQL warehouse"
    Config = SqlWarehouseSinkConfig
    aliases = ("warehouse-sink",)
    field_aliases = {
        "warehouseId": "warehouse_id",
        "mergeKeys": "merge_keys",
        "sequenceBy": "sequence_by",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Catalog, schema and table were three fields."""
        return joined_table_name(config)

    def sentence(self, config: SqlWarehouseSinkConfig) -> str:
        return f"merges rows into {config.table} by warehouse {config.warehouse_id}"

    def check(
        self, config: SqlWarehouseSinkConfig, inputs: Sequence[Relation]
    ) -> Iterator[Problem]:
        yield from partial_name_problems(config.table, "table")
        for rows in inputs[:1]:
            yield from _row_problems(config, rows)

    def code(self, config: SqlWarehouseSinkConfig, relation: Relation) -> dict[str, Any]:
        keys, last = merge_keys(config.merge_keys, relation), config.sequence_by
        return {
            "table": config.table,
            "columns": [tuple(c) for c in relation.columns],
            "keys": [find_column(name, relation, "merge_keys") for name in keys],
            "sequence_by": last and find_column(last, relation, "sequence_by"),
            "warehouse_id": config.warehouse_id,
            "staging": config.staging.rstrip("/"),
        }


def _row_problems(config: SqlWarehouseSinkConfig, rows: Relation) -> Iterator[Problem]:
    keys = merge_keys(config.merge_keys, rows)
    for field, names in (("merge_keys", keys), ("sequence_by", [config.sequence_by])):
        for name in filter(None, names):
            try:
                find_column(name, rows, field, keys if field == "merge_keys" else None)
            except LakestreamError as error:
                yield problem_of(error)
    yield from merge_problems(keys, config.sequence_by, rows)


NODE = SqlWarehouseSink()
