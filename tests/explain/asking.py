"""Events of one card, and questions about a run of one pattern on them."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from .agent import Agent
from .test_why_not import FEED

Json = dict[str, Any]
FEEDS = {"left": FEED, "right": FEED}


def random_events(seed: int, count: int, apart: int = 120) -> list[Json]:
    """Rows of two cards in order of time, some without amount, some of another kind."""
    draw, second, rows = random.Random(seed), 0, []
    for _ in range(count):
        second += draw.randrange(apart)
        amount = draw.choice([None, *range(1, 13)])
        kind = draw.choice(["pay", "pay", "pay", "look"])
        rows.append(event(second, amount, draw.choice("ab"), kind=kind))
    return rows


def at(second: float) -> str:
    """A time of the test day, seconds after noon."""
    moment = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC) + dt.timedelta(seconds=second)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(second: float, amount: float | None = None, card: str | None = "a", **more: Any) -> Json:
    """A row."""
    return {"card": card, "kind": "pay", "amount": amount, "at": at(second), **more}


def why(agent: Agent, kind: str, config: Json, events: list[Json], **asked: Any) -> Json:
    """The answer about a run; `options` go to the test, the rest to the question."""
    options = asked.pop("options", {})
    made = agent.pipeline(kind, {"key": ["card"], **config}, FEED)
    run = agent.run(made, events, **options)
    return agent.call("explain_match", run_id=run["run_id"], **(asked or {"key": {"card": "a"}}))


def pairing(agent: Agent, config: Json, left: list[Json], right: list[Json], **asked: Any) -> Json:
    """The answer about a temporal correlation of two inputs."""
    options = asked.pop("options", {})
    made = agent.pairing({"key": ["card"], "within": "5 minutes", **config}, FEEDS)
    run = agent.run(made, {"left": left, "right": right}, **options)
    return agent.call("explain_match", run_id=run["run_id"], **(asked or {"key": {"card": "a"}}))


def unanswered(agent: Agent, made: str, events: Any) -> list[int]:
    """The events in no match about which a question names no miss."""
    run = agent.run(made, events, limit=1000)
    matched = {e["event"] for m in run["matches"] for e in m["events"]}
    total = sum(map(len, events.values())) if isinstance(events, dict) else len(events)
    return [
        number
        for number in range(total)
        if number not in matched
        and not agent.call("explain_match", run_id=run["run_id"], event=number)["misses"]
    ]


def closest(agent: Agent, kind: str, config: Json, events: list[Json], **asked: Any) -> Json:
    """The closest miss."""
    found: Json = why(agent, kind, config, events, **asked)["misses"][0]
    return found
