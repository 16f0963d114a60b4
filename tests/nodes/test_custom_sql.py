"""Queries of an author's own: steps that read one another, and what a stream cannot answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate
from tests.codegen.bench import Bench, chain, source

STEPS = 40
ROWS = [{"id": n, "n": n, "amount": n / 2, "at": f"2026-03-01T00:00:0{n}Z"} for n in range(5)]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def pipeline(query: str) -> dict[str, Any]:
    """A source and the query."""
    node = {"id": "asked", "type": "custom-sql", "name": "Asked", "config": {"query": query}}
    return chain(source(), node)


def rows(bench: Bench, query: str) -> list[dict[str, Any]]:
    """What the query makes of the rows, in their order."""
    made = bench.make(pipeline(query))
    tables = bench.tables(made, {"events": ROWS})
    names = made.validation.relations["asked"].names
    found: Any = bench.on_host(made, tables).tables["asked"]
    shown: list[dict[str, Any]] = found.select(list(names)).to_pylist()
    return shown


def test_steps_read_one_another(bench: Bench) -> None:
    steps = ["c0 AS (SELECT id, amount FROM in_0)"]
    for n in range(STEPS):
        steps.append(f"c{n + 1} AS (SELECT id + {n} AS id, amount FROM c{n} WHERE amount < 2)")
    found = rows(bench, f"WITH {', '.join(steps)} SELECT * FROM c{STEPS}")
    added = sum(range(STEPS))
    assert found == [{"id": n + added, "amount": n / 2} for n in range(4)]


def test_a_query_as_long_as_may_be_is_tried(bench: Bench) -> None:
    steps = ["c0 AS (SELECT id, n, at FROM in_0)"]
    steps += [f"c{n + 1} AS (SELECT id, n + 1 AS n, at FROM c{n})" for n in range(210)]
    found = rows(bench, f"WITH {', '.join(steps)} SELECT id, n FROM c210")
    assert found == [{"id": n, "n": n + 210} for n in range(5)]


@pytest.mark.parametrize(
    "query",
    [
        "WITH a AS (WITH b AS (SELECT id FROM in_0) SELECT id FROM b) SELECT id FROM a",
        "SELECT x.id FROM (WITH b AS (SELECT id FROM in_0), c AS (SELECT id FROM b) "
        "SELECT id FROM c) AS x",
        "WITH Big AS (SELECT id FROM in_0 WHERE n > 2), "
        "other AS (SELECT id FROM in_0 WHERE n <= 2), "
        "both AS (SELECT * FROM Big UNION ALL SELECT * FROM other) SELECT * FROM both",
    ],
)
def test_steps_stand_anywhere(bench: Bench, query: str) -> None:
    assert rows(bench, query) == [{"id": n} for n in range(5)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) AS n FROM in_0",
        "SELECT id FROM in_0 GROUP BY id",
        "SELECT DISTINCT id FROM in_0",
        "SELECT id FROM in_0 ORDER BY id",
        "SELECT id FROM in_0 LIMIT 1",
        "SELECT row_number() OVER (ORDER BY id) AS r FROM in_0",
        "SELECT id FROM in_0 UNION SELECT id FROM in_0",
        "SELECT a.id FROM in_0 a JOIN in_0 b ON a.id = b.id",
        "SELECT id FROM in_0 WHERE id > (SELECT 1)",
        "SELECT id FROM in_0 UNION ALL SELECT 5 AS id",
        "WITH fixed AS (SELECT 5 AS id) SELECT id FROM in_0 UNION ALL SELECT id FROM fixed",
    ],
)
def test_what_no_stream_answers_is_refused(bench: Bench, query: str) -> None:
    document = PipelineDocument.model_validate(pipeline(query))
    found = validate(document, bench.catalog, bench.resolver, bench.cache)
    refused = [f for f in found.errors if f.code == "NOT_STREAMING"]
    assert refused
    assert all(f.node == "asked" and f.field == "query" and f.hint for f in refused)
