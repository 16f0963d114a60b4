"""What a clause becomes: output columns, names, its sentence, an earlier system's fields."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.graph.config import canonical
from tests.codegen.bench import Bench, chain, source

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
COLUMNS = "`step` string, at timestamp, k string, n int, tags array<string>, price decimal(6,2)"
ROWS = [
    {"step": "s", "at": START + dt.timedelta(seconds=i), "k": None, "n": i, "tags": ["x"],
     "price": "1.50"}
    for i in range(4)
]  # fmt: skip


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def found(bench: Bench, clause: str, **config: Any) -> list[dict[str, Any]]:
    node = {
        "id": "found",
        "type": "match-recognize",
        "name": "Found",
        "config": {"clause": clause, **config},
    }
    made = bench.make(chain(source("1 second", COLUMNS), node))
    run = bench.on_host(made, bench.tables(made, {"events": ROWS}))
    rows: list[dict[str, Any]] = run.tables["found"].drop_columns(["__row"]).to_pylist()
    return rows


def test_all_rows_show_the_columns_of_the_input(bench: Bench) -> None:
    rows = found(
        bench,
        "PARTITION BY k ORDER BY at MEASURES CLASSIFIER() AS label ALL ROWS PER MATCH "
        "PATTERN (A B) DEFINE A AS n = 1",
    )
    shown = ["step", "at", "n", "price", "label"]
    assert list(rows[0])[7:] == [*shown]
    assert [row["n"] for row in rows] == [1, 2]
    assert rows[0]["at"] == START + dt.timedelta(seconds=1)
    assert rows[0]["step"] == "s", "a column with the name of a match's field is shown, too"
    assert rows[0]["k"] is None, "NULL keys are one partition"
    assert len({row["match_id"] for row in rows}) == 2


def test_keep_chooses_the_columns(bench: Bench) -> None:
    rows = found(bench, "ORDER BY at ALL ROWS PER MATCH PATTERN (A) DEFINE A AS n = 1", keep=["n"])
    assert list(rows[0])[6:] == ["at", "n"]


def test_names_are_compared_in_capitals_unless_they_are_quoted(bench: Bench) -> None:
    clause = (
        'MATCH_RECOGNIZE (ORDER BY at MEASURES CLASSIFIER() AS last, "b".n AS n, COUNT(a.*) AS c '
        'PATTERN (a `b` B) DEFINE "b" AS "b".n > A.n, b AS B.n > `b`.n) AS found;'
    )
    (row,) = found(bench, clause)
    assert (row["last"], row["n"], row["c"]) == ("B", 1, 1)
    assert [event["step"] for event in row["events"]] == ["A", "b", "B"]


def test_columns_may_have_the_names_of_sections(bench: Bench) -> None:
    (row,) = found(
        bench,
        "ORDER BY at MEASURES A.n AS define, A.n + 1 AS pattern_of, A.step AS within "
        "PATTERN (A) DEFINE A AS A.n = 2 -- the third\n",
    )
    assert (row["define"], row["pattern_of"], row["within"]) == (2, 3, "s")


def test_a_deadline_decides_an_open_tail(bench: Bench) -> None:
    (row,) = found(bench, "ORDER BY at PATTERN (A B+) WITHIN 2 seconds DEFINE A AS n = 0")
    assert row["started_at"] == START
    assert row["ended_at"] == START + dt.timedelta(seconds=1)
    assert row["detected_at"] == START + dt.timedelta(seconds=2)


def test_moments_and_extremes_are_those_of_the_rows(bench: Bench) -> None:
    (row,) = found(
        bench,
        "ORDER BY at MEASURES VAR_POP(n) AS vp, VAR_SAMP(n) AS vs, STDDEV_POP(B.n) AS dp, "
        "STDDEV_SAMP(B.n) AS ds, VAR_SAMP(A.n) AS one, "
        "VAR_POP(CASE WHEN n > 9 THEN n END) AS none, "
        "BOOL_AND(n > 0) AS every, BOOL_OR(n > 2) AS some, MIN_BY(9 - n, n * (3 - n)) AS least, "
        "MAX_BY(n * n, n % 3) AS most PATTERN (A B B B) DEFINE A AS n = 0",
    )
    all_of, later = [0, 1, 2, 3], [1, 2, 3]
    assert row["vp"] == pytest.approx(statistics.pvariance(all_of))
    assert row["vs"] == pytest.approx(statistics.variance(all_of))
    assert row["dp"] == pytest.approx(statistics.pstdev(later))
    assert row["ds"] == pytest.approx(statistics.stdev(later))
    assert (row["one"], row["none"]) == (None, None)
    assert (row["every"], row["some"]) == (False, True)
    assert (row["least"], row["most"]) == (9, 4)


@pytest.mark.parametrize(("within", "matches"), [("2 seconds", 0), ("3 seconds", 1)])
def test_a_row_at_the_very_end_of_the_time_is_outside(
    bench: Bench, within: str, matches: int
) -> None:
    clause = (
        f"ORDER BY at PATTERN (A X B) WITHIN {within} DEFINE A AS n = 0, B AS n = FIRST(A.n) + 2"
    )
    assert len(found(bench, clause)) == matches


def test_fields_of_the_earlier_system(bench: Bench) -> None:
    kind = bench.catalog.get("match-recognize-sql")
    given: dict[str, Any] = {
        "matchRecognizeSql": "PATTERN (A) DEFINE A AS TRUE",
        "groupByKeys": ["k"],
        "quantifiers": "greedy",
        "stateTtl": "1 hour",
    }
    assert canonical(kind, given) == {
        "clause": "PATTERN (A) DEFINE A AS TRUE",
        "key": ["k"],
        "forget_after": "1 hour",
    }


@pytest.mark.parametrize(
    ("clause", "sentence"),
    [
        ("PARTITION BY k PATTERN (A (B|C)*?) DEFINE A AS n > 1", "rows like A (B | C)*?, by k"),
        (
            "ALL ROWS PER MATCH PATTERN (^ {- a{2} -} PERMUTE(B, C){,3} (() | `d`) $) "
            "WITHIN INTERVAL '90' SECOND DEFINE A AS n > 1",
            "rows like ^ {- A{2} -} PERMUTE(B, C){0,3} (() | `d`) $ within 90 seconds, each row",
        ),
        ("nonsense", "a MATCH_RECOGNIZE clause that cannot be read"),
    ],
)
def test_the_sentence_says_the_pattern(bench: Bench, clause: str, sentence: str) -> None:
    kind = bench.catalog.get("match-recognize")
    assert kind.sentence(kind.Config.model_validate({"clause": clause})) == sentence


@pytest.mark.parametrize(
    ("clause", "config", "kept_for"),
    [
        ("PATTERN (A) WITHIN 5 minutes DEFINE A AS TRUE", {}, "5 minutes"),
        ("PATTERN (A) DEFINE A AS n > 1", {"forget_after": "1 hour"}, "1 hour"),
        ("PATTERN (A) DEFINE A AS n > 1", {}, None),
        ("PATTERN (A) WITHIN 5 minutes DEFINE A AS n > PREV(n)", {}, None),
    ],
)
def test_what_a_key_holds_is_bounded(
    bench: Bench, clause: str, config: dict[str, Any], kept_for: str | None
) -> None:
    kind: Any = bench.catalog.get("match-recognize")
    made = kind.Config.model_validate({"clause": clause, "max_rows_per_match": 50, **config})
    bound = kind.state_bound(made)
    assert (bound.events, bound.kept_for) == (50, kept_for)
