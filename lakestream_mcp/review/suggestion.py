"""What a suggestion is, and the node it is made for with what its sample says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from ..graph.model import Node, Relation
from .facts import Facts, Rows, updating

NEAT_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400)
LATITUDES, LONGITUDES = ("latitude", "lat"), ("longitude", "lon", "lng", "long")
NAMES = (*LATITUDES, *LONGITUDES, "id", "key", "number", "seq", "offset", "partition", "year")
"""Last words of columns whose numbers are places or names of things."""
NUMBERS = ("int", "bigint", "double", "float", "smallint", "tinyint")


class Suggestion(BaseModel):
    """A configuration that would fit, and why; the change can be sent as it is."""

    node: str
    text: str
    why: str
    fix: list[dict[str, Any]] | None = Field(None, description="Changes for edit_pipeline")


class Seen(NamedTuple):
    """A node, the sample rows of the source above it, and its fields, defaults filled in."""

    node: Node
    rows: Rows
    relation: Relation
    fields: Mapping[str, Any]
    keys: tuple[str, ...]

    @property
    def time(self) -> str | None:
        """The event-time column, or the first timestamp where none is declared yet."""
        stamps = (c.name for c in self.relation.columns if c.type == "timestamp")
        return self.fields.get("event_time") or self.relation.event_time or next(stamps, None)

    @property
    def numbers(self) -> list[str]:
        """The columns of numbers that the sample has."""
        columns = self.relation.columns
        return [c.name for c in columns if c.type in NUMBERS and c.name in self.rows[0]]

    @property
    def amounts(self) -> list[str]:
        """Those whose numbers are more or less of something."""
        return [n for n in self.numbers if n not in self.keys and last_word(n) not in NAMES]

    def given(self, field: str) -> bool:
        """Whether the configuration itself sets a field."""
        return self.node.config.get(field) is not None

    def setting(self, why: str, text: str = "", **config: Any) -> Suggestion:
        """The suggestion to set some fields."""
        said = text or ", ".join(f"`{name}` of {value}" for name, value in config.items())
        fix = updating(self.node, **config)
        return Suggestion(node=self.node.id, text=said, why=why, fix=fix)


def seen(facts: Facts, node: Node) -> Seen | None:
    """What is known of a node that rows flow into; None without a relation."""
    edges = facts.document.inputs(node.id)
    relation = facts.validation.relations.get(edges[0].source) if edges else None
    if relation is None:
        return None
    sampled = (facts.samples[n] for n in facts.upstream(node.id) if facts.samples.get(n))
    config = facts.validation.configs.get(node.id)
    model = facts.kind(node).Config
    fields = {name: info.default for name, info in model.model_fields.items()} | node.config
    if config is not None:
        fields = {name: getattr(config, name) for name in model.model_fields}
    keys = fields.get("key") or ()
    named = (keys,) if isinstance(keys, str) else tuple(keys)
    return Seen(node, next(sampled, ()), relation, fields, named)


def last_word(name: str) -> str:
    """The last word of a column's name."""
    return name.lower().split("_")[-1]


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


def round_up(number: float) -> float | int:
    """The number of two digits that is next above, or the number itself: whole where it can be."""
    if number == 0 or not math.isfinite(number):
        return 0
    step = 10.0 ** (math.floor(math.log10(abs(number))) - 1)
    up = round(math.ceil(round(number / step, 6)) * step, 12)
    return int(up) if up == int(up) else up
