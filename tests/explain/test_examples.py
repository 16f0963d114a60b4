"""Examples made from a configuration do what they say, each run alone through the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .test_why_not import FEED, STEPS, sequence

Json = dict[str, Any]
BLOCK = {"name": "block", "where": "kind = 'block'", "negated": True}
FAILED = {"name": "failed", "where": "NOT (amount > 3)", "min": 3, "max": None}
IN = {"name": "in", "where": "kind LIKE 'ok%'", "contiguity": "strict"}
MACHINE: Json = {
    "key": ["card"],
    "states": ["new", "paid", "shipped", "late"],
    "terminal": ["shipped", "late"],
    "transitions": [
        {"from": "new", "to": "paid", "when": "kind = 'pay' AND amount > 5"},
        {"from": "paid", "to": "shipped", "when": "kind = 'ship' AND amount >= paid.amount"},
        {"from": "paid", "to": "late", "after": "2 hours"},
    ],
}
RATE: Json = {"key": ["card"], "per": "minute", "window": "1 minute"}
TREND: Json = {"key": ["card"], "value": "amount", "length": 3, "within": "10 minutes"}
OUTLIER: Json = {"key": ["card"], "value": "amount", "min_samples": 5}
COUNT: Json = {"key": ["card"], "where": "kind = 'pay'", "threshold": 3, "window": "10 minutes"}
BEAT: Json = {"key": ["card"], "timeout": "6 minutes", "forget_after": "1 hour"}
CASES: dict[str, tuple[str, Json, str]] = {
    "values that depend on each other": ("sequence", sequence(), ""),
    "behind a filter": ("sequence", sequence(), "amount < 5000"),
    "a forbidden step": ("sequence", sequence(steps=[STEPS[0], BLOCK, STEPS[1]]), ""),
    "a forbidden end": ("sequence", sequence(steps=[STEPS[0], BLOCK]), ""),
    "repetition and strict order": ("sequence", sequence(steps=[FAILED, IN]), ""),
    "an absence": (
        "absence",
        {
            "key": ["card"],
            "trigger": "kind = 'order'",
            "expected": "kind = 'ship' AND amount >= trigger.amount",
            "within": "10 minutes",
        },
        "",
    ),
    "a count": (
        "count-threshold",
        {"key": ["card"], "where": "amount > 100", "threshold": 5, "window": "1 minute"},
        "kind IN ('pay', 'x')",
    ),
    "few in a window": (
        "count-threshold",
        COUNT | {"comparison": "<", "windows": "tumbling", "forget_after": "1 hour"},
        "",
    ),
    "few in sliding windows": (
        "count-threshold",
        COUNT
        | {"comparison": "<=", "windows": "sliding", "slide": "2 minutes"}
        | {"forget_after": "1 hour", "where": "kind IS NULL OR amount > 3"},
        "amount > 1",
    ),
    "enough in windows that midnight cuts": (
        "count-threshold",
        COUNT | {"comparison": ">", "windows": "tumbling", "window": "7 minutes"},
        "",
    ),
    "different values": ("count-threshold", COUNT | {"distinct": "amount"}, ""),
    "few different values": (
        "count-threshold",
        COUNT
        | {"distinct": "amount", "comparison": "<", "windows": "tumbling"}
        | {"forget_after": "1 hour"},
        "",
    ),
    "repetitions": ("deduplicate", {"key": ["card"], "within": "10 minutes"}, ""),
    "sessions": (
        "session",
        {
            "key": ["card"],
            "where": "amount > 1",
            "end": "kind = 'logout'",
            "gap": "5 minutes",
            "max_duration": "12 minutes",
            "min_events": 2,
        },
        "",
    ),
    "one session": ("session", {"key": ["card"], "gap": "1 second"}, ""),
    "a machine": ("state-machine", MACHINE, ""),
    "a machine that forgets": (
        "state-machine",
        {k: v for k, v in MACHINE.items() if k != "terminal"}
        | {"forget_after": "10 minutes", "emit_on": "paid,shipped,late"},
        "amount >= 0",
    ),
    "a machine that tells errors": ("state-machine", MACHINE | {"on_unmatched": "error"}, ""),
    "a rate": ("velocity", RATE | {"where": "kind = 'pay'", "threshold": 4}, ""),
    "a sum": (
        "velocity",
        RATE | {"sum": "amount", "threshold": 6010, "per": "hour"},
        "amount < 500",
    ),
    "a low rate": (
        "velocity",
        RATE
        | {"comparison": "below", "threshold": 3, "forget_after": "1 hour"}
        | {"where": "kind = 'pay'"},
        "",
    ),
    "a low sum": (
        "velocity",
        RATE
        | {"comparison": "below", "sum": "2 * amount", "threshold": 50}
        | {"forget_after": "2 minutes", "window": "7 minutes"},
        "",
    ),
    "a rise": ("velocity", RATE | {"comparison": "changed", "factor": 2.5}, ""),
    "a fall": ("velocity", RATE | {"comparison": "changed", "factor": 0.5}, "kind = 'x'"),
    "a sum that rises": (
        "velocity",
        RATE | {"comparison": "changed", "factor": 1.5, "sum": "amount"},
        "",
    ),
    "a sum that falls": (
        "velocity",
        RATE | {"comparison": "changed", "factor": 0.25, "sum": "amount"},
        "",
    ),
    "values that rise": ("trend", TREND | {"direction": "up", "length": 4}, "amount > 7"),
    "values that fall by something": (
        "trend",
        TREND | {"direction": "down", "tolerance": 1, "min_change": 2.5, "length": 5},
        "",
    ),
    "values that may be equal": (
        "trend",
        TREND
        | {"direction": "up", "strict": False, "value": "amount * 1.8 + 32"}
        | {"where": "kind = 'x' AND amount > 20", "emit": "end"},
        "",
    ),
    "values that stay": (
        "trend",
        TREND | {"direction": "flat", "tolerance_percent": 2, "emit": "each"},
        "",
    ),
    "values that mostly stay": ("trend", TREND | {"direction": "flat", "tolerance": 1}, ""),
    "scores": (
        "outlier",
        OUTLIER | {"baseline_window": "1 hour", "where": "amount > 100"},
        "amount > 50",
    ),
    "quartiles": (
        "outlier",
        OUTLIER | {"method": "iqr", "baseline_count": 7, "forget_after": "1 day"},
        "",
    ),
    "medians": (
        "outlier",
        OUTLIER
        | {"method": "mad", "baseline_count": 6, "forget_after": "1 hour"}
        | {"where": "kind = 'pay'", "value": "-amount", "exclude_outliers": True},
        "",
    ),
    "a heartbeat": ("heartbeat", BEAT | {"where": "kind = 'ping'"}, ""),
    "a heartbeat that is lost": ("heartbeat", BEAT | {"emit": ["lost"]}, ""),
    "a heartbeat that is back": (
        "heartbeat",
        BEAT
        | {"emit": ["recovered"], "expected_keys": ["z"]}
        | {"expected_from": "2026-01-01T11:00:00Z"},
        "",
    ),
}
PAIRS: dict[str, Json] = {
    "any order": {"within": "5 minutes"},
    "an order and conditions": {
        "order": "left-first",
        "left": "kind = 'order'",
        "right": "amount > 10",
        "on": "left.amount = right.amount",
    },
    "the other order, each once": {"order": "right-first", "pairing": "first"},
    "each once": {"pairing": "first", "on": "left.amount < right.amount"},
    "the nearest, and those alone": {
        "pairing": "nearest",
        "unpaired_left": True,
        "right_key": ["payer"],
        "order": "right-first",
    },
}
PAYMENTS = {**FEED, "columns": FEED["columns"].replace("card", "payer")}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("examples")) as made:
        yield made


def is_meant(example: Json, match: Json) -> bool:
    """Whether a match of an example's rows alone is the one it tells of."""
    meant = example.get("meant", {})
    events = {e["event"] + min(example["events"]) for e in match["events"]}
    told = {name: match["measures"][name] for name in meant.get("measures", {})}
    return events >= set(meant.get("events", [])) and told == meant.get("measures", {})


