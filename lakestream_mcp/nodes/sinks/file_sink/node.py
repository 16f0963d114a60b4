"""Rows written to files of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ....errors import LakestreamError
from ....graph.config import named_twice, problem_of
from ....graph.model import Problem, Relation
from ....graph.node_type import NodeConfig, SinkType
from ....relational.sql import find_column
from ...fields import NameList, PlainText


class FileSinkConfig(NodeConfig):
    """Where the files go and what they hold."""

    path: PlainText = Field(description="Folder that receives the files")
    format: Literal["json", "parquet", "csv"] = Field(
        "json", description="JSON lines, Parquet or CSV"
    )
    partition_by: NameList | None = Field(
        None, description="Columns whose values become folders; they leave the files"
    )
    header: bool = Field(True, description="CSV: the first line holds the names")


class FileSink(SinkType):
    """A folder that receives files."""

    type = "file-sink"
    title = "Files"
    summary = "Writes rows to JSON, Parquet or CSV files of a folder"
    Config = FileSinkConfig
    aliases = ("files-sink",)
    field_aliases = {"fileFormat": "format", "partitionColumns": "partition_by"}

    def sentence(self, config: FileSinkConfig) -> str:
        return f"writes {config.format} files to {config.path}"

    def check(self, config: FileSinkConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        if not config.header and config.format != "csv":
            yield Problem(
                "UNUSED_CONFIG", "`header` is for CSV files only", "header", fix={"header": None}
            )
        for rows in inputs[:1]:
            yield from _column_problems(config, rows)

    def code(self, config: FileSinkConfig, relation: Relation) -> dict[str, Any]:
        names = config.partition_by or ()
        return {
            "path": config.path,
            "format": config.format,
            "options": {"header": str(config.header).lower()} if config.format == "csv" else {},
            "partition_by": [find_column(name, relation, "partition_by") for name in names],
        }


def _column_problems(config: FileSinkConfig, rows: Relation) -> Iterator[Problem]:
    names = config.partition_by or []
    yield from named_twice("partition_by", names)
    for name in dict.fromkeys(names):
        try:
            find_column(name, rows, "partition_by", names)
        except LakestreamError as error:
            yield problem_of(error)
    if names and len({name.lower() for name in names}) >= len(rows.columns):
        yield Problem(
            "NO_COLUMNS_LEFT",
            "no column is left for the files",
            "partition_by",
            fix={"partition_by": names[:-1] or None},
        )
    nested = [c.name for c in rows.columns if c.type.startswith(("array", "map", "struct"))]
    if config.format == "csv" and nested:
        yield Problem(
            "NESTED_IN_CSV",
            f"CSV holds no lists or structures: `{nested[0]}`",
            field="format",
            got="csv",
            expected=["json", "parquet"],
            hint="write JSON, or leave the column out with a map-select node",
            fix={"format": "json"},
        )


NODE = FileSink()
