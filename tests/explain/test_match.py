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


def recognized(agent: Agent, clause: str, events: Any, at: int = 0) -> Any:
    return explained(agent, "match-recognize", {"key": ["card"], "clause": clause}, events, at)


def told_parts(event: Any) -> list[tuple[str, Any, Any]]:
    return [(p["condition"], p.get("left"), p.get("right")) for p in event["parts"]]


def test_a_row_pattern_shows_what_its_definitions_read_of_other_rows(agent: Agent) -> None:
    clause = (
        "PATTERN (LOW UP{2,} TOP) DEFINE LOW AS amount < 5, "
        "UP AS amount > PREV(amount) AND SUM(UP.amount) < 90, TOP AS amount > 2 * AVG(UP.amount)"
    )
    events = [pay(0, 4), pay(1, 7), pay(2, 9), pay(2.5, 1, card="b"), pay(3, 30)]
    told = recognized(agent, clause, events)
    assert [e["step"] for e in told["events"]] == ["LOW", "UP", "UP", "TOP"]
    assert told_parts(told["events"][2]) == [
        ("amount > PREV(amount)", 9.0, "7.0"),
        ("SUM(UP.amount) < 90", "16.0", 90),
    ]
    top = told["events"][3]["parts"][0]
    assert (top["left"], top["operator"], top["holds"]) == (30.0, ">", True)
    assert top["reads"] == {"amount": 30.0, "AVG(UP.amount)": 8.0}
    assert told["events"][3]["condition"] == "amount > 2 * AVG(UP.amount)"
    assert all(part["holds"] for event in told["events"] for part in event["parts"])


def test_what_cannot_be_worked_out_again_is_told_without_values(agent: Agent) -> None:
    clause = (
        "ALL ROWS PER MATCH PATTERN (A B) DEFINE A AS amount < 5, "
        "B AS amount > A.amount AND CLASSIFIER() = 'B'"
    )
    told = recognized(agent, clause, [pay(0, 4), pay(1, 7)], 1)
    parts = told["events"][0]["parts"]
    assert [(p["condition"], p["holds"]) for p in parts] == [
        ("amount > A.amount", True),
        ("CLASSIFIER() = 'B'", True),
    ]


def test_what_was_dropped_at_the_cap_and_what_has_no_time_is_counted(agent: Agent) -> None:
    config = {
        "key": ["card"],
        "trigger": "kind = 'pay'",
        "expected": "kind = 'ok'",
        "on_repeat": "each",
        "max_waiting": 1,
    }
    made = agent.pipeline("absence", config, FEED)
    untimed = {**pay(0, 1), "at": None}
    run = agent.run(made, [pay(0, 1), pay(1, 1), pay(2, 1), untimed, pay(3, 1, card="b")])
    assert (run["counts"]["over_limit"], run["counts"]["skipped"]) == (2, 1)
    assert any("2 partial matches were dropped" in warning for warning in run["warnings"])
