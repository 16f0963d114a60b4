"""Nonsense in every field of every pattern: a clear finding or a defined meaning, never a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.pattern_type import PatternType
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.facts import from_problem
from lakestream_mcp.graph.model import Problem, Relation
from lakestream_mcp.relational.column_types import parse_columns
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine
from tests.codegen.bench import COLUMNS
from tests.codegen.cases import BASES

CATALOG = Catalog.load()
TYPES = [t.type for t in CATALOG if t.category == "pattern"]
NONSENSE: tuple[Any, ...] = (
    None,
    "",
    " ",
    "5 parsecs",
    "-5 minutes",
    "0 seconds",
    "1e400 days",
    "nan",
    "PT",
    "amout > 1",
    "amount >",
    "(SELECT 1)",
    "amount > 1; DROP TABLE x",
    "rand() < 0.5",
    "NULL",
    "x" * 5_000,
    "\x00",
    "🦀 'quoted\" \\ `tick` {brace} \n line",
    -1,
    0,
    1 << 80,
    1.5,
    float("nan"),
    float("inf"),
    True,
    [],
    [None],
    [[[]]],
    ["key", "key"],
    ["no_such_column"],
    {},
    {"": ""},
    {"name": {"name": {}}},
    [{"name": "a", "latitude": float("nan"), "longitude": 1e9, "radius_m": -1}],
)


@pytest.fixture(scope="module")
def resolver() -> Iterator[SailResolver]:
    engine = LocalEngine()
    yield SailResolver(engine)
    engine.close()


RELATION = Relation(parse_columns(COLUMNS), "at", 2_000)


def outcome(kind: Any, config: dict[str, Any], resolver: SailResolver) -> list[Problem]:
    """What an author is told; a plan is made where nothing is wrong."""
    parsed = parse(kind, canonical(kind, config))
    problems = list(parsed.problems)
    if parsed.config is None:
        assert problems, config
        return problems
    inputs = [RELATION] * len(kind.input_ports)
    problems += list(kind.check(parsed.config, inputs))
    if not any(p.severity == "error" for p in problems):
        try:
            kind.relation(parsed.config, inputs, resolver)
            kind.sentence(parsed.config)
            if isinstance(kind, PatternType):
                kind.state_bound(parsed.config)
                list(kind.scenarios(parsed.config))
        except LakestreamError as error:
            assert error.code
            assert str(error)
    return problems


@pytest.mark.parametrize("name", TYPES)
def test_nonsense_is_told_in_words(name: str, resolver: SailResolver) -> None:
    kind: Any = CATALOG.get(name)
    refused = 0
    for field in kind.Config.model_fields:
        for value in NONSENSE:
            problems = outcome(kind, {**BASES[name], field: value}, resolver)
            for problem in problems:
                assert problem.code.isupper()
                assert problem.message
                assert len(from_problem("it", problem).message) <= 1_000
            refused += any(p.severity == "error" for p in problems)
    assert refused > 10 * len(kind.Config.model_fields), "most of this is nonsense"


def test_the_cap_must_let_a_count_reach_its_threshold(resolver: SailResolver) -> None:
    kind: Any = CATALOG.get("count-threshold")
    base = {**BASES["count-threshold"], "windows": "tumbling", "forget_after": "1 day"}
    for comparison, threshold in (("<", 11), ("<=", 10), (">", 10), (">=", 11), ("=", 11)):
        config = {**base, "comparison": comparison, "threshold": threshold}
        if comparison not in ("<", "<="):
            config.pop("forget_after")
        problems = outcome(kind, {**config, "max_events_per_key": 10}, resolver)
        assert [p.code for p in problems] == ["THRESHOLD_UNREACHABLE"], (comparison, problems)
        assert outcome(kind, config | (problems[0].fix or {}), resolver) == []


PARTS = (
    ("match-recognize", {"clause": "PATTERN (A B) DEFINE B AS amout > PREV(amount)"}),
    ("match-recognize", {"clause": "PATTERN (A B) DEFINE A AS kind = 'A', B AS amout > 1"}),
    ("absence", {"trigger": "TRUE", "expected": "amout > 1 AND amount > trigger.amount"}),
    ("absence", {"trigger": "TRUE", "expected": "kind = 'B' AND amount > trigger.amout"}),
)


@pytest.mark.parametrize(("name", "config"), PARTS)
def test_a_fix_never_drops_the_rest_of_a_field(
    name: str, config: dict[str, Any], resolver: SailResolver
) -> None:
    kind: Any = CATALOG.get(name)
    parsed = parse(kind, canonical(kind, config))
    assert parsed.config is not None
    with pytest.raises(LakestreamError) as raised:
        kind.relation(parsed.config, [RELATION], resolver)
    assert raised.value.code == "UNKNOWN_COLUMN"
    assert raised.value.hint
    assert not raised.value.fix
