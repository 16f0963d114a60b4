"""Why values made no trend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .asking import Json, closest, event, random_events, unanswered, why
from .test_why_not import FEED

UP: Json = {"value": "amount", "direction": "up", "length": 4, "within": "10 minutes"}
FLAT = UP | {"direction": "flat", "tolerance_percent": 5}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("trend")) as made:
        yield made


def run(agent: Agent, config: Json, values: list[Any], **asked: Any) -> Json:
    events = [event(second, value) for second, value in enumerate(values)]
    return closest(agent, "trend", config, events, **asked)


def test_a_value_that_falls(agent: Agent) -> None:
    found = run(agent, UP, [1, 2, 3, 2.8])
    assert (found["clause"], found["event"], found["distance"]) == ("direction", 3, "0.2")
    assert (found["got"], found["expected"]) == (2.8, "> 3")
    assert [e["event"] for e in found["events"]] == [0, 1, 2]
    assert "1 → 2 → 3 (events 0, 1, 2) are 3 of 4 values" in found["sentence"]


def test_a_value_that_rises(agent: Agent) -> None:
    found = run(agent, UP | {"direction": "down", "strict": False}, [3, 3, 2, 2.5])
    assert (found["clause"], found["expected"], found["distance"]) == ("direction", "<= 2", "0.5")


def test_equal_values(agent: Agent) -> None:
    found = run(agent, UP, [1, 2, 3, 3])
    assert (found["clause"], found["event"], found["distance"]) == ("strict", 3, "0")


def test_one_counter_move_too_many(agent: Agent) -> None:
    found = run(agent, UP | {"tolerance": 1}, [1, 2, 1.5, 1])
    assert (found["clause"], found["event"]) == ("tolerance", 3)
    assert "counter-move 2 where 1 may be" in found["sentence"]


def test_not_flat(agent: Agent) -> None:
    found = run(agent, FLAT, [10, 10.2, 10.8])
    assert (found["clause"], found["event"]) == ("tolerance_percent", 2)
    assert (found["expected"], found["distance"]) == ("9.5 to 10.5", "0.3")


def test_a_change_too_small(agent: Agent) -> None:
    found = run(agent, UP | {"min_change": 5}, [1, 2, 3, 4.5])
    assert (found["clause"], found["got"], found["distance"]) == ("min_change", 3.5, "1.5")


def test_the_next_value_too_late(agent: Agent) -> None:
    events = [event(0, 1), event(1, 2), event(2, 3), event(702, 4)]
    found = closest(agent, "trend", UP, events)
    assert (found["clause"], found["event"], found["distance"]) == ("within", 3, "1 min 40 s")
    events[-1] = event(602, 2)
    found = closest(agent, "trend", UP, events)
    assert "came at exactly that time, which is outside" in found["sentence"]
    assert "its value 2 goes another way" in found["sentence"]


def test_no_other_value(agent: Agent) -> None:
    found = run(agent, UP, [1, 2, 3])
    assert (found["clause"], found["got"], found["expected"]) == ("length", 3, ">= 4")


def test_still_open(agent: Agent) -> None:
    events = [event(0, 1), event(1, 2), event(300, 2, card="b")]
    found = closest(agent, "trend", UP, events, options={"advance_to": "none"})
    assert (found["clause"], found["at"]) == ("within", "2026-01-01T12:10:01Z")
    assert "the watermark had not reached" in found["sentence"]


def test_a_value_that_is_none_or_not_looked_at(agent: Agent) -> None:
    events = [event(0, 1), event(1, None), event(2, 3), event(3, 4, kind="look")]
    told = why(agent, "trend", UP | {"where": "kind = 'pay'"}, events)
    clauses = {m["clause"]: m["event"] for m in told["misses"]}
    assert (clauses["value"], clauses["where"]) == (1, 3)


def test_longer_than_what_is_kept(agent: Agent) -> None:
    config = UP | {"max_events_per_key": 3, "min_change": 100}
    assert run(agent, config, [1, 2, 3, 4, 5])["clause"] == "max_events_per_key"


def test_the_longest_run_is_told(agent: Agent) -> None:
    """Against runs cut in plain Python."""
    events = random_events(3, 150, apart=60)
    found = closest(agent, "trend", UP | {"length": 9}, events)
    longest: list[int] = []
    current: list[int] = []
    for number, row in enumerate(events):
        if row["card"] != "a" or row["amount"] is None:
            continue
        if current and row["amount"] <= events[current[-1]]["amount"]:
            current = []
        current = [*current, number]
        longest = max(longest, current, key=len)
    assert len(found["events"]) == len(longest)


@pytest.mark.parametrize(
    "config", [UP, UP | {"emit": "end", "tolerance": 1}, FLAT | {"tolerance_percent": 20}]
)
def test_every_event_has_an_answer(agent: Agent, config: Json) -> None:
    made = agent.pipeline("trend", {"key": ["card"], **config}, FEED)
    assert unanswered(agent, made, random_events(4, 40)) == []
