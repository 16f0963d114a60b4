"""Rows written to a Delta table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....errors import LakestreamError, Unsupported
from ....graph.config import named_twice, problem_of
from ....graph.model import Problem, Relation
from ....graph.node_parts import Reading
from ....graph.node_type import NodeConfig, SinkType
from ....relational.sql import find_column
from ...conditions import condition
from ...fields import ColumnName, Condition, NameList, TableName, joined_table_name
from ...merging import MATCH_ID, merge_keys, merge_problems

if TYPE_CHECKING:
    from sqlglot import exp

    from ....relational.declarative.statements import Statement


TRACKED = ("track_history", "track_history_except")
DECLARATIVE_ONLY = {
    "scd_type": "The history of rows (SCD type 2) is kept by",
    "delete_when": "Rows that delete their key, whenever they come, are known to",
    "except_columns": "Columns that only steer a merge are left out by",
    **dict.fromkeys(TRACKED, "Which changes are history is known to"),
}
"""Fields that Structured Streaming has no exact counterpart of, and what they are for."""


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
    delete_when: Condition | None = Field(
        None,
        description="With `merge`: SQL condition of a row that deletes its key, e.g. `op = 'd'` "
        "(declarative pipelines only)",
    )
    except_columns: NameList | None = Field(
        None,
        description="With `merge`: columns that are not stored, e.g. `op` (declarative pipelines "
        "only)",
    )
    track_history: NameList | None = Field(
        None,
        description="With `scd_type` 2: columns whose changes begin a new version of a row, while "
        "others change the newest one; default: all (declarative pipelines only)",
    )
    track_history_except: NameList | None = Field(
        None,
        description="The other way: columns whose changes begin no new version (declarative "
        "pipelines only)",
    )


PLAIN = {name: DeltaTableSinkConfig.model_fields[name].default for name in DECLARATIVE_ONLY}
"""What those fields are where Structured Streaming can have the table."""


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
        """Catalog, schema and table were three fields; `upsert` and `scd2` are `merge`."""
        joined = joined_table_name(config)
        if joined.get("mode") in ("scd1", "scd2"):
            kept = {"scd_type": int(joined["mode"][-1])}
            return kept | joined | {"mode": "merge"}
        return joined | {"mode": "merge"} if joined.get("mode") == "upsert" else joined

    def sentence(self, config: DeltaTableSinkConfig) -> str:
        if config.mode == "append":
            return f"appends rows to {config.table}"
        keys = ", ".join(config.merge_keys or [MATCH_ID])
        kept = " and keeps every version (SCD type 2)" if config.scd_type == 2 else ""
        if config.track_history:
            kept += f", begun by changes of {', '.join(config.track_history)}"
        if config.track_history_except:
            kept += f", begun by any change but of {', '.join(config.track_history_except)}"
        gone = f"; a row with {config.delete_when} deletes its key" if config.delete_when else ""
        left = f"; {', '.join(config.except_columns)} not stored" if config.except_columns else ""
        return f"merges rows into {config.table} by {keys}{kept}{gone}{left}"

    def check(self, config: DeltaTableSinkConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        if config.partition_by and config.cluster_by:
            yield Problem(
                "TWO_LAYOUTS",
                "a table is partitioned or clustered, not both",
                field="partition_by",
                fix={"partition_by": None},
            )
        for field in ("merge_keys", "sequence_by", *DECLARATIVE_ONLY):
            if config.mode == "append" and getattr(config, field) not in (None, 1):
                yield Problem(
                    "UNUSED_CONFIG",
                    f"`{field}` is for mode merge only",
                    field=field,
                    hint="set `mode` to merge, or leave the field out",
                    fix={"mode": "merge"},
                )
        yield from _history_problems(config)
        for rows in inputs[:1]:
            yield from _column_problems(config, rows)

    def code(self, config: DeltaTableSinkConfig, relation: Relation) -> dict[str, Any]:
        problems = list(self.check(config, [relation]))
        if problems:
            raise Unsupported(problems[0].message, where={"field": problems[0].field})
        for field, plain in PLAIN.items():
            given = getattr(config, field)
            if given != plain:
                raise Unsupported(
                    f"{DECLARATIVE_ONLY[field]} declarative pipelines only.",
                    where={"field": field},
                    got=given,
                    expected=plain,
                    hint=f"Generate code for `sdp` or `hybrid`, or leave `{field}` out.",
                    fix=[{"op": "update_node", "config": {field: plain}}],
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

        plain = self.code(config.model_copy(update=PLAIN), relation)
        if config.mode == "append":
            return appended(plain, rows)
        return merged(plain, node_id, rows, config, relation)


def _history_problems(config: DeltaTableSinkConfig) -> Iterator[Problem]:
    """What is tracked is the history of rows, and told in one of two ways."""
    given = [name for name in TRACKED if getattr(config, name) is not None]
    if config.mode == "merge" and config.scd_type != 2:
        for field in given:
            yield Problem(
                "UNUSED_CONFIG",
                f"`{field}` is for the history of rows, which `scd_type` 2 keeps",
                field=field,
                fix={"scd_type": 2},
            )
    if len(given) > 1:
        yield Problem(
            "UNUSED_CONFIG",
            "columns that are tracked are named, or those that are not: not both",
            field=given[1],
            fix={given[1]: None},
        )


def _column_problems(config: DeltaTableSinkConfig, rows: Relation) -> Iterator[Problem]:
    for field in ("merge_keys", "partition_by", "cluster_by", "except_columns", *TRACKED):
        names = getattr(config, field) or []
        yield from named_twice(field, names)
        for name in dict.fromkeys(names):
            try:
                find_column(name, rows, field, names)
            except LakestreamError as error:
                yield problem_of(error)
    if config.sequence_by is not None:
        try:
            find_column(config.sequence_by, rows, "sequence_by")
        except LakestreamError as error:
            yield problem_of(error)
    if config.delete_when is not None:
        try:
            condition(config.delete_when, rows, "delete_when")
        except LakestreamError as error:
            yield problem_of(error)
    keys = merge_keys(config.merge_keys, rows)
    kept_away = {n.lower() for n in config.except_columns or ()}
    needed = (config.partition_by, config.cluster_by, config.track_history)
    for name in sorted({*keys, *(name for names in needed for name in names or ())}):
        if name.lower() in kept_away:
            yield Problem(
                "COLUMN_NEEDED",
                f"`{name}` is needed in the table, so it cannot be left out of it",
                field="except_columns",
                got=name,
                fix={"except_columns": _without(config.except_columns, name)},
            )
    if config.mode == "merge":
        yield from merge_problems(keys, config.sequence_by, rows)


NODE = DeltaTableSink()


def _without(names: list[str] | None, name: str) -> list[str] | None:
    """The other names; None for none."""
    return [n for n in names or () if n.lower() != name.lower()] or None
