"""Change envelopes as SQL: where operation, time and the two images of a row are.

Each envelope is a JSON schema and four expressions over the value that was read with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from ....graph.model import Column
from ....relational.column_types import ddl, quoted

if TYPE_CHECKING:
    from sqlglot import exp

Kind = Literal["debezium", "maxwell", "spark-cdc"]
OPERATIONS = ("c", "u", "d", "r")
MAXWELL = {"insert": "c", "update": "u", "delete": "d", "bootstrap-insert": "r"}
CHANGE_FEED = {"insert": "c", "update_postimage": "u", "delete": "d"}
RESERVED = ("_change_type", "_commit_timestamp")
"""Columns of a change feed that say what the change is."""


class Envelope(NamedTuple):
    """The schema of a value, and `op`, `source_time`, `before` and `after` over `parsed`."""

    schema: str
    expressions: tuple[tuple[str, exp.Expr], ...]


def envelope(kind: Kind, row: tuple[Column, ...]) -> Envelope:
    """The envelope of rows with these columns, typed as they are written."""
    makers = {"debezium": _debezium, "maxwell": _maxwell, "spark-cdc": _spark}
    schema, texts = makers[kind](row)
    named = zip(("op", "source_time", "before", "after"), texts, strict=True)
    return Envelope(ddl(schema), tuple((name, _sql(text)) for name, text in named))


def _sql(text: str) -> exp.Expr:
    """One of this module's own texts as a tree."""
    from ....relational.dialect import parse, tokenize

    (tree,) = parse(tokenize(text), text)
    assert tree is not None, text
    return tree


def struct(columns: Iterable[Column]) -> str:
    """Columns as a struct type."""
    return f"struct<{','.join(f'{quoted(c.name)}:{c.type}' for c in columns)}>"


_Texts = tuple[str, str, str, str]


def _case(read: str, operations: Mapping[str, str]) -> str:
    """The operation that a word stands for."""
    cases = " ".join(f"WHEN '{word}' THEN '{op}'" for word, op in operations.items())
    return f"CASE {read} {cases} END"


def _debezium(row: tuple[Column, ...]) -> tuple[list[Column], _Texts]:
    """With or without the schema that Kafka Connect wraps around it."""
    bare = [
        Column("before", struct(row)),
        Column("after", struct(row)),
        Column("op", "string"),
        Column("ts_ms", "bigint"),
        Column("source", "struct<ts_ms:bigint>"),
    ]
    return [*bare, Column("payload", struct(bare))], (
        "coalesce(parsed.payload.op, parsed.op)",
        "timestamp_millis(coalesce(parsed.payload.source.ts_ms, parsed.source.ts_ms, "
        "parsed.payload.ts_ms, parsed.ts_ms))",
        "coalesce(parsed.payload.before, parsed.before)",
        "coalesce(parsed.payload.after, parsed.after)",
    )


def _maxwell(row: tuple[Column, ...]) -> tuple[list[Column], _Texts]:
    """`data` holds the row after an insert or update, and the row a delete removed."""
    schema = [Column("type", "string"), Column("ts", "bigint"), Column("data", struct(row))]
    return schema, (
        _case("parsed.type", MAXWELL),
        "timestamp_seconds(parsed.ts)",
        "parsed.data",
        "parsed.data",
    )


def _spark(row: tuple[Column, ...]) -> tuple[list[Column], _Texts]:
    """Rows of a Delta change feed; what a row was before an update is a row of its own."""
    schema = [
        *row,
        Column(RESERVED[0], "string"),
        Column(RESERVED[1], "timestamp"),
    ]
    return schema, (
        _case("parsed._change_type", CHANGE_FEED),
        "parsed._commit_timestamp",
        "parsed",
        "parsed",
    )
