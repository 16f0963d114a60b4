"""`docs/why-not.md` is executed: every question on real data has the answer it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .agent import EXAMPLES, Agent, agent_in

PAGE = Path(__file__).parents[2] / "docs" / "why-not.md"
BLOCK = re.compile(r"^(## .+?)$|^```json (pipeline|question|answer)\n(.*?)^```", re.M | re.S)
Json = dict[str, Any]
FEEDS: dict[str, Json] = {
    "earthquakes": {
        "columns": "event_id string, event_time timestamp, network string, magnitude double, "
        "place string, longitude double, latitude double, depth_km double",
        "event_time": "event_time",
    },
    "flights": {
        "columns": "event_time timestamp, origin string, destination string, delay_min int, "
        "distance_mi int",
        "event_time": "event_time",
    },
    "stocks": {
        "format": "csv",
        "columns": "symbol string, trade_date timestamp, price double",
        "event_time": "trade_date",
        "watermark_delay": "3650 days",
    },
}
FILES = {"earthquakes": "earthquakes.jsonl", "flights": "flights.jsonl", "stocks": "stocks.csv"}


class Question(NamedTuple):
    """One section of the page."""

    title: str
    pipeline: Json
    question: Json
    answer: Json


def questions() -> Iterator[Question]:
    title = ""
    parts: Json = {}
    for heading, block, text in BLOCK.findall(PAGE.read_text()):
        if heading:
            title, parts = heading.removeprefix("## "), {}
            continue
        parts[block] = json.loads(text)
        if block == "answer":
            yield Question(title, **parts)


def feed(name: str) -> Json:
    return {**FEEDS[name], "path": str(EXAMPLES)}


def file(name: str) -> Json:
    return {"file": str(EXAMPLES / FILES[name])}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with agent_in(tmp_path_factory.mktemp("questions")) as made:
        yield made


@pytest.mark.parametrize("asked", list(questions()), ids=lambda q: q.title)
def test_the_answer_names_event_and_clause(agent: Agent, asked: Question) -> None:
    source, config = asked.pipeline["source"], asked.pipeline["config"]
    if isinstance(source, dict):
        made = agent.pairing(config, {port: feed(name) for port, name in source.items()})
        run = agent.run(made, {port: file(name) for port, name in source.items()})
    else:
        condition = asked.pipeline.get("filter", "")
        made = agent.pipeline(asked.pipeline["type"], config, feed(source), condition)
        run = agent.run(made, file(source))
    told = agent.call("explain_match", run_id=run["run_id"], **asked.question)
    if "sentences" in asked.answer:
        assert told["sentences"] == asked.answer["sentences"]
    else:
        closest = told["misses"][0]
        assert {name: closest.get(name) for name in asked.answer} == asked.answer
