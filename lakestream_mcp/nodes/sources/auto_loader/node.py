"""New files of a folder as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ....errors import LakestreamError
from ....graph.model import Column, Problem, Relation
from ....graph.node_type import ColumnResolver, SourceType
from ....relational.column_types import ddl, parse_columns
from ...fields import ColumnList, PlainText, SourceConfig, time_problems, timed


class AutoLoaderConfig(SourceConfig):
    """Where the files are and what they hold."""

    path: PlainText = Field(description="Folder or file, e.g. `/Volumes/main/raw/orders`")
    format: Literal["json", "csv", "parquet", "avro"] = Field(
        "json", description="What the files hold: JSON lines, CSV or Parquet; avro is refused"
    )
    columns: ColumnList | None = Field(
        None,
        description="Columns, e.g. `id bigint, at timestamp`; default: inferred from a file that "
        "can be read here",
    )
    schema_hints: ColumnList | None = Field(
        None, description="Types of some columns, in place of the inferred ones"
    )
    schema_location: PlainText | None = Field(
        None, description="Where Auto Loader keeps the schema it has seen (Databricks only)"
    )
    header: bool = Field(True, description="CSV: the first line holds the names")
    delimiter: str | None = Field(
        None, min_length=1, max_length=4, description="CSV: what is between values; default `,`"
    )
    timestamp_format: PlainText | None = Field(
        None, description="Pattern of timestamps in text, e.g. `yyyy-MM-dd HH:mm:ss`; default ISO"
    )
    max_files_per_batch: int | None = Field(
        None, ge=1, le=1_000_000, description="Most files read in one micro-batch"
    )


class AutoLoader(SourceType):
    """Files, by Auto Loader or the file source."""

    type = "auto-loader"
    title = "Auto Loader (files)"
    summary = "Reads new files of a folder: JSON, CSV or Parquet"
    Config = AutoLoaderConfig
    aliases = ("files", "file-source")
    field_aliases = {
        "cloudPath": "path",
        "fileFormat": "format",
        "file_format": "format",
        "schemaLocation": "schema_location",
        "schemaHints": "schema_hints",
        "schema": "columns",
    }

    def sentence(self, config: AutoLoaderConfig) -> str:
        return f"reads new {config.format} files of {config.path}"

    def check(
        self,
        config: AutoLoaderConfig,
        inputs: Sequence[Relation],
    ) -> Iterator[Problem]:
        if config.format == "avro":
            yield Problem(
                "UNSUPPORTED",
                "avro files are not read: there is no reader for them in a local test",
                field="format",
                got="avro",
                expected=["json", "csv", "parquet"],
            )
        csv_only = (("header", config.header is False), ("delimiter", config.delimiter is not None))
        for field, given in csv_only:
            if given and config.format != "csv":
                yield Problem(
                    "UNUSED_CONFIG",
                    f"`{field}` is for CSV files only",
                    field=field,
                    fix={field: None},
                )
        if config.columns is not None:
            declared = parse_columns(config.columns)
            yield from _hint_problems(config, declared)
            yield from time_problems(config.event_time, _hinted(config, declared))

    def relation(
        self, config: AutoLoaderConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """Declared columns, or those of a file here; raises NotFound, Forbidden, InvalidEvents."""
        if config.format == "avro":
            return Relation(parse_columns(config.columns) if config.columns else ())
        if config.columns is not None:
            return timed(config, _hinted(config, parse_columns(config.columns)))
        columns = _hinted(config, resolver.file_columns(config.path, config.format))
        problems = [*_hint_problems(config, columns), *time_problems(config.event_time, columns)]
        if problems:
            raise _as_error(problems[0])
        return timed(config, columns)

    def code(self, config: AutoLoaderConfig, relation: Relation) -> dict[str, Any]:
        options: dict[str, str] = {}
        if config.format == "csv":
            options["header"] = str(config.header).lower()
            if config.delimiter is not None:
                options["sep"] = config.delimiter
        if config.timestamp_format is not None:
            options["timestampFormat"] = config.timestamp_format
        if config.max_files_per_batch is not None:
            options["maxFilesPerTrigger"] = str(config.max_files_per_batch)
            options["cloudFiles.maxFilesPerTrigger"] = str(config.max_files_per_batch)
        if config.schema_location is not None:
            options["cloudFiles.schemaLocation"] = config.schema_location
        return {
            "path": config.path,
            "format": config.format,
            "schema": ddl(relation.columns),
            "options": options,
        }


def _hinted(config: AutoLoaderConfig, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    if config.schema_hints is None:
        return columns
    hints = {hint.name.lower(): hint.type for hint in parse_columns(config.schema_hints)}
    return tuple(Column(c.name, hints.get(c.name.lower(), c.type)) for c in columns)


def _hint_problems(config: AutoLoaderConfig, columns: Sequence[Column]) -> Iterator[Problem]:
    known = {c.name.lower() for c in columns}
    for hint in parse_columns(config.schema_hints) if config.schema_hints else ():
        if hint.name.lower() not in known:
            yield Problem(
                "UNKNOWN_COLUMN",
                f"there is no column `{hint.name}` to give a type to",
                field="schema_hints",
                got=hint.name,
                expected=[c.name for c in columns],
            )


def _as_error(problem: Problem) -> LakestreamError:
    from ....errors import InvalidSql

    return InvalidSql(
        problem.message,
        code=problem.code,
        where={"field": problem.field},
        got=problem.got,
        expected=problem.expected,
        hint=problem.hint,
        fix=[{"op": "update_node", "config": problem.fix}] if problem.fix else None,
    )


NODE = AutoLoader()
