"""Rows appended to a governed table of Unity Catalog."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....errors import LakestreamError, Unsupported
from ....graph.config import problem_of
from ....graph.model import Problem, Relation
from ....graph.node_type import NodeConfig, SinkType
from ....relational.sql import find_column
from ...fields import NameList, TableName, joined_table_name, partial_name_problems

if TYPE_CHECKING:
    from sqlglot import exp

    from ....relational.declarative.statements import Statement


class UnityCatalogTableSinkConfig(NodeConfig):
    """Which table receives the rows."""

    table: TableName = Field(description="Table, `catalog.schema.table`; made when it is missing")
    mode: Literal["append", "overwrite"] = Field(
        "append", description="How rows are written; overwrite is refused"
    )
    cluster_by: NameList | None = Field(
        None, description="Columns the table is clustered by (liquid clustering)"
    )
    merge_schema: bool = Field(False, description="Add columns to the table that it does not have")


class UnityCatalogTableSink(SinkType):
    """A table of Unity Catalog that grows."""

    type = "unity-catalog-table-sink"
    title = "Unity Catalog table"
    summary = "Appends rows to a table of Unity Catalog"
    Config = UnityCatalogTableSinkConfig
    targets = frozenset({"sdp", "sss"})
    aliases = ("unity-catalog-sink", "uc-table-sink")
    field_aliases = {"writeMode": "mode", "clusteringColumns": "cluster_by"}

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Catalog, schema and table were three fields."""
        return joined_table_name(config)

    def sentence(self, config: UnityCatalogTableSinkConfig) -> str:
        return f"appends rows to {config.table}"

    def check(
        self, config: UnityCatalogTableSinkConfig, inputs: Sequence[Relation]
    ) -> Iterator[Problem]:
        yield from partial_name_problems(config.table, "table")
        if config.mode == "overwrite":
            yield Problem(
                "UNSUPPORTED",
                "a stream cannot overwrite a table: what stayed would depend on its batches",
                field="mode",
                got="overwrite",
                expected="append",
                hint="for the newest row of each key take a delta-table-sink with mode merge",
                fix={"mode": "append"},
            )
        for rows in inputs[:1]:
            for name in config.cluster_by or ():
                try:
                    find_column(name, rows, "cluster_by", config.cluster_by)
                except LakestreamError as error:
                    yield problem_of(error)

    def code(self, config: UnityCatalogTableSinkConfig, relation: Relation) -> dict[str, Any]:
        if config.mode != "append":
            raise Unsupported("A stream cannot overwrite a table.", where={"field": "mode"})
        names = config.cluster_by or ()
        return {
            "table": config.table,
            "options": {"mergeSchema": "true"} if config.merge_schema else {},
            "cluster_by": [find_column(name, relation, "cluster_by") for name in names],
        }

    def declarative(
        self, config: UnityCatalogTableSinkConfig, relation: Relation, node_id: str, rows: exp.Query
    ) -> tuple[Statement, ...]:
        """A streaming table, which takes new columns by itself."""
        from ....relational.declarative.statements import Dataset, Query

        cluster_by = tuple(self.code(config, relation)["cluster_by"])
        return (Dataset("streaming_table", config.table, query=Query(rows), cluster_by=cluster_by),)


NODE = UnityCatalogTableSink()
