"""What is wrong with a clause is said with a code, a place and what was found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.codegen.bench import Bench, chain, source

COLUMNS = "at timestamp, id bigint, key string, value int, price decimal(10,2), tags array<string>"
DEFINE = "PATTERN (A B+) DEFINE B AS value > 0"


def measure(expression: str) -> str:
    return f"MEASURES {expression} AS m PATTERN (A B+) SUBSET U = (A, B) DEFINE B AS value > 0"


def defined(condition: str) -> str:
    return f"PATTERN (A B+) SUBSET U = (A, B) DEFINE B AS {condition}"


BAD: dict[str, str] = {
    # the clause
    "": "SYNTAX_ERROR",
    "PATTERN (A)": "SYNTAX_ERROR",
    "DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN () DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN (A B DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN (A) DEFINE A AS": "SYNTAX_ERROR",
    "PATTERN (A) DEFINE A value > 0": "SYNTAX_ERROR",
    "DEFINE A AS TRUE PATTERN (A)": "SYNTAX_ERROR",
    f"{DEFINE} {DEFINE}": "SYNTAX_ERROR",
    f"nonsense {DEFINE}": "SYNTAX_ERROR",
    f"MEASURES value {DEFINE}": "SYNTAX_ERROR",
    f"ONE ROW PER {DEFINE}": "SYNTAX_ERROR",
    f"ALL ROWS PER MATCH WITH ROWS {DEFINE}": "SYNTAX_ERROR",
    f"AFTER MATCH SKIP {DEFINE}": "SYNTAX_ERROR",
    f"AFTER MATCH SKIP TO NEXT {DEFINE}": "INVALID_LABEL",
    f"SEEK {DEFINE}": "NOT_SUPPORTED",
    "MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS TRUE) AS m (x, y)": "UNSUPPORTED",
    "PATTERN (A) WITHIN soon DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN (A) WITHIN INTERVAL '1' MONTH DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN (A) DEFINE A AS key = 'x": "SYNTAX_ERROR",
    # order and key
    f"PARTITION BY nope {DEFINE}": "UNKNOWN_COLUMN",
    f"PARTITION BY price {DEFINE}": "",
    f"PARTITION BY tags {DEFINE}": "UNSUPPORTED_TYPE",
    f"PARTITION BY key || 'x' {DEFINE}": "SYNTAX_ERROR",
    f"ORDER BY id {DEFINE}": "ORDER_BY_NOT_TIME",
    f"ORDER BY at DESC {DEFINE}": "ORDER_BY_NOT_ASCENDING",
    f"ORDER BY at, id NULLS LAST {DEFINE}": "ORDER_BY_NOT_ASCENDING",
    f"ORDER BY at, nope {DEFINE}": "UNKNOWN_COLUMN",
    # the pattern
    "PATTERN (A | ) DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN (A{}) DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN (A{x}) DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN (A*+) DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN (A{- B) DEFINE A AS TRUE": "SYNTAX_ERROR",
    "PATTERN (A{0}) DEFINE A AS TRUE": "NUMERIC_VALUE_OUT_OF_RANGE",
    "PATTERN (A{,0}) DEFINE A AS TRUE": "NUMERIC_VALUE_OUT_OF_RANGE",
    "PATTERN (A{9999999999}) DEFINE A AS TRUE": "NUMERIC_VALUE_OUT_OF_RANGE",
    "PATTERN (A{3,2}) DEFINE A AS TRUE": "INVALID_RANGE",
    "PATTERN (((A{100}){100}){100}) DEFINE A AS TRUE": "PATTERN_TOO_LARGE",
    "PATTERN (PERMUTE(A, B, C, D, E, F, G, H, I)) DEFINE A AS TRUE": "PATTERN_TOO_LARGE",
    "ALL ROWS PER MATCH WITH UNMATCHED ROWS PATTERN ({- A -}) DEFINE A AS TRUE": (
        "INVALID_ROW_PATTERN"
    ),
    # labels
    "PATTERN (A) SUBSET A = (A) DEFINE A AS TRUE": "INVALID_LABEL",
    "PATTERN (A) SUBSET S = (A), S = (A) DEFINE A AS TRUE": "INVALID_LABEL",
    "PATTERN (A) SUBSET S = (B) DEFINE A AS TRUE": "INVALID_LABEL",
    "PATTERN (A) DEFINE B AS TRUE": "INVALID_LABEL",
    "PATTERN (A) DEFINE A AS TRUE, a AS FALSE": "INVALID_LABEL",
    "AFTER MATCH SKIP TO C PATTERN (A) DEFINE A AS TRUE": "INVALID_LABEL",
    # columns
    measure("nope"): "UNKNOWN_COLUMN",
    measure("A.nope"): "UNKNOWN_COLUMN",
    measure("feed.value"): "UNKNOWN_COLUMN",
    defined("C.value > 0"): "UNKNOWN_COLUMN",
    "MEASURES value AS m, id AS M PATTERN (A) DEFINE A AS TRUE": "NAME_TAKEN",
    "MEASURES value AS events PATTERN (A) DEFINE A AS TRUE": "NAME_TAKEN",
    "MEASURES value AS id ALL ROWS PER MATCH PATTERN (A) DEFINE A AS TRUE": "NAME_TAKEN",
    # definitions
    defined("value"): "TYPE_MISMATCH",
    defined("LAST(value)"): "TYPE_MISMATCH",
    defined("FINAL LAST(value) > 0"): "INVALID_PROCESSING_MODE",
    defined("FINAL SUM(value) > 0"): "INVALID_PROCESSING_MODE",
    # functions of row patterns
    measure("FINAL PREV(value)"): "INVALID_PROCESSING_MODE",
    measure("RUNNING CLASSIFIER()"): "INVALID_PROCESSING_MODE",
    measure("FINAL MATCH_NUMBER()"): "INVALID_PROCESSING_MODE",
    measure("FINAL LOWER(key)"): "INVALID_PROCESSING_MODE",
    measure("MATCH_NUMBER(1)"): "INVALID_FUNCTION_ARGUMENT",
    measure("CLASSIFIER(A, B)"): "INVALID_FUNCTION_ARGUMENT",
    measure("CLASSIFIER(C)"): "INVALID_FUNCTION_ARGUMENT",
    measure("CLASSIFIER(A.value)"): "TYPE_MISMATCH",
    measure("CLASSIFIER('A')"): "TYPE_MISMATCH",
    measure("`CLASSIFIER`()"): "UNKNOWN_FUNCTION",
    measure("LAST()"): "INVALID_FUNCTION_ARGUMENT",
    measure("LAST(value, 1, 2)"): "INVALID_FUNCTION_ARGUMENT",
    measure("LAST(value, id)"): "INVALID_FUNCTION_ARGUMENT",
    measure("PREV(value, -1)"): "INVALID_FUNCTION_ARGUMENT",
    measure("PREV(value, 3000000000)"): "NUMERIC_VALUE_OUT_OF_RANGE",
    measure("LAST(1)"): "INVALID_ARGUMENTS",
    measure("NEXT(MATCH_NUMBER())"): "INVALID_ARGUMENTS",
    measure("LAST(A.value + B.value)"): "INVALID_ARGUMENTS",
    measure("LAST(A.value + value)"): "INVALID_ARGUMENTS",
    measure("PREV(LAST(U.value || CLASSIFIER(A)))"): "INVALID_ARGUMENTS",
    measure("LAST(FIRST(value))"): "INVALID_NAVIGATION_NESTING",
    measure("FIRST(PREV(value))"): "INVALID_NAVIGATION_NESTING",
    measure("PREV(NEXT(value))"): "INVALID_NAVIGATION_NESTING",
    measure("PREV(LAST(value) + 1)"): "INVALID_NAVIGATION_NESTING",
    measure("PREV(LAST(value) + FIRST(value))"): "INVALID_NAVIGATION_NESTING",
    measure("LAST(SUM(value))"): "NESTED_AGGREGATION",
    measure("SUM(LAST(value))"): "INVALID_NAVIGATION_NESTING",
    measure("LAST(value) OVER ()"): "INVALID_PATTERN_RECOGNITION_FUNCTION",
    measure("LAST(DISTINCT value)"): "INVALID_PATTERN_RECOGNITION_FUNCTION",
    measure("CLASSIFIER() FILTER (WHERE value > 0)"): "INVALID_PATTERN_RECOGNITION_FUNCTION",
    # aggregates
    measure("SUM(AVG(value))"): "NESTED_AGGREGATION",
    measure("SUM(A.value + B.value)"): "INVALID_ARGUMENTS",
    measure("MAX_BY(A.value, id)"): "INVALID_ARGUMENTS",
    measure("COUNT(C.*)"): "INVALID_FUNCTION_ARGUMENT",
    measure("SUM(A.*)"): "INVALID_FUNCTION_ARGUMENT",
    measure("LOWER(A.*)"): "INVALID_FUNCTION_ARGUMENT",
    measure("MAX_BY(value, A.*)"): "INVALID_FUNCTION_ARGUMENT",
    measure("SUM(value) OVER ()"): "NESTED_WINDOW",
    measure("SUM(value) FILTER (WHERE value > 0)"): "NOT_SUPPORTED",
    measure("COUNT(DISTINCT value)"): "NOT_SUPPORTED",
    measure("ARRAY_AGG(value ORDER BY id)"): "NOT_SUPPORTED",
    measure("LISTAGG(key, '-') WITHIN GROUP (ORDER BY id)"): "NOT_SUPPORTED",
    measure("SUM(key)"): "NOT_SUPPORTED",
    measure("AVG(price)"): "NOT_SUPPORTED",
    measure("MIN(value, 0)"): "NOT_SUPPORTED",
    measure("SUM(value, id)"): "FUNCTION_NOT_FOUND",
    measure("APPROX_PERCENTILE(value, 0.5)"): "FUNCTION_REFUSED",
    # expressions
    measure("(SELECT 1)"): "SQL_NOT_ALLOWED",
    defined("EXISTS (SELECT 1 FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS TRUE))"): (
        "NESTED_ROW_PATTERN_RECOGNITION"
    ),
    measure("A.price / B.price"): "NOT_SUPPORTED",
    measure("A.price * B.price * A.price"): "NOT_SUPPORTED",
    measure("MAP_AGG(value, value)[1]"): "NOT_SUPPORTED",
    measure("REGEXP_REPLACE(A.key, 'x', B.key)"): "NOT_SUPPORTED",
    measure("no_function(value)"): "UNKNOWN_FUNCTION",
    measure("NULL"): "INVALID_SQL",
    measure("HISTOGRAM(value)"): "UNSUPPORTED_TYPE",
    measure("A.at + INTERVAL '1' DAY"): "NOT_SUPPORTED",
    measure("B.at - A.at"): "NOT_SUPPORTED",
    measure("LAST(STRUCT(value))"): "UNSUPPORTED_TYPE",
    measure("MAP_AGG(tags, value)['x']"): "NOT_SUPPORTED",
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def findings(bench: Bench, config: dict[str, Any]) -> list[dict[str, Any]]:
    from lakestream_mcp.graph.model import PipelineDocument
    from lakestream_mcp.graph.validate import validate

    node = {"id": "found", "type": "match-recognize", "name": "Found", "config": config}
    document = PipelineDocument.model_validate(chain(source("1 second", COLUMNS), node))
    checked = validate(document, bench.catalog, bench.resolver, bench.cache)
    found = [f.model_dump(exclude_none=True) for f in checked.findings]
    return [f for f in found if f.get("node") == "found"]


@pytest.mark.parametrize("clause", BAD)
def test_a_bad_clause_is_refused(bench: Bench, clause: str) -> None:
    errors = [f for f in findings(bench, {"clause": clause}) if f["severity"] == "error"]
    wanted = [BAD[clause]] if BAD[clause] else []
    assert list(dict.fromkeys(f["code"] for f in errors)) == wanted, errors
    for finding in errors:
        assert finding["field"] == "clause" or finding["code"] == "UNSUPPORTED_TYPE"
        assert "mr__" not in repr(finding), "names of our own are not shown"
        assert finding.get("got") is not None, finding


def test_conflicting_keys_are_refused(bench: Bench) -> None:
    clause = "PARTITION BY key PATTERN (A) DEFINE A AS TRUE"
    (found,) = findings(bench, {"clause": clause, "key": ["id"]})
    assert (found["code"], found["field"]) == ("KEY_CONFLICT", "key")


@pytest.mark.parametrize("part", ["PREV(value) = 1", "MATCH_NUMBER() = 1", "NEXT(value) = 1"])
def test_keys_that_are_kept_for_ever_are_warned_of(bench: Bench, part: str) -> None:
    clause = f"PATTERN (A) DEFINE A AS {part}"
    (found,) = findings(bench, {"clause": clause})
    assert (found["code"], found["severity"]) == ("KEYS_KEPT_FOR_EVER", "warning")
    assert not findings(bench, {"clause": clause, "forget_after": "1 hour"})


def test_a_clause_that_keeps_nothing_is_not_warned_of(bench: Bench) -> None:
    clause = "AFTER MATCH SKIP TO NEXT ROW PATTERN (A B) DEFINE B AS value > A.value"
    assert not findings(bench, {"clause": clause})
