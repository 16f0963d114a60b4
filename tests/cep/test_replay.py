"""What a replay keeps besides the matches, and what a matcher does unless it is told."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest

from lakestream_mcp.cep.carried import carried
from lakestream_mcp.cep.pattern_type import PatternPlan
from lakestream_mcp.cep.replay import FAR, Batch, Emission, Ended, Trace, failure, replay
from lakestream_mcp.patterns.absence.matcher import AbsenceMatcher
from lakestream_mcp.patterns.count_threshold.matcher import (
    RollingCountMatcher,
    WindowCountMatcher,
)
from lakestream_mcp.patterns.geofence.matcher import GeofenceMatcher
from lakestream_mcp.patterns.heartbeat.matcher import HeartbeatMatcher
from lakestream_mcp.patterns.match_recognize.base import RowPatternBase
from lakestream_mcp.patterns.match_recognize.history import RowHistoryMatcher
from lakestream_mcp.patterns.outlier.matcher import OutlierMatcher
from lakestream_mcp.patterns.sequence.matcher import SequenceMatcher
from lakestream_mcp.patterns.session.matcher import SessionMatcher
from lakestream_mcp.patterns.state_machine.matcher import StateMachineMatcher
from lakestream_mcp.patterns.temporal_correlation.matcher import CorrelationMatcher
from lakestream_mcp.patterns.trend.matcher import TrendMatcher
from lakestream_mcp.patterns.velocity.matcher import (
    RateChangeMatcher,
    RollingRateMatcher,
    WindowRateMatcher,
)

from .packed import packed

UNLESS_TOLD: dict[Any, dict[str, Any]] = {
    AbsenceMatcher: {"repeat": "keep", "fulfils": None, "max_waiting": 1000},
    CorrelationMatcher: {"order": "any", "pairing": "each", "fits": None, "unpaired": False,
                         "ties": 0, "max_events": 10_000},
    GeofenceMatcher: {"dwell": None, "confirm": 1, "first_enters": True, "exit_margin_m": 0.0,
                      "forget_after": 86_400_000_000},
    HeartbeatMatcher: {"lost": True, "recovered": True},
    OutlierMatcher: {"count": None, "min_samples": 10, "exclude_outliers": False,
                     "max_events": 10_000},
    RollingCountMatcher: {"repeat": False, "distinct": None, "max_events": 10_000},
    SequenceMatcher: {"within": None, "after_match": "no-skip", "skip_to": None,
                      "skip_must_exist": False, "emit_timed_out": False,
                      "max_partial_matches": 1000, "measures": None},
    RowPatternBase: {"unmatched": False, "skip": "past last row", "skip_to": (),
                        "within": None, "forget_after": None, "numbered": False, "back": 0,
                        "ahead": 0, "max_rows": 10_000},
    RowHistoryMatcher: {"memory": (), "by_labels": False, "max_threads": 10_000},
    RollingRateMatcher: {"repeat": False, "value": None, "max_events": 10_000},
    WindowRateMatcher: {"forget_after": None, "value": None, "max_events": 10_000},
    RateChangeMatcher: {"repeat": False, "value": None, "max_events": 10_000},
    WindowCountMatcher: {"forget_after": None, "distinct": None, "max_events": 10_000},
    SessionMatcher: {"max_duration": None, "min_events": 1, "folds": (), "measures": None,
                     "max_events": 1000},
    StateMachineMatcher: {"changes_only": False, "unmatched": False, "forget_after": None,
                          "max_path": 100},
    TrendMatcher: {"strict": True, "flat_percent": 5.0, "tolerance": 0, "min_change": None,
                   "emit_at": "first", "max_events": 10_000},
}  # fmt: skip


@pytest.mark.parametrize("made", UNLESS_TOLD, ids=lambda made: str(made.__name__))
def test_what_a_matcher_does_unless_it_is_told(made: Any) -> None:
    """As the fields of the node's configuration say."""
    given = inspect.signature(made).parameters.values()
    assert {p.name: p.default for p in given if p.default is not p.empty} == UNLESS_TOLD[made]


