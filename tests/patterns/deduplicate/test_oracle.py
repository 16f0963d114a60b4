"""The deduplicate matcher against the definition, written out naively; what it refuses."""

from __future__ import annotations

import random
from typing import Any

from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.patterns.deduplicate.matcher import DeduplicateMatcher
from lakestream_mcp.patterns.deduplicate.node import NODE

COLUMNS = (Column("id", "bigint"), Column("note", "string"), Column("at", "timestamp"))
ROWS = Relation(COLUMNS, "at", 0)


def kept(times: list[int], within: int) -> list[int]:
    """Places of the rows that pass: none kept before them lies in (t - within, t]."""
    found: list[int] = []
    for i, t in enumerate(times):
        if not any(t - within < times[k] <= t for k in found):
            found.append(i)
    return found


def problems(relation: Relation, **given: Any) -> list[tuple[str, str]]:
    parsed = parse(NODE, canonical(NODE, given))
    assert parsed.config is not None, parsed.problems
    return [(p.code, p.severity) for p in NODE.check(parsed.config, [relation])]


def test_agrees_with_the_definition() -> None:
    for seed in range(1000):
        rng = random.Random(seed)
        times = sorted(rng.randrange(-20, 30) for _ in range(rng.randrange(15)))
        within = rng.randrange(1, 10)
        matcher = DeduplicateMatcher(within, (None, 1))
        out: list[Any] = []
        state = matcher.initial()
        for i, t in enumerate(times):
            state = matcher.on_events(state, [(t, 0, (0, i))], out.append)
        assert [m[4] for m in out] == [(times[i], i) for i in kept(times, within)], seed
        assert not times or matcher.on_time(state, matcher.expires(state) or 0, out.append) is None


def test_a_kept_row_at_time_zero_counts() -> None:
    matcher = DeduplicateMatcher(1, ())
    out: list[Any] = []
    matcher.on_events((0,), [(-1, 0, (0,)), (0, 0, (0,))], out.append)
    assert [m[0] for m in out] == [0]


def test_names_of_the_match_row_are_refused() -> None:
    taken = Relation((*COLUMNS, Column("Started_At", "timestamp")), "at", 0)
    assert problems(taken, key=["id"]) == [("NAME_TAKEN", "error")]
    assert problems(ROWS, key=["id"]) == []


def test_what_does_not_pass_is_named() -> None:
    nested = Relation((*COLUMNS, Column("tags", "array<string>")), "at", 0)
    assert problems(nested, key=["id"]) == [("COLUMNS_LEFT_OUT", "warning")]
    assert problems(ROWS) == [("NO_KEY", "warning")]


def test_an_earlier_systems_fields() -> None:
    given = {"dedupKeyFields": "id, note", "watermarkDuration": {"value": 3, "unit": "minutes"}}
    parsed = parse(NODE, canonical(NODE, given))
    assert parsed.config is not None
    assert NODE.sentence(parsed.config) == "the first row within 3 minutes, by id, note"  # type: ignore[arg-type]