def check_examples(agent: Agent, kind: str, config: Json, feed: Json, condition: str = "") -> None:
    """Every story has rows; together and alone they do what it says."""
    check(agent, agent.pipeline(kind, config, feed, condition))


def check(agent: Agent, made: str) -> None:
    """The same for a pipeline."""
    told = agent.run(made, {"examples": "all"})
    assert not [e for e in told["examples"] if "not_found" in e]
    assert len(told["examples"]) >= 3
    assert {e["expected"] for e in told["examples"]} == {"match", "no match"}
    for example in told["examples"]:
        wanted = example["expected"] == "match"
        assert bool(example["matches"]) is wanted, example
        alone = agent.run(made, example["rows"])
        found = [m for m in alone["matches"] if is_meant(example, m)]
        assert bool(found) is wanted, example


@pytest.mark.parametrize("name", list(CASES))
def test_each_does_what_it_says(agent: Agent, name: str) -> None:
    kind, config, condition = CASES[name]
    check_examples(agent, kind, config, FEED, condition)


@pytest.mark.parametrize("name", list(PAIRS))
def test_each_pair_does_what_it_says(agent: Agent, name: str) -> None:
    right = PAYMENTS if "right_key" in PAIRS[name] else FEED
    check(agent, agent.pairing({"key": ["card"], **PAIRS[name]}, {"left": FEED, "right": right}))


def test_only_those_asked_for(agent: Agent) -> None:
    made = agent.pipeline("sequence", sequence(), FEED)
    told = agent.run(made, {"examples": "no match"})
    assert told["counts"]["matches"] == 0
    assert {e["expected"] for e in told["examples"]} == {"no match"}
    for kind in ("some", ["all"], {"all": True}):
        wrong = agent.mcp.call("test_pattern", {"pipeline_id": made, "events": {"examples": kind}})
        assert wrong["error"]["expected"] == ["all", "match", "no match"]


def test_the_same_each_time(agent: Agent) -> None:
    made = agent.pipeline("sequence", sequence(), FEED)
    first = agent.run(made, {"examples": "all"})["examples"]
    assert agent.run(made, {"examples": "all"})["examples"] == first


def test_a_condition_that_nothing_satisfies_is_named(agent: Agent) -> None:
    steps = [{"name": "never", "where": "amount > 1 AND amount < 0"}, IN]
    made = agent.pipeline("sequence", sequence(steps=steps), FEED)
    told = agent.run(made, {"examples": "match"})
    assert told["examples"][0] == {
        "name": "every step in order",
        "clause": "",
        "not_found": True,
    }
