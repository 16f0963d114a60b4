"""Sections of a clause that are given as fields of their own mean what they mean in the clause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.explain.agent import Agent, agent_in

FEED = {"columns": "symbol string, price double, at timestamp", "event_time": "at"}
PRICES = (10, 9, 12, 11, 10, 14)
EVENTS = [
    {"symbol": "x", "price": price, "at": f"2026-01-01T10:0{minute}:00Z"}
    for minute, price in enumerate(PRICES)
]
WHOLE = (
    "MEASURES FIRST(A.price) AS top, LAST(DOWN.price) AS `low one` ONE ROW PER MATCH "
    "AFTER MATCH SKIP TO LAST UP PATTERN (A DOWN+ UP+) WITHIN 10 minutes SUBSET ALLOF = (A, UP) "
    "DEFINE DOWN AS price < PREV(price), UP AS price > PREV(price)"
)
NAMED = {
    "pattern": "A DOWN+ UP+",
    "define": {"DOWN": "price < PREV(price)", "UP": "price > PREV(price)"},
    "measures": {"top": "FIRST(A.price)", "low one": "LAST(DOWN.price)"},
    "subset": {"ALLOF": ["A", "UP"]},
    "rows_per_match": "one",
    "after_match": "to last UP",
    "within": "10 minutes",
}
LISTED = {
    "pattern": ["A", "DOWN+", "UP+"],
    "define": [
        {"variable": "DOWN", "condition": "price < PREV(price)"},
        "UP AS price > PREV(price)",
    ],
    "measures": "MEASURES FIRST(A.price) AS top, LAST(DOWN.price) AS `low one`",
    "subset": "SUBSET ALLOF = (A, UP)",
    "rowsPerMatch": "ONE ROW PER MATCH",
    "skip": "AFTER MATCH SKIP TO LAST UP",
    "within": "WITHIN 10 minutes",
}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("apart")) as made:
        yield made


def clause_of(agent: Agent, pipeline: str) -> str:
    """As it is stored."""
    node = agent.call("get_pipeline", pipeline_id=pipeline, detail="node", node="it")["node"]
    return str(node["config"]["clause"])


def matches(agent: Agent, pipeline: str) -> list[Any]:
    run = agent.call("test_pattern", pipeline_id=pipeline, events=EVENTS)
    return [(m["measures"], [e["step"] for e in m["events"]]) for m in run["matches"]]


@pytest.mark.parametrize("apart", [NAMED, LISTED])
def test_they_are_put_together(agent: Agent, apart: dict[str, Any]) -> None:
    made = agent.pipeline("match-recognize", {"key": ["symbol"], **apart}, FEED)
    assert clause_of(agent, made) == WHOLE
    found = matches(agent, made)
    assert [steps for _, steps in found] == [["A", "DOWN", "UP"], ["A", "DOWN", "DOWN", "UP"]]
    assert [measures["low one"] for measures, _ in found] == [9, 10]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("past-last-row", "SKIP PAST LAST ROW"),
        ("next_row", "SKIP TO NEXT ROW"),
        ("SKIP TO NEXT ROW", "SKIP TO NEXT ROW"),
        ("past last", "SKIP PAST LAST ROW"),
    ],
)
def test_ways_to_say_where_to_go_on(agent: Agent, given: str, meant: str) -> None:
    config = {"pattern": "A", "define": {"A": "price > 1"}, "after_match": given}
    made = agent.pipeline("match-recognize", config, FEED)
    assert f"AFTER MATCH {meant} PATTERN" in clause_of(agent, made)
    assert len(matches(agent, made)) == len(EVENTS)


def test_an_edit_of_a_section_changes_the_clause(agent: Agent) -> None:
    made = agent.pipeline("match-recognize", {"key": ["symbol"], "clause": WHOLE}, FEED)
    change = {"op": "update_node", "id": "it", "config": {"pattern": "A DOWN{2,} UP+"}}
    answer = agent.call("edit_pipeline", pipeline_id=made, changes=[change])
    assert "read `pattern` as `clause` in `it`" in str(answer)
    assert clause_of(agent, made) == WHOLE.replace("DOWN+", "DOWN{2,}")
    assert [steps for _, steps in matches(agent, made)] == [["A", "DOWN", "DOWN", "UP"]]


def test_what_if_a_section_were_another(agent: Agent) -> None:
    made = agent.pipeline("match-recognize", {"key": ["symbol"], "clause": WHOLE}, FEED)
    answer = agent.call(
        "test_pattern", pipeline_id=made, events=EVENTS, what_if={"pattern": "A DOWN{2,} UP+"}
    )
    kept, other = answer["what_if"]["same"], answer["what_if"]["disappear"]
    assert (kept, len(other)) == (1, 1)


def test_what_cannot_be_read_is_named(agent: Agent) -> None:
    made = agent.pipeline("match-recognize", {"clause": WHOLE}, FEED)
    config = {"pattern": {"A": 1}, "clause": None}
    change = {"op": "update_node", "id": "it", "config": config}
    findings = agent.call("edit_pipeline", pipeline_id=made, changes=[change])["findings"]
    found = {(f["code"], f.get("field")) for f in findings}
    assert {("MISSING_CONFIG", "clause"), ("UNKNOWN_CONFIG", "pattern")} <= found
