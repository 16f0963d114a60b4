"""Which node of a pipeline some words mean: `the Kafka source`, `it`, `the second filter`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from .flow import Flow
from .names import parts_of, singular
from .phrase import Phrase
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
    "duplicate": "deduplicate",
    "dedup": "deduplicate",
    "dedupe": "deduplicate",
    "deduplication": "deduplicate",
    "threshold": "count-threshold",
    "count": "count-threshold",
    "window": "window-aggregate",
    "summing": "window-aggregate",
    "averaging": "window-aggregate",
    "aggregating": "window-aggregate",
    "counting": "count-threshold",
    "deduplicating": "deduplicate",
    "deduping": "deduplicate",
    "filtering": "filter",
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
_COMPUTED = ("sums", "totals", "averages", "aggregates")
"""What a window computes, as its name."""
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
        self._known: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}

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
            last = phrase.tokens[start + length - 1].norm
            found = [] if last in _SKIP else self._nodes(phrase.part(start, start + length))
            if found:
                end = start + length
                found, end = self._narrowed(found, phrase, end)
                found, end = self._titled(found, phrase, end)
                more = phrase.at(
                    (
                        r"(?:node|step|sink|source|pattern|filter|window|table|"
                        r"topic|alert|detection|detector)"
                    ),
                    end,
                )
                return _placed(found, ordinal), more.end if more else end
        return [], at

    def _titled(self, found: list[str], phrase: Phrase, end: int) -> tuple[list[str], int]:
        """`the table Kept`: the title right behind what the node is."""
        said = phrase.part(end, end + 1)
        written = bool(said) and said.tokens[0].kind == "word" and said.tokens[0].text.istitle()
        told = [n for n in self._nodes(said) if n in found] if written else []
        return (told, end + 1) if len(told) == 1 else (found, end)

    def _narrowed(self, found: list[str], phrase: Phrase, end: int) -> tuple[list[str], int]:
        """`the filter on humidity`: of several the one that words after them tell of."""
        cue = phrase.at(r"(?:on|for|of|called|named|about|over|with|by)(?: the)?", end)
        for length in range(3, 0, -1) if cue else ():
            said = phrase.part(cue.end, cue.end + length) if cue else phrase
            if len(said) == length and all(t.kind == "word" for t in said.tokens):
                told = [n for n in found if self.tells(n, said)]
                after = phrase.at(r"#\w+|=|is|>|<|>=|<=|!=|over|under|at", cue.end + length)  # type: ignore[union-attr]
                if len(told) == 1 and not after:
                    return told, cue.end + length if cue else end
        return found, end

    def tells(self, node: str, phrase: Phrase) -> bool:
        """Whether a node's name or condition holds all words of a phrase."""
        words = {p for t in phrase.tokens for p in parts_of(str(t.value or t.text))} - _SKIP
        config = self.flow.config(node)
        held = " ".join(str(config.get(f, "")) for f in ("condition", "where", "value", "table"))
        return bool(words) and words <= set(parts_of(f"{self.flow.title(node)} {held}"))

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
        known = (tuple(words), tuple(self.flow.types))
        if known not in self._known:
            self._known[known] = self._called(said, words)
        return list(self._known[known])

    def _called(self, said: tuple[str, ...], words: list[str]) -> list[str]:
        """Nodes by their id, their title, or their kind."""
        exact = [n for n in self.flow.types if parts_of(n) == said or n == " ".join(words)]
        titled = [n for n in self.flow.types if parts_of(self.flow.title(n)) == said]
        if exact or titled:
            return exact or titled
        if words[0] in _COMPUTED and len(words) == 1:
            return [n for n, kind in self.flow.types.items() if kind == "window-aggregate"]
        return self._of_kind(said)

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
            found = [n for n in found if self.flow.config(n).get("provider") == kind[0]]
        return found or self._described(said)

    def _described(self, said: tuple[str, ...]) -> list[str]:
        """`the humidity filter`: nodes of a kind whose condition speaks of the words before."""
        if len(said) < 2:
            return []
        held = ("condition", "where", "value", "table")
        return [
            n
            for n in self._of_kind(("filter",) if said[-1] == "condition" else said[-1:])
            if set(said[:-1])
            <= set(parts_of(" ".join(str(self.flow.config(n).get(f, "")) for f in held)))
        ]


@cache
def nicknames(type_name: str) -> tuple[str, ...]:
    """What people call a node of a type beside its titles."""
    return tuple(word for word, wanted in _WORDS.items() if wanted == type_name)


def _is_called(node_type: NodeType, said: tuple[str, ...]) -> bool:
    """Whether some words are a type's name, a title's or an alias's, or the front of one."""
    return said in names_of((node_type.type, node_type.title, *node_type.aliases))


@cache
def names_of(names: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """All that a type of some names may be called."""
    found: set[tuple[str, ...]] = set()
    for name in names:
        parts = tuple(singular(p) for p in re.findall(r"[a-z]+", name.lower()))
        bare = tuple(p for p in parts if p not in ("sink", "source", "pattern", "table", "topic"))
        found |= {parts, bare} | {(p,) for p in bare if len(p) > 3}
    return frozenset(found)


def _placed(found: list[str], ordinal: str | None) -> list[str]:
    if ordinal is None or not found:
        return found
    place = -1 if ordinal == "last" else ORDINALS.index(ordinal)
    return [found[place]] if place < len(found) else found
