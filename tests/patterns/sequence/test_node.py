"""Configuration of `sequence`: refusals, earlier names, the plan."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.cep.carried import carried, load
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Problem
from lakestream_mcp.patterns.sequence.node import NODE
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

from .cases import RELATION

A = {"name": "a", "where": "name = 'a'"}
B = {"name": "b", "where": "name = 'b'"}
C = {"name": "c", "where": "name = 'c'"}


@pytest.fixture(scope="module")
def resolver() -> Iterator[SailResolver]:
    """Types from a running engine."""
    engine = LocalEngine()
    yield SailResolver(engine)
    engine.close()


def problems(given: dict[str, Any]) -> list[Problem]:
    parsed = parse(NODE, canonical(NODE, given))
    if parsed.config is None:
        return list(parsed.problems)
    return list(NODE.check(parsed.config, [RELATION]))


def plan(given: dict[str, Any], resolver: SailResolver) -> Any:
    parsed = parse(NODE, canonical(NODE, given))
    assert parsed.config is not None, parsed.problems
    return NODE.plan(parsed.config, [RELATION], resolver)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "two of one name": ({"steps": [A, A]}, "DUPLICATE_STEP"),
    "one name in a group": ({"steps": [A, {"name": "g", "steps": [A]}]}, "DUPLICATE_STEP"),
    "colon": ({"steps": [A | {"name": "a:b"}]}, "STEP_NAME"),
    "skip to nothing": ({"steps": [A], "after_match": "skip-to-last"}, "SKIP_TO_MISSING"),
    "skip to unknown": (
        {"steps": [A, B], "after_match": "skip-to-last", "skip_to": "bb"},
        "UNKNOWN_STEP",
    ),
    "skip to unused": ({"steps": [A], "skip_to": "a"}, "SKIP_TO_UNUSED"),
    "leading negation": ({"steps": [A | {"negated": True}, B]}, "LEADING_NEGATION"),
    "endless negation": ({"steps": [A, B | {"negated": True}]}, "NEGATION_WITHOUT_END"),
    "optional negation": (
        {"steps": [A, B | {"negated": True, "optional": True}, C]},
        "NEGATED_QUANTIFIER",
    ),
    "repeated negation": (
        {"steps": [A, B | {"negated": True, "max": 3}, C]},
        "NEGATED_QUANTIFIER",
    ),
    "negation after optional": (
        {"steps": [A, B | {"optional": True}, C | {"negated": True}], "within": "1m"},
        "NEGATION_AFTER_OPTIONAL",
    ),
    "until without loop": ({"steps": [A, B | {"max": 3, "until": "TRUE"}]}, "UNTIL_WITHOUT_LOOP"),
    "greedy single": ({"steps": [A, B | {"greedy": True}]}, "GREEDY_SINGLE"),
    "greedy combinations": (
        {"steps": [A, B | {"greedy": True, "max": None, "inner": "relaxed-any"}]},
        "GREEDY_RELAXED_ANY",
    ),
    "optional after greedy": (
        {"steps": [A | {"greedy": True, "max": None}, B | {"optional": True}]},
        "OPTIONAL_AFTER_GREEDY",
    ),
    "min above max": ({"steps": [A | {"min": 3, "max": 2}]}, "MIN_ABOVE_MAX"),
    "times window of one": ({"steps": [A | {"times_within": "1m"}]}, "TIMES_WITHIN_SINGLE"),
    "inner of one": ({"steps": [A, B | {"inner": "strict"}]}, "INNER_SINGLE"),
    "gap of the first": ({"steps": [A | {"within": "1m"}, B]}, "WITHIN_FIRST"),
    "gap of many": ({"steps": [A, B | {"within": "1m", "max": 2}]}, "WITHIN_REPEATED"),
    "gap too long": ({"steps": [A, B | {"within": "2m"}], "within": "1m"}, "WITHIN_TOO_LONG"),
    "group with condition": (
        {"steps": [{"name": "g", "where": "TRUE", "steps": [A]}]},
        "GROUP_CONDITION",
    ),
    "greedy group": (
        {"steps": [{"name": "g", "greedy": True, "max": 2, "steps": [A]}]},
        "GROUP_GREEDY",
    ),
    "group that starts negated": (
        {"steps": [A, {"name": "g", "steps": [B | {"negated": True}, C]}]},
        "LEADING_NEGATION",
    ),
    "nothing but negation": (
        {"steps": [A | {"negated": True, "within": "1m"}], "within": "1m"},
        "NOTHING_BOUND",
    ),
    "skip into a group": (
        {
            "steps": [A, {"name": "g", "max": 2, "steps": [B]}],
            "after_match": "skip-to-last",
            "skip_to": "b",
        },
        "SKIP_INTO_GROUP",
    ),
    "loop over nothing": (
        {"steps": [A, {"name": "g", "max": None, "steps": [B | {"optional": True}]}]},
        "EMPTY_LOOP",
    ),
    "nothing times out": ({"steps": [A], "emit_timed_out": True}, "NOTHING_TIMES_OUT"),
}


@pytest.mark.parametrize(("given", "code"), REFUSED.values(), ids=REFUSED)
def test_refused(given: dict[str, Any], code: str, resolver: SailResolver) -> None:
    found = problems(given)
    assert code in [problem.code for problem in found]
    assert all(problem.field and problem.message for problem in found)
    with pytest.raises(LakestreamError):
        plan(given, resolver)


WARNED: dict[str, tuple[dict[str, Any], str]] = {
    "group that ends negated": (
        {"steps": [{"name": "g", "steps": [A, B | {"negated": True}]}, C]},
        "IDLE_NEGATION",
    ),
    "combinations": (
        {"steps": [A, B | {"max": 3, "inner": "relaxed-any"}], "after_match": "no-skip"},
        "MANY_COMBINATIONS",
    ),
}


@pytest.mark.parametrize(("given", "code"), WARNED.values(), ids=WARNED)
def test_warned_of(given: dict[str, Any], code: str, resolver: SailResolver) -> None:
    """A warning does not keep the pattern from running."""
    assert [(p.code, p.severity) for p in problems(given)] == [(code, "warning")]
    assert plan(given, resolver).steps


ALLOWED: dict[str, dict[str, Any]] = {
    "a group at the end that ends negated": {
        "steps": [A, {"name": "g", "steps": [B, C | {"negated": True}]}],
        "within": "1m",
    },
    "a group that ends strictly negated": {
        "steps": [{"name": "g", "steps": [A, B | {"negated": True, "contiguity": "strict"}]}, C],
    },
    "none or one after a greedy step": {
        "steps": [A | {"greedy": True, "max": None}, B | {"min": 0}, C],
    },
    "a wait longer than the sequence": {
        "steps": [A | {"negated": True, "within": "1h"}, B],
        "within": "1m",
    },
}


@pytest.mark.parametrize("given", ALLOWED.values(), ids=ALLOWED)
def test_allowed(given: dict[str, Any], resolver: SailResolver) -> None:
    assert not problems(given)
    assert plan(given, resolver).steps


def test_a_wait_has_nothing_before_it(resolver: SailResolver) -> None:
    first = {"name": "n", "where": "price > b.price", "negated": True, "within": "1m"}
    with pytest.raises(LakestreamError) as error:
        plan({"steps": [first, B]}, resolver)
    assert error.value.code == "NOTHING_BEFORE"


@pytest.mark.parametrize(
    "given",
    [
        {"steps": []},
        {"steps": "a, b"},
        {"steps": [{"where": "TRUE"}]},
        {"steps": [A | {"max": 0}]},
        {"steps": [A | {"min": -1}]},
        {"steps": [A | {"contiguty": "strict"}]},
        {"steps": [A], "within": "5 parsecs"},
        {"steps": [A], "max_partial_matches": 0},
        {"steps": [A], "after_match": "skip"},
        {"steps": [A], "measures": "SUM(a.price)"},
        {"steps": [A], "measures": {"x": 3}},
    ],
)
def test_wrong_types_are_problems(given: dict[str, Any]) -> None:
    assert problems(given)


def test_earlier_names(resolver: SailResolver) -> None:
    given = {
        "steps": [
            {"name": "small", "filter": "price < 1"},
            {"name": "big", "filter": "price > 9", "max": 2},
        ],
        "contiguityMode": "non-deterministic",
        "withinDuration": "5m",
        "timeoutAction": "emit",
        "groupByKeys": ["key"],
        "quantifiers": "greedy",
        "outputMeasures": "SUM(big.price) AS total, COUNT(big) AS n",
    }
    parsed = parse(NODE, canonical(NODE, given))
    assert parsed.config is not None, parsed.problems
    config: Any = parsed.config
    assert (config.key, config.within, config.emit_timed_out) == (("key",), "5 minutes", True)
    assert config.contiguity == "relaxed-any"
    assert [step.greedy for step in config.steps] == [False, True]
    planned = NODE.plan(config, [RELATION], resolver)
    assert planned.conditions == ("price < 1", "price > 9")
    assert [(m.name, m.type) for m in planned.measures] == [
        ("total", "double"),
        ("n", "bigint"),
        ("timed_out", "boolean"),
    ]


def test_relaxed_patterns_let_the_filter_work(resolver: SailResolver) -> None:
    relaxed = plan({"steps": [A, B], "within": "1m"}, resolver)
    assert (relaxed.all_rows, relaxed.conditions) == (False, ("name = 'a'", "name = 'b'"))
    assert plan({"steps": [A, B | {"contiguity": "strict"}], "within": "1m"}, resolver).all_rows
    assert plan({"steps": [A, {"name": "any"}], "within": "1m"}, resolver).all_rows


def test_equal_conditions_share_a_bit(resolver: SailResolver) -> None:
    again = {"name": "again", "where": "name = 'a' AND price > a.price"}
    planned = plan({"steps": [A, again, B]}, resolver)
    assert planned.conditions == ("name = 'a'", "name = 'b'")
    assert planned.steps == ("a", "again", "b")


@pytest.mark.parametrize(
    "text", ["it's \" \\ {x}", "\n", "'''", "é\u2028", "a`b", "__import__('os')"]
)
def test_hostile_text_stays_text(resolver: SailResolver, text: str) -> None:
    from lakestream_mcp.relational.dialect import string_literal

    where = f"name = {string_literal(text)} OR name = a.name"
    step = {"name": text.replace("\n", " ") + "2", "where": where}
    planned = plan({"steps": [A, step]}, resolver)
    tree = ast.parse(planned.functions)
    assert all(isinstance(part, ast.FunctionDef) for part in tree.body)
    assert isinstance(ast.parse(planned.construct, mode="eval").body, ast.Call)
    _, matcher, _ = load(carried(planned, "it"), "it")
    assert matcher.on_events(matcher.initial(), [], print) == ()


def test_what_is_said() -> None:
    config: Any = NODE.Config.model_validate(
        {
            "key": ["card"],
            "within": "5m",
            "steps": [A, B | {"min": 2, "max": None}, C | {"negated": True}],
        }
    )
    assert NODE.sentence(config) == "a, then 2 or more b, then no c within 5 minutes, by card"
    assert NODE.step_conditions(config)["b"] == "name = 'b'"
