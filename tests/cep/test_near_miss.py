"""The words and numbers that say how nearly something matched."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pytest

from lakestream_mcp.cep import scenario
from lakestream_mcp.cep.near_miss import (
    Bound,
    KeyView,
    Miss,
    Part,
    Partial,
    Seen,
    closeness,
    condition_miss,
    ended_misses,
    false_parts,
    is_number,
    moment,
    shown,
    span,
    told_bound,
)

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000


def part(holds: bool | None, operator: str | None = None, left: Any = None, right: Any = None,
         **reads: Any) -> Part:  # fmt: skip
    return Part("x > 5", holds, reads, operator, left, right)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (part(True), "`x > 5` is true"),
        (part(None, x=None), "`x > 5` is unknown (x = NULL)"),
        (part(False, y="a", x=1.5), "`x > 5` is false (y = 'a', x = 1.5)"),
        (part(True, ">", 6, 5, x=6), "`x > 5` is true (x = 6)"),
        *(
            (part(False, operator, 4, 5, x=4), f"`x > 5` is false: 4 {instead} 5")
            for operator, instead in zip((">", ">=", "<", "<=", "=", "<>"), "≤<≥>≠=", strict=True)
        ),
    ],
)
def test_a_part_is_told(given: Part, told: str) -> None:
    assert given.told() == told


@pytest.mark.parametrize(
    ("given", "near", "distance"),
    [
        (part(True, ">", 6, 5), 1.0, None),
        (part(False, ">", 4, 5), 0.72, "1"),
        (part(False, ">", 5, 4), 0.72, "1"),
        (part(False, "=", -1, 4), 0.0, "5"),
        (part(False, "<>", 0, 0), 0.9, "0"),
        (part(False, ">", Decimal("2.5"), 5), 0.45, "2.5"),
        (part(False, "=", "a", "b"), 0.0, None),
        (part(False, ">", 4, None), 0.0, None),
        (part(False, ">", None, 4), 0.0, None),
        (part(None, ">", 4, 5), 0.72, None),
    ],
)
def test_how_near_a_comparison_came(given: Part, near: float, distance: str | None) -> None:
    assert given.closeness() == pytest.approx(near)
    assert given.distance() == distance


def test_numbers_are_finite_and_no_truth_values() -> None:
    assert all(map(is_number, (0, -1.5, Decimal(2), 9e307)))
    assert not any(map(is_number, (True, "1", None, math.nan, math.inf, 1e308, -1e308)))


@pytest.mark.parametrize(
    ("microseconds", "told"),
    [
        (0, "0 s"),
        (1, "0.000001 s"),
        (4_200_000, "4.2 s"),
        (-4_200_000, "4.2 s"),
        (59_999_999, "59.999999 s"),
        (MINUTE, "1 min"),
        (3 * MINUTE + 5_000_000, "3 min 5 s"),
        (HOUR, "1 h"),
        (DAY, "1 d"),
        (DAY - 1, "23 h 59 min 59.999999 s"),
        (2 * DAY + 3 * HOUR + 4 * MINUTE + 5_000_000, "2 d 3 h 4 min"),
    ],
)
def test_lengths_of_time(microseconds: int, told: str) -> None:
    assert span(microseconds) == told


def test_moments_and_values() -> None:
    assert moment(0) == "1970-01-01T00:00:00Z"
    assert moment(1_500_000) == "1970-01-01T00:00:01.500Z"
    assert moment(1_000_001) == "1970-01-01T00:00:01.000001Z"
    assert moment(1 << 62) == "the end of time"
    assert shown(None) == "NULL"
    assert shown(0.1 + 0.2) == "0.3"
    assert shown(Decimal("1E+2")) == "100"
    assert shown(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)) == "2026-01-01T00:00:00Z"
    assert [shown("a"), shown(7), shown(True)] == ["'a'", "7", "True"]


def seen(number: int, ts: int = 0) -> Seen:
    return Seen(number, ts, 1, (number,), {"x": number})


def partial(*numbers: int, **told: Any) -> Partial:
    bound = tuple(Bound(f"s{n}", seen(n)) for n in numbers)
    given = {"reason": None, "at": 1_000_000, "by": None, **told}
    return Partial(bound, **given)


def test_bound_events_are_listed_in_short() -> None:
    assert told_bound(partial()) == "A partial match"
    assert told_bound(partial(1)) == "`s1` (event 1)"
    assert told_bound(partial(1, 2)) == "`s1` (event 1) and `s2` (event 2)"
    four = "`s1` (event 1), `s2` (event 2), `s3` (event 3) and `s4` (event 4)"
    assert told_bound(partial(1, 2, 3, 4)) == four
    many = "`s1` (event 1), `s2` (event 2), 3 more and `s6` (event 6)"
    assert told_bound(partial(1, 2, 3, 4, 5, 6)) == many


def view(partials: tuple[Partial, ...] = ()) -> KeyView:
    """A key of events whose condition is `x > 5`."""

    def parts(condition: str, event: Seen, before: Any) -> list[Part]:
        if condition == "free":
            return []
        x = event.row["x"]
        return [Part("x > 5", x > 5, {"x": x}, ">", x, 5), Part("TRUE", True, {})]

    return KeyView((), partials, frozenset(), frozenset(), parts, {}, 0, 0, lambda: iter(()), None)


def test_ended_partial_matches_are_misses_by_their_length() -> None:
    whole = partial(1, 2, reason="expired", by=seen(9))
    some = partial(3, at=2_000_000)
    never = partial(4, 5, at=None)
    assert list(ended_misses(view((whole, some, never)))) == [
        Miss(
            0.5,
            "",
            "`s1` (event 1) and `s2` (event 2) ended by event 9 at 1970-01-01T00:00:01Z: expired.",
            1_000_000,
            9,
            (("s1", 1), ("s2", 2)),
        ),
        Miss(
            0.25,
            "",
            "`s3` (event 3) ended at 1970-01-01T00:00:02Z: it still waits.",
            2_000_000,
            None,
            (("s3", 3),),
        ),
    ]
    (empty,) = ended_misses(view((partial(),)))
    assert empty.progress == 0


def test_the_event_that_came_nearest_is_told() -> None:
    key = view()
    events = [seen(1), seen(4, 3_000_000), seen(4, 9), seen(2)]
    found = condition_miss(key, "where", "big", "c", events, partial(7), 0.5, 0.25)
    near = (0.72 + 1) / 2
    assert found is not None
    assert found.progress == pytest.approx(0.5 + 0.25 * near)
    assert found[1:] == (
        "where",
        "Event 4 at 1970-01-01T00:00:03Z came nearest to `big`: `x > 5` is false: 4 ≤ 5.",
        3_000_000,
        4,
        (("s7", 7),),
        4,
        "x > 5",
        "1",
    )
    held = condition_miss(key, "where", "big", "c", [seen(6)])
    assert held is not None
    assert held[1:] == (
        "where",
        "Event 6 at 1970-01-01T00:00:00Z came nearest to `big`: its condition holds.",
        0, 6, (), None, None, None,
    )  # fmt: skip
    assert held.progress == 1.0
    assert condition_miss(key, "where", "big", "c", []) is None
    assert key.holds("c", seen(6))
    assert not key.holds("c", seen(5))
    assert closeness([]) == 1.0
    two = [part(False, ">", 4, 5), part(True), part(None)]
    assert false_parts(two) == "`x > 5` is false: 4 ≤ 5 and `x > 5` is unknown"


def test_times_of_stories() -> None:
    assert scenario.spread(3, None) == [0, MINUTE, 2 * MINUTE]
    assert scenario.spread(3, 10_000_000) == [0, 2_000_000, 4_000_000]
    assert scenario.spread(3, 4_000_000) == [0, 1_000_000, 2_000_000]
    assert scenario.spread(3, 3_999_999) == [0, 999_999, 1_999_998]
    assert scenario.spread(2, 1) == [0, 1]
    assert scenario.just_before(1_001) == 1
    assert [scenario.just_before(us) for us in (1_000, 2)] == [999, 1]
    assert scenario.next_multiple(HOUR) == 0
    assert scenario.next_multiple(DAY) == 12 * HOUR
    events = tuple(scenario.Wanted(n, (f"s{n}",)) for n in range(3))
    assert scenario.without(events, 1) == (events[0], events[2])
    stories = list(scenario.failing(events, ("a", "b", "c")))
    assert [(s.name, s.clause, s.matches) for s in stories] == [
        ("s0 fails", "a", False), ("s1 fails", "b", False), ("s2 fails", "c", False),
    ]  # fmt: skip
    changed = scenario.Wanted(1, (), ("s1",))
    assert stories[1].events == (events[0], changed, events[2])


def test_which_match_of_a_story_is_meant() -> None:
    events = (scenario.Wanted(0, values=(("x", 1),)),)
    meant = scenario.Scenario("", "", True, events, (0, 2), (("m", 5),))
    assert meant.means([0, 1, 2], {"m": 5, "n": 6})
    assert not meant.means([0, 1], {"m": 5})
    assert not meant.means([0, 2], {"m": 6})
    assert scenario.Scenario("", "", True, events).means([], {})
    assert meant.raised(2.5).events[0].values == (("x", 3.5),)
    assert [scenario.is_true(text) for text in (" True ", "x", "")] == [True, False, False]
