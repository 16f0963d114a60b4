"""Why something did not match, for each way in which it can fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .agent import Agent, agent_in

Json = dict[str, Any]
FEED = {
    "columns": "card string, kind string, amount double, at timestamp",
    "event_time": "at",
    "watermark_delay": "1 minute",
}
STEPS = [
    {"name": "small", "where": "kind = 'pay' AND amount < 10"},
    {"name": "large", "where": "kind = 'pay' AND amount > 100 * small.amount"},
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("why")) as made:
        yield made


def pay(second: float, amount: float, card: str = "a", kind: str = "pay") -> Json:
    minutes, seconds = divmod(second, 60)
    at = f"2026-01-01T12:{int(minutes):02d}:{seconds:06.3f}Z"
    return {"card": card, "kind": kind, "amount": amount, "at": at}


def sequence(**fields: Any) -> Json:
    return {"key": ["card"], "within": "1 minute", "steps": STEPS, **fields}


def ask(agent: Agent, config: Json, events: list[Json], condition: str = "", **q: Any) -> Json:
    made = agent.pipeline("sequence", config, FEED, condition)
    run = agent.run(made, events)
    return agent.call("explain_match", run_id=run["run_id"], **q)


def test_an_answer_after_the_deadline(agent: Agent) -> None:
    absence = {"key": ["card"], "within": "1 minute"}
    absence |= {"trigger": "kind = 'ask'", "expected": "kind = 'ok' AND amount = trigger.amount"}
    made = agent.pipeline("absence", absence, FEED)
    for second, came in ((60, "exactly at"), (64.2, "4.2 s after")):
        events = [pay(0, 1, kind="ask"), pay(30, 2, kind="ok"), pay(second, 1, kind="ok")]
        run = agent.run(made, events)
        assert len(run["matches"]) == 1
        for asked in ({"event": 2}, {"expected": [0, 2]}, {"key": {"card": "a"}}):
            told = agent.call("explain_match", run_id=run["run_id"], **asked)
            (miss,) = told["misses"]
            assert (miss["clause"], miss["event"]) == ("within", 2)
            assert f"came {came} the deadline of the trigger (event 0" in miss["sentence"]


def test_what_waits_is_told_of_the_pattern_asked_about(agent: Agent) -> None:
    made = agent.pipeline("sequence", sequence(within="1 hour"), FEED)
    other = {"id": "other", "type": "sequence", "config": sequence(within="2 hours")}
    add = {"op": "add_node", "node": other, "after": "feed"}
    agent.call("edit_pipeline", pipeline_id=made, changes=[add])
    run = agent.run(made, [pay(0, 1), pay(100, 1, card="b"), pay(200, 1, card="b")])
    for asked, patterns in (("it", {"it"}), ("other", {"other"}), ("", {"it", "other"})):
        told = agent.call("explain_match", run_id=run["run_id"], node=asked, key={"card": "a"})
        assert {waiting["pattern"] for waiting in told["waiting"]} == patterns
        assert {sentence.split("`")[1] for sentence in told["sentences"]} == patterns


def test_too_late(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 1), pay(64.2, 500)], key={"card": "a"})
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["distance"]) == ("within", 1, "4.2 s")
    assert closest["events"] == [{"step": "small", "event": 0}]
    assert "came 4.2 s too late" in closest["sentence"]


def test_exactly_at_the_end_is_outside(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 1), pay(60, 500)], key={"card": "a"})
    assert "at exactly that time, which is outside" in told["misses"][0]["sentence"]


def test_not_enough(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 5), pay(10, 480), pay(20, 50)], key={"card": "a"})
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"]) == ("steps.1.where", 1)
    assert (closest["got"], closest["distance"]) == (480.0, "20")
    assert "480 ≤ 500" in closest["sentence"]


def test_nothing_followed(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 5)], key={"card": "a"})
    assert "no other event of the key came" in told["misses"][0]["sentence"]


def test_an_event_in_between(agent: Agent) -> None:
    events = [pay(0, 1), pay(5, 3, kind="look"), pay(10, 500)]
    told = ask(agent, sequence(contiguity="strict"), events, key={"card": "a"})
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"]) == ("steps.1.contiguity", 1)
    told = ask(agent, sequence(contiguity="strict"), events, expected=[0, 2])
    assert told["sentences"] == [
        "`it`: Alone they match. Event 1 keeps them from it: contiguity broken."
    ]


def test_a_forbidden_event(agent: Agent) -> None:
    steps = [STEPS[0], {"name": "block", "where": "kind = 'block'", "negated": True}, STEPS[1]]
    events = [pay(0, 1), pay(5, 0, kind="block"), pay(10, 500)]
    told = ask(agent, sequence(steps=steps), events, key={"card": "a"})
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"]) == ("steps.1.where", 1)
    assert "`block`" in closest["sentence"]


def test_taken_by_another_match(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 1), pay(5, 2), pay(10, 500)], event=1)
    assert told["misses"][0]["clause"] == "after_match"
    assert "a match took its place" in told["sentences"][0]


def test_a_matched_event_says_so(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 1), pay(10, 500)], event=1)
    assert told["sentences"][0].startswith("`it`: It is in the match ")
    told = ask(agent, sequence(), [pay(0, 1), pay(10, 500)], expected=[0, 1])
    assert told["sentences"][0].startswith("`it`: They did match: ")


def test_stopped_by_a_filter(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 1), pay(10, 500)], "amount < 300", event=1)
    assert told["sentences"] == [
        "`it`: Event 1 did not pass `chosen`: `amount < 300` is false: 500 ≥ 300."
    ]
    told = ask(agent, sequence(), [pay(0, 1), pay(10, 500)], "amount < 300", key={"card": "a"})
    assert told["sentences"][0] == "`it`: `chosen` let 1 of 2 events of this key through."


def test_left_by_another_port(agent: Agent) -> None:
    made = agent.routed("sequence", sequence(), FEED, "amount < 300")
    run = agent.run(made, [pay(0, 1), pay(10, 500)])["run_id"]
    told = agent.call("explain_match", run_id=run, event=1)
    assert told["sentences"] == ["`it`: Event 1 left `split` by port `other`."]
    told = agent.call("explain_match", run_id=run, key={"card": "a"})
    assert told["sentences"][0] == "`it`: `split` let 1 of 2 events of this key through."


def test_a_key_of_which_nothing_arrived(agent: Agent) -> None:
    events = [pay(0, 1), pay(10, 500, card="b")]
    told = ask(agent, sequence(), events, "amount < 300", key={"card": "b"})
    assert told["sentences"] == [
        "`it`: `chosen` let 0 of 1 events of this key through.",
        "`it`: No event of this key reached `it`.",
    ]
    told = ask(agent, sequence(), events, key={"card": "nobody's"})
    assert told["sentences"] == [
        "`it`: No event of this key reached `it`. Keys that did: card = a; card = b."
    ]


def test_a_late_event(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 1), pay(600, 7), pay(10, 500)], event=2)
    assert "was late" in told["sentences"][0]


def test_different_keys(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 1), pay(10, 500, card="b")], expected=[0, 1])
    assert told["sentences"][0].startswith("`it`: They have different keys: ")


def test_an_event_without_use(agent: Agent) -> None:
    told = ask(agent, sequence(), [pay(0, 1), pay(10, 50, kind="look")], event=1)
    assert any("`kind = 'pay'` is false" in s for s in told["sentences"])


def test_without_a_key_the_furthest_are_shown(agent: Agent) -> None:
    events = [pay(0, 1), pay(1, 50, card="b", kind="look"), pay(70, 500)]
    told = ask(agent, sequence(), events)
    assert told["misses"][0]["key"] == {"card": "a"}


def test_an_unknown_key_or_event_or_node(agent: Agent) -> None:
    made = agent.pipeline("sequence", sequence(), FEED)
    run = agent.run(made, [pay(0, 1)])["run_id"]
    for question, code in (
        ({"key": {"kard": "a"}}, "INVALID_ARGUMENT"),
        ({"event": 99}, "EVENT_NOT_FOUND"),
        ({"expected": [0, 99]}, "EVENT_NOT_FOUND"),
        ({"node": "feed"}, "INVALID_ARGUMENT"),
    ):
        answer = agent.mcp.call("explain_match", {"run_id": run, **question})
        assert answer["error"]["code"] == code, answer
    told = agent.call("explain_match", run_id=run, key={"card": "zz"})
    assert told["misses"] == []
    told = agent.call("explain_match", run_id=run, expected=None, event=None)
    assert told["misses"]


def test_a_file_that_changed(agent: Agent, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("files")
    with agent_in(folder) as mine:
        file = Path(folder) / "events.jsonl"
        file.write_text('{"card": "a", "kind": "pay", "amount": 1, "at": "2026-01-01T12:00:00Z"}\n')
        made = mine.pipeline("sequence", sequence(), FEED)
        run = mine.run(made, {"file": str(file)})["run_id"]
        assert mine.call("explain_match", run_id=run)["misses"]
        file.write_text(file.read_text() * 2)
        answer = mine.mcp.call("explain_match", {"run_id": run})
        assert answer["error"]["code"] == "FILE_CHANGED"


@pytest.mark.parametrize("contiguity", ["strict", "relaxed"])
def test_after_a_wait(agent: Agent, contiguity: str) -> None:
    """Events during and after the wait of a sequence that begins with one."""
    quiet = {"name": "quiet", "where": "kind = 'alarm'", "negated": True, "within": "30 seconds"}
    paid = {"name": "paid", "where": "kind = 'pay'", "contiguity": contiguity}
    config = sequence(steps=[quiet, paid])
    events = [pay(0, 1, kind="on"), pay(5, 1, kind="alarm"), pay(10, 1), pay(40, 1, kind="off")]
    told = ask(agent, config, events, key={"card": "a"})
    assert all(miss["sentence"] for miss in told["misses"])


def test_of_a_pipeline_its_newest_matches_are_listed(agent: Agent) -> None:
    events = [pay(0, 1), pay(1, 500), pay(10, 1), pay(11, 500), pay(20, 1, card="b")]
    made = agent.pipeline("sequence", sequence(), FEED)
    run = agent.run(made, events)
    told = agent.call("explain_match", pipeline_id=made)
    assert [m["detected_at"][14:19] for m in told["matches"]] == ["00:11", "00:01"]
    assert told["run_id"] == run["run_id"] and told["misses"][0]["key"] == {"card": "b"}
    first = told["matches"][0]["match_id"]
    assert len(first) <= 12 and first in told["next"] and "key=" in told["next"]
    mine = agent.call("explain_match", pipeline_id=made, match_id=first)
    assert mine["match"]["match_id"].startswith(first)
    assert "matches" not in agent.call("explain_match", pipeline_id=made, key={"card": "a"})
