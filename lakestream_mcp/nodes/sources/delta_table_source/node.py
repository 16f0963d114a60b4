"""Rows appended to a Delta table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ....graph.model import Problem, Relation
from ....graph.node_type import ColumnResolver, SourceType
from ....relational.column_types import parse_columns
from ....relational.sql import cast, column, sql
from ...fields import (
    ColumnList,
    PlainText,
    SourceConfig,
    TableName,
    joined_table_name,
    time_problems,
    timed,
)


class DeltaTableSourceConfig(SourceConfig):
    """Which table, from where on."""

    table: TableName = Field(description="Table, `catalog.schema.table`")
    columns: ColumnList = Field(
        description="The columns to read, e.g. `id bigint, at timestamp`; each is cast to its type"
    )
    starting_version: int | Literal["latest"] | None = Field(
        None,
        description="Version of the table to start from, or `latest` for new rows only; default: "
        "all rows there are, then new ones",
    )
    starting_timestamp: PlainText | None = Field(
        None, description="Time to start from, e.g. `2026-01-31T00:00:00Z`; instead of a version"
    )
    ignore_deletes: bool = Field(
        False, description="Go on when whole partitions are deleted from the table"
    )
    skip_change_commits: bool = Field(
        False, description="Go on when rows are updated or deleted, without reading those changes"
    )
    max_files_per_batch: int | None = Field(
        None, ge=1, le=1_000_000, description="Most files read in one micro-batch"
    )


class DeltaTableSource(SourceType):
    """A Delta table as a stream."""

    type = "delta-table-source"
    title = "Delta table"
    summary = "Reads rows appended to a Delta table"
    Config = DeltaTableSourceConfig
    aliases = ("delta-source",)
    field_aliases = {
        "startingVersion": "starting_version",
        "ignoreDeletes": "ignore_deletes",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Catalog, schema and table were three fields; a version came as text."""
        joined = joined_table_name(config)
        version = joined.get("starting_version")
        if isinstance(version, str) and version.isdecimal():
            joined["starting_version"] = int(version)
        return joined

    def sentence(self, config: DeltaTableSourceConfig) -> str:
        return f"reads rows appended to {config.table}"

    def check(
        self,
        config: DeltaTableSourceConfig,
        inputs: Sequence[Relation],
    ) -> Iterator[Problem]:
        if isinstance(config.starting_version, int) and config.starting_version < 0:
            yield Problem("INVALID_CONFIG", "versions start at 0", "starting_version")
        if config.starting_version is not None and config.starting_timestamp is not None:
            yield Problem(
                "TWO_STARTS",
                "`starting_version` and `starting_timestamp` both say where to start",
                field="starting_timestamp",
                fix={"starting_timestamp": None},
            )
        yield from time_problems(config.event_time, parse_columns(config.columns))

    def relation(
        self,
        config: DeltaTableSourceConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        return timed(config, parse_columns(config.columns))

    def code(
        self,
        config: DeltaTableSourceConfig,
        relation: Relation,
    ) -> dict[str, Any]:
        given = {
            "startingVersion": config.starting_version,
            "startingTimestamp": config.starting_timestamp,
            "ignoreDeletes": "true" if config.ignore_deletes else None,
            "skipChangeCommits": "true" if config.skip_change_commits else None,
            "maxFilesPerTrigger": config.max_files_per_batch,
        }
        from sqlglot import exp

        from ....relational.sql import identifier

        columns = [
            sql(exp.Alias(this=cast(column(c.name), c.type), alias=identifier(c.name)))
            for c in relation.columns
        ]
        return {
            "table": config.table,
            "options": {k: str(v) for k, v in given.items() if v is not None},
            "columns": columns,
        }


NODE = DeltaTableSource()
