"""What the resolver says of queries, and the hidden row column."""

from __future__ import annotations

import pytest
import sqlglot

from lakestream_mcp.errors import InvalidSql
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.lineage import with_row
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.sql import cast_outputs, sql

ROWS = Relation((Column("id", "bigint"), Column("price", "double")))


def query(text: str) -> sqlglot.exp.Query:
    parsed = sqlglot.parse_one(text, dialect="spark")
    assert isinstance(parsed, sqlglot.exp.Query)
    return parsed


def test_columns_of_a_query(engine: LocalEngine) -> None:
    found = SailResolver(engine).columns(query("SELECT id, price > 1 AS dear FROM in_0"), [ROWS])
    assert found == (Column("id", "bigint"), Column("dear", "boolean"))


def test_an_answer_is_remembered(engine: LocalEngine) -> None:
    resolver = SailResolver(engine)
    text = query("SELECT id AS remembered FROM in_0")
    first = resolver.columns(text, [ROWS])
    engine.close()
    assert resolver.columns(text, [ROWS]) is first
    assert engine._child is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT id, price AS ID FROM in_0", "DUPLICATE_COLUMN"),
        ("SELECT NULL AS nothing FROM in_0", "UNSTORABLE_TYPE"),
        ("SELECT INTERVAL 1 DAY AS length FROM in_0", "UNSTORABLE_TYPE"),
    ],
)
def test_columns_that_cannot_be(engine: LocalEngine, text: str, code: str) -> None:
    with pytest.raises(InvalidSql) as caught:
        SailResolver(engine).columns(query(text), [ROWS])
    assert caught.value.code == code


def test_outputs_are_cast_to_declared_types() -> None:
    columns = (Column("id", "bigint"), Column("x", "decimal(10,2)"))
    cast = cast_outputs(query("SELECT id, price + 1 AS x FROM in_0 WHERE id > 1"), columns)
    assert sql(cast) == "SELECT id, CAST(price + 1 AS DECIMAL(10, 2)) AS x FROM in_0 WHERE id > 1"
    united = cast_outputs(query("SELECT 1 AS id UNION ALL SELECT 'x'"), columns[:1])
    assert (
        sql(united) == "SELECT CAST(1 AS BIGINT) AS id UNION ALL SELECT CAST('x' AS BIGINT) AS id"
    )


@pytest.mark.parametrize(
    ("text", "traced"),
    [
        ("SELECT id FROM in_0", "SELECT id, in_0.__row AS __row FROM in_0"),
        ("SELECT id FROM in_0 AS s", "SELECT id, s.__row AS __row FROM in_0 AS s"),
        (
            "SELECT id FROM in_0 UNION ALL SELECT id FROM in_1",
            "SELECT id, in_0.__row AS __row FROM in_0 UNION ALL "
            "SELECT id, in_1.__row AS __row FROM in_1",
        ),
        (
            "SELECT in_0.id FROM in_0 LEFT JOIN in_1 ON in_0.id = in_1.id",
            "SELECT in_0.id, in_0.__row AS __row FROM in_0 LEFT JOIN in_1 ON in_0.id = in_1.id",
        ),
        ("SELECT id FROM fixed", "SELECT id FROM fixed"),
        (
            "SELECT e.id FROM (SELECT id FROM in_0) AS e",
            "SELECT e.id, e.__row AS __row FROM (SELECT id, in_0.__row AS __row FROM in_0) AS e",
        ),
        (
            "SELECT id FROM (SELECT id FROM fixed) AS e",
            "SELECT id FROM (SELECT id FROM fixed) AS e",
        ),
    ],
)
def test_rows_keep_their_origin(text: str, traced: str) -> None:
    assert sql(with_row(query(text))) == traced
