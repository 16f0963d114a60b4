"""Configuration that sample rows speak for: event time, keys, and times and limits of patterns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, Field

from ..graph.model import Node
from .facts import Facts, Rows, updating
from .profile import gaps, key_candidates, latest_by, profile, quantile, times_of

ROWS_LEAST = 5
NEAT_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400)
TIME_NAMES = ("event_time", "event_timestamp", "timestamp", "ts", "time", "occurred_at", "at")
NUMBERS = ("int", "bigint", "double", "float", "smallint", "tinyint")
TIMES = {"heartbeat": ("timeout", 3.0), "session": ("gap", 1.0)}
"""Patterns with a time that silences of keys speak for: the field, and how many times the
silence that 99 % do not exceed."""


class Suggestion(BaseModel):
    """A configuration that would fit, and why; the change can be sent as it is."""

    node: str
    text: str
    why: str
    fix: list[dict[str, Any]] | None = Field(None, description="Changes for edit_pipeline")


def suggestions(facts: Facts, node_id: str = "") -> list[Suggestion]:
    """What samples suggest for one node, or for all that have some."""
    found = []
    for node in facts.document.nodes:
        if node_id in ("", node.id) and node.type in facts.catalog.types():
            found += list(_of(facts, node))
    return found


def _of(facts: Facts, node: Node) -> Iterator[Suggestion]:
    category = facts.kind(node).category
    if category == "source":
        yield from _source(facts, node)
    elif category == "pattern":
        yield from _pattern(facts, node)
    elif node.type == "filter":
        yield from _limits(facts, node)


def _source(facts: Facts, node: Node) -> Iterator[Suggestion]:
    """An event time, and a delay that the order of the rows asks for."""
    rows = facts.samples.get(node.id, ())
    relation = facts.validation.relations.get(node.id)
    fields = facts.kind(node).Config.model_fields
    if len(rows) < ROWS_LEAST or relation is None or "event_time" not in fields:
        return
    stamps = [c.name for c in relation.columns if c.type == "timestamp"]
    full = [n for n in stamps if len(times_of(rows, n)) >= 0.95 * len(rows)]
    if not relation.event_time and full:
        column = min(full, key=lambda n: (_rank(n), full.index(n)))
        delay = neat(max(1.0, 2 * latest_by(times_of(rows, column))))
        yield Suggestion(
            node=node.id,
            text=f"Event time `{column}`, with a watermark delay of {delay}",
            why=f"`{column}` is a timestamp in nearly all of {len(rows)} rows; the latest of them "
            f"came {latest_by(times_of(rows, column)):g} s out of order.",
            fix=updating(node, event_time=column, watermark_delay=delay),
        )
    elif relation.event_time and relation.delay_ms is not None:
        late = latest_by(times_of(rows, relation.event_time))
        if late * 1000 > relation.delay_ms and "watermark_delay" in fields:
            delay = neat(2 * late)
            yield Suggestion(
                node=node.id,
                text=f"A watermark delay of {delay}",
                why=f"Rows of the sample came up to {late:g} s out of order: with the present "
                "delay they would be dropped.",
                fix=updating(node, watermark_delay=delay),
            )


def _pattern(facts: Facts, node: Node) -> Iterator[Suggestion]:
    """A key, and a time that the silences of keys speak for."""
    rows, relation = _input(facts, node)
    config: Any = facts.validation.configs.get(node.id)
    if config is None or relation is None or len(rows) < ROWS_LEAST:
        return
    keys = list(getattr(config, "key", ()) or ())
    if not keys and hasattr(config, "key"):
        names = [c.name for c in relation.columns if c.name in rows[0]]
        for column in key_candidates(rows, names, relation.event_time)[:1]:
            keys = [column.name]
            yield Suggestion(
                node=node.id,
                text=f"Key `{column.name}`",
                why=f"It has {column.distinct} values in {column.rows} rows, the most frequent in "
                f"{column.top_share:.0%}.",
                fix=updating(node, key=keys),
            )
    if node.type in TIMES and relation.event_time and keys:
        field, times = TIMES[node.type]
        silences = gaps(rows, keys, relation.event_time)
        usual = quantile(silences, 0.99)
        if usual > 0:
            wanted = neat(usual * times)
            if wanted != getattr(config, field, None):
                yield Suggestion(
                    node=node.id,
                    text=f"`{field}` of {wanted}",
                    why=f"99 % of the silences between two rows of one key last {usual:g} s or "
                    "less.",
                    fix=updating(node, **{field: wanted}),
                )
    yield from _limits(facts, node)


def _limits(facts: Facts, node: Node) -> Iterator[Suggestion]:
    """Where limits of conditions would lie, by the numbers of the sample."""
    rows, relation = _input(facts, node)
    if relation is None or len(rows) < ROWS_LEAST:
        return
    for column in relation.columns:
        marks = profile(rows, column.name).quantiles if column.type in NUMBERS else None
        if marks is not None and marks[0] != marks[2]:
            yield Suggestion(
                node=node.id,
                text=f"A limit for `{column.name}` between {marks[1]:g} and {marks[2]:g}",
                why=f"Half of the rows have {marks[0]:g} or less, 95 % {marks[1]:g}, "
                f"99 % {marks[2]:g}.",
            )


def _input(facts: Facts, node: Node) -> tuple[Rows, Any]:
    """The sample of a source above the node, and what flows into the node."""
    edges = facts.document.inputs(node.id)
    relation = facts.validation.relations.get(edges[0].source) if edges else None
    sampled = (facts.samples[n] for n in facts.upstream(node.id) if facts.samples.get(n))
    return next(sampled, ()), relation


def neat(seconds: float) -> str:
    """A duration that people would write, at least as long."""
    for step in NEAT_S:
        if seconds <= step:
            return _text(step)
    return f"{-int(-seconds // 86_400)} days"


def _text(seconds: int) -> str:
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {word}{'' if count == 1 else 's'}"
    raise AssertionError("a second divides all")


def _rank(name: str) -> int:
    names: Sequence[str] = TIME_NAMES
    return names.index(name.lower()) if name.lower() in names else len(names)
