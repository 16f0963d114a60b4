"""Why a key was not lost, or is not said to have recovered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

import pytest

from .agent import Agent, agent_in
from .asking import Json, at, closest, event, random_events, unanswered, why
from .test_why_not import FEED

BEAT: Json = {"timeout": "6 minutes", "forget_after": "1 hour"}
LOST = BEAT | {"emit": ["lost"]}
BACK = BEAT | {"emit": ["recovered"]}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("heartbeat")) as made:
        yield made


def test_the_longest_silence(agent: Agent) -> None:
    found = closest(agent, "heartbeat", LOST, [event(0), event(240), event(360)])
    assert (found["clause"], found["event"], found["distance"]) == ("timeout", 1, "2 min")
    assert (found["got"], found["expected"]) == ("4 min", "at least 6 minutes")
    assert found["events"] == [{"step": "last", "event": 0}]


def test_forgotten(agent: Agent) -> None:
    found = closest(agent, "heartbeat", BACK, [event(0), event(3700)])
    assert (found["clause"], found["event"], found["distance"]) == ("forget_after", 1, "1 min 40 s")
    found = closest(agent, "heartbeat", BACK, [event(0), event(3600)])
    assert "exactly when the key was forgotten" in found["sentence"]


def test_what_is_not_asked_for(agent: Agent) -> None:
    told = why(agent, "heartbeat", LOST, [event(0), event(400)], expected=[0, 1])
    assert told["misses"][0]["clause"] == "emit"
    assert "`emit` does not ask for `recovered`" in told["misses"][0]["sentence"]
    told = why(agent, "heartbeat", BACK, [event(0)])
    assert told["misses"][0]["expected"] == "lost"


def test_not_decided_yet(agent: Agent) -> None:
    options = {"advance_to": "none"}
    found = closest(agent, "heartbeat", BEAT, [event(0), event(240, card="b")], options=options)
    assert (found["clause"], found["at"]) == ("timeout", "2026-01-01T12:06:00Z")
    assert found["distance"] == "3 min"


def test_events_that_wait(agent: Agent) -> None:
    options = {"advance_to": "none", "watermark_delay": "1 hour"}
    told = why(agent, "heartbeat", BEAT, [event(0), event(9)], options=options)
    assert told["misses"] == []
    assert told["sentences"][0] == (
        "`it`: 2 of 2 events wait: the watermark stands at 2026-01-01T11:00:09Z and has not "
        "passed them."
    )


def test_expected_from_a_time_on(agent: Agent) -> None:
    config = LOST | {"expected_keys": ["a"], "expected_from": at(100)}
    found = closest(agent, "heartbeat", config, [event(0), event(240)])
    assert (found["got"], found["distance"]) == ("2 min 20 s", "3 min 40 s")
    assert "`expected_from`" in found["sentence"]
    found = closest(agent, "heartbeat", config, [event(340)])
    assert (found["got"], found["event"]) == ("4 min", 0)


def test_no_heartbeat(agent: Agent) -> None:
    config = BEAT | {"where": "amount > 10"}
    found = closest(agent, "heartbeat", config, [event(0, 9.5), event(1, 3)])
    assert (found["clause"], found["event"], found["distance"]) == ("where", 0, "0.5")
    told = why(agent, "heartbeat", BACK | {"where": "amount > 10"}, [event(0, 20), event(400, 9)])
    found = next(m for m in told["misses"] if m["clause"] == "where")
    assert (found["event"], found["distance"]) == (1, "1")


def test_the_longest_of_many_silences(agent: Agent) -> None:
    """Against the gaps in plain arithmetic."""
    events = random_events(8, 100)
    found = closest(agent, "heartbeat", LOST | {"timeout": "30 minutes"}, events)
    times = [dt.datetime.fromisoformat(e["at"]) for e in events if e["card"] == "a"]
    longest = max(b - a for a, b in pairwise(times))
    short = dt.timedelta(minutes=30) - longest
    minutes, seconds = divmod(short.seconds, 60)
    parts = [f"{minutes} min"] * bool(minutes) + [f"{seconds} s"] * bool(seconds)
    assert found["distance"] == " ".join(parts)


@pytest.mark.parametrize("config", [LOST, BACK, BEAT | {"where": "kind = 'pay'"}])
def test_every_event_has_an_answer(agent: Agent, config: Json) -> None:
    made = agent.pipeline("heartbeat", {"key": ["card"], **config}, FEED)
    assert unanswered(agent, made, random_events(6, 30, apart=400)) == []
