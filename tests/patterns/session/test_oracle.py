"""The session matcher against the definition, written out naively; its measures, its refusals."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.cep.carried import carried, load
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.patterns.session.matcher import SessionMatcher
from lakestream_mcp.patterns.session.node import NODE, SessionConfig
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

END = 2
Event = tuple[int, int, tuple[Any, ...]]
ROWS = Relation(
    (
        Column("user", "string"),
        Column("n", "int"),
        Column("x", "double"),
        Column("price", "decimal(10,2)"),
        Column("at", "timestamp"),
    ),
    "at",
    0,
)


@pytest.fixture(scope="module")
def resolver() -> Iterator[SailResolver]:
    """Types from a running engine."""
    engine = LocalEngine()
    yield SailResolver(engine)
    engine.close()


def sessions(events: list[Event], gap: int, longest: int | None) -> list[Any]:
    """(events, when decided, why), cut where an event cannot belong to the session before it."""
    groups: list[list[Event]] = []
    for event in events:
        before = groups[-1] if groups else None
        joins = (
            before is not None
            and not before[-1][1] & END
            and event[0] < before[-1][0] + gap
            and (longest is None or event[0] < before[0][0] + longest)
        )
        if joins:
            groups[-1].append(event)
        else:
            groups.append([event])
    return [(group, *decided(group, gap, longest)) for group in groups]


def decided(group: list[Event], gap: int, longest: int | None) -> tuple[int, str]:
    last = group[-1]
    if last[1] & END:
        return last[0], "end"
    by_gap = last[0] + gap
    if longest is not None and group[0][0] + longest < by_gap:
        return group[0][0] + longest, "max_duration"
    return by_gap, "gap"


def run(matcher: Any, events: list[Event]) -> list[Any]:
    out: list[Any] = []
    state = matcher.initial()
    for event in events:
        state = matcher.on_events(state, [event], out.append)
    if state:
        assert matcher.on_time(state, state[0] - 1, out.append) is state
        assert matcher.on_time(state, 1 << 60, out.append) is None
    return out


def random_events(rng: random.Random) -> list[Event]:
    times = sorted(rng.randrange(-20, 40) for _ in range(rng.randrange(15)))
    return [(t, rng.choice([1, 1, 1, 3]), (0, n)) for n, t in enumerate(times)]


def test_agrees_with_the_definition() -> None:
    for seed in range(1500):
        rng = random.Random(seed)
        events = random_events(rng)
        gap, longest = rng.randrange(1, 10), rng.choice([None, rng.randrange(1, 20)])
        least = rng.choice([1, 1, 2])
        expected = [
            (group[0][0], group[-1][0], at, [e[2] for e in group], why)
            for group, at, why in sessions(events, gap, longest)
            if len(group) >= least
        ]
        found = run(SessionMatcher(gap, longest, least), events)
        got = [(m[0], m[1], m[2], [row for _, _, row in m[3]], m[4][2]) for m in found]
        assert got == expected, (seed, events, gap, longest)
        assert all(m[4][0] == len(m[3]) for m in found)


def test_beyond_the_limit_the_first_and_the_last_are_listed() -> None:
    matcher = SessionMatcher(10, folds=(("sum", 1, 0),), measures=tuple, max_events=3)
    (found,) = run(matcher, [(t, 1, (0, t)) for t in range(6)])
    assert [ts for _, ts, _ in found[3]] == [0, 1, 5]
    assert found[4] == (6, 0, "gap", 15)
    assert matcher.dropped == 3


def made(resolver: SailResolver, **given: Any) -> tuple[Any, Any]:
    """The plan, and its matcher as both hosts build it."""
    parsed = parse(NODE, canonical(NODE, given))
    assert isinstance(parsed.config, SessionConfig), parsed.problems
    plan = NODE.plan(parsed.config, [ROWS], resolver)
    return plan, load(carried(plan, "p"), "p")[1]


def naive(rows: list[tuple[Any, Any]]) -> tuple[Any, ...]:
    """SUM(n), AVG(x), MAX(x), MIN(x), FIRST(n), LAST(x), COUNT(n), COUNT(*) of (n, x)."""
    ns = [n for n, _ in rows if n is not None]
    xs = [x for _, x in rows if x is not None]
    total = 0.0
    for x in xs:
        total += x
    ranked = sorted(xs, key=lambda x: (math.isnan(x), 0.0 if math.isnan(x) else x))
    most = ranked[-1] if ranked else None
    return (
        sum(ns),
        total / len(xs) if xs else None,
        most,
        ranked[0] if ranked else None,
        rows[0][0],
        rows[-1][1],
        len(ns),
        len(rows),
    )


ASKED = {
    "a": "SUM(event.n)",
    "b": "AVG(x)",
    "c": "MAX(event.x)",
    "d": "MIN(x)",
    "e": "FIRST(n)",
    "f": "LAST(event.x)",
    "g": "COUNT(n)",
    "h": "COUNT(*)",
}


def test_measures_are_those_of_the_whole_session(resolver: SailResolver) -> None:
    plan, matcher = made(resolver, gap="1 hour", keep=[], measures=ASKED)
    assert [v.name for v in plan.values] == ["n", "x"]
    for seed in range(400):
        rng = random.Random(seed)
        pairs = [
            (rng.choice([None, 1, -5, 7]), rng.choice([None, 0.1, -2.5, 1e300, math.nan, math.inf]))
            for _ in range(rng.randrange(1, 7))
        ]
        (found,) = run(matcher, [(t, 1, (0, *pair)) for t, pair in enumerate(pairs)])
        assert repr(found[4][3:]) == repr(naive(pairs)), (seed, pairs)


def test_what_is_calculated_from_totals(resolver: SailResolver) -> None:
    asked = {"spread": "MAX(x) - MIN(x)", "often": "COUNT(event) >= 2 OR SUM(n) IS NULL"}
    plan, matcher = made(resolver, gap="1 hour", keep=[], measures=asked)
    (found,) = run(matcher, [(0, 1, (0, 1.5, 2)), (1, 1, (0, 4.0, 2))])
    assert found[4][3:] == (2.5, True)
    assert [c.type for c in plan.measures[3:]] == ["double", "boolean"]


def test_a_sum_beyond_64_bits_is_an_error(resolver: SailResolver) -> None:
    _, matcher = made(resolver, gap="1 hour", keep=[], measures={"s": "SUM(n)"})
    with pytest.raises(OverflowError):
        run(matcher, [(0, 1, (0, 1 << 62)), (1, 1, (0, 1 << 62))])


@pytest.mark.parametrize(
    ("measure", "code"),
    [
        ("SUM(event.price)", "UNSUPPORTED"),
        ("COUNT(DISTINCT event.n)", "UNSUPPORTED"),
        ("ROUND(AVG(event.x), 1)", "UNSUPPORTED"),
        ("SUM(other.n)", "STEP_MISSING"),
        ("SUM(event.m)", "UNKNOWN_COLUMN"),
        ("SUM(SUM(n))", "UNSUPPORTED"),
        ("SUM(", "INVALID_SQL"),
    ],
)
def test_measures_that_are_refused(resolver: SailResolver, measure: str, code: str) -> None:
    with pytest.raises(LakestreamError) as error:
        made(resolver, measures={"m": measure})
    assert error.value.code == code
    assert error.value.where["field"] == "measures.m"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"measures": {"count": "COUNT(event)"}}, "measures.count"),
        ({"measures": {"events": "COUNT(event)"}}, "measures.events"),
        ({"measures": {"n": "COUNT(event)", "N": "COUNT(event)"}}, "measures.N"),
        ({"key": ["user"], "measures": {"USER": "COUNT(event)"}}, "key"),
    ],
)
def test_names_that_are_taken(given: dict[str, Any], field: str) -> None:
    parsed = parse(NODE, canonical(NODE, given))
    assert isinstance(parsed.config, SessionConfig)
    found = [(p.code, p.field) for p in NODE.check(parsed.config, [ROWS])]
    assert found == [("NAME_TAKEN", field)]


def test_an_earlier_systems_fields() -> None:
    given = {
        "sessionKey": "user",
        "gapDuration": {"value": 2, "unit": "minutes"},
        "maxSessionDuration": "1 hour",
        "outputMeasures": "SUM(event.n) AS total",
    }
    parsed = parse(NODE, canonical(NODE, given))
    assert isinstance(parsed.config, SessionConfig), parsed.problems
    assert (
        NODE.sentence(parsed.config) == "events less than 2 minutes apart, at most 1 hour, by user"
    )
    assert parsed.config.measures == {"total": "SUM(event.n)"}
