"""The same events under two configurations: what appears, disappears, changes, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.codegen.authored import AUTHORED
from tests.codegen.cases import COLUMNS

from .agent import Agent, agent_in
from .test_why_not import FEED, pay, sequence


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("what_if")) as made:
        yield made


def compared(agent: Agent, config: Any, events: Any, changes: Any) -> Any:
    made = agent.pipeline("sequence", config, FEED)
    return agent.run(made, events, what_if=changes)["what_if"]


EVENTS = [pay(0, 1), pay(10, 500), pay(100, 2), pay(170, 500), pay(300, 3), pay(310, 305)]


def test_a_longer_window_finds_more(agent: Agent) -> None:
    told = compared(agent, sequence(), EVENTS, {"within": "2 minutes"})
    assert told["counts"] == {"appear": 1, "disappear": 0, "changed": 0}
    assert told["same"] == 2
    (new,) = told["appear"]
    assert new["events"] == [2, 3]
    assert new["why"].endswith("came 10 s too late.")


def test_a_shorter_window_finds_less(agent: Agent) -> None:
    told = compared(agent, sequence(), EVENTS, {"within": "10 seconds"})
    assert told["counts"] == {"appear": 0, "disappear": 2, "changed": 0}
    assert {tuple(m["events"]) for m in told["disappear"]} == {(0, 1), (4, 5)}
    assert all("outside" in m["why"] for m in told["disappear"])


def test_other_measures_change_a_match(agent: Agent) -> None:
    told = compared(agent, sequence(), EVENTS, {"measures": {"n": "COUNT(small)"}})
    assert told["counts"] == {"appear": 0, "disappear": 0, "changed": 2}
    assert told["changed"][0]["measures"] == {"before": None, "after": {"n": 1}}


def test_the_same_configuration_changes_nothing(agent: Agent) -> None:
    told = compared(agent, sequence(), EVENTS, {"within": "60 seconds"})
    assert told["counts"] == {"appear": 0, "disappear": 0, "changed": 0}


@pytest.mark.parametrize(
    ("changes", "field"), [({"within": "5 parsecs"}, "within"), ({"wthin": "1 hour"}, "wthin")]
)
def test_a_wrong_configuration_is_refused(agent: Agent, changes: Any, field: str) -> None:
    made = agent.pipeline("sequence", sequence(), FEED)
    answer = agent.mcp.call(
        "test_pattern", {"pipeline_id": made, "events": EVENTS, "what_if": changes}
    )
    error = answer["error"]
    assert error["code"] == "INVALID_ARGUMENT"
    assert error["where"] == {"argument": "what_if", "node": "it", "field": field}
    assert "validate_pipeline" not in str(error), "the stored pipeline has no errors"
    assert "fix" not in error


def test_a_node_that_has_no_matches_is_refused(agent: Agent) -> None:
    made = agent.pipeline("sequence", sequence(), FEED)
    asked = {"pipeline_id": made, "what_if": {"within": "1 hour"}}
    for node in ("feed", "out"):
        told = agent.mcp.call("test_pattern", asked | {"events": EVENTS, "node": node})["error"]
        assert (told["code"], told["expected"]) == ("INVALID_ARGUMENT", ["it"])


def test_an_authors_own_processor_is_not_compared(agent: Agent) -> None:
    config = {"code": AUTHORED, "key": ["key"], "output": "key string, n bigint"}
    made = agent.pipeline("custom", config, {"columns": COLUMNS, "event_time": "at"})
    rows = [{"at": "2026-03-01T00:00:00Z", "key": "a", "amount": 1.0}]
    for asked in ({"events": rows, "what_if": {"key": ["kind"]}}, {"events": {"examples": "all"}}):
        told = agent.mcp.call("test_pattern", {"pipeline_id": made, "node": "it", **asked})["error"]
        assert told["code"] == "INVALID_ARGUMENT"
        assert told["message"].startswith("`it` has no matches")


def test_the_pattern_may_be_named_and_its_fields_in_other_words(agent: Agent) -> None:
    made = agent.pipeline("sequence", sequence(), FEED)
    (node,) = agent.run(made, EVENTS)["code_hash"]
    for changes in ({node: {"time_limit": "2 minutes"}}, {"within_seconds": 120}):
        told = agent.run(made, EVENTS, what_if=changes)["what_if"]
        assert told["counts"] == {"appear": 1, "disappear": 0, "changed": 0}
        assert told["config"]["within"] in ("2 minutes", "120 seconds")
