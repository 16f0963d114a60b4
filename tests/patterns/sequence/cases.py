"""Cases in the conformance format, as configurations and as runs of the matcher.

A run goes the whole way but for the kernel: configuration → plan → SQL that packs rows → the text
that is carried → matcher, fed one event after the other with the deadlines between them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from lakestream_mcp.cep.carried import carried, load
from lakestream_mcp.conformance.sequence import config_of as conformance_config
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.patterns.sequence.node import NODE
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.pack import pack_query
from lakestream_mcp.relational.sql import sql

Json = dict[str, Any]
DATA = Path(__file__).parents[2] / "data"
RELATION = Relation(
    (
        Column("id", "bigint"),
        Column("ts", "timestamp"),
        Column("key", "string"),
        Column("name", "string"),
        Column("price", "double"),
        Column("volume", "double"),
        Column("kind", "string"),
    ),
    "ts",
    0,
)
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("ts", pa.timestamp("us", "UTC")),
        *((n, pa.string()) for n in ("key", "name")),
        *((n, pa.float64()) for n in ("price", "volume")),
        ("kind", pa.string()),
    ]
)


class Emitted(NamedTuple):
    """A match as event ids per step, the event being handled, and what brought it out."""

    bound: Json
    after: int
    by: str


def read(name: str) -> list[Json]:
    """The cases of a data file."""
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


def config_of(case: Json) -> Json:
    """The configuration a case stands for; events come in the order of their ids."""
    return conformance_config(case) | {"order_by": ["id"]}


class Built(NamedTuple):
    """A configured matcher, and the events (ts, id, packed event or None if no step wants it)."""

    new: Callable[[], Any]
    steps: tuple[str, ...]
    events: list[tuple[int, int, tuple[int, int, tuple[Any, ...]] | None]]

    @property
    def packed(self) -> list[tuple[int, int, tuple[Any, ...]]]:
        """What reaches the matcher."""
        return [event for _, _, event in self.events if event is not None]


def build(engine: LocalEngine, case: Json, config: Json | None = None) -> Built:
    """Plan the case and pack its events."""
    given = NODE.Config.model_validate(config_of(case) if config is None else config)
    for problem in NODE.check(given, [RELATION]):
        if problem.severity == "error":
            raise ValueError(f"{problem.code}: {problem.message}")
    plan = NODE.plan(given, [RELATION], SailResolver(engine))
    events = sorted(case["events"], key=lambda event: (event["ts"], event["id"]))
    columns = [
        pa.array([_value(event, field.name) for event in events], field.type) for field in SCHEMA
    ]
    query = pack_query(plan, RELATION)
    rows = engine.run(sql(query), {"in_0": pa.table(columns, schema=SCHEMA)}).to_pylist()
    names = [f"value_{i}" for i in range(len(plan.values))]
    packed = {r["value_0"]: (r["ts"], r["mask"], (0, *(r[n] for n in names))) for r in rows}
    text = carried(plan, "it")

    def new() -> Any:
        return load(text, "it")[1]

    played = [(event["ts"] * 1000, event["id"], packed.get(event["id"])) for event in events]
    return Built(new, plan.steps, played)


def _value(event: Json, name: str) -> Any:
    return event["ts"] * 1000 if name == "ts" else event.get(name)


def run(built: Built, end_ms: int | None) -> tuple[list[Emitted], list[Json]]:
    """The matches, and the partial matches that timed out."""
    matcher, state = built.new(), built.new().initial()
    found: list[tuple[Any, int, str]] = []

    def note(after: int, by: str) -> Callable[[Any], None]:
        return lambda match: found.append((match, after, by))

    for ts, event_id, event in built.events:
        due = matcher.next_timer(state) if state else None
        if due is not None and due <= ts:
            state = matcher.on_time(state, ts, note(event_id, "timer"))
        if event is not None:
            state = matcher.on_events(state, [event], note(event_id, "event"))
    if end_ms is not None and state:
        matcher.on_time(state, end_ms * 1000, note(-1, "timer"))
    matches = [Emitted(ids(built, m), after, by) for m, after, by in found if m[5] == ()]
    return matches, [ids(built, m) for m, _, _ in found if m[5] != ()]


def ids(built: Built, match: Any) -> Json:
    """The ids of a match's events, per step."""
    bound: Json = {}
    for step, _, row in match[3]:
        bound.setdefault(built.steps[step], []).append(row[1])
    return bound


def multiset(items: list[Any]) -> list[str]:
    """Items in an order of their own, to compare lists that have none."""
    return sorted(json.dumps(item, sort_keys=True) for item in items)
