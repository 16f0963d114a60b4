"""The correlation matcher against the definition, written out naively."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import pytest

from lakestream_mcp.patterns.temporal_correlation.matcher import CorrelationMatcher, put_in_order

LEFT, RIGHT = 1, 2
Event = tuple[int, int, tuple[int, int, int]]  # ts, mask, (number, tie-breaker, value)


class Case(NamedTuple):
    """One configuration."""

    within: int
    order: str
    pairing: str
    tied: bool
    unpaired: bool
    ties: int

    def fits(self, a: int, b: int, events: list[Event]) -> bool:
        """Whether events a < b, one of each side, are a pair."""
        (at, kind, one), (bt, _, two) = events[a], events[b]
        if bt - at >= self.within or (self.tied and one[2] != two[2]):
            return False
        same = at == bt and (not self.ties or one[1] == two[1])
        wanted = {"left-first": LEFT, "right-first": RIGHT}.get(self.order, kind)
        return same or kind == wanted

    def candidates(self, events: list[Event]) -> list[tuple[int, int]]:
        """All pairs (left, right), in the order of their later event, then their earlier one."""
        found = []
        for b in range(len(events)):
            for a in range(b):
                if events[a][1] != events[b][1] and self.fits(a, b, events):
                    found.append((a, b) if events[a][1] == LEFT else (b, a))
        return found


def definition(case: Case, events: list[Event]) -> list[tuple[int, int, int | None]]:
    """(when decided, left, right or None) for every match."""
    candidates = case.candidates(events)
    pairs: list[tuple[int, int]] = []
    if case.pairing == "each":
        pairs = candidates
    elif case.pairing == "first":
        used: set[int] = set()
        for pair in candidates:
            if not used & {*pair}:
                pairs.append(pair)
                used |= {*pair}
    else:
        for left in {pair[0] for pair in candidates}:
            rights = sorted(right for other, right in candidates if other == left)
            pairs.append((left, min(rights, key=lambda r: abs(events[r][0] - events[left][0]))))
    late = {left: events[left][0] + case.within for left, _ in pairs}
    found: list[tuple[int, int, int | None]] = [
        (late[a] if case.pairing == "nearest" else max(events[a][0], events[b][0]), a, b)
        for a, b in pairs
    ]
    if case.unpaired:
        paired = {left for left, _ in pairs}
        found += [
            (ts + case.within, n, None)
            for n, (ts, kind, _) in enumerate(events)
            if kind == LEFT and n not in paired
        ]
    return sorted(found, key=repr)


def run(case: Case, events: list[Event], cap: int = 1000) -> list[tuple[int, int, int | None]]:
    """The matcher on the same events; nothing is left open."""
    matcher = CorrelationMatcher(
        case.within,
        case.order,
        case.pairing,
        (lambda bound: bound[0][2][2] == bound[1][2][2]) if case.tied else None,
        case.unpaired,
        case.ties,
        cap,
    )
    out: list[Any] = []
    state = matcher.on_events(matcher.initial(), events, out.append)
    if state:
        assert matcher.on_time(state, 1 << 60, out.append) is None
    found = []
    for _, _, detected, bound, (gap,), _ in out:
        sides = {step: (ts, row[0]) for step, ts, row in bound}
        assert [ts for _, ts, _ in bound] == sorted(ts for _, ts, _ in bound)
        assert (gap is None) == (1 not in sides)
        found.append((detected, sides[0][1], sides[1][1] if 1 in sides else None))
    return sorted(found, key=repr)


def random_events(rng: random.Random, ties: int) -> list[Event]:
    """In order: by time, by tie-breaker if there is one, left before right."""
    count = rng.randrange(12)
    drawn = [
        (rng.randrange(-5, 25), rng.randrange(2), rng.choice([LEFT, RIGHT])) for _ in range(count)
    ]
    drawn.sort(key=lambda e: (e[0], e[1] if ties else 0, e[2]))
    return [(ts, kind, (n, tie, rng.randrange(2))) for n, (ts, tie, kind) in enumerate(drawn)]


@pytest.mark.parametrize("pairing", ["each", "first", "nearest"])
@pytest.mark.parametrize("order", ["any", "left-first", "right-first"])
def test_agrees_with_the_definition(pairing: str, order: str) -> None:
    for seed in range(1200):
        rng = random.Random(f"{seed} {pairing} {order}")
        case = Case(
            rng.randrange(1, 12),
            order,
            pairing,
            rng.random() < 0.4,
            rng.random() < 0.5,
            rng.randrange(2),
        )
        events = random_events(rng, case.ties)
        assert run(case, events) == definition(case, events), (seed, case, events)


def test_exactly_within_is_too_far() -> None:
    case = Case(10, "any", "each", False, True, 0)
    assert run(case, [(0, LEFT, (0, 0, 0)), (10, RIGHT, (1, 0, 0))]) == [(10, 0, None)]
    assert run(case, [(0, LEFT, (0, 0, 0)), (9, RIGHT, (1, 0, 0))]) == [(9, 0, 1)]


def test_at_the_cap_the_oldest_event_goes_and_is_counted() -> None:
    matcher = CorrelationMatcher(100, max_events=2)
    out: list[Any] = []
    events = [(0, LEFT, (0,)), (1, LEFT, (1,)), (2, LEFT, (2,)), (3, RIGHT, (3,))]
    matcher.on_events(matcher.initial(), events, out.append)
    assert [m[3][0][2][0] for m in out] == [1, 2]
    assert matcher.dropped == 2


def test_the_gap_is_signed_and_in_whole_milliseconds() -> None:
    out: list[Any] = []
    matcher = CorrelationMatcher(10_000)
    matcher.on_events(None, [(0, LEFT, (0,)), (1500, RIGHT, (1,)), (3400, LEFT, (2,))], out.append)
    assert [m[4][0] for m in out] == [1, -1]


def test_events_wait_in_the_order_of_their_deadlines() -> None:
    waiting: list[Any] = []
    for event in [(5, "a"), (3, "b"), (5, "c"), (4, "d"), (3, "e"), (9, "f")]:
        put_in_order(waiting, event)
    assert "".join(name for _, name in waiting) == "bedacf"
