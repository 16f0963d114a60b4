"""Nonsense and hostile text: an answer with a place, quickly, whatever the text is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.codegen.parse.code import parse_code
from lakestream_mcp.codegen.plan import NoResolver
from lakestream_mcp.errors import LimitExceeded
from lakestream_mcp.relational.declarative.read import read, read_placed
from lakestream_mcp.relational.declarative.statements import Unknown

CATALOG = Catalog.load()
TABLE = "CREATE STREAMING TABLE t AS SELECT "


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("SELECT 'abc", 1, 8),
        ("\n\n  SET x = 1;\n/* never ends", 4, 1),
        (TABLE + '"a', 1, 36),
        (TABLE + "`a", 1, 36),
        (TABLE + "a FROM\nSTREAM x WHERE (", 2, 16),
        ("DROP TABLE x", 1, 1),
        ("CREATE", 1, 7),
        ("CREATE STREAMING TABLE", 1, 23),
        ("CREATE STREAMING TABLE a.b.c.d AS SELECT 1", 1, 32),
        (TABLE + "a FROM STREAM x;;\n CREATE FLOW f AS INSERT INTO t SELECT 1", 2, 33),
        ("CREATE FLOW f AS AUTO CDC INTO t FROM STREAM(x) KEYS (a)", 1, 57),
        ("CREATE STREAMING TABLE t (CONSTRAINT c EXPECT (a >) ON VIOLATION DROP ROW)", 1, 50),
        (TABLE + "1; SELECT 2", 1, 39),
        (TABLE + "* FROM STREAM(x) WATERMARK at DELAY OF INTERVAL many MINUTES", 1, 84),
        (TABLE + "(" * 100 + "1" + ")" * 100, 1, 96),
    ],
)
def test_the_place_of_the_trouble(text: str, line: int, column: int) -> None:
    unknown = [s for s in read(text) if isinstance(s, Unknown)]
    assert [(s.line, s.column) for s in unknown] == [(line, column)]
    assert unknown[0].reason
    parsed = parse_code(text, CATALOG, NoResolver())
    errors = [f for f in parsed.findings if f.code == "STATEMENT_NOT_READ"]
    assert [(f.line, f.column) for f in errors] == [(line, column)]


def test_a_text_that_is_too_long() -> None:
    with pytest.raises(LimitExceeded):
        read("x" * 1_000_001)
    with pytest.raises(LimitExceeded) as caught:
        read("SET a = 1;\n" * 5_001)
    assert caught.value.where == {"line": 5001, "column": 1}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 999_999,
        "'" * 999_999,
        "/*" * 499_999,
        "--\n" * 333_333,
        ";" * 999_999,
        TABLE + "1" + " + 1" * 200_000,
        TABLE + "a" * 900_000,
        TABLE + "CASE WHEN a THEN " * 20_000,
        TABLE + "NOT " * 200_000 + "a",
        TABLE + "NOT " * 5_000 + "a FROM STREAM x",
        TABLE + "1 FROM STREAM x WHERE a" + " OR a" * 5_000,
        "CREATE STREAMING TABLE t (" + "a INT, " * 100_000,
        "\\" * 900_000,
        "`" + "x" * 999_000,
    ],
    ids=range(14),
)
def test_a_megabyte_of_nonsense(text: str) -> None:
    assert all(isinstance(s, Unknown) or s for s in read(text))
    parse_code(text, CATALOG, NoResolver())


TEXT = """
CREATE OR REFRESH STREAMING TABLE MATERIALIZED VIEW FLOW t u AS SELECT * FROM STREAM ( ) , ; WHERE
a = 'x' CONSTRAINT c EXPECT ON VIOLATION DROP ROW AUTO CDC INTO KEYS SEQUENCE BY JOIN WATERMARK at
DELAY OF INTERVAL 1 MINUTE UNION ALL WITH LIVE . GROUP BY COUNT(*) ' ` -- read_files ( '/x' ,
schema => 'a INT' ) USING SET USE SCHEMA BY NAME INSERT
"""
WORDS = st.sampled_from([*TEXT.split(), "\n"])


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_words_in_any_order(text: str) -> None:
    placed = read_placed(text)
    parsed = parse_code(text, CATALOG, NoResolver())
    assert len(parsed.statements) == len(placed)
    for found in parsed.findings:
        assert found.line >= 1
        assert found.column >= 1


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    parse_code(TABLE + "a FROM STREAM x WHERE " + text, CATALOG, NoResolver())
    read(text)