def events(*given: tuple[int, int]) -> list[tuple[int, int, Any]]:
    """Events (time, mask), numbered from 100."""
    return [(ts, mask, (0, "v", 100 + n)) for n, (ts, mask) in enumerate(given)]


def test_a_trace_says_after_which_event_each_match_came() -> None:
    matcher = AbsenceMatcher(10, "each")
    trace = Trace(matcher)
    matches: list[Any] = []
    given = events((0, 1), (5, 1), (10, 0), (12, 1), (13, 2), (14, 1))
    state = matcher.on_events(matcher.initial(), given, matches.append)
    state = matcher.on_time(state, 40, matches.append)
    assert [m[2] for m in matches] == [10, 24]
    assert [trace.emissions[id(m)] for m in matches] == [
        Emission(102, "timer"),
        Emission(None, "timer"),
    ]
    (kept,) = trace.snapshots.values()
    assert [ts for _, ts, _ in pickle.loads(kept)] == [5]
    assert [(e.reason, e.at) for e in trace.ended] == [("forbidden event", 13)] * 2
    assert not state


def test_a_trace_keeps_so_much() -> None:
    matcher = RollingCountMatcher(10, ">=", 1, repeat=True)
    trace = Trace(matcher, limit=2)
    matches: list[Any] = []
    matcher.on_events(None, events((0, 1), (1, 1), (2, 1)), matches.append)
    assert len(matches) == len(trace.emissions) == 3
    assert {e.by for e in trace.emissions.values()} == {"event"}
    assert set(trace.snapshots) == {id(m) for m in matches[:2]}
    for n in range(3):
        trace.observe("expired", (), n, None)
    assert trace.ended == [Ended("expired", (), 0, None), Ended("expired", (), 1, None)]


PLAN = PatternPlan(
    key=("k",), event_time="at", conditions=("a", "b"), values=(), all_rows=False,
    arrival=False, matcher="absence", construct="AbsenceMatcher(10, 'each', max_waiting=2)",
    functions="", steps=("trigger",), measures=(),
)  # fmt: skip
"""A trigger that nothing follows for 10 microseconds."""
ROWS = [(key, ts, mask, 0, n) for n, (key, ts, mask) in enumerate(
    [("a", 5, 1), ("b", 6, 1), ("a", None, 1), ("a", 8, 2), ("b", 90, 1), ("b", 91, 1),
     ("b", 92, 1), ("b", 93, 1)])]  # fmt: skip


@pytest.mark.parametrize("restarts", [False, True])
def test_a_replay_counts_what_it_drops_and_what_waits(restarts: bool) -> None:
    table = packed(ROWS)
    batches = [Batch(table.slice(0, 3), 0), Batch(table.slice(3, 2), 8), Batch(table.slice(5), 50)]
    told = replay(carried(PLAN, "n"), "n", batches, 92, None, traced=True, restarts=restarts)
    assert [(key, m[0], m[2]) for key, m in told.matches] == [(("a",), 5, 15), (("b",), 6, 16)]
    assert [t["row"].to_pylist() for t in told.late] == [[3]]
    assert (told.untimed, told.over_limit, told.waiting) == (1, 1, 1)
    assert [ts for _, ts, _ in told.open_states["b",]] == [91, 92]
    assert {told.emissions[id(m)] for _, m in told.matches} == {Emission(None, "timer")}
    assert [(e.reason, e.bound[0][1]) for e in told.ended] == [("limit", 90)]
    assert told.snapshots == {}
    closed = replay(carried(PLAN, "n"), "n", batches, 92, FAR, traced=False, restarts=restarts)
    assert [m[0] for _, m in closed.matches] == [5, 6, 92, 93]
    assert closed.over_limit == 2
    assert (closed.waiting, closed.open_states, closed.ended) == (0, {}, [])
    assert (closed.snapshots, closed.emissions) == ({}, {})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("x"), "DIVIDE_BY_ZERO"),
        (OverflowError("x"), "ARITHMETIC_OVERFLOW"),
        (IndexError("x" * 300), "PATTERN_FAILED"),
    ],
)
def test_a_failure_says_what_it_is(error: Exception, code: str) -> None:
    told = failure("n", error)
    assert (told.code, told.where) == (code, {"node": "n"})
    assert told.got == str(error)[:200]
