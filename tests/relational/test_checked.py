"""Integers never wrap around: the local form of a query fails where Spark would."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakestream_mcp.errors import InvalidSql
from lakestream_mcp.graph.model import Column
from lakestream_mcp.relational.checked import checked
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.operand_types import TOGETHER

LIMITS = {"tinyint": 7, "smallint": 15, "int": 31, "bigint": 63}
ARROW = {"tinyint": pa.int8(), "smallint": pa.int16(), "int": pa.int32(), "bigint": pa.int64()}
KINDS = tuple(LIMITS)


def near_limits(kind: str) -> st.SearchStrategy[int]:
    top = 2 ** LIMITS[kind] - 1
    return st.one_of(
        st.integers(-top - 1, top),
        st.sampled_from([top, -top - 1, 0, 1, -1, top // 2, 3037000500 % top]),
    )


@settings(max_examples=80)
@given(st.data())
def test_arithmetic_is_exact_or_an_error(engine: LocalEngine, data: st.DataObject) -> None:
    one, other = data.draw(st.sampled_from(KINDS)), data.draw(st.sampled_from(KINDS))
    a, b = data.draw(near_limits(one)), data.draw(near_limits(other))
    operator = data.draw(st.sampled_from("+-*"))
    exact = {"+": a + b, "-": a - b, "*": a * b}[operator]
    wider = KINDS[max(KINDS.index(one), KINDS.index(other))]
    fits = -(2 ** LIMITS[wider]) <= exact < 2 ** LIMITS[wider]
    rows = pa.table({"a": pa.array([a], ARROW[one]), "b": pa.array([b], ARROW[other])})
    try:
        found = engine.run(f"SELECT a {operator} b AS x FROM in_0", {"in_0": rows})
    except InvalidSql as error:
        assert not fits
        assert error.code == "ARITHMETIC_OVERFLOW"
    else:
        assert fits
        assert (found.schema.types, found["x"].to_pylist()) == ([ARROW[wider]], [exact])


@pytest.mark.parametrize(
    "expression",
    ["sum(big)", "sum(big) + 1", "max(big) + 1", "(big + 0) * 2", "big - -1", "1 + big + i"],
)
def test_overflow_is_found_anywhere_in_a_query(engine: LocalEngine, expression: str) -> None:
    rows = pa.table({"big": [2**63 - 1, 2**63 - 1], "i": pa.array([1, 1], pa.int32())})
    query = f"SELECT {expression} AS x FROM in_0"
    with pytest.raises(InvalidSql) as caught:
        engine.run(query, {"in_0": rows})
    assert caught.value.code == "ARITHMETIC_OVERFLOW"


def test_overflow_is_found_behind_with_and_union(engine: LocalEngine) -> None:
    rows = pa.table({"big": [2**63 - 1]})
    query = (
        "WITH c AS (SELECT big AS y FROM in_0) SELECT 1L AS z FROM c UNION ALL SELECT y + 1 FROM c"
    )
    with pytest.raises(InvalidSql):
        engine.run(query, {"in_0": rows})


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("d + i", "double"),
        ("i + 1", "int"),
        ("i + 1L", "bigint"),
        ("2 * 3", "int"),
        ("at + INTERVAL 1 DAY", "timestamp"),
        ("dec * 2", "decimal(21,2)"),
        ("sum(i)", "bigint"),
        ("sum(d)", "double"),
        ("transform(xs, x -> CAST(x AS INT) + 1)", "array<int>"),
    ],
)
def test_types_stay_as_they_are(engine: LocalEngine, expression: str, kind: str) -> None:
    columns = (
        Column("i", "int"),
        Column("d", "double"),
        Column("at", "timestamp"),
        Column("dec", "decimal(10,2)"),
        Column("xs", "array<int>"),
    )
    found = engine.schema(f"SELECT {expression} AS x FROM in_0", {"in_0": columns})
    assert found == (Column("x", kind),)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("d > 2.5", [False, True, True, True, None]),
        ("2.5 < d", [False, True, True, True, None]),
        ("NOT d > -2.5", [False, False, False, False, None]),
        ("d BETWEEN -1.5 AND 2.5", [True, False, False, False, None]),
        ("d IN (1.0, 2.5)", [True, False, False, False, None]),
    ],
)
def test_a_decimal_literal_is_compared_as_a_double(
    engine: LocalEngine, condition: str, holds: list[bool | None]
) -> None:
    """NaN is greater than every number, as in Spark; nothing is too large to compare."""
    table = pa.table({"d": [1.0, 1e300, float("inf"), float("nan"), None]})
    found = engine.run(f"SELECT {condition} AS holds FROM in_0", {"in_0": table})
    assert found["holds"].to_pylist() == holds


LINKS = 100


@pytest.mark.parametrize("link", [0, 15, 16, 50, LINKS - 1])
def test_overflow_is_found_in_every_link_of_a_long_with(engine: LocalEngine, link: int) -> None:
    steps = [f"SELECT x + {n} AS x, y + {n} AS y, d + {n} AS d FROM c{n}" for n in range(LINKS)]
    steps[link] = f"SELECT x * 2 AS x, y + {link} AS y, d + {link} AS d FROM c{link}"
    named = ["c0 AS (SELECT x, y, d FROM in_0)"]
    named += [f"c{n + 1} AS ({step})" for n, step in enumerate(steps)]
    query = f"WITH {', '.join(named)} SELECT x, y, d FROM c{LINKS}"
    rows = pa.table({"x": [2**62], "y": pa.array([1], pa.int32()), "d": [0.5]})
    with pytest.raises(InvalidSql) as caught:
        engine.run(query, {"in_0": rows})
    assert caught.value.code == "ARITHMETIC_OVERFLOW"
    found = engine.run(query, {"in_0": rows.set_column(0, "x", pa.array([1]))})
    assert found.schema.types == [pa.int64(), pa.int32(), pa.float64()]
    added = sum(range(LINKS))
    assert found["y"].to_pylist() == [1 + added]
    assert found["d"].to_pylist() == [0.5 + added]


def test_many_integers_are_added_up(engine: LocalEngine) -> None:
    query = f"SELECT x{' + x' * 40} AS y FROM in_0"
    assert engine.run(query, {"in_0": pa.table({"x": [2]})})["y"].to_pylist() == [82]


@pytest.mark.parametrize(
    "step",
    [
        "CAST(x * 1.5D AS BIGINT)",
        "CAST(x / 2 AS DECIMAL(20,3))",
        "CAST(CASE WHEN x > 1 THEN 5D ELSE CAST(x AS DOUBLE) END AS BIGINT)",
        "CAST(round(CAST(x AS DOUBLE) * 2, 2) AS BIGINT)",
    ],
)
def test_casts_follow_one_another(engine: LocalEngine, step: str) -> None:
    named = ["c0 AS (SELECT x FROM in_0)"]
    named += [f"c{n + 1} AS (SELECT {step} AS x FROM c{n})" for n in range(LINKS)]
    query = f"WITH {', '.join(named)} SELECT x FROM c{LINKS}"
    found = engine.run(query, {"in_0": pa.table({"x": [0, None]})})
    assert found["x"].to_pylist() == [0, None]


def test_a_long_with_asks_few_questions() -> None:
    asked: list[str] = []

    def types(questions: list[str]) -> list[tuple[Column, ...]]:
        asked.extend(questions)
        return [(Column("o0", "bigint"),) * text.count(" AS o0") for text in questions]

    named = ["c0 AS (SELECT x FROM in_0)"]
    named += [f"c{n + 1} AS (SELECT x + {n} AS x FROM c{n})" for n in range(LINKS)]
    checked(f"WITH {', '.join(named)} SELECT x FROM c{LINKS}", ["in_0"], types)
    assert len(asked) == math.ceil(LINKS / TOGETHER)
