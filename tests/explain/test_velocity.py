"""Why a rate was not above or below its limit, or did not change enough."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from .agent import Agent, agent_in
from .asking import Json, closest, event, random_events, unanswered, why
from .test_why_not import FEED

RATE: Json = {"per": "minute", "window": "1 minute"}
LOW = RATE | {"comparison": "below", "threshold": 2, "forget_after": "90 seconds"}
CHANGE = RATE | {"comparison": "changed", "factor": 3}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("velocity")) as made:
        yield made


def rate(agent: Agent, config: Json, events: list[Json], **asked: Any) -> Json:
    return closest(agent, "velocity", config, events, **asked)


def test_the_last_one_came_too_late(agent: Agent) -> None:
    events = [event(0), event(10), event(20), event(64.5)]
    found = rate(agent, RATE | {"threshold": 3}, events)
    assert (found["clause"], found["event"], found["distance"]) == ("window", 3, "4.5 s")
    assert (found["got"], found["expected"]) == (3.0, "> 3 per minute")
    assert "came 4.5 s after event 0 had left the window" in found["sentence"]


def test_too_few(agent: Agent) -> None:
    found = rate(agent, RATE | {"threshold": 3}, [event(0), event(10), event(500)])
    assert (found["clause"], found["event"], found["distance"]) == ("threshold", 1, "2 events")
    assert [e["event"] for e in found["events"]] == [0, 1]


def test_a_sum_too_small(agent: Agent) -> None:
    told = why(agent, "velocity", RATE | {"threshold": 100, "sum": "amount"},
               [event(0, 40), event(10), event(20, 55.5)])  # fmt: skip
    found, *_, uncounted = told["misses"]
    assert (found["clause"], found["got"], found["distance"]) == ("threshold", 95.5, "4.5")
    assert "95.5 of `amount` per minute" in found["sentence"]
    assert (uncounted["clause"], uncounted["event"]) == ("sum", 1)
    assert "`amount` is NULL" in uncounted["sentence"]


def test_exactly_the_limit_is_not_above(agent: Agent) -> None:
    found = rate(agent, RATE | {"threshold": 2}, [event(0), event(10)])
    assert (found["got"], found["distance"]) == (2.0, "1 event")


def test_an_event_that_does_not_count(agent: Agent) -> None:
    config = RATE | {"threshold": 1, "where": "amount > 10"}
    told = why(agent, "velocity", config, [event(0, 40), event(10, 9.5)])
    found = next(m for m in told["misses"] if m["clause"] == "where")
    assert (found["event"], found["got"], found["distance"]) == (1, 9.5, "0.5")
    found = rate(agent, config, [event(0, 4), event(10, 9.5)])
    assert (found["clause"], found["event"]) == ("where", 1)


def test_told_once(agent: Agent) -> None:
    events = [event(0), event(1), event(2)]
    found = rate(agent, RATE | {"threshold": 1}, events, event=2)
    assert (found["clause"], found["event"]) == ("repeat", 2)


def test_not_below(agent: Agent) -> None:
    found = rate(agent, LOW, [event(0), event(10), event(20)])
    assert (found["clause"], found["event"], found["distance"]) == ("threshold", 1, "2 events")
    assert (found["got"], found["expected"]) == (3.0, "< 2 per minute")
    assert (
        "from 2026-01-01T12:00:00Z up to, not including, 2026-01-01T12:01:00Z"
        in (found["sentence"])
    )


def test_a_sum_not_below(agent: Agent) -> None:
    config = LOW | {"sum": "amount", "threshold": 10}
    found = rate(agent, config, [event(0, 8), event(10, 4.5)])
    assert (found["clause"], found["event"], found["distance"]) == ("threshold", 1, "2.5")


def test_forgotten_before_the_empty_window_ended(agent: Agent) -> None:
    events = [event(0), event(20), event(300), event(301)]
    told = why(agent, "velocity", LOW, events, event=2)
    found = next(m for m in told["misses"] if m["clause"] == "forget_after")
    assert (found["distance"], found["at"]) == ("10 s", "2026-01-01T12:02:00Z")


def test_not_decided_yet(agent: Agent) -> None:
    options = {"advance_to": "none", "watermark_delay": "100 seconds"}
    events = [event(0), event(110, card="b")]
    found = rate(agent, LOW, events, options=options)
    assert (found["clause"], found["at"]) == ("window", "2026-01-01T12:01:00Z")
    assert "the watermark had not reached" in found["sentence"]


def test_not_changed_enough(agent: Agent) -> None:
    events = [event(0), event(61), event(70), event(80)]
    found = rate(agent, CHANGE, events)
    assert (found["clause"], found["event"], found["distance"]) == ("factor", 3, "0 times")
    assert [e["step"] for e in found["events"]] == ["previous", "current", "current", "current"]
    assert "3 times the 1 of the 1 minute before" in found["sentence"]


def test_nothing_before(agent: Agent) -> None:
    found = rate(agent, CHANGE, [event(0)])
    assert (found["clause"], found["got"]) == ("factor", 0)


def test_the_highest_rate_is_told(agent: Agent) -> None:
    """Against a count of the windows in plain arithmetic."""
    events = random_events(5, 120)
    found = rate(agent, RATE | {"threshold": 100, "sum": "amount"}, events)
    mine = [
        (dt.datetime.fromisoformat(e["at"]), Fraction(e["amount"]))
        for e in events
        if e["card"] == "a" and e["amount"] is not None
    ]
    minute = dt.timedelta(minutes=1)
    sums = [sum(a for other, a in mine if time - minute < other <= time) for time, _ in mine]
    assert found["got"] == max(sums)


@pytest.mark.parametrize(
    "config",
    [
        RATE | {"threshold": 2, "where": "kind = 'pay'"},
        RATE | {"threshold": 8, "sum": "amount"},
        LOW | {"sum": "amount", "where": "kind = 'pay'", "threshold": 3},
        CHANGE | {"factor": 1.5},
        CHANGE | {"factor": 0.5, "sum": "amount"},
    ],
)
def test_every_event_has_an_answer(agent: Agent, config: Json) -> None:
    events = random_events(7, 40)
    made = agent.pipeline("velocity", {"key": ["card"], **config}, FEED)
    left = unanswered(agent, made, events)
    assert {events[n]["kind"] for n in left} <= {"look"}, left
