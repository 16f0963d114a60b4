"""Explanations of random configurations on random events, with NULLs, odd numbers, late rows."""

from __future__ import annotations

import importlib
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.cep.report import jsonable
from tests.codegen.bench import COLUMNS
from tests.patterns.events import events
from tests.patterns.temporal_correlation import strategies as pairs

from .agent import Agent, agent_in

FEED = {"columns": COLUMNS, "event_time": "at", "watermark_delay": "10 minutes"}
PATTERNS = (
    "sequence",
    "absence",
    "count_threshold",
    "session",
    "geofence",
    "deduplicate",
    "state_machine",
    "match_recognize",
    "velocity",
    "trend",
    "outlier",
    "heartbeat",
)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("any")) as made:
        yield made


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", PATTERNS)
def test_misses_name_events_and_clauses(agent: Agent, name: str, seed: int) -> None:
    draw = random.Random(f"{name} {seed}")
    config = importlib.import_module(f"tests.patterns.{name}.strategies").config(draw)
    made = agent.pipeline(name.replace("_", "-"), config, FEED)
    rows = events(draw, 60)
    check_misses(agent, made, jsonable(rows), draw)


@pytest.mark.parametrize("seed", range(8))
def test_misses_of_pairs(agent: Agent, seed: int) -> None:
    draw = random.Random(f"pairs {seed}")
    made = agent.pairing(pairs.config(draw), {"left": FEED, "right": FEED})
    rows = events(draw, 60)
    sides = [draw.choice(("left", "right")) for _ in rows]
    by_port = {
        port: jsonable([row for row, side in zip(rows, sides, strict=True) if side == port])
        for port in ("left", "right")
    }
    check_misses(agent, made, by_port, draw)


def check_misses(agent: Agent, made: str, rows: Any, draw: random.Random) -> None:
    """What is told of 60 events names some of them, and fields."""
    advance = draw.choice(("all", "none", "2026-03-01T00:30:00Z"))
    run = agent.run(made, rows, advance_to=advance, limit=0)
    told = agent.call("explain_match", run_id=run["run_id"], limit=50)
    for miss in told["misses"]:
        assert 0 <= miss["progress"] < 1, miss
        assert miss["clause"] and miss["sentence"].endswith("."), miss
        assert miss.get("event", 0) in range(60), miss
        assert {e["event"] for e in miss.get("events", [])} <= set(range(60)), miss
    for event in draw.sample(range(60), 4):
        told = agent.call("explain_match", run_id=run["run_id"], event=event)
        assert told["sentences"], (event, told)


SHARED = ("key", "order_by", "keep", "event_time", "ordering", "measures")


@pytest.mark.parametrize("name", PATTERNS)
def test_what_if_tells_what_two_runs_differ_in(agent: Agent, name: str) -> None:
    draw = random.Random(f"what if {name}")
    config, other = (
        importlib.import_module(f"tests.patterns.{name}.strategies").config(draw) for _ in range(2)
    )
    rows = jsonable(events(draw, 60))
    made = agent.pipeline(name.replace("_", "-"), config, FEED)
    before = found(agent.run(made, rows, limit=1000))
    told = 0
    for field in sorted(other.keys() & config.keys() - set(SHARED)):
        if other[field] == config[field]:
            continue  # no edit, and so nothing to undo
        given = {"pipeline_id": made, "events": rows, "what_if": {field: other[field]}}
        answer = agent.mcp.call("test_pattern", given)
        if "error" in answer:
            assert answer["error"]["where"]["argument"] == "what_if", answer
            continue
        change = {"op": "update_node", "id": "it", "config": {field: other[field]}}
        agent.call("edit_pipeline", pipeline_id=made, changes=[change])
        after = found(agent.run(made, rows, limit=1000))
        agent.call("restore_revision", pipeline_id=made)
        counts = answer["what_if"]["counts"]
        assert counts["appear"] == (after - before).total(), (field, counts)
        assert counts["disappear"] == (before - after).total(), (field, counts)
        told += 1
    assert told


def found(run: Any) -> Counter[str]:
    """The matches of a run by key and events."""
    return Counter(repr((m["key"], [e["event"] for e in m["events"]])) for m in run["matches"])


@pytest.mark.parametrize("name", PATTERNS)
def test_examples_are_true(agent: Agent, name: str) -> None:
    draw = random.Random(name)
    config = importlib.import_module(f"tests.patterns.{name}.strategies").config(draw)
    made = agent.pipeline(name.replace("_", "-"), config, FEED)
    check_told(agent, made)


def test_examples_of_pairs_are_true(agent: Agent) -> None:
    made = agent.pairing(pairs.config(random.Random("pairs")), {"left": FEED, "right": FEED})
    check_told(agent, made)


def check_told(agent: Agent, made: str) -> None:
    told = agent.run(made, {"examples": "all"}, limit=0)["examples"]
    assert told
    for example in told:
        assert "not_found" in example or example["expected"] in ("match", "no match")
