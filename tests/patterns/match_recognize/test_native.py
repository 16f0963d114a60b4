"""The clause as Databricks SQL over a table: the same matches, or a refusal with the construct."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp, parse_one

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.errors import Unsupported
from lakestream_mcp.graph.model import Column, Relation
from tests.codegen.bench import Bench, chain, source
from tests.explain.agent import agent_in

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
COLUMNS = "k string, at timestamp, n int, `odd name` int"
ROWS = [
    {"k": "ab"[i % 2], "at": START + dt.timedelta(seconds=i), "n": (7 * i) % 5, "odd name": i}
    for i in range(30)
]
INPUT = Relation(
    (
        Column("k", "string"),
        Column("at", "timestamp"),
        Column("n", "int"),
        Column("odd name", "int"),
    ),
    "at",
    1000,
)
NATIVE = [
    "PARTITION BY k ORDER BY at MEASURES FINAL LAST(B.n) AS last, COUNT(*) AS many "
    "PATTERN (A B+) DEFINE B AS n > PREV(n)",
    "MEASURES A.`odd name` AS `the first`, CLASSIFIER() AS label, MATCH_NUMBER() AS m "
    "PATTERN (^ (A | `b` | D)* C $) DEFINE A AS n < 2, `b` AS n = 3, C AS n > 1",
    "PARTITION BY k ALL ROWS PER MATCH PATTERN (PERMUTE(A, B) C{1,2}) "
    "DEFINE A AS n = 0, B AS n = 1, C AS n >= 2 AND n > FIRST(A.n)",
    "MEASURES RUNNING FIRST(A.n, 1) AS second PATTERN (A{2,} B?) "
    "DEFINE A AS n <> 4 AND 'it''s' <> '\\\\', B AS TRUE",
]
REFUSED = {
    "PATTERN (A B) WITHIN INTERVAL '5' SECOND DEFINE A AS n = 1": "WITHIN",
    "PATTERN (A B) SUBSET U = (A, B) DEFINE A AS n = 1": "SUBSET U",
    "AFTER MATCH SKIP TO NEXT ROW PATTERN (A) DEFINE A AS n = 1": "AFTER MATCH SKIP TO NEXT ROW",
    "PATTERN (A+? B) DEFINE A AS n = 1": "A+?",
    "ALL ROWS PER MATCH PATTERN ({- A -} B) DEFINE A AS n = 1": "{- A -}",
    "PATTERN (A | ^ B) DEFINE A AS n = 1": "^",
    "ALL ROWS PER MATCH WITH UNMATCHED ROWS PATTERN (A) DEFINE A AS n = 1": "WITH UNMATCHED ROWS",
    "MEASURES ARRAY_AGG(n) AS all_n PATTERN (A) DEFINE A AS n = 1": "ARRAY_AGG(n)",
    "MEASURES SUM(n) AS s ALL ROWS PER MATCH PATTERN (A) DEFINE A AS n = 1": "SUM(n)",
    "PATTERN (A+) DEFINE A AS SUM(A.n) < 9": "SUM(A.n)",
    "PATTERN (A `a`) DEFINE A AS n = 1": "`a`",
    "MEASURES PREV(LAST(A.n)) AS p PATTERN (A) DEFINE A AS n = 1": "PREV(LAST(A.n))",
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def native(clause: str) -> str | None:
    kind = Catalog.load().get("match-recognize")
    return kind.batch_sql(kind.Config(clause=clause), [INPUT], "events")  # type: ignore[attr-defined, no-any-return]


def matches(bench: Bench, clause: str) -> list[dict[str, Any]]:
    config = {"clause": clause, "forget_after": "1 day"}
    node = {"id": "found", "type": "match-recognize", "name": "Found", "config": config}
    made = bench.make(chain(source("1 second", COLUMNS), node))
    run = bench.on_host(made, bench.tables(made, {"events": ROWS}))
    rows: list[dict[str, Any]] = run.tables["found"].drop_columns(["__row"]).to_pylist()
    return rows


@pytest.mark.parametrize("clause", NATIVE)
def test_the_native_clause_means_the_same(bench: Bench, clause: str) -> None:
    text = native(clause)
    assert text is not None
    tree = parse_one(text, dialect="databricks")
    assert isinstance(tree.find(exp.MatchRecognize), exp.MatchRecognize)
    inner = text[text.index("MATCH_RECOGNIZE") :]
    found = matches(bench, inner)
    assert found == matches(bench, clause)
    assert found


@pytest.mark.parametrize(("clause", "construct"), REFUSED.items())
def test_what_the_native_form_lacks_is_named(clause: str, construct: str) -> None:
    with pytest.raises(Unsupported) as refused:
        native(clause)
    assert refused.value.got == construct


def test_an_agent_reads_it_with_the_node(tmp_path: Path) -> None:
    feed = {"columns": "k string, at timestamp, n int", "event_time": "at"}
    with agent_in(tmp_path) as agent:
        for clause, shown in ((NATIVE[0], "sql"), (next(iter(REFUSED)), "refused")):
            made = agent.pipeline("match-recognize", {"clause": clause}, feed)
            read = agent.call("get_pipeline", pipeline_id=made, detail="node", node="it")
            assert shown in read["node"]["batch_sql"]
        made = agent.pipeline(
            "count-threshold",
            {"key": ["k"], "where": "n > 1", "threshold": 3, "window": "1 minute"},
            feed,
        )
        assert (
            "batch_sql"
            not in agent.call("get_pipeline", pipeline_id=made, detail="node", node="it")["node"]
        )
