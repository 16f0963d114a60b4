"""Which node of a pipeline some words mean: `the Kafka source`, `it`, `the second filter`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .flow import Flow
from .names import parts_of, singular
from .phrase import Found, Phrase
from .talk import Talk
from .words import ORDINALS

if TYPE_CHECKING:
    from ...graph.node_type import NodeType

_CATEGORIES = {
    "source": "source",
    "input": "source",
    "sink": "sink",
    "output": "sink",
    "destination": "sink",
    "transform": "transform",
    "transformation": "transform",
    "pattern": "pattern",
    "detector": "pattern",
    "rule": "pattern",
    "detection": "pattern",
    "alert": "sink",
}
_WORDS = {
    "dedup": "deduplicate",
    "dedupe": "deduplicate",
    "deduplication": "deduplicate",
    "threshold": "count-threshold",
    "count": "count-threshold",
    "window": "window-aggregate",
    "aggregate": "window-aggregate",
    "aggregation": "window-aggregate",
    "email": "email-sink",
    "mail": "email-sink",
    "slack": "slack-teams-pagerduty",
    "teams": "slack-teams-pagerduty",
    "pagerduty": "slack-teams-pagerduty",
    "files": "auto-loader",
    "join": "stream-static-join",
    "lookup": "lookup-enrichment",
    "enrichment": "lookup-enrichment",
    "router": "split-router",
    "select": "map-select",
    "projection": "map-select",
    "explode": "flatten-explode",
    "rename": "rename-cast",
    "cast": "rename-cast",
    "union": "union-merge",
    "quality": "data-quality-expectations",
}
_SKIP = frozenset(
    [
        "the",
        "a",
        "an",
        "node",
        "step",
        "that",
        "this",
        "our",
        "my",
        "old",
        "existing",
        "current",
        "one",
    ]
)
MAX_WORDS = 5


class References:
    """Finds the nodes that words mean."""

    def __init__(self, flow: Flow, talk: Talk) -> None:
        self.flow = flow
        self.talk = talk
        self.last: str | None = None

    def named(self, phrase: Phrase, at: int = 0) -> tuple[list[str], int]:
        """The nodes that the words at a place mean, and where the words end; none for no node."""
        start = at
        part = phrase.at(r"(?:one|some|any|either) of(?: the)?", at)
        start = part.end if part else start
        while start < len(phrase) and phrase.tokens[start].norm in _SKIP:
            start += 1
        if start < len(phrase) and phrase.tokens[start].norm in ("it", "them"):
            return self._it(), start + 1
        ordinal = None
        if start < len(phrase) and phrase.tokens[start].norm in (*ORDINALS, "last"):
            ordinal, start = phrase.tokens[start].norm, start + 1
        for length in range(min(MAX_WORDS, len(phrase) - start), 0, -1):
            found = self._nodes(phrase.part(start, start + length))
            if found:
                end = start + length
                more = phrase.at(
                    (
                        r"(?:node|step|sink|source|pattern|filter|window|table|"
                        r"topic|alert)"
                    ),
                    end,
                )
                return _placed(found, ordinal), more.end if more else end
        return [], at

    def one(self, phrase: Phrase, at: int = 0) -> tuple[str | None, int]:
        """The node that the words at a place mean; a question where they mean several."""
        found, end = self.named(phrase, at)
        if len(found) > 1:
            said = phrase.part(at, end).said()
            self.talk.ask(f"Which node is `{said}`?", found)
        return (found[0] if found else None), end

    def _it(self) -> list[str]:
        """What was spoken of last; else the pattern."""
        if self.last is not None:
            return [self.last]
        patterns = self.flow.of("pattern")
        return patterns[-1:] if len(patterns) == 1 else patterns

    def _nodes(self, phrase: Phrase) -> list[str]:
        if any(t.kind not in ("word", "str", "name") for t in phrase.tokens):
            return []
        words = [str(t.value) if t.kind == "str" else t.norm for t in phrase.tokens]
        said = tuple(part for word in words for part in parts_of(word) if part not in _SKIP)
        if not said:
            return []
        exact = [n for n in self.flow.types if parts_of(n) == said or n == " ".join(words)]
        titled = [n for n in self.flow.types if parts_of(self._title(n)) == said]
        if exact or titled:
            return exact or titled
        return self._of_kind(said)

    def _title(self, node_id: str) -> str:
        node = self.flow.document.node(node_id)
        made = self.flow.made.get(node_id)
        return node.name if node else made.name if made else ""

    def _of_kind(self, said: tuple[str, ...]) -> list[str]:
        """Nodes by their type or category, as in `kafka source`, `slack`, `patterns`."""
        category = _CATEGORIES.get(said[-1])
        kind = said[:-1] if category and len(said) > 1 else said
        if category and len(said) == 1:
            return [n for n in self.flow.types if self.flow.category(n) == category]
        if said in (("table",), ("topic",)):
            return [n for n in self.flow.of("sink") if said[0] in self.flow.types[n]]
        wanted = _WORDS.get(kind[0]) if len(kind) == 1 else None
        found = []
        for node_id, type_name in self.flow.types.items():
            if category and self.flow.category(node_id) != category:
                continue
            if type_name == wanted or _is_called(self.flow.catalog.get(type_name), kind):
                found.append(node_id)
        if len(kind) == 1 and kind[0] in ("slack", "teams", "pagerduty"):
            found = [n for n in found if self._config(n).get("provider") == kind[0]]
        return found

    def _config(self, node_id: str) -> dict[str, object]:
        node = self.flow.document.node(node_id)
        made = self.flow.made.get(node_id)
        return dict(node.config) if node else dict(made.config) if made else {}


def _is_called(node_type: NodeType, said: tuple[str, ...]) -> bool:
    """Whether some words are a type's name, a title's or an alias's, or the front of one."""
    for name in (node_type.type, node_type.title, *node_type.aliases):
        parts = tuple(singular(p) for p in re.findall(r"[a-z]+", name.lower()))
        bare = tuple(p for p in parts if p not in ("sink", "source", "pattern", "table", "topic"))
        if said in (parts, bare) or (len(said) == 1 and said[0] in bare and len(said[0]) > 3):
            return True
    return False


def _placed(found: list[str], ordinal: str | None) -> list[str]:
    if ordinal is None or not found:
        return found
    place = -1 if ordinal == "last" else ORDINALS.index(ordinal)
    return [found[place]] if place < len(found) else found


def spans(phrase: Phrase, start: int, end: int) -> Phrase:
    """The phrase without some of its tokens."""
    return phrase.without(Found(start, end, {}))
