"""What an explanation of a match tells of the key's state and timers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .test_why_not import FEED, pay, sequence


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("match")) as made:
        yield made


def explained(agent: Agent, kind: str, config: Any, events: Any, at: int = 0) -> Any:
    run = agent.run(agent.pipeline(kind, config, FEED), events)
    match_id = run["matches"][at]["match_id"]
    return agent.call("explain_match", run_id=run["run_id"], match_id=match_id)["match"]


def numbers(partials: Any) -> list[list[int]]:
    return [[event["event"] for event in partial["events"]] for partial in partials]


def test_state_before_and_after_an_event_decided(agent: Agent) -> None:
    events = [pay(0, 1), pay(5, 2), pay(6, 2, card="b"), pay(10, 500), pay(20, 600)]
    told = explained(agent, "sequence", sequence(after_match="skip-to-next"), events)
    assert numbers(told["state"]["before"]) == [[0], [1]]
    assert told["state"]["decided_by"] == {"event": 3}
    assert told["state"]["deadlines"] == ["2026-01-01T12:01:00Z", "2026-01-01T12:01:05Z"]
    assert numbers(told["state"]["after"]) == []


def test_a_timer_decided(agent: Agent) -> None:
    config = {
        "key": ["card"],
        "trigger": "kind = 'pay'",
        "expected": "kind = 'ok'",
        "within": "1 minute",
        "on_repeat": "each",
    }
    told = explained(agent, "absence", config, [pay(0, 1), pay(30, 1), pay(31, 1, card="b")])
    assert numbers(told["state"]["before"]) == [[0], [1]]
    assert numbers(told["state"]["after"]) == [[1]]
    assert told["state"]["decided_by"] == {"timer": "2026-01-01T12:01:00Z"}
    assert "2026-01-01T12:01:00Z" in told["state"]["deadlines"]


def test_a_comparison_shows_both_sides(agent: Agent) -> None:
    told = explained(agent, "sequence", sequence(), [pay(0, 4), pay(10, 500)])
    part = told["events"][1]["parts"][1]
    assert (part["left"], part["operator"], part["right"]) == (500.0, ">", "400.0")
    assert part["reads"] == {"amount": 500.0, "small.amount": 4.0}
