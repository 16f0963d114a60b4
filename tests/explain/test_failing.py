"""A condition that has no answer for an event is an error with a place, as it would be on Spark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .agent import Agent, agent_in
from .test_why_not import FEED, pay

CLAUSE = (
    "PARTITION BY card ORDER BY at MEASURES COUNT(A.amount) DIV (COUNT(A.amount) - 1) AS m "
    "PATTERN (A B) DEFINE B AS amount > A.amount"
)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("failing")) as made:
        yield made


def test_a_division_by_zero_names_the_pattern(agent: Agent) -> None:
    made = agent.pipeline("match-recognize", {"clause": CLAUSE}, FEED)
    answer = agent.mcp.call("test_pattern", {"pipeline_id": made, "events": [pay(0, 1), pay(1, 2)]})
    assert answer["error"]["code"] == "DIVIDE_BY_ZERO"
    assert answer["error"]["where"] == {"node": "it"}


def test_a_step_to_skip_to_that_is_not_there(agent: Agent) -> None:
    config = {
        "key": ["card"],
        "within": "1 minute",
        "steps": [
            {"name": "a", "where": "amount < 2"},
            {"name": "b", "where": "amount = 50", "optional": True},
            {"name": "c", "where": "amount > 100"},
        ],
        "after_match": "skip-to-last",
        "skip_to": "b",
        "skip_to_missing": "fail",
    }
    made = agent.pipeline("sequence", config, FEED)
    events = [pay(0, 1), pay(1, 200)]
    answer = agent.mcp.call("test_pattern", {"pipeline_id": made, "events": events})
    assert answer["error"]["code"] == "PATTERN_FAILED"


def test_a_step_to_skip_to_that_is_where_the_match_began(agent: Agent) -> None:
    config = {
        "key": ["card"],
        "within": "1 minute",
        "steps": [
            {"name": "a", "where": "amount < 2", "optional": True},
            {"name": "b", "where": "amount = 50"},
            {"name": "c", "where": "amount > 100"},
        ],
        "after_match": "skip-to-first",
        "skip_to": "b",
        "skip_to_missing": "fail",
    }
    made = agent.pipeline("sequence", config, FEED)
    asked = {"pipeline_id": made, "events": [pay(0, 1), pay(1, 50), pay(2, 200)]}
    assert agent.mcp.call("test_pattern", asked)["error"]["code"] == "PATTERN_FAILED"
