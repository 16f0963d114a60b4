"""Configurations of the patterns over numbers: refusals, earlier names, what types they take."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.errors import InvalidSql
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Problem, Relation
from lakestream_mcp.patterns.outlier.matcher import OutlierMatcher
from lakestream_mcp.patterns.trend.matcher import TrendMatcher
from lakestream_mcp.patterns.velocity.matcher import RollingRateMatcher
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

RELATION = Relation(
    (
        Column("key", "string"),
        Column("count", "bigint"),
        Column("VALUE", "string"),
        Column("first", "int"),
        Column("price", "decimal(10,2)"),
        Column("ratio", "float"),
        Column("flag", "boolean"),
        Column("at", "timestamp"),
    ),
    "at",
    1000,
)
RATE = {"threshold": 3}
TREND = {"value": "price", "direction": "up"}
OUTLIER = {"value": "price", "baseline_window": "1 hour"}
CATALOG = Catalog.load()


@pytest.fixture(scope="module")
def resolver() -> Iterator[SailResolver]:
    """Types from a running engine."""
    engine = LocalEngine()
    yield SailResolver(engine)
    engine.close()


def problems(pattern: str, given: dict[str, Any]) -> list[Problem]:
    node_type = CATALOG.get(pattern)
    parsed = parse(node_type, canonical(node_type, given))
    if parsed.config is None:
        return list(parsed.problems)
    return list(node_type.check(parsed.config, [RELATION]))


def plan(pattern: str, given: dict[str, Any], resolver: SailResolver) -> Any:
    node_type: Any = CATALOG.get(pattern)
    parsed = parse(node_type, canonical(node_type, given))
    assert parsed.config is not None, parsed.problems
    return node_type.plan(parsed.config, [RELATION], resolver)


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("velocity", {}, "MISSING_CONFIG", "threshold"),
    ("velocity", {"comparison": "changed"}, "MISSING_CONFIG", "factor"),
    ("velocity", {"comparison": "changed", "factor": 1}, "FACTOR_OF_ONE", "factor"),
    ("velocity", {"comparison": "changed", "factor": 0}, "INVALID_CONFIG", "factor"),
    ("velocity", {"comparison": "changed", "factor": 2, **RATE}, "UNUSED_CONFIG", "threshold"),
    ("velocity", {**RATE, "factor": 2}, "UNUSED_CONFIG", "factor"),
    ("velocity", {"threshold": -1}, "THRESHOLD_TOO_LOW", "threshold"),
    ("velocity", {"threshold": 0, "comparison": "below"}, "THRESHOLD_TOO_LOW", "threshold"),
    ("velocity", {"threshold": 167}, "THRESHOLD_UNREACHABLE", "max_events_per_key"),
    ("velocity", {"threshold": 1e9}, "THRESHOLD_UNREACHABLE", "max_events_per_key"),
    (
        "velocity",
        {"threshold": 167, "comparison": "below", "forget_after": "1 day"},
        "THRESHOLD_UNREACHABLE",
        "max_events_per_key",
    ),
    ("velocity", {**RATE, "comparison": "below"}, "UNBOUNDED_STATE", "forget_after"),
    (
        "velocity",
        {**RATE, "comparison": "below", "forget_after": "1 day", "repeat": True},
        "UNUSED_CONFIG",
        "repeat",
    ),
    ("velocity", {**RATE, "forget_after": "1 day"}, "UNUSED_CONFIG", "forget_after"),
    ("velocity", {**RATE, "key": ["count"]}, "NAME_TAKEN", "key"),
    ("velocity", {"threshold": "many"}, "INVALID_CONFIG", "threshold"),
    ("trend", {"value": "price"}, "MISSING_CONFIG", "direction"),
    ("trend", {**TREND, "length": 1}, "INVALID_CONFIG", "length"),
    ("trend", {**TREND, "tolerance": 2}, "TOLERANCE_TOO_HIGH", "tolerance"),
    ("trend", {**TREND, "tolerance_percent": 5}, "UNUSED_CONFIG", "tolerance_percent"),
    ("trend", {**TREND, "direction": "flat", "strict": False}, "UNUSED_CONFIG", "strict"),
    ("trend", {**TREND, "direction": "flat", "min_change": 1}, "UNUSED_CONFIG", "min_change"),
    ("trend", {**TREND, "key": ["first"]}, "NAME_TAKEN", "key"),
    ("outlier", {"value": "price"}, "MISSING_CONFIG", "baseline_window"),
    (
        "outlier",
        {**OUTLIER, "baseline_count": 20},
        "UNUSED_CONFIG",
        "baseline_count",
    ),
    ("outlier", {"value": "price", "baseline_count": 20}, "UNBOUNDED_STATE", "forget_after"),
    ("outlier", {**OUTLIER, "forget_after": "1 day"}, "UNUSED_CONFIG", "forget_after"),
    ("outlier", {**OUTLIER, "max_events_per_key": 9}, "THRESHOLD_UNREACHABLE", "min_samples"),
    (
        "outlier",
        {"value": "price", "baseline_count": 9, "forget_after": "1 day"},
        "THRESHOLD_UNREACHABLE",
        "min_samples",
    ),
    ("outlier", {**OUTLIER, "min_samples": 1}, "INVALID_CONFIG", "min_samples"),
    ("outlier", {**OUTLIER, "threshold": 0}, "INVALID_CONFIG", "threshold"),
    ("outlier", {**OUTLIER, "key": ["VALUE"]}, "NAME_TAKEN", "key"),
]


@pytest.mark.parametrize(("pattern", "given", "code", "field"), REFUSED)
def test_refused(pattern: str, given: dict[str, Any], code: str, field: str) -> None:
    found = problems(pattern, given)
    assert [(p.code, p.field) for p in found] == [(code, field)], found
    (problem,) = found
    if problem.fix is not None:
        mended = {k: v for k, v in (given | problem.fix).items() if v is not None}
        assert problems(pattern, mended) == []


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("velocity", RATE),
    ("velocity", {"threshold": 0}),
    ("velocity", {"threshold": 166}),
    ("velocity", {"threshold": -5, "sum": "price", "comparison": "below"}),
    ("velocity", {"comparison": "changed", "factor": 0.5, "repeat": True}),
    ("trend", TREND),
    ("trend", {**TREND, "length": 4, "tolerance": 2, "min_change": 0.5, "strict": False}),
    ("outlier", OUTLIER),
    ("outlier", {"value": "price", "baseline_count": 10, "forget_after": "1 day"}),
]


@pytest.mark.parametrize(("pattern", "given"), ACCEPTED)
def test_accepted(pattern: str, given: dict[str, Any]) -> None:
    assert problems(pattern, given) == []


NUMBERS = {
    "first": "int",
    "count": "bigint",
    "price": "decimal(10,2)",
    "ratio": "float",
    "first / 2": "double",
}


@pytest.mark.parametrize("text", NUMBERS)
@pytest.mark.parametrize(
    ("pattern", "given", "field"),
    [("velocity", RATE, "sum"), ("trend", TREND, "value"), ("outlier", OUTLIER, "value")],
)
def test_numbers_of_each_type_are_packed_as_they_are(
    pattern: str, given: dict[str, Any], field: str, text: str, resolver: SailResolver
) -> None:
    value = plan(pattern, given | {field: text}, resolver).values[-1]
    assert (value.type, value.role) == (NUMBERS[text], "computed")


def test_decimals_come_as_text_and_count_as_the_nearest_double() -> None:
    exact = ["10.10", "10.20", "61215138415748.5749"]
    events = [(n, 1, (0, text)) for n, text in enumerate(exact)]
    out: list[Any] = []
    RollingRateMatcher(10, 1, 1e9, value=1).on_events(None, events, out.append)
    TrendMatcher("up", 1, 3, 10).on_events(None, events, out.append)
    OutlierMatcher("mad", 3.0, 1, 10, min_samples=2).on_events(None, events, out.append)
    last = float(exact[-1])
    assert out[0][4][:2] == (3, float(Fraction(10.1) + Fraction(10.2) + Fraction(last)))
    assert out[1][4][:2] == (10.1, last)
    assert out[2][4][0] == last


@pytest.mark.parametrize("text", ["key", "flag", "at", "first > 1"])
@pytest.mark.parametrize(
    ("pattern", "given", "field"),
    [("velocity", RATE, "sum"), ("trend", TREND, "value"), ("outlier", OUTLIER, "value")],
)
def test_other_types_are_refused(
    pattern: str, given: dict[str, Any], field: str, text: str, resolver: SailResolver
) -> None:
    with pytest.raises(InvalidSql) as refused:
        plan(pattern, given | {field: text}, resolver)
    assert refused.value.code == "TYPE_MISMATCH"
    assert refused.value.where == {"field": field}


EARLIER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "velocity-detector",
        {
            "eventFilter": "flag",
            "rateThreshold": 100,
            "rateUnit": "per_min",
            "windowDuration": {"value": 1, "unit": "minutes"},
            "groupByKeys": "key",
        },
        {"where": "flag", "threshold": 100, "per": "minute", "window": "1 minute", "key": ("key",)},
    ),
    (
        "trend-detector",
        {"valueField": "price", "direction": "flat", "consecutiveCount": 3, "tolerancePercent": 5},
        {"value": "price", "direction": "flat", "length": 3, "tolerance_percent": 5},
    ),
    (
        "outlier-anomaly",
        {
            "valueField": "price",
            "baselineWindow": {"value": 10, "unit": "minutes"},
            "thresholdStdDevs": 3,
            "algorithm": "z-score",
        },
        {
            "value": "price",
            "baseline_window": "10 minutes",
            "threshold": 3,
            "method": "zscore",
        },
    ),
]


@pytest.mark.parametrize(("name", "given", "meant"), EARLIER)
def test_an_earlier_configuration(name: str, given: dict[str, Any], meant: dict[str, Any]) -> None:
    node_type = CATALOG.get(name)
    parsed = parse(node_type, canonical(node_type, given))
    assert parsed.config is not None, parsed.problems
    assert {field: getattr(parsed.config, field) for field in meant} == meant
    assert list(node_type.check(parsed.config, [RELATION])) == []


SENTENCES = [
    ("velocity", {**RATE, "key": ["key"]}, "above 3 events per second over 1 minute, by key"),
    (
        "velocity",
        {"threshold": 2.5, "per": "hour", "sum": "price", "comparison": "below", "where": "flag"},
        "below 2.5 of price per hour where flag over 1 minute",
    ),
    (
        "velocity",
        {"comparison": "changed", "factor": 3},
        "rate of events changed by a factor of 3 within 1 minute",
    ),
    ("trend", TREND, "price rises over 3 values"),
    (
        "trend",
        {**TREND, "direction": "flat", "tolerance": 1, "where": "flag"},
        "price stays flat over 3 values with up to 1 counter-move where flag",
    ),
    ("outlier", OUTLIER, "price more than 3 standard deviations from the mean of 1 hour before"),
]


@pytest.mark.parametrize(("pattern", "given", "sentence"), SENTENCES)
def test_sentences(pattern: str, given: dict[str, Any], sentence: str) -> None:
    node_type = CATALOG.get(pattern)
    parsed = parse(node_type, canonical(node_type, given))
    assert node_type.sentence(parsed.config) == sentence


DECIDED = {"detected_at": "2026-01-01T10:00:00Z"}
RATES = {"rate": 8.0, "previous_rate": 2.0, "ratio": 4.0, "window_start": "a", "window_end": "b"}
RUN = {"first": 1.0, "last": 3.0, "length": 3, "counter_moves": 1}
FAR = {"value": 9.0, "baseline": 5.0, "score": "inf", "lower": 5.0, "upper": 5.0, "samples": 10}
VERDICTS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    (
        "velocity",
        RATE,
        RATES,
        "The rate is 8 per second in the 1 minute up to 2026-01-01T10:00:00Z, above 3, and it was "
        "not so just before.",
    ),
    (
        "velocity",
        {"threshold": 9, "comparison": "below", "forget_after": "1 day"},
        RATES,
        "The rate is 8 per second in the window from a up to, not including, b, below 9.",
    ),
    (
        "velocity",
        {"comparison": "changed", "factor": 3, "repeat": True},
        RATES,
        "The rate is 8 per second in the 1 minute up to 2026-01-01T10:00:00Z, 4 times the 2 of the "
        "1 minute before: above 3.",
    ),
    (
        "trend",
        TREND,
        RUN,
        "price went from 1 to 3 in 3 values with 1 counter-move: the value at "
        "2026-01-01T10:00:00Z made it long enough.",
    ),
    (
        "trend",
        {**TREND, "emit": "end"},
        RUN | {"counter_moves": 0},
        "price went from 1 to 3 in 3 values; the run was over at 2026-01-01T10:00:00Z: a value "
        "broke it, or none had come for 1 hour.",
    ),
    (
        "outlier",
        {**OUTLIER, "method": "iqr"},
        FAR,
        "The value 9 is inf interquartile ranges beyond the quartiles, more than 1.5: the 10 "
        "values before allow 5 to 5 around 5.",
    ),
]


@pytest.mark.parametrize(("pattern", "given", "measures", "verdict"), VERDICTS)
def test_verdicts(
    pattern: str, given: dict[str, Any], measures: dict[str, Any], verdict: str
) -> None:
    node_type: Any = CATALOG.get(pattern)
    config = parse(node_type, canonical(node_type, given)).config
    assert node_type.verdict(config, DECIDED | {"measures": measures}) == verdict
