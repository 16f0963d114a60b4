"""Why a row did not pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .test_why_not import FEED, pay

CONFIG = {"key": ["card"], "within": "10 minutes", "order_by": ["kind"]}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("deduplicate")) as made:
        yield made


def ask(agent: Agent, events: list[Any], **question: Any) -> Any:
    run = agent.run(agent.pipeline("deduplicate", CONFIG, FEED), events)
    return agent.call("explain_match", run_id=run["run_id"], **question)


def test_which_row_it_repeats_and_for_how_long(agent: Agent) -> None:
    events = [pay(0, 1), pay(240, 1), pay(600, 1), pay(720, 1), pay(721, 1, card="b")]
    told = ask(agent, events, event=1)
    (miss,) = told["misses"]
    assert (miss["clause"], miss["event"], miss["distance"]) == ("within", 1, "6 min")
    assert miss["events"] == [{"step": "kept", "event": 0}]
    assert miss["sentence"] == (
        "Event 1 at 2026-01-01T12:04:00Z came 4 min after event 0, which was kept; rows of this "
        "key are repetitions until 2026-01-01T12:10:00Z, 6 min later than this one."
    )
    (miss,) = ask(agent, events, event=3)["misses"]
    assert (miss["events"], miss["distance"]) == ([{"step": "kept", "event": 2}], "8 min")
    closest = ask(agent, events, key={"card": "a"})["misses"]
    assert [m["event"] for m in closest] == [1, 3]


def test_the_first_in_order_at_one_time(agent: Agent) -> None:
    told = ask(agent, [pay(0, 1, kind="b"), pay(0, 1, kind="a")], event=0)
    assert "has the same time as event 1, which was kept" in told["sentences"][0]


def test_a_row_that_was_kept(agent: Agent) -> None:
    told = ask(agent, [pay(0, 1), pay(600, 1)], event=1)
    assert told["sentences"][0].startswith("`it`: It is in the match ")
