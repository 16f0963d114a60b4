"""Hand-written joins of two streams: what is read of them gives the rows that the SQL gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakestream_mcp.codegen.parse.code import parse_code

from ..bench import Bench

Rows = list[dict[str, Any]]
SOURCES = """
CREATE OR REFRESH STREAMING TABLE a AS SELECT * FROM STREAM read_files('/a', format => 'json',
  schema => 'id BIGINT, n INT, at TIMESTAMP');
CREATE OR REFRESH STREAMING TABLE b AS SELECT * FROM STREAM read_files('/b', format => 'json',
  schema => 'id BIGINT, m INT, at TIMESTAMP');
CREATE OR REFRESH STREAMING TABLE joined AS
"""
MARKED = (
    "STREAM(a) WATERMARK at DELAY OF INTERVAL 1 DAY AS x",
    "STREAM(b) WATERMARK at DELAY OF INTERVAL 1 DAY AS y",
)
LOWER = (  # y is at least `low` later than x
    "y.at >= {x + low}",
    "{x + low} <= y.at",
    "{y - low} >= x.at",
    "y.at > {x + low}",
    "(x.at) < ({y - low})",
)
UPPER = (
    "y.at <= {x + high}",
    "({x + high}) >= y.at",
    "x.at >= {y - high}",
    "x.at > ({y - high})",
)
BOTH = (
    "y.at BETWEEN {x + low} AND {x + high}",
    "x.at BETWEEN {y - high} AND {y - low}",
)
MORE = ("", " AND x.n < y.m", " AND (x.n = 1 OR y.m = 2)", " AND y.at < x.at + INTERVAL 4 SECONDS")
OUTPUTS = {
    "": ("x.id", "y.id AS other", "n", "x.at", "y.at AS then"),
    "LEFT": ("x.id", "m", "x.at", "n"),
}


def written(text: str, low: int, high: int) -> str:
    """The places in braces as SQL: a time and so many seconds more or less."""
    for side, sign in (("x", 1), ("y", -1)):
        for name, seconds in (("low", low * sign), ("high", high * sign)):
            moved = f"{side}.at {'-' if seconds < 0 else '+'} INTERVAL {abs(seconds)} SECONDS"
            text = text.replace(f"{{{side} {'+' if sign > 0 else '-'} {name}}}", moved)
    return text


@st.composite
def joins(draw: st.DrawFn) -> tuple[str, str]:
    """Join type and condition."""
    low = draw(st.integers(-4, 4))
    high = draw(st.integers(low, 6))
    texts = [draw(st.sampled_from(BOTH))]
    if draw(st.booleans()):
        texts = [draw(st.sampled_from(LOWER)), draw(st.sampled_from(UPPER))]
    parts = [written(text, low, high) for text in texts]
    key = draw(st.sampled_from(["x.id = y.id", "y.id = x.id", "(x.id = y.id)"]))
    on = " AND ".join(draw(st.permutations([key, *parts])))
    return draw(st.sampled_from(sorted(OUTPUTS))), on + draw(st.sampled_from(MORE))


def rows(number: str) -> st.SearchStrategy[Rows]:
    """Rows of one side, all within ten seconds."""
    one = st.fixed_dictionaries(
        {
            "id": st.sampled_from([1, 2, None]),
            number: st.integers(0, 3),
            "at": st.one_of(
                st.none(), st.integers(0, 9).map(lambda s: f"2026-03-01T10:00:{s:02d}Z")
            ),
        }
    )
    return st.lists(one, min_size=1, max_size=6)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@settings(max_examples=60, deadline=None)
@given(join=joins(), left=rows("n"), right=rows("m"))
def test_the_graph_gives_the_rows_of_the_sql(
    bench: Bench, join: tuple[str, str], left: Rows, right: Rows
) -> None:
    side, on = join
    outputs = ", ".join(OUTPUTS[side])
    text = f"SELECT {outputs} FROM {{}} {side} JOIN {{}} ON {on}"
    parsed = parse_code(
        SOURCES + text.format(*MARKED) + ";",
        bench.catalog,
        bench.resolver,
    )
    types = {node.type for node in parsed.document.nodes}
    assert "stream-stream-join" in types, (on, parsed.findings)
    made = bench.make(parsed.document.model_dump())
    tables = bench.tables(made, {"a_source": left, "b_source": right})
    found = bench.on_host(made, tables).tables["joined"].drop_columns(["__row"])
    plain = {name: tables[f"{name}_source"].drop_columns(["__row"]) for name in "ab"}
    query = text.format("a AS x", "b AS y")
    # A row without a time is never told of: no watermark passes it.
    if side:
        query = query.replace("a AS x", "(SELECT * FROM a WHERE at IS NOT NULL) AS x")
    expected = bench.engine.run(query, plain)
    assert shown(found.to_pylist()) == shown(expected.to_pylist()), on


def shown(found: Rows) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in found)


@pytest.mark.parametrize("length", ["INTERVAL (1 + 2) MINUTES", "INTERVAL x.n MINUTES"])
def test_a_length_that_is_worked_out_is_no_bound(bench: Bench, length: str) -> None:
    on = f"x.id = y.id AND y.at BETWEEN x.at AND x.at + {length}"
    text = f"SELECT x.id, m FROM {MARKED[0]} JOIN {MARKED[1]} ON {on};"
    parsed = parse_code(SOURCES + text, bench.catalog, bench.resolver)
    assert "stream-stream-join" not in {node.type for node in parsed.document.nodes}
