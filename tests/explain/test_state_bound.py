"""What a pattern keeps per key at most, as `get_pipeline` tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.graph.duration import duration_us

from .agent import Agent, agent_in
from .test_examples import MACHINE
from .test_why_not import FEED, STEPS, sequence


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("state")) as made:
        yield made


def state(agent: Agent, kind: str, config: Any) -> Any:
    made = agent.pipeline(kind, config, FEED)
    return agent.call("get_pipeline", pipeline_id=made, detail="node", node="it")["node"]["state"]


def test_steps_and_partial_matches_multiply(agent: Agent) -> None:
    told = state(agent, "sequence", sequence(max_partial_matches=50))
    assert (told["events_max"], told["kept_for"]) == (100, "1 minute")
    assert told["bytes_max"] > 100 * 60


def test_a_step_without_limit_is_bounded_by_time_only(agent: Agent) -> None:
    steps = [{**STEPS[0], "max": None}, STEPS[1]]
    told = state(agent, "sequence", sequence(steps=steps))
    assert told.get("events_max") is None
    assert "without limit" in told["per_key"]


def test_one_waiting_trigger_or_many(agent: Agent) -> None:
    config = {"key": ["card"], "trigger": "kind = 'pay'", "expected": "kind = 'ok'"}
    assert state(agent, "absence", config)["events_max"] == 1
    each = state(agent, "absence", config | {"on_repeat": "each", "max_waiting": 7})
    assert each["events_max"] == 7


def test_one_time_or_one_session(agent: Agent) -> None:
    kept = state(agent, "deduplicate", {"key": ["card"], "within": "10 minutes"})
    assert (kept["events_max"], kept["kept_for"]) == (1, "10 minutes")
    config = {"key": ["card"], "gap": "5 minutes", "max_events_per_key": 20}
    told = state(agent, "session", config)
    assert (told["events_max"], told["kept_for"]) == (20, "5 minutes")
    told = state(agent, "session", config | {"max_duration": "4 minutes"})
    assert told["kept_for"] == "4 minutes"


def test_a_path_ends_or_goes_round(agent: Agent) -> None:
    told = state(agent, "state-machine", MACHINE)
    assert (told["events_max"], told["kept_for"]) == (2, "2 h")
    back = {"from": "paid", "to": "held", "when": "kind = 'hold'"}
    again = {"from": "held", "to": "paid", "when": "kind = 'pay'"}
    round_trip = MACHINE | {
        "states": [*MACHINE["states"], "held"],
        "transitions": [*MACHINE["transitions"], back, again],
        "forget_after": "1 day",
    }
    told = state(agent, "state-machine", round_trip)
    assert (told["events_max"], told["kept_for"]) == (100, "1 day")


def test_combinations_and_late_decisions_are_pointed_out(agent: Agent) -> None:
    steps = [{**STEPS[0], "max": None, "inner": "relaxed-any"}, STEPS[1]]
    config = sequence(steps=steps, after_match="no-skip")
    made = agent.pipeline("sequence", config, FEED | {"watermark_delay": "1 hour"})
    found = agent.call("validate_pipeline", pipeline_id=made)["findings"]
    severities = {f["code"]: f["severity"] for f in found}
    assert severities["MANY_COMBINATIONS"] == "warning"
    assert severities["LATE_DECISION"] == "info"


@pytest.mark.parametrize(
    ("kind", "config", "events", "kept"),
    [
        ("velocity", {"threshold": 5, "per": "minute", "max_events_per_key": 50}, 50, "1 minute"),
        (
            "velocity",
            {"comparison": "changed", "factor": 2, "window": "2 hours"},
            10_000,
            "4 hours",
        ),
        (
            "velocity",
            {"comparison": "below", "per": "hour", "threshold": 5}
            | {"window": "1 hour", "forget_after": "1 day"},
            10_000,
            "25 hours",
        ),
        (
            "trend",
            {"value": "amount", "direction": "up", "within": "9 minutes"},
            10_000,
            "9 minutes",
        ),
        ("outlier", {"value": "amount", "baseline_window": "1 hour"}, 10_000, "1 hour"),
        (
            "outlier",
            {"value": "amount", "baseline_count": 25, "forget_after": "2 days"},
            25,
            "2 days",
        ),
        ("heartbeat", {"timeout": "6 minutes", "forget_after": "1 day"}, 1, "1 day"),
    ],
)
def test_one_window_run_baseline_or_beat(
    agent: Agent, kind: str, config: Any, events: int, kept: str
) -> None:
    told = state(agent, kind, {"key": ["card"], **config})
    assert (told["events_max"], duration_us(told["kept_for"])) == (events, duration_us(kept))


def test_both_inputs_share_a_cap(agent: Agent) -> None:
    config = {"key": ["card"], "within": "9 minutes", "max_events_per_key": 70}
    made = agent.pairing(config, {"left": FEED, "right": FEED})
    shown = agent.call("get_pipeline", pipeline_id=made, detail="node", node="it")
    told = shown["node"]["state"]
    assert (told["events_max"], told["kept_for"]) == (70, "9 minutes")
    assert told["per_key"] == "max_events_per_key events of both inputs"
