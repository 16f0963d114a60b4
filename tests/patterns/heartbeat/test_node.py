"""Configuration of `heartbeat`: earlier names, refusals, expected keys of every type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.analysis import AnalysisCache, analyse
from lakestream_mcp.graph.config import canonical
from lakestream_mcp.graph.model import Column, Problem, Relation
from lakestream_mcp.patterns.heartbeat.expected import seeds
from lakestream_mcp.patterns.heartbeat.node import NODE
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

TYPES = {
    "device": "string",
    "n": "int",
    "big": "bigint",
    "flag": "boolean",
    "day": "date",
    "since": "timestamp",
    "price": "decimal(10,2)",
    "status": "string",
    "at": "timestamp",
}
RELATION = Relation(tuple(Column(n, t) for n, t in TYPES.items()), "at", 0)
BASE = {"key": ["device"], "timeout": "5 minutes", "forget_after": "1 day"}
SINCE = {"expected_from": "2026-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def resolver() -> Iterator[SailResolver]:
    """Types from a running engine."""
    engine = LocalEngine()
    yield SailResolver(engine)
    engine.close()


def problems(given: dict[str, Any], resolver: SailResolver) -> list[Problem]:
    config = canonical(NODE, BASE | given)
    return list(analyse(NODE, config, (RELATION,), resolver, AnalysisCache()).problems)


def test_earlier_names_and_modes() -> None:
    given = {
        "entityKey": "device",
        "expectedInterval": {"value": 5, "unit": "minutes"},
        "gracePeriod": {"value": 1, "unit": "minutes"},
        "outputMode": "dead-only",
        "stateTtl": "1 day",
    }
    migrated = canonical(NODE, given)
    assert migrated == {
        "key": "device",
        "timeout": "6 minutes",
        "emit": ["lost"],
        "forget_after": "1 day",
    }
    both = {"outputMode": "status-change"}
    assert canonical(NODE, given | both)["emit"] == ["lost", "recovered"]
    assert canonical(NODE, given | {"gracePeriod": None})["timeout"] == "5 minutes"


def test_an_interval_beside_a_timeout_is_a_finding(resolver: SailResolver) -> None:
    (problem,) = problems({"expectedInterval": "5 minutes"}, resolver)
    assert problem.field == "expectedInterval"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"forget_after": "5 minutes"}, "FORGOTTEN_TOO_SOON", "forget_after"),
        ({"expected_keys": ["x"]}, "MISSING_CONFIG", "expected_from"),
        (SINCE, "MISSING_CONFIG", "expected_keys"),
        ({**SINCE, "expected_keys": ["x", "x"]}, "EXPECTED_KEY", "expected_keys"),
        ({**SINCE, "expected_keys": [["x", "y"]]}, "EXPECTED_KEY", "expected_keys"),
        ({**SINCE, "expected_keys": ["x"], "key": []}, "EXPECTED_KEY", "expected_keys"),
        ({**SINCE, "expected_keys": ["x"], "key": ["n"]}, "EXPECTED_KEY", "expected_keys"),
        ({**SINCE, "expected_keys": [1.5], "key": ["n"]}, "EXPECTED_KEY", "expected_keys"),
        ({**SINCE, "expected_keys": [2**31], "key": ["n"]}, "EXPECTED_KEY", "expected_keys"),
        ({**SINCE, "expected_keys": ["\ud800"]}, "EXPECTED_KEY", "expected_keys"),
        ({**SINCE, "expected_keys": ["1"], "key": ["price"]}, "UNSUPPORTED_TYPE", "expected_keys"),
        ({"key": ["status"]}, "NAME_TAKEN", "key"),
        ({"key": ["devise"]}, "UNKNOWN_COLUMN", "key"),
        ({"where": "n"}, "INVALID_SQL", "where"),
    ],
)
def test_what_is_refused(
    resolver: SailResolver, given: dict[str, Any], code: str, field: str
) -> None:
    assert [(p.code, p.field) for p in problems(given, resolver)] == [(code, field)]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"emit": []}, "emit"),
        ({"emit": ["dead"]}, "emit.0"),
        ({"timeout": "0 minutes"}, "timeout"),
        ({"timeout": None}, "timeout"),
        ({"forget_after": None}, "forget_after"),
        ({**SINCE, "expected_keys": [None]}, "expected_keys.0"),
        ({"expected_keys": ["x"], "expected_from": "yesterday"}, "expected_from"),
        ({"expected_keys": ["x"], "expected_from": 5}, "expected_from"),
    ],
)
def test_what_cannot_be_read(resolver: SailResolver, given: dict[str, Any], field: str) -> None:
    assert [p.field for p in problems(given, resolver)] == [field]


def test_a_fix_mends(resolver: SailResolver) -> None:
    for given in (
        {"forget_after": "5 minutes"},
        {**SINCE, "expected_keys": ["x", "y", "x"]},
        {"key": ["devise"]},
    ):
        (problem,) = problems(given, resolver)
        assert problem.fix
        assert problems(given | problem.fix, resolver) == []


def test_expected_keys_are_what_rows_of_those_keys_are_packed_as() -> None:
    key = ("device", "n", "big", "flag", "day", "since")
    given = [["a", 1, "2", True, "1970-01-03", "1969-12-31T23:59:59.999999Z"]]
    assert seeds(given, key, RELATION) == (("a", 1, 2, True, 2, -1),)


def test_the_time_is_kept_in_utc(resolver: SailResolver) -> None:
    config = BASE | {"expected_keys": ["x"], "expected_from": "2026-01-01T02:00:00+02:00"}
    analysis = analyse(NODE, config, (RELATION,), resolver, AnalysisCache())
    assert not analysis.problems
    plan = NODE.plan(analysis.config, [RELATION], resolver)
    assert (plan.seeds, plan.seeded_at) == ((("x",),), 1_767_225_600_000_000)


def test_durations_that_cannot_be_read_name_their_field() -> None:
    with pytest.raises(LakestreamError, match="not a unit of time"):
        canonical(NODE, {"key": "device", "expectedInterval": "5 lightyears"})
