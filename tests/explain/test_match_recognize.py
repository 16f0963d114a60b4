"""Why rows are no match of a row pattern, and rows made from one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .agent import Agent, agent_in
from .test_examples import check_examples
from .test_why_not import FEED, pay

Json = dict[str, Any]
RISES = (
    "PATTERN (LOW UP{2,} TOP) DEFINE LOW AS amount < 5, UP AS amount > PREV(amount), "
    "TOP AS amount > 100"
)
TOTAL = (
    "PATTERN (P{2,} ALARM) WITHIN 10 minutes DEFINE P AS kind = 'pay' AND SUM(P.amount) <= 100, "
    "ALARM AS kind = 'alarm' AND amount > 2 * AVG(P.amount)"
)
CASES = {
    "rows beside each other": RISES,
    "the match so far": TOTAL,
    "alternatives": "PARTITION BY card ORDER BY at PATTERN (A (B | C) D?) WITHIN 1 hour "
    "DEFINE A AS kind = 'a', B AS kind = 'b', "
    "C AS kind = 'c' AND amount > A.amount, D AS kind = 'd'",
}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("rows")) as made:
        yield made


def config(clause: str, **fields: Any) -> Json:
    key = {} if "PARTITION" in clause else {"key": ["card"]}
    return {**key, "clause": clause, **fields}


def ask(agent: Agent, clause: str, events: list[Json], advance: str = "all", **q: Any) -> Json:
    made = agent.pipeline("match-recognize", config(clause), FEED)
    run = agent.run(made, events, advance_to=advance)
    assert not run["matches"]
    return agent.call("explain_match", run_id=run["run_id"], **(q or {"key": {"card": "a"}}))


@pytest.mark.parametrize("name", list(CASES))
def test_examples(agent: Agent, name: str) -> None:
    check_examples(agent, "match-recognize", config(CASES[name]), FEED)


def test_the_row_before_was_not_less(agent: Agent) -> None:
    told = ask(agent, RISES, [pay(0, 4), pay(1, 7), pay(2, 6.5), pay(3, 300)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"]) == ("clause.DEFINE.UP", 2)
    assert (closest["got"], closest["distance"]) == (6.5, "0.5")
    assert [(e["step"], e["event"]) for e in closest["events"]] == [("LOW", 0), ("UP", 1)]
    assert closest["sentence"] == (
        "After `LOW` (event 0) and `UP` (event 1) event 2 at 2026-01-01T12:00:02Z was no `UP`: "
        "`amount > PREV(amount)` is false: 6.5 ≤ 7."
    )


def test_each_variable_that_could_come_next(agent: Agent) -> None:
    events = [pay(0, 4), pay(1, 7), pay(2, 90), pay(3, 80)]
    told = ask(agent, RISES, events)
    mine = {m["clause"]: m for m in told["misses"] if m["event"] == 3}
    assert set(mine) == {"clause.DEFINE.UP", "clause.DEFINE.TOP"}
    assert "80 ≤ 100" in mine["clause.DEFINE.TOP"]["sentence"]
    assert "80 ≤ 90" in mine["clause.DEFINE.UP"]["sentence"]


def test_the_match_so_far_is_read(agent: Agent) -> None:
    events = [pay(0, 30), pay(1, 50), pay(2, 70, kind="alarm")]
    told = ask(agent, TOTAL, events)
    mine = {m["clause"]: m for m in told["misses"] if m["event"] == 2}
    alarm = mine["clause.DEFINE.ALARM"]
    assert (alarm["got"], alarm["distance"]) == (70.0, "10")
    assert "70 ≤ 80" in alarm["sentence"]
    told = ask(agent, TOTAL, [pay(0, 30), pay(1, 80)])
    assert "110 > 100" in told["misses"][0]["sentence"]


def test_the_time_was_over(agent: Agent) -> None:
    events = [pay(0, 1), pay(1, 1), pay(604.2, 70, kind="alarm")]
    told = ask(agent, TOTAL, events)
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["distance"]) == (
        "clause.WITHIN",
        2,
        "4.2 s",
    )
    assert closest["sentence"].endswith("came 4.2 s too late.")


def test_an_open_attempt(agent: Agent) -> None:
    told = ask(agent, TOTAL, [pay(0, 1), pay(1, 1), pay(2, 1)], "2026-01-01T12:01:00Z")
    closest = told["misses"][0]
    assert closest["clause"] == "clause.PATTERN"
    assert "wait for `P` or `ALARM` until 2026-01-01T12:10:00Z" in closest["sentence"]


def test_an_attempt_is_told_once_and_with_the_rows_that_came(agent: Agent) -> None:
    clause = "PATTERN (A+ B) WITHIN 1 hour DEFINE A AS amount > 5, B AS kind = 'ok'"
    # When the last row has come, the watermark has passed the first ones alone.
    told = ask(agent, clause, [pay(0, 10), pay(100, 20), pay(200, 30)])
    assert [[e["event"] for e in miss["events"]] for miss in told["misses"]] == [
        [0, 1, 2],
        [1, 2],
        [2],
    ]
    assert told["misses"][0]["sentence"] == (
        "`A` (event 0), `A` (event 1) and `A` (event 2) waited for `A` or `B` until "
        "2026-01-01T13:00:00Z (WITHIN), but no other row of the key came."
    )


def test_rows_that_wait_are_not_said_to_be_none(agent: Agent) -> None:
    clause = "PATTERN (A B) DEFINE A AS amount > 5, B AS kind = 'ok'"
    events = [pay(0, 10), pay(100, 3, kind="ok")]
    told = ask(agent, clause, events, "2026-01-01T12:01:00Z")
    assert told["misses"][0]["sentence"] == (
        "`A` (event 0) waits for `B`; no other row of the key came by 2026-01-01T12:01:00Z."
    )


def test_no_first_row(agent: Agent) -> None:
    told = ask(agent, RISES, [pay(0, 50), pay(1, 5), pay(2, 70)])
    closest = told["misses"][0]
    assert (closest["clause"], closest["event"], closest["got"]) == ("clause.DEFINE.LOW", 1, 5.0)
    assert closest["sentence"].endswith("was no `LOW`: `amount < 5` is false: 5 ≥ 5.")


def test_state(agent: Agent) -> None:
    made = agent.pipeline("match-recognize", config(TOTAL, max_rows_per_match=50), FEED)
    told = agent.call("get_pipeline", pipeline_id=made, detail="node", node="it")["node"]["state"]
    assert (told["events_max"], told["kept_for"]) == (50, "10 minutes")
    made = agent.pipeline("match-recognize", config(RISES), FEED)
    told = agent.call("get_pipeline", pipeline_id=made, detail="node", node="it")["node"]["state"]
    assert told["kept_for"] == "for ever"
