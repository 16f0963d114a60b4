"""Rows appended to a Delta table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....errors import Unsupported
from ....graph.model import Column, Problem, Relation
from ....graph.node_parts import Reading
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

if TYPE_CHECKING:
    from sqlglot import exp

OPTIONS = {
    "starting_version": "startingVersion",
    "starting_timestamp": "startingTimestamp",
    "ignore_deletes": "ignoreDeletes",
    "skip_change_commits": "skipChangeCommits",
    "change_feed": "readChangeFeed",
    "max_files_per_batch": "maxFilesPerTrigger",
}

FEED = (
    Column("_change_type", "string"),
    Column("_commit_version", "bigint"),
    Column("_commit_timestamp", "timestamp"),
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
    change_feed: bool = Field(
        False,
        description="Read the table's change feed: rows with `_change_type` (insert, "
        "update_preimage, update_postimage, delete), `_commit_version` and `_commit_timestamp`",
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
    targets = frozenset({"sdp", "sss"})
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
        what = "changes of" if config.change_feed else "rows appended to"
        return f"reads {what} {config.table}"

    def check(
        self,
        config: DeltaTableSourceConfig,
        inputs: Sequence[Relation],
    ) -> Iterator[Problem]:
        if isinstance(config.starting_version, int) and config.starting_version < 0:
            yield Problem(
                "INVALID_CONFIG",
                "versions start at 0",
                "starting_version",
                config.starting_version,
                fix={"starting_version": 0},
            )
        if config.starting_version is not None and config.starting_timestamp is not None:
            yield Problem(
                "TWO_STARTS",
                "`starting_version` and `starting_timestamp` both say where to start",
                field="starting_timestamp",
                fix={"starting_timestamp": None},
            )
        yield from _feed_problems(config)
        yield from time_problems(config.event_time, _declared(config))

    def relation(
        self,
        config: DeltaTableSourceConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        return timed(config, _declared(config))

    def code(
        self,
        config: DeltaTableSourceConfig,
        relation: Relation,
    ) -> dict[str, Any]:
        given = {name: getattr(config, field) for field, name in OPTIONS.items()}
        return {
            "table": config.table,
            "options": {
                name: str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in given.items()
                if value is not None and value is not False
            },
            "columns": [sql(each) for each in _columns(relation)],
        }

    def read(self, query: exp.Query) -> Reading | None:
        """`SELECT CAST(a AS type) AS a, … FROM STREAM table`."""
        from .reading import reading

        return reading(query)

    def declarative(self, config: DeltaTableSourceConfig, relation: Relation) -> exp.Query:
        """`SELECT … FROM STREAM table`. Raises Unsupported for options, which SQL cannot give."""
        from sqlglot import exp

        from ....relational.declarative.trees import stream, table

        for field in OPTIONS:
            value = getattr(config, field)
            if value is not None and value is not False:
                raise Unsupported(
                    "Declarative SQL reads a table from its first row on, without options.",
                    where={"field": field},
                    got=value,
                    fix=[{"op": "update_node", "config": {field: None}}],
                )
        return exp.select(*_columns(relation)).from_(stream(table(config.table)))


def _declared(config: DeltaTableSourceConfig) -> tuple[Column, ...]:
    return parse_columns(config.columns) + (FEED if config.change_feed else ())


def _feed_problems(config: DeltaTableSourceConfig) -> Iterator[Problem]:
    """What a change feed has no use for, or has itself."""
    if not config.change_feed:
        return
    for field in ("ignore_deletes", "skip_change_commits"):
        if getattr(config, field):
            yield Problem(
                "UNUSED_CONFIG",
                f"`{field}` has no use with a change feed, which has every change",
                field=field,
                fix={field: False},
            )
    names = {c.name for c in parse_columns(config.columns)}
    for name in (c.name for c in FEED if c.name in names):
        yield Problem(
            "DUPLICATE_COLUMN",
            f"`{name}` is the change feed's",
            "columns",
            name,
            hint=f"leave `{name}` out of `columns`: the feed adds it",
        )


def _columns(relation: Relation) -> list[exp.Expr]:
    """Each column, cast to its type."""
    from sqlglot import exp

    from ....relational.sql import identifier

    return [
        exp.Alias(this=cast(column(c.name), c.type), alias=identifier(c.name))
        for c in relation.columns
    ]


NODE = DeltaTableSource()
