"""Rows written to a Delta table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....errors import LakestreamError, Unsupported
from ....graph.config import problem_of
from ....graph.model import Problem, Relation
from ....graph.node_parts import Reading
from ....graph.node_type import NodeConfig, SinkType
from ....relational.sql import find_column
from ...fields import ColumnName, NameList, TableName, joined_table_name
from ...merging import MATCH_ID, merge_keys, merge_problems

if TYPE_CHECKING:
    from sqlglot import exp

    from ....relational.declarative.statements import Statement


class DeltaTableSinkConfig(NodeConfig):
    """Which table, and how rows get into it."""

    table: TableName = Field(description="Table, `catalog.schema.table`; made when it is missing")
    mode: Literal["append", "merge"] = Field(
        "append",
        description="`append` adds rows; `merge` updates the row of the same key or adds one, so "
        "that writing a batch twice changes nothing",
    )
    merge_keys: NameList | None = Field(
        None, description="Columns that identify a row, with `merge`; default: match_id"
    )
    sequence_by: ColumnName | None = Field(
        None,
        description="With `merge`: of two rows with one key, the greater value of this column wins",
    )
    partition_by: NameList | None = Field(None, description="Columns the table is partitioned by")
    cluster_by: NameList | None = Field(
        None,
        description="Columns the table is clustered by (liquid clustering); not with partitions",
    )
    merge_schema: bool = Field(False, description="Add columns to the table that it does not have")
    scd_type: Literal[1, 2] = Field(
        1,
        description="With `merge`: 1 keeps the newest row of a key, 2 keeps its history too, from "
        "`__START_AT` to `__END_AT` (declarative pipelines only)",
    )


class DeltaTableSink(SinkType):
    """A Delta table that grows or is merged into."""

    type = "delta-table-sink"
    title = "Delta table"
    summary = "Writes rows to a Delta table: append, or merge by key"
    Config = DeltaTableSinkConfig
    targets = frozenset({"sdp", "sss"})
    unsaid = ("merge_schema",)
    aliases = ("delta-sink",)
    field_aliases = {
        "writeMode": "mode",
        "mergeKeys": "merge_keys",
        "partitionColumns": "partition_by",
        "clusteringColumns": "cluster_by",
        "sequenceBy": "sequence_by",
        "scdType": "scd_type",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Catalog, schema and table were three fields; `upsert` is `merge`."""
        joined = joined_table_name(config)
        return joined | {"mode": "merge"} if joined.get("mode") == "upsert" else joined

    def sentence(self, config: DeltaTableSinkConfig) -> str:
        if config.mode == "append":
            return f"appends rows to {config.table}"
        return f"merges rows into {config.table} by {', '.join(config.merge_keys or [MATCH_ID])}"

    def check(self, config: DeltaTableSinkConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        if config.partition_by and config.cluster_by:
            yield Problem(
                "TWO_LAYOUTS",
                "a table is partitioned or clustered, not both",
                field="partition_by",
                fix={"partition_by": None},
            )
        for field in ("merge_keys", "sequence_by", "scd_type"):
            if config.mode == "append" and getattr(config, field) not in (None, 1):
                yield Problem(
                    "UNUSED_CONFIG",
                    f"`{field}` is for mode merge only",
                    field=field,
                    hint="set `mode` to merge, or leave the field out",
                    fix={"mode": "merge"},
                )
        for rows in inputs[:1]:
            yield from _column_problems(config, rows)

    def code(self, config: DeltaTableSinkConfig, relation: Relation) -> dict[str, Any]:
        problems = list(self.check(config, [relation]))
        if problems:
            raise Unsupported(problems[0].message, where={"field": problems[0].field})
        if config.scd_type == 2:
            raise Unsupported(
                "The history of rows (SCD type 2) is kept by declarative pipelines only.",
                where={"field": "scd_type"},
                got=2,
                expected=1,
                hint="Generate code for `sdp` or `hybrid`, or set `scd_type` to 1.",
                fix=[{"op": "update_node", "config": {"scd_type": 1}}],
            )
        named = {
            field: [find_column(name, relation, field) for name in getattr(config, field) or ()]
            for field in ("partition_by", "cluster_by")
        }
        keys = [] if config.mode == "append" else merge_keys(config.merge_keys, relation)
        sequence = config.sequence_by
        return {
            "table": config.table,
            "keys": [find_column(name, relation, "merge_keys") for name in keys],
            "sequence_by": sequence and find_column(sequence, relation, "sequence_by"),
            "options": {"mergeSchema": "true"} if config.merge_schema else {},
            **named,
        }

    def read(self, statements: Sequence[Any]) -> Reading | None:
        """A streaming table, filled by rows or by AUTO CDC."""
        from .reading import reading

        return reading(statements)

    def declarative(
        self, config: DeltaTableSinkConfig, relation: Relation, node_id: str, rows: exp.Query
    ) -> tuple[Statement, ...]:
        """A streaming table: of the rows, or filled by AUTO CDC."""
        from .declarative import appended, merged

        plain = self.code(config.model_copy(update={"scd_type": 1}), relation)
        if config.mode == "append":
            return appended(plain, rows)
        return merged(plain, node_id, rows, config.scd_type)


def _column_problems(config: DeltaTableSinkConfig, rows: Relation) -> Iterator[Problem]:
    for field in ("merge_keys", "partition_by", "cluster_by"):
        names = getattr(config, field) or []
        for name in names:
            try:
                find_column(name, rows, field, names)
            except LakestreamError as error:
                yield problem_of(error)
    if config.sequence_by is not None:
        try:
            find_column(config.sequence_by, rows, "sequence_by")
        except LakestreamError as error:
            yield problem_of(error)
    if config.mode != "merge":
        return
    yield from merge_problems(merge_keys(config.merge_keys, rows), config.sequence_by, rows)


NODE = DeltaTableSink()
