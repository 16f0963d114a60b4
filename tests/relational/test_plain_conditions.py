"""Conditions whose type is known: the engine gives the same, and knows of no error in them."""

from __future__ import annotations

import itertools
import random

import pytest

from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.relational.guard import parsed
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.plain_conditions import known_columns
from lakestream_mcp.relational.sql import select, sql

NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal(38,10)")
ROWS = Relation(
    (
        *(Column(f"n{at}", kind) for at, kind in enumerate(NUMBERS)),
        *(Column(name, "string") for name in ("s", "Größe", "select")),
        *(Column(name, kind) for name, kind in (("b", "boolean"), ("t", "timestamp"))),
        Column("r", "struct<a:int>"),
    )
)
OPERATORS = ("=", "<>", "!=", "<", "<=", ">", ">=")
VALUES = [f"n{at}" for at in range(len(NUMBERS))] + ["0", "-1", "999999999999999", "3.000000001"]
TEXTS = ["s", "`Größe`", "`select`", "''", "'it''s'", r"'\\'", "'2026-01-01'", "'17'"]


def conditions() -> list[str]:
    """Every operator and kind of value, and some of them put together."""
    plain = [
        f"{left} {operator} {right}"
        for values in (VALUES, TEXTS)
        for place, (left, right) in enumerate(itertools.product(values, values))
        for operator in (OPERATORS[place % len(OPERATORS)],)
    ]
    plain += [f"{name} IS NULL" for name in ("n0", "n6", "s")] + ["s IS NOT NULL"]
    rng = random.Random(7)
    return plain + [
        f"NOT ({rng.choice(plain)}) AND {rng.choice(plain)} OR ({rng.choice(plain)})"
        for _ in range(60)
    ]


def test_the_engine_says_the_same(engine: LocalEngine) -> None:
    asked = [select([parsed(f"{text} AS c", None)]) for text in conditions()]
    assert [known_columns(query, [ROWS]) for query in asked] == [
        engine.schema(sql(query), {"in_0": ROWS.columns}) for query in asked
    ]


@pytest.mark.parametrize(
    "condition",
    [
        "n0", "b", "n0 + 1", "n0 + 1 > 2", "n0 > '1'", "s = 1", "t > '2026-01-01'", "r IS NULL",
        "r.a > 1", "in_0.n0 > 1", "N0 > 1", "gone > 1", "n0 > 1e9", "n0 > 1234567890123456",
        "n0 > 1 AND b", "s LIKE 'a%'", "n0 IN (1, 2)", "n0 IS TRUE", "n0 <=> 1", "upper(s) = 'A'",
        "-s = 'a'", "n0 > NULL",
    ],
)  # fmt: skip
def test_of_others_nothing_is_known(condition: str) -> None:
    assert known_columns(select([parsed(f"{condition} AS c", None)]), [ROWS]) is None


def test_names_and_other_clauses_are_the_engine_s() -> None:
    once = parsed("n0 > 1 AS c", None)
    again = parsed("n1 > 1 AS C", None)
    assert known_columns(select([once.copy()]), [ROWS]) == (Column("c", "boolean"),)
    assert known_columns(select([once.copy(), again]), [ROWS]) is None
    assert known_columns(select([once.copy()]).limit(1), [ROWS]) is None
    assert known_columns(select([parsed("n0 > 1", None)]), [ROWS]) is None
    assert known_columns(select([once.copy()]), [ROWS, ROWS]) is None
