"""Why a key was not moved on, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .test_examples import MACHINE
from .test_why_not import FEED, pay

Json = dict[str, Any]
ENDS: Json = MACHINE | {"emit_on": "terminal"}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("machine")) as made:
        yield made


def ask(agent: Agent, config: Json, events: list[Json], advance: str = "all", **q: Any) -> Json:
    made = agent.pipeline("state-machine", config, FEED)
    run = agent.run(made, events, advance_to=advance)
    return agent.call("explain_match", run_id=run["run_id"], **(q or {"key": {"card": "a"}}))


def hours(hour: int, minute: int, amount: float, kind: str) -> Json:
    return pay(0, amount, kind=kind) | {"at": f"2026-01-01T{12 + hour}:{minute:02d}:00Z"}


def test_the_part_that_was_false_in_the_state_it_was_in(agent: Agent) -> None:
    events = [pay(0, 20), pay(10, 19, kind="ship"), pay(20, 0, kind="look")]
    told = ask(agent, ENDS, events)
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"]) == ("transitions.1.when", 1)
    assert (closest["got"], closest["distance"]) == (19.0, "1")
    assert closest["events"] == [{"step": "paid", "event": 0}]
    assert closest["sentence"] == (
        "In `paid`, entered at 2026-01-01T12:00:00Z, event 1 at 2026-01-01T12:00:10Z did not move "
        "the key to `shipped`: `amount >= paid.amount` is false: 19 < 20."
    )


def test_never_left_the_first_state(agent: Agent) -> None:
    told = ask(agent, ENDS, [pay(0, 3), pay(10, 50, kind="ship")])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["got"]) == ("transitions.0.when", 0, 3.0)
    assert closest["sentence"].startswith("In `new`, where every key begins, event 0")


def test_the_time_had_passed(agent: Agent) -> None:
    told = ask(agent, ENDS, [hours(0, 0, 20, "pay"), hours(2, 3, 20, "ship")], event=1)
    closest = told["misses"][0]
    assert (closest["clause"], closest["distance"]) == ("transitions.2.after", "3 min")
    assert closest["sentence"] == (
        "Event 1 at 2026-01-01T14:03:00Z would have moved the key from `paid` to `shipped`, but "
        "came 3 min after 2026-01-01T14:00:00Z, when 2 hours had passed and it moved to `late`."
    )
    told = ask(agent, ENDS, [hours(0, 0, 20, "pay"), hours(2, 0, 20, "ship")], event=1)
    assert "came no sooner than 2026-01-01T14:00:00Z" in told["misses"][0]["sentence"]


def test_left_before_the_time_that_would_have_matched(agent: Agent) -> None:
    events = [hours(0, 0, 20, "pay"), hours(0, 30, 20, "ship")]
    closest = ask(agent, MACHINE | {"emit_on": ["late"]}, events)["misses"][0]
    assert (closest["clause"], closest["event"]) == ("transitions.2.after", 1)
    assert closest["distance"] == "1 h 30 min"
    assert "moved the key to `shipped` 1 h 30 min before 2 hours had passed" in closest["sentence"]


def test_the_time_that_is_awaited(agent: Agent) -> None:
    told = ask(agent, ENDS, [pay(0, 20)], "2026-01-01T12:30:00Z")
    closest = told["misses"][0]
    assert (closest["clause"], closest["distance"]) == ("transitions.2.after", "1 h 30 min")
    assert "moves to `late` at 2026-01-01T14:00:00Z if nothing comes" in closest["sentence"]
    waits = [m for m in told["misses"] if m["clause"] == "transitions.1.when"]
    assert "the key waits to move to `shipped`" in waits[0]["sentence"]


def test_forgotten(agent: Agent) -> None:
    config = ENDS | {"forget_after": "30 minutes"}
    told = ask(agent, config, [pay(0, 20), hours(0, 50, 20, "ship")])
    forgotten = [m for m in told["misses"] if m["clause"] == "forget_after"]
    assert forgotten[0]["at"] == "2026-01-01T12:30:00Z"
    assert forgotten[0]["events"] == [{"step": "paid", "event": 0}]


def test_a_condition_of_a_match_is_that_of_the_state_it_led_into(agent: Agent) -> None:
    made = agent.pipeline("state-machine", ENDS, FEED)
    run = agent.run(made, [pay(0, 20), pay(10, 21, kind="ship")])
    match_id = run["matches"][0]["match_id"]
    told = agent.call("explain_match", run_id=run["run_id"], match_id=match_id)["match"]
    parts = [[part["holds"] for part in event["parts"]] for event in told["events"]]
    assert parts == [[True, True], [True, True]]
