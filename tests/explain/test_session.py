"""Why events are not a session, not one session, or not two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .test_why_not import FEED, pay

Json = dict[str, Any]
CONFIG: Json = {"key": ["card"], "gap": "5 minutes"}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("session")) as made:
        yield made


def ask(agent: Agent, config: Json, events: list[Json], advance: str = "all", **q: Any) -> Json:
    made = agent.pipeline("session", config, FEED)
    run = agent.run(made, events, advance_to=advance)
    return agent.call("explain_match", run_id=run["run_id"], **(q or {"key": {"card": "a"}}))


def test_too_small(agent: Agent) -> None:
    events = [pay(0, 1), pay(60, 1), pay(900, 1)]
    told = ask(agent, CONFIG | {"min_events": 3}, events)
    closest = told["misses"][0]
    assert (closest["clause"], closest["got"], closest["distance"]) == ("min_events", 2, "1")
    assert [e["event"] for e in closest["events"]] == [0, 1]
    assert closest["sentence"].endswith("is too small: `min_events` is 3, so 1 event is missing.")


def test_still_open(agent: Agent) -> None:
    told = ask(agent, CONFIG, [pay(0, 1), pay(60, 1)], "2026-01-01T12:03:00Z")
    closest = told["misses"][0]
    assert (closest["clause"], closest["distance"]) == ("gap", "3 min")
    assert "is open until 2026-01-01T12:06:00Z" in closest["sentence"]
    config = CONFIG | {"max_duration": "4 minutes"}
    told = ask(agent, config, [pay(0, 1), pay(60, 1)], "2026-01-01T12:03:00Z")
    closest = told["misses"][0]
    assert (closest["clause"], closest["distance"]) == ("max_duration", "1 min")


def test_a_silence_that_was_a_little_too_long(agent: Agent) -> None:
    told = ask(agent, CONFIG, [pay(0, 1), pay(60, 1), pay(364, 1)], expected=[1, 2])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["distance"]) == ("gap", 2, "4 s")
    assert "came 5 min 4 s after event 1, 4 s more than 5 minutes" in closest["sentence"]
    told = ask(agent, CONFIG, [pay(0, 1), pay(300, 1)], event=1)
    assert told["sentences"][0].startswith("`it`: It is in the match ")
    told = ask(agent, CONFIG, [pay(0, 1), pay(300, 1)], expected=[0, 1])
    assert "a new one begins at exactly 5 minutes" in told["misses"][0]["sentence"]


def test_a_silence_that_was_too_short_to_split(agent: Agent) -> None:
    told = ask(agent, CONFIG, [pay(0, 1), pay(60, 1), pay(356, 1)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["distance"]) == ("gap", 2, "4 s")
    assert "4 s less than 5 minutes" in closest["sentence"]


def test_the_longest_time_and_the_end_part_sessions(agent: Agent) -> None:
    events = [pay(0, 1), pay(200, 1), pay(430, 1)]
    told = ask(agent, CONFIG | {"max_duration": "7 minutes"}, events, expected=[0, 1, 2])
    parted = [m for m in told["misses"] if m["clause"] == "max_duration"]
    assert (parted[0]["event"], parted[0]["distance"]) == (2, "10 s")
    ending = [pay(0, 1), pay(10, 1, kind="bye"), pay(20, 1)]
    told = ask(agent, CONFIG | {"end": "kind = 'bye'"}, ending, expected=[1, 2])
    assert (told["misses"][0]["clause"], told["misses"][0]["event"]) == ("end", 2)
    assert "event 1 at 2026-01-01T12:00:10Z had closed the one before" in told["sentences"][0]


def test_an_event_that_does_not_count(agent: Agent) -> None:
    told = ask(agent, CONFIG | {"where": "amount > 10"}, [pay(0, 4), pay(10, 9)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["distance"]) == ("where", 1, "1")
    assert "does not count: `amount > 10` is false: 9 ≤ 10" in closest["sentence"]


def test_events_that_were_late_or_wait(agent: Agent) -> None:
    events = [pay(0, 1), pay(600, 1), pay(10, 1)]
    told = ask(agent, CONFIG, events)
    assert told["sentences"][0] == "`it`: 1 of 3 events of this key came late (event 2)."
    told = ask(agent, CONFIG, events, "none", event=1)
    assert told["sentences"] == [
        "`it`: Event 1 waits: the watermark stands at 2026-01-01T12:09:00Z and has not passed its "
        "event time 2026-01-01T12:10:00Z."
    ]


def test_a_key_whose_events_all_matched(agent: Agent) -> None:
    told = ask(agent, CONFIG, [pay(0, 1)])
    assert told["sentences"] == ["`it`: All that came near a match is in one."]
