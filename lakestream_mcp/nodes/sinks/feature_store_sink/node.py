"""Rows merged into a feature table of Unity Catalog."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from ....errors import LakestreamError, Unsupported
from ....graph.config import problem_of
from ....graph.model import Problem, Relation
from ....graph.node_type import NodeConfig, SinkType
from ....relational.sql import find_column
from ...fields import ColumnName, NameList, PlainText, TableName, partial_name_problems
from ...merging import order_missing


class FeatureStoreSinkConfig(NodeConfig):
    """Which feature table, and what identifies a row of it."""

    table: TableName = Field(description="Feature table, `catalog.schema.table`")
    primary_keys: Annotated[NameList, Field(min_length=1)] = Field(
        description="Columns that identify an entity; they become the PRIMARY KEY"
    )
    timestamp_key: ColumnName | None = Field(
        None,
        description="Column of type timestamp or date for lookups at a point in time; part of the "
        "key as TIMESERIES",
    )
    sequence_by: ColumnName | None = Field(
        None,
        description="Of two rows with one key, the greater value of this column wins; required "
        "without `timestamp_key`",
    )
    description: PlainText | None = Field(None, description="Comment of the table")
    mode: Literal["merge", "overwrite"] = Field(
        "merge", description="How rows are written; overwrite is refused"
    )


class FeatureStoreSink(SinkType):
    """A Delta table whose primary key makes it a feature table."""

    type = "feature-store-sink"
    title = "Feature table"
    summary = "Merges rows into a feature table of Unity Catalog by its primary key"
    Config = FeatureStoreSinkConfig
    aliases = ("feature-table-sink",)
    field_aliases = {
        "featureTableName": "table",
        "primaryKeys": "primary_keys",
        "timestampKey": "timestamp_key",
        "writeMode": "mode",
        "sequenceBy": "sequence_by",
    }

    def sentence(self, config: FeatureStoreSinkConfig) -> str:
        return f"merges features into {config.table} by {', '.join(config.primary_keys)}"

    def check(
        self, config: FeatureStoreSinkConfig, inputs: Sequence[Relation]
    ) -> Iterator[Problem]:
        yield from partial_name_problems(config.table, "table")
        if config.mode == "overwrite":
            yield Problem(
                "UNSUPPORTED",
                "a stream cannot overwrite a feature table: lookups would miss most keys",
                field="mode",
                got="overwrite",
                expected="merge",
                fix={"mode": "merge"},
            )
        for rows in inputs[:1]:
            yield from _row_problems(config, rows)

    def code(self, config: FeatureStoreSinkConfig, relation: Relation) -> dict[str, Any]:
        if config.mode != "merge":
            raise Unsupported("A stream cannot overwrite a table.", where={"field": "mode"})
        keys = [find_column(name, relation, "primary_keys") for name in config.primary_keys]
        time, last = config.timestamp_key, config.sequence_by
        timeseries = time and find_column(time, relation, "timestamp_key")
        return {
            "table": config.table,
            "columns": [tuple(c) for c in relation.columns],
            "keys": [*keys, *([timeseries] if timeseries else [])],
            "timeseries": timeseries,
            "sequence_by": last and find_column(last, relation, "sequence_by"),
            "comment": config.description,
        }


def _row_problems(config: FeatureStoreSinkConfig, rows: Relation) -> Iterator[Problem]:
    for field in ("primary_keys", "timestamp_key", "sequence_by"):
        given = getattr(config, field) or []
        names = [given] if isinstance(given, str) else given
        for name in names:
            try:
                find_column(name, rows, field, names if field == "primary_keys" else None)
            except LakestreamError as error:
                yield problem_of(error)
    keys = [name.lower() for name in config.primary_keys]
    if config.timestamp_key is None:
        if config.sequence_by is None:
            yield order_missing(rows, "a column that grows with time, or a `timestamp_key`")
        return
    kind = rows.type_of(config.timestamp_key)
    if kind is not None and not kind.startswith(("timestamp", "date")):
        yield Problem(
            "EVENT_TIME_TYPE",
            f"`timestamp_key` is of type {kind}",
            field="timestamp_key",
            got=kind,
            expected="timestamp or date",
        )
    if config.timestamp_key.lower() in keys:
        yield Problem(
            "DUPLICATE_COLUMN",
            "`timestamp_key` joins the primary key by itself",
            field="primary_keys",
            got=config.timestamp_key,
            fix={"primary_keys": [n for n in config.primary_keys if n != config.timestamp_key]},
        )


NODE = FeatureStoreSink()
