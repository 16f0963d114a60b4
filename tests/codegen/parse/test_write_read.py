"""The reader is the writer's inverse."""

from __future__ import annotations

import pytest
from sqlglot import exp

from lakestream_mcp.relational.declarative.dialect import parse, tokenize
from lakestream_mcp.relational.declarative.read import read, read_placed
from lakestream_mcp.relational.declarative.statements import (
    AutoCdc,
    Dataset,
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
from lakestream_mcp.relational.declarative.trees import stream, table_function
from lakestream_mcp.relational.declarative.write import write


def tree(text: str) -> exp.Expr:
    (found,) = parse(tokenize(text), text)
    assert found is not None
    return found


def query(text: str, *marks: Watermark) -> Query:
    found = tree(text)
    assert isinstance(found, exp.Query)
    return Query(found, marks)


STATEMENTS: list[Statement] = [
    Dataset("streaming_table", "main.a.t"),
    Dataset(
        "streaming_table",
        "main.a.`we ird`".replace("`", ""),
        query("SELECT * FROM STREAM x"),
        (
            Expectation("warned", tree("a > 1 AND b LIKE 'x;%'")),
            Expectation("dropped", tree("a IS NOT NULL"), "drop"),
            Expectation("failed", tree("a IN (1, 2)"), "fail"),
        ),
        "it's; -- a comment",
        (("quality", "gold"), ("a.b", "it's")),
        ("day", "we ird"),
    ),
    Dataset(
        "materialized_view",
        "v",
        query("SELECT a, COUNT(*) AS n FROM t GROUP BY a"),
        cluster_by=("a", "b"),
        columns=(TableColumn("a", "BIGINT"), TableColumn("n", "INT", "how many")),
    ),
    Dataset("private_table", "p", query("SELECT a FROM STREAM b.c.d WHERE a > 1")),
    Dataset(
        "temporary_view",
        "w",
        query("SELECT a FROM STREAM b AS x", Watermark("x", "at", 600_000)),
    ),
    Dataset(
        "temporary_view",
        "j",
        query(
            "SELECT x.a FROM STREAM b AS x JOIN (SELECT a, at FROM STREAM c) AS y ON x.a = y.a",
            Watermark("x", "at", 1),
            Watermark("y", "we ird", 86_400_000),
        ),
    ),
    Dataset(
        "temporary_view",
        "k",
        Query(
            exp.select("a").from_(
                stream(table_function("read_kafka", {"bootstrapServers": "a", "x.y": "b"}, "c"))
            )
        ),
    ),
    Flow("f", "main.a.t", query("SELECT a, b FROM STREAM x UNION ALL SELECT a, b FROM STREAM y")),
    AutoCdc("f", "t", "main.a.s", ("id", "we ird"), tree("at")),
    AutoCdc(
        "f", "t", "s", ("id",), tree("at"), tree("op = 'D'"), (), ("op", "at"), 2, (), ("seen",)
    ),
    AutoCdc("f", "t", "s", ("id",), tree("at"), None, ("id", "v"), (), 2, ("v",)),
    Setting("pipelines.trigger", "10 seconds"),
    Use("catalog", "main"),
    Use("schema", "a"),
]


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: type(s).__name__)
def test_what_is_written_is_read(statement: Statement) -> None:
    text = write(statement)
    (found,) = read(text)
    assert type(found) is type(statement)
    assert write(found) == text
    plain = [(a, b) for a, b in zip(found, statement, strict=True) if not _has_trees(b)]
    assert all(a == b for a, b in plain)


def _has_trees(value: object) -> bool:
    return isinstance(value, (exp.Expr, Query)) or (
        isinstance(value, tuple) and any(isinstance(each, Expectation) for each in value)
    )


def test_all_together_with_their_places() -> None:
    texts = [write(statement) for statement in STATEMENTS]
    placed = read_placed("\n\n".join(f"-- remark; {i}\n{text}" for i, text in enumerate(texts)))
    assert [write(p.statement) for p in placed] == texts
    assert not any(isinstance(p.statement, Unknown) for p in placed)
    line = 2
    for found, text in zip(placed, texts, strict=True):
        assert (found.line, found.column) == (line, 1)
        line += text.count("\n") + 3


def test_marks() -> None:
    text = (
        "-- Generated\n-- lakestream:node=a type=filter\n-- Node: It's; a name\n-- Summary: x\n"
        '-- lakestream:config={"a": 1}\nSET a = 1;\n-- lakestream:node=b\nSET b = 2;\nSET c = 3;'
    )
    one, two, three = read_placed(text)
    assert one.marker is not None
    assert one.marker == ("a", "filter", "It's; a name", {"a": 1})
    assert two.marker == ("b", None, None, None)
    assert three.marker is None
