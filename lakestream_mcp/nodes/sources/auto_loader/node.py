"""New files of a folder as rows."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....cep.physical import EPOCH
from ....errors import LakestreamError, Unsupported
from ....graph.model import Column, Problem, Relation
from ....graph.node_parts import Latest, Reading
from ....graph.node_type import ColumnResolver, SourceType
from ....relational.column_types import check_names, ddl, parse_columns
from ....relational.files import FORMATS, latest_files
from ...fields import ColumnList, ColumnName, PlainText, SourceConfig, time_problems, timed

if TYPE_CHECKING:
    from sqlglot import exp

EVOLUTION = {"rescue": "rescue", "fail": "failOnNewColumns"}


class AutoLoaderConfig(SourceConfig):
    """Where the files are and what they hold."""

    path: PlainText = Field(description="Folder or file, e.g. `/Volumes/main/raw/orders`")
    format: Literal["json", "csv", "parquet", "avro"] = Field(
        "json", description="What the files hold: JSON lines, CSV, Parquet or Avro"
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
    schema_evolution: Literal["none", "rescue", "fail"] = Field(
        "none",
        description="A column that is not declared is left out (`none`), kept as text in "
        "`rescued_column`, or stops the query (Databricks only)",
    )
    rescued_column: ColumnName | None = Field(
        None,
        description="Name of one more column, JSON text of what did not fit the declared columns "
        "(Databricks only)",
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
    summary = "Reads new files of a folder: JSON, CSV, Parquet or Avro"
    Config = AutoLoaderConfig
    targets = frozenset({"sdp", "sss"})
    aliases = ("files", "file", "file-source", "cloud-files")
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
        if config.format == "avro" and config.columns is None:
            yield Problem(
                "MISSING_CONFIG",
                "`columns` is required with Avro files, whose columns are not inferred",
                field="columns",
                expected="id bigint, at timestamp",
            )
        if config.schema_evolution == "rescue" and config.rescued_column is None:
            yield Problem(
                "MISSING_CONFIG",
                "`rescued_column` is the column that other columns are rescued into",
                field="rescued_column",
                expected="_rescued_data",
                fix={"rescued_column": "_rescued_data"},
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
            if config.rescued_column in {c.name for c in declared}:
                yield _rescued_twice(config.rescued_column)
            yield from time_problems(config.event_time, _hinted(config, declared))

    def relation(
        self, config: AutoLoaderConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """Declared columns, or those of a file here; raises NotFound, Forbidden, InvalidEvents."""
        if config.columns is not None:
            return _with_rescued(config, _hinted(config, parse_columns(config.columns)))
        columns = _hinted(config, resolver.file_columns(config.path, config.format))
        problems = [*_hint_problems(config, columns), *time_problems(config.event_time, columns)]
        if problems:
            raise _as_error(problems[0])
        return _with_rescued(config, columns)

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
        if config.schema_evolution != "none":
            options["cloudFiles.schemaEvolutionMode"] = EVOLUTION[config.schema_evolution]
        if config.rescued_column is not None:
            options["rescuedDataColumn"] = config.rescued_column
        return {
            "path": config.path,
            "format": config.format,
            "schema": ddl(c for c in relation.columns if c.name != config.rescued_column),
            "options": options,
        }

    def read(self, query: exp.Query) -> Reading | None:
        """`STREAM read_files(…)`, or `cloud_files` of older code."""
        from .reading import reading

        return reading(query)

    def declarative(self, config: AutoLoaderConfig, relation: Relation) -> exp.Query:
        """`SELECT … FROM STREAM read_files(…)`. Options that are Auto Loader's own have no place.

        `maxFilesPerTrigger` is given without its prefix; the schema's location is kept by the
        pipeline. Raises Unsupported where that was asked for.
        """
        from sqlglot import exp

        from ....relational.declarative.trees import stream, table_function
        from ....relational.sql import column

        if config.schema_location is not None:
            raise Unsupported(
                "A declarative pipeline keeps the schema it has seen in a place of its own.",
                where={"field": "schema_location"},
                got=config.schema_location,
                fix=[{"op": "update_node", "config": {"schema_location": None}}],
            )
        if config.schema_evolution != "none":
            raise Unsupported(
                "`read_files` with declared columns has no schema evolution.",
                where={"field": "schema_evolution"},
                got=config.schema_evolution,
                fix=[{"op": "update_node", "config": {"schema_evolution": "none"}}],
            )
        made = self.code(config, relation)
        own = {k: v for k, v in made["options"].items() if not k.startswith("cloudFiles.")}
        options = {"format": made["format"], "schema": made["schema"], **own}
        read = table_function("read_files", options, made["path"])
        return exp.select(*map(column, relation.names)).from_(stream(read))

    def latest(
        self, config: AutoLoaderConfig, count: int, roots: Sequence[Path], since: str | None
    ) -> Latest:
        """The last rows of the files changed last; `since`: only of files changed after a time."""
        from ....cep.event_files import read_rows
        from ....cep.events import moment

        after = moment(since) if since else None
        rows: list[dict[str, Any]] = []
        files = latest_files(config.path, roots, FORMATS.get(config.format, ()), after)
        read = 0
        for file in files:
            rows = [*deque(read_rows(file), maxlen=count - len(rows)), *rows]
            read += 1
            if len(rows) >= count:
                break
        newest = files[0].stat().st_mtime_ns // 1_000 if files else None
        until = since if newest is None else (EPOCH + dt.timedelta(microseconds=newest)).isoformat()
        said = f"the last {len(rows)} rows of {read} of {len(files)} files; since: {until}"
        return Latest(rows, said)


def _with_rescued(config: AutoLoaderConfig, columns: tuple[Column, ...]) -> Relation:
    """The rows, with the column that holds what did not fit."""
    if config.rescued_column is None:
        return timed(config, columns)
    return timed(config, check_names([*columns, Column(config.rescued_column, "string")]))


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


def _rescued_twice(name: str | None) -> Problem:
    message, hint = f"`{name}` is also a declared column", "give one of them another name"
    return Problem("DUPLICATE_COLUMN", message, "rescued_column", name, hint=hint)
