"""The geofence matcher against the definition, written out naively over whole lives of a key."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from lakestream_mcp.patterns.geofence.matcher import GeofenceCircle, GeofenceMatcher

RADIUS_M, MARGIN_M = 1000.0, 500.0
# Latitudes inside the circle at 0, 0; outside but within the margin; beyond it.
INSIDE, BESIDE, BEYOND = 0.001, 0.0115, 0.1
ALL = ("enter", "exit", "dwell")


class Rules(NamedTuple):
    """What a geofence is asked."""

    confirm: int
    dwell: int
    forget: int
    first_enters: bool
    margin: float


class Fix(NamedTuple):
    """When, and how far."""

    ts: int
    latitude: float


def lives(fixes: list[Fix], forget: int) -> list[list[Fix]]:
    """The fixes between which the key is not forgotten."""
    found: list[list[Fix]] = []
    for fix in fixes:
        if found and fix.ts < found[-1][-1].ts + forget:
            found[-1].append(fix)
        else:
            found.append([fix])
    return found


def run_of(fixes: list[Fix], start: int, length: int, sides: set[float]) -> int | None:
    """Where the first `length` fixes in a row, all on these sides, begin at or after `start`."""
    for at in range(start, len(fixes) - length + 1):
        if all(fix.latitude in sides for fix in fixes[at : at + length]):
            return at
    return None


def expected(fixes: list[Fix], rules: Rules) -> list[Any]:
    """(when decided, what, when the visit began, inside for ms)."""
    return sorted(one for life in lives(fixes, rules.forget) for one in of_life(life, rules))


def of_life(life: list[Fix], rules: Rules) -> list[Any]:
    outside = {BEYOND} if rules.margin else {BESIDE, BEYOND}
    found: list[Any] = []
    n, at = rules.confirm, 0
    while (entry := run_of(life, at, n, {INSIDE})) is not None:
        began, entered = life[entry].ts, life[entry + n - 1].ts
        if rules.first_enters or entry > 0:
            found.append((entered, "enter", began, None))
        leaving = run_of(life, entry + n, n, outside)
        end = life[-1].ts + rules.forget if leaving is None else life[leaving + n - 1].ts
        dwelt = max(began + rules.dwell, entered)
        if dwelt <= end:
            found.append((dwelt, "dwell", began, (dwelt - began) // 1000))
        if leaving is None:
            break
        found.append((end, "exit", began, (life[leaving].ts - began) // 1000))
        at = leaving + n
    return found


def found(fixes: list[Fix], rules: Rules, emit: tuple[str, ...] = ALL) -> list[Any]:
    matcher = GeofenceMatcher(
        (GeofenceCircle("z", 0.0, 0.0, RADIUS_M),),
        (1, 2),
        emit,
        rules.dwell,
        rules.confirm,
        rules.first_enters,
        rules.margin,
        rules.forget,
    )
    out: list[Any] = []
    state = matcher.initial()
    for fix in fixes:
        state = matcher.on_events(state, [(fix.ts, 1, (0, fix.latitude, 0.0))], out.append)
    if state:
        assert matcher.on_time(state, 1 << 60, out.append) is None
    for match in out:
        steps = [step for step, _, _ in match[3]]
        assert steps == [0] * rules.confirm + [1] * (rules.confirm * (match[4][0] == "exit"))
    return sorted((m[2], m[4][0], m[0], m[4][2]) for m in out)


def random_case(draw: random.Random) -> tuple[list[Fix], Rules]:
    times = sorted(draw.randrange(-30, 90) * 500 for _ in range(draw.randrange(25)))
    fixes = [Fix(t, draw.choice((INSIDE, INSIDE, BESIDE, BEYOND))) for t in times]
    forget = draw.choice((5_000, 12_000, 50_000))
    rules = Rules(
        draw.choice((1, 1, 2, 3)),
        draw.randrange(1, forget // 500 + 1) * 500,
        forget,
        draw.random() < 0.5,
        draw.choice((0.0, MARGIN_M)),
    )
    return fixes, rules


def test_agrees_with_the_definition() -> None:
    total = 0
    for seed in range(3000):
        fixes, rules = random_case(random.Random(seed))
        wanted = expected(fixes, rules)
        assert found(fixes, rules) == wanted, (seed, fixes, rules)
        total += len(wanted)
    assert total > 8000


def test_what_is_not_asked_for_changes_nothing_else() -> None:
    for seed in range(300):
        fixes, rules = random_case(random.Random(seed))
        for emit in (("enter",), ("exit",), ("dwell",), ("dwell", "enter")):
            wanted = [one for one in expected(fixes, rules) if one[1] in emit]
            assert found(fixes, rules, emit) == wanted, (seed, emit)


def test_zones_are_apart_and_told_in_their_order() -> None:
    zones = (GeofenceCircle("b", 0.0, 0.0, 1000.0), GeofenceCircle("a", 1.0, 0.0, 1000.0))
    matcher = GeofenceMatcher(zones, (1, 2), ALL, 5)
    out: list[Any] = []
    fixes = [(0, 1, (0, 0.0, 0.0)), (1, 1, (0, 1.0, 0.0)), (1, 1, (0, 50.0, 0.0))]
    assert matcher.on_events(None, fixes, out.append) is None
    told = [(m[4][0], m[4][1]) for m in out]
    assert told == [("enter", "b"), ("exit", "b"), ("enter", "a"), ("exit", "a")]
    assert len({(tuple(m[3]), m[5]) for m in out}) == len(out)


def test_a_key_outside_is_not_kept() -> None:
    matcher = GeofenceMatcher((GeofenceCircle("z", 0.0, 0.0, 1.0),), (1, 2), ALL, 5)
    assert matcher.on_events(None, [(0, 1, (0, 50.0, 0.0))], [].append) is None
