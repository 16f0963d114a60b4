"""What every matcher promises those that drive and watch it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from lakestream_mcp.cep.kernel import NEVER

from .test_invariance import MAKERS, alone

SEEDS = range(40)
LOOKING_AHEAD = ("row pattern over history",)
"""What an event means is told when the rows after it have come."""
Told = list[tuple[str, Any, int, Any]]


def played(
    kind: str, seed: int, told: Told | None = None, early: random.Random | None = None
) -> tuple[Any, list[Any]]:
    """A matcher after all events of one key, and what it emitted; `early`: also asked in between.

    told: where its reports go.
    """
    matcher, given = alone(kind, seed)
    if told is not None:
        matcher.observer = lambda *report: told.append(report)
    state, matches = matcher.initial(), []
    following = [ts for ts, _, _ in given[1:]] + [NEVER]
    for event, then in zip(given, following, strict=True):
        state = matcher.on_events(state or matcher.initial(), [event], matches.append)
        while state and (due := when(matcher, state)) <= then:
            state = matcher.on_time(state, due, matches.append)
        latest = min(when(matcher, state), then, event[0] + 50_000) - 1 if state else 0
        if early and latest >= event[0]:
            state = matcher.on_time(state, early.randint(event[0], latest), matches.append)
    assert not state, "nothing stays open for ever"
    return matcher, matches


def when(matcher: Any, state: Any) -> int:
    """When a state is next due."""
    times = (matcher.next_timer(state), matcher.expires(state))
    return min((t for t in times if t is not None), default=NEVER)


REASONS: dict[str, set[str]] = {
    "absence": {"forbidden event", "restarted", "limit"},
    "rolling count": {"expired", "limit"},
    "window count": {"condition false", "limit"},
    "sequence": {
        *("contiguity broken", "forbidden event", "skipped after match", "expired", "limit"),
    },
    "heartbeat": {"forbidden event", "expired"},
    "correlation": {"expired", "limit"},
    "rolling rate": {"expired", "limit"},
    "window rate": {"condition false", "limit"},
    "rate change": {"limit"},
    "trend": {"no value", "contiguity broken", "expired", "limit"},
    "outlier": {"no value", "too few samples", "condition false", "limit"},
    "deduplicate": {"duplicate"},
    "geofence": {"expired"},
    "session": {"condition false", "limit"},
    "state machine": {"expired", "limit"},
    "row pattern": {"condition false", "expired", "limit"},
    "row pattern over history": {"condition false", "expired", "limit"},
}
"""Why something came to nothing, by pattern."""
WITHOUT_EVENTS = {
    ("sequence", "expired"),
    ("sequence", "contiguity broken"),
    ("state machine", "expired"),
    ("outlier", "limit"),
    ("row pattern", "condition false"),
    ("row pattern over history", "condition false"),
}
"""What may be told although no event is bound."""
MOMENTS: dict[tuple[str, str], Callable[[Any, Any], int]] = {
    ("rolling count", "expired"): lambda matcher, bound: bound[0][1] + matcher.window,
    ("rolling rate", "expired"): lambda matcher, bound: bound[0][1] + matcher.window,
    ("trend", "expired"): lambda matcher, bound: bound[-1][1] + matcher.within,
    ("correlation", "expired"): lambda matcher, bound: bound[0][1] + matcher.within,
    ("heartbeat", "expired"): lambda matcher, bound: bound[0][1] + matcher.forget_after,
    ("window rate", "condition false"): lambda matcher, bound: (
        (bound[-1][1] // matcher.window + 1) * matcher.window
    ),
}
"""When something ended, where the events alone tell."""


def numbered(bound: Iterable[tuple[int, int, Any]]) -> set[tuple[int, int]]:
    """Events by time and number; a matcher may have been shown more of a row than was given."""
    return {(ts, row[-1]) for _, ts, row in bound}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_new_matcher_has_dropped_nothing(kind: str) -> None:
    matcher, _ = alone(kind, 0)
    assert matcher.dropped == 0
    assert matcher.observer is None


@pytest.mark.parametrize("kind", MAKERS)
def test_asking_before_anything_is_due_changes_nothing(kind: str) -> None:
    for seed in SEEDS:
        _, matches = played(kind, seed)
        _, again = played(kind, seed, early=random.Random(seed))
        assert again == matches, f"{kind} {seed}"


@pytest.mark.parametrize("kind", MAKERS)
def test_reports_are_of_events_that_came_and_change_no_match(kind: str) -> None:
    reasons: set[str] = set()
    for seed in SEEDS:
        _, given = alone(kind, seed)
        came = numbered((0, ts, row) for ts, _, row in given)
        told: Told = []
        matcher, matches = played(kind, seed, told)
        assert matches == played(kind, seed)[1], f"{kind} {seed}"
        for reason, bound, at, event in told:
            said = f"{kind} {seed}: {reason} {bound} at {at} by {event}"
            assert bound or (kind, reason) in WITHOUT_EVENTS, said
            assert numbered(bound) <= came, said
            moment = MOMENTS.get((kind, reason))
            assert moment is None or at == moment(matcher, bound), said
            times = [ts for _, ts, _ in bound]
            assert times == sorted(times), said
            assert not times or times[-1] <= at, said
            assert event is None or numbered([(0, *event)]) <= came, said
            late = kind in LOOKING_AHEAD
            assert event is None or event[0] == at or (late and event[0] < at), said
        limits = sum(reason == "limit" for reason, *_ in told)
        assert limits == matcher.dropped, f"{kind} {seed}"
        reasons |= {reason for reason, *_ in told}
    assert reasons == REASONS[kind]


@pytest.mark.parametrize("kind", MAKERS)
def test_matches_are_of_events_that_came_before_they_were_found(kind: str) -> None:
    for seed in SEEDS:
        _, given = alone(kind, seed)
        came = numbered((0, ts, row) for ts, _, row in given)
        for match in played(kind, seed)[1]:
            started, ended, detected, bound, _, _ = match
            assert started <= ended <= detected, f"{kind} {seed}: {match}"
            assert numbered(bound) <= came, f"{kind} {seed}: {match}"


COUNTING: dict[str, Callable[[Any, int, Any], bool]] = {
    "deduplicate": lambda matcher, mask, row: True,
    "session": lambda matcher, mask, row: True,
    "outlier": lambda matcher, mask, row: bool(mask & 1),
    "correlation": lambda matcher, mask, row: bool(mask & 1),
    "window count": lambda matcher, mask, row: (
        bool(mask & 1) and (matcher.distinct is None or row[matcher.distinct] is not None)
    ),
    "window rate": lambda matcher, mask, row: (
        bool(mask & 1) and (matcher.value is None or row[matcher.value] is not None)
    ),
}
"""Which events must come to something: of a correlation the left ones."""


@pytest.mark.parametrize("kind", COUNTING)
def test_every_event_that_counts_is_in_a_match_or_reported(kind: str) -> None:
    counted = 0
    for seed in SEEDS:
        matcher, given = alone(kind, seed)
        told: Told = []
        _, matches = played(kind, seed, told)
        found = set().union(*(numbered(match[3]) for match in matches))
        found |= set().union(*(numbered(bound) for _, bound, _, _ in told))
        wanted = {(ts, row[-1]) for ts, mask, row in given if COUNTING[kind](matcher, mask, row)}
        assert wanted <= found, f"{kind} {seed}"
        counted += len(wanted)
    assert counted > 200
