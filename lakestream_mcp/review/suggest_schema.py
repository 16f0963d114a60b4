"""Configuration that declared columns speak for, where there are no sample rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..graph.model import Node
from .facts import Facts, updating
from .suggest import TIME_NAMES
from .suggestion import Suggestion

USUAL_DELAY = "10 minutes"
KEY_TYPES = ("string", "int", "bigint", "smallint")
KEY_NAME = re.compile(
    r"(^|_)(id|uuid|key|user|customer|account|card|device|sensor|machine|vehicle|host|ip)$",
    re.IGNORECASE,
)
KEYS_MOST = 3


def suggestions_of_schema(facts: Facts, node_id: str = "") -> list[Suggestion]:
    """An event time for sources, and keys for patterns, by the types and names of columns."""
    found: list[Suggestion] = []
    for category, suggest in (("source", _event_time), ("pattern", _keys)):
        for node, config in facts.nodes(category):
            if node_id in ("", node.id):
                found += suggest(facts, node, config)
    return found


def _event_time(facts: Facts, node: Node, config: Any) -> Iterator[Suggestion]:
    relation = facts.validation.relations.get(node.id)
    if relation is None or relation.event_time or "event_time" not in type(config).model_fields:
        return
    stamps = [c.name for c in relation.columns if c.type == "timestamp"]
    known = [name for wanted in TIME_NAMES for name in stamps if name.lower() == wanted]
    if column := next(iter(known or stamps), None):
        yield Suggestion(
            node=node.id,
            text=f"Event time `{column}`, with a watermark delay of {USUAL_DELAY}",
            why=f"`{column}` is a timestamp; sample rows would tell the delay.",
            fix=updating(node, event_time=column, watermark_delay=USUAL_DELAY),
        )


def _keys(facts: Facts, node: Node, config: Any) -> Iterator[Suggestion]:
    edges = facts.document.inputs(node.id)
    relation = facts.validation.relations.get(edges[0].source) if edges else None
    if relation is None or getattr(config, "key", True):
        return
    named = [c.name for c in relation.columns if c.type in KEY_TYPES and KEY_NAME.search(c.name)]
    for column in named[:KEYS_MOST]:
        yield Suggestion(
            node=node.id,
            text=f"Key `{column}`",
            why="Its name and type are those of an id; sample rows would tell how many there are.",
            fix=updating(node, key=[column]),
        )
