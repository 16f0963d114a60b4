"""Statements as text: readable, and the same each time.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlglot import exp

from ...errors import Unsupported
from ..dialect import DIALECT, LakestreamSpark, string_literal
from ..sql import identifier
from .statements import (
    AutoCdc,
    Dataset,
    DatasetKind,
    Expectation,
    Flow,
    Query,
    Setting,
    Statement,
    TableColumn,
    Unknown,
    Use,
    Watermark,
)

WIDTH = 88
HEADS: dict[DatasetKind, str] = {
    "streaming_table": "CREATE OR REFRESH STREAMING TABLE",
    "private_table": "CREATE OR REFRESH PRIVATE STREAMING TABLE",
    "materialized_view": "CREATE OR REFRESH MATERIALIZED VIEW",
    "temporary_view": "CREATE TEMPORARY VIEW",
}
UNITS = (("DAYS", 86_400_000), ("HOURS", 3_600_000), ("MINUTES", 60_000), ("SECONDS", 1000))
MONTH_MS = 28 * 86_400_000
VIOLATIONS = {"warn": "", "drop": " ON VIOLATION DROP ROW", "fail": " ON VIOLATION FAIL UPDATE"}


def write(statement: Statement) -> str:
    """One statement, with its semicolon. Raises Unsupported for what SQL cannot say."""
    if isinstance(statement, Dataset):
        text = _dataset(statement)
    elif isinstance(statement, Flow):
        text = (
            f"CREATE FLOW {name_text(statement.name)} AS\n"
            f"INSERT INTO {name_text(statement.target)} BY NAME\n{query_text(statement.query)}"
        )
    elif isinstance(statement, AutoCdc):
        text = _auto_cdc(statement)
    elif isinstance(statement, Setting):
        text = f"SET {name_text(statement.key)} = {string_literal(statement.value)}"
    elif isinstance(statement, Use):
        text = f"USE {statement.kind.upper()} {name_text(statement.name)}"
    elif isinstance(statement, Unknown):
        text = statement.text.rstrip().removesuffix(";")
    else:
        raise Unsupported("SQL has no form for a sink.", got=statement.name)
    return _whole(text) + ";"


def _whole(text: str) -> str:
    if "${" in text:
        raise Unsupported(
            "Pipelines replace `${…}` in SQL, so no name can hold it.",
            got=text[text.index("${") :][:40],
        )
    return text


def _dataset(made: Dataset) -> str:
    lines = [f"{HEADS[made.kind]} {name_text(made.name)}"]
    inside = [*map(_column, made.columns), *map(_expectation, made.expectations)]
    if inside:
        said = ",\n".join(f"  {each}" for each in inside)
        lines[0] += f" (\n{said}\n)"
    if made.partition_by:
        lines.append(f"PARTITIONED BY ({_names(made.partition_by)})")
    if made.cluster_by:
        lines.append(f"CLUSTER BY ({_names(made.cluster_by)})")
    if made.comment is not None:
        lines.append(f"COMMENT {string_literal(made.comment)}")
    if made.properties:
        pairs = (f"{string_literal(k)} = {string_literal(v)}" for k, v in made.properties)
        lines.append(f"TBLPROPERTIES ({', '.join(pairs)})")
    if made.query is not None:
        lines[-1] += " AS"
        lines.append(query_text(made.query))
    return "\n".join(lines)


def _column(said: TableColumn) -> str:
    comment = "" if said.comment is None else f" COMMENT {string_literal(said.comment)}"
    return f"{name_text(said.name)}{f' {said.type}' if said.type else ''}{comment}"


def _expectation(said: Expectation) -> str:
    condition = DIALECT.generate(said.condition, comments=False)
    name = name_text(said.name)
    return f"CONSTRAINT {name} EXPECT ({condition}){VIOLATIONS[said.action]}"


def _auto_cdc(flow: AutoCdc) -> str:
    lines = [
        f"CREATE FLOW {name_text(flow.name)} AS AUTO CDC INTO {name_text(flow.target)}",
        f"FROM STREAM({name_text(flow.source)})",
        f"KEYS ({_names(flow.keys)})",
    ]
    if flow.delete_when is not None:
        lines.append(f"APPLY AS DELETE WHEN {DIALECT.generate(flow.delete_when, comments=False)}")
    lines.append(f"SEQUENCE BY {DIALECT.generate(flow.sequence_by, comments=False)}")
    if flow.columns:
        lines.append(f"COLUMNS ({_names(flow.columns)})")
    if flow.except_columns:
        lines.append(f"COLUMNS * EXCEPT ({_names(flow.except_columns)})")
    lines.append(f"STORED AS SCD TYPE {flow.scd_type}")
    if flow.track_history:
        lines.append(f"TRACK HISTORY ON ({_names(flow.track_history)})")
    if flow.track_history_except:
        lines.append(f"TRACK HISTORY ON * EXCEPT ({_names(flow.track_history_except)})")
    return "\n".join(lines)


def query_text(query: Query) -> str:
    """A query, each watermark behind the item of FROM that it is about."""
    marks = {mark.relation: mark for mark in query.watermarks}
    pretty = not any("\n" in name.name for name in query.tree.find_all(exp.Identifier))
    generator = _Generator(dialect=DIALECT, pretty=pretty, max_text_width=WIDTH, comments=False)
    generator.marks = marks
    text = generator.generate(query.tree, copy=False)
    if generator.marks:
        raise ValueError(f"no item of FROM is called {sorted(generator.marks)}")
    return text


class _Generator(LakestreamSpark.Generator):
    """Spark's SQL with `WATERMARK column DELAY OF interval` between a relation and its alias."""

    marks: dict[str, Watermark]

    def subquery_sql(self, expression: exp.Subquery, sep: str = " AS ") -> str:
        return super().subquery_sql(expression, self._marked(expression, sep))

    def table_sql(self, expression: exp.Table, sep: str = " AS ") -> str:
        if not expression.alias and expression.name in self.marks:
            return super().table_sql(expression, sep) + self._marked(expression, "")
        return super().table_sql(expression, self._marked(expression, sep))

    def _marked(self, relation: exp.Expr, sep: str) -> str:
        mark = self.marks.pop(relation.alias_or_name, None)
        if mark is None:
            return sep
        column = self.sql(identifier(mark.column))
        return f" WATERMARK {column} DELAY OF {interval_text(mark.delay_ms)}{sep}"


def interval_text(delay_ms: int) -> str:
    """A watermark's delay. Raises Unsupported outside what SQL takes: over 0, under a month."""
    if not 0 < delay_ms < MONTH_MS:
        raise Unsupported(
            "In declarative SQL a watermark's delay is longer than nothing and shorter than 28 "
            "days.",
            got=f"{delay_ms} milliseconds",
            expected="1 millisecond to 27 days",
        )
    for unit, size in UNITS:
        if delay_ms % size == 0:
            return f"INTERVAL {delay_ms // size} {unit}"
    return f"INTERVAL {delay_ms} MILLISECONDS"


def name_text(name: str) -> str:
    """A dotted name, its parts quoted where they must be."""
    return ".".join(map(_part, name.split(".")))


@lru_cache(maxsize=4096)
def _part(name: str) -> str:
    return DIALECT.generate(identifier(name))


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(_part, names))
