"""Why two events are no pair."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .asking import FEEDS, Json, event, pairing, random_events, unanswered


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("pairs")) as made:
        yield made


def closest(agent: Agent, config: Json, left: list[Json], right: list[Json], **asked: Any) -> Json:
    found: Json = pairing(agent, config, left, right, **asked)["misses"][0]
    return found


def test_too_far_apart(agent: Agent) -> None:
    found = closest(agent, {}, [event(0)], [event(364)])
    assert (found["clause"], found["event"], found["distance"]) == ("within", 1, "1 min 4 s")
    assert found["events"] == [{"step": "left", "event": 0}]
    assert (found["got"], found["expected"]) == ("6 min 4 s", "less than 5 minutes")


def test_exactly_within_is_too_far(agent: Agent) -> None:
    found = closest(agent, {}, [event(0)], [event(300)])
    assert "exactly that is too far" in found["sentence"]


def test_the_condition_on_both(agent: Agent) -> None:
    config = {"on": "left.Amount = right.amount AND left.kind = right.kind"}
    found = closest(agent, config, [event(0, 20)], [event(100, 30)])
    assert (found["clause"], found["event"], found["distance"]) == ("on", 1, "10")
    assert "`Amount = right.amount` is false: 20 ≠ 30" in found["sentence"]
    assert "kind" not in found["sentence"]


def test_the_wrong_order(agent: Agent) -> None:
    found = closest(agent, {"order": "left-first"}, [event(100)], [event(0)])
    assert (found["clause"], found["distance"]) == ("order", "1 min 40 s")
    assert "the `left` one came later" in found["sentence"]
    found = closest(agent, {"order": "right-first"}, [event(0)], [event(400)])
    assert found["clause"] == "within"
    assert "and in the wrong order" in found["sentence"]


def test_used_already(agent: Agent) -> None:
    found = closest(agent, {"pairing": "first"}, [event(0), event(10)], [event(20)])
    assert (found["clause"], found["event"]) == ("pairing", 2)
    assert found["events"] == [{"step": "left", "event": 1}]
    assert "event 2 is paired with event 0" in found["sentence"]


def test_another_is_nearer(agent: Agent) -> None:
    right = [event(20), event(40)]
    found = closest(agent, {"pairing": "nearest"}, [event(50)], right, event=0)
    assert (found["clause"], found["events"]) == ("pairing", [{"step": "right", "event": 0}])
    assert "event 2 is paired with event 1, which is as near or nearer" in found["sentence"]


def test_which_is_nearest_is_not_decided(agent: Agent) -> None:
    left, right = [event(0), event(200, card="b")], [event(20), event(200, card="b")]
    options = {"advance_to": "none"}
    found = closest(agent, {"pairing": "nearest"}, left, right, options=options)
    assert found["clause"] == "within"
    assert (
        "decided at 2026-01-01T12:05:00Z, which the watermark had not reached"
        in (found["sentence"])
    )


def test_a_partner_that_does_not_count(agent: Agent) -> None:
    found = closest(agent, {"right": "amount > 10"}, [event(0)], [event(20, 9)])
    assert (found["clause"], found["event"], found["distance"]) == ("right", 1, "1")
    assert found["events"] == [{"step": "left", "event": 0}]


def test_nobody_there(agent: Agent) -> None:
    found = closest(agent, {}, [event(0)], [event(20, card="b")])
    assert found["clause"] == "key"
    assert "no `right` event of the key came at all" in found["sentence"]


def test_a_key_that_is_null(agent: Agent) -> None:
    found = closest(agent, {}, [event(0, card=None)], [event(9, card=None)], key={"card": None})
    assert found["clause"] == "key"
    assert "its key is NULL, which pairs with nothing" in found["sentence"]


def test_dropped_at_the_cap(agent: Agent) -> None:
    left = [event(0), event(1), event(2)]
    found = closest(agent, {"max_events_per_key": 2}, left, [event(3)], event=0)
    assert (found["clause"], found["event"]) == ("max_events_per_key", 3)


def test_reported_as_unpaired(agent: Agent) -> None:
    found = closest(agent, {"unpaired_left": True}, [event(0)], [event(400)], expected=[0, 1])
    assert (found["clause"], found["distance"]) == ("within", "1 min 40 s")


def test_where_events_of_one_input_were_lost(agent: Agent) -> None:
    """The ways of two inputs are not taken for one."""
    told = pairing(agent, {}, [event(0), event(1)], [event(900)])
    assert not any("let" in sentence for sentence in told["sentences"])


def test_the_nearest_partner_is_told(agent: Agent) -> None:
    """Against the distances in plain arithmetic."""
    left, right = random_events(1, 20, apart=4000), random_events(2, 20, apart=4000)
    found = closest(agent, {"within": "1 second"}, left, right)

    def times(rows: list[Json]) -> list[dt.datetime]:
        return [dt.datetime.fromisoformat(row["at"]) for row in rows if row["card"] == "a"]

    nearest = min(abs(a - b) for a in times(left) for b in times(right))
    units = {"h": 3600, "min": 60, "s": 1}
    told = sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+) (\w+)", found["got"]))
    assert told == nearest.total_seconds()


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"on": "left.amount < right.amount", "order": "left-first"},
        {"pairing": "first", "right": "kind = 'pay'"},
        {"pairing": "nearest", "order": "right-first", "on": "left.kind = right.kind"},
    ],
)
def test_every_event_has_an_answer(agent: Agent, config: Json) -> None:
    made = agent.pairing({"key": ["card"], "within": "5 minutes", **config}, FEEDS)
    events = {"left": random_events(1, 25), "right": random_events(2, 25)}
    assert unanswered(agent, made, events) == []


def test_an_event_that_comes_through_both_inputs_may_be_its_own_partner(agent: Agent) -> None:
    feed = {"path": "in", "watermark_delay": "1 hour", **FEEDS["left"]}
    nodes = [
        {"id": "feed", "type": "auto-loader", "config": feed},
        {"id": "hot", "type": "filter", "config": {"condition": "amount > 10"}},
        {"id": "high", "type": "filter", "config": {"condition": "amount > 20"}},
        {"id": "it", "type": "temporal-correlation", "config": {"key": [], "within": "5 minutes"}},
        {"id": "out", "type": "file-sink", "config": {"path": "out"}},
    ]
    ports = [{"source": "hot", "target": "it", "target_port": "left"}]
    ports += [{"source": "high", "target": "it", "target_port": "right"}]
    edges = [["feed", "hot"], ["feed", "high"], *ports, ["it", "out"]]
    document = {"nodes": nodes, "edges": edges}
    made = agent.call("create_pipeline", name="Both inputs", document=document)
    run = agent.run(made["pipeline_id"], [event(0, 30)])
    assert len(run["matches"]) == 1
    asked = agent.call("explain_match", run_id=run["run_id"])
    assert "is not true" not in str(asked)
    assert not [m for m in asked.get("misses", []) if m.get("event") == 0]
