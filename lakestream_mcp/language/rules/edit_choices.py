"""Edits of fields that are one of a few words: who is told, which way, from where on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from .edit_fields import kind_of
from .edit_kind import EditKind
from .edit_said import ALSO, NEW_NODE, mentions, stems
from .event_kinds import stem
from .phrase import Phrase
from .sinks import take_sink
from .words import STOP

if TYPE_CHECKING:
    pass

_TURNED = (
    r"instead|rather|switch|switched|move|moved|make|change|changed|no longer|not|replace|turn|now|"
    r"use|convert|should|shall|must|has to|have to|is|start|from now on|set|:|=|begin|from the"
)
_STARTS = r"start|starts|starting|begin|begins|read|reading|consume|replay|offsets?|position"
_ENDS = {
    "beginning": "earliest",
    "oldest": "earliest",
    "first": "earliest",
    "newest": "latest",
    "end": "latest",
}
_OTHERWISE = r"instead|rather than|from #num to|before|after|between|behind|first|second|last|both"
"""Words by which one of several is meant, or another place."""
_REPLACES = r"(?:please )?(?:replace|swap|exchange|substitute)"


class Choice(NamedTuple):
    """An option of a field of a node that a word names, and what is chosen now."""

    node: str
    field: str
    option: str
    current: str


class Choices(EditKind):
    """Reads clauses that choose another option."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._chosen,)

    def open(self, phrase: Phrase) -> bool:
        """`set the filter to > 30`, where it may be any of several: it is asked."""
        if phrase.at(NEW_NODE) or not phrase.has("#num") or phrase.has(_OTHERWISE):
            return False
        found = mentions(phrase, self.values.references)
        noun = phrase.find(r"(?:the|that|this|your|our) (?P<n>filter|condition)(?: condition)?")
        nodes = [n for n, kind in self.flow.types.items() if kind == "filter"]
        columns = {c.lower() for n in nodes for c in self.values.columns_into(n).types} - STOP
        others = [m for m in found if len(m.nodes) == 1]
        if noun is None or len(nodes) < 2 or others or columns & {t.norm for t in phrase.tokens}:
            return False
        phrase.use()
        self.values.talk.ask(f"Which {noun.groups['n'][0].norm} is meant?", nodes)
        return True

    def _chosen(self, phrase: Phrase) -> bool:
        """`use pagerduty instead of slack`, `start from the earliest offset`."""
        if (
            phrase.at(_REPLACES)
            or phrase.has(rf"{ALSO}|#\w+")
            or phrase.at(NEW_NODE)
            or not phrase.has(_TURNED)
        ):
            return False
        said = {t.norm for t in phrase.tokens if t.kind == "word"}
        if phrase.has(_STARTS):
            said |= {_ENDS[word] for word in said & _ENDS.keys()}
        named = {n for m in mentions(phrase, self.values.references) for n in m.nodes}
        found = [c for c in self._options(said) if self._meant(c, said, named)]
        fields = [(c.node, c.field) for c in found]
        if len({c.node for c in found}) != 1 or len(set(fields)) < len(found):
            return False
        changed: dict[str, Any] = {}
        for choice in sorted(found, key=lambda c: c.field != "provider"):
            changed |= self._reached(phrase, choice) if choice.field == "provider" else {}
            changed[choice.field] = choice.option
        phrase.use()
        return self.values.update(found[0].node, changed)

    def _options(self, said: set[str]) -> Iterator[Choice]:
        """The options that words name and that are not chosen now."""
        for node, type_name in self.flow.types.items():
            node_type = self.flow.catalog.get(type_name)
            for field, info in node_type.Config.model_fields.items():
                if kind_of(node_type, field) != "choice":
                    continue
                current = str(self.values.config(node).get(field, info.default))
                for option in re.findall(r"'([a-z]+)'", str(info.annotation)):
                    if option in said and option != current:
                        yield Choice(node, field, option, current)

    def _meant(self, choice: Choice, said: set[str], named: set[str]) -> bool:
        """Whether the field is named, or what it is now, or the node of a field that is set."""
        words = {stem(word) for word in said}
        if said & _ENDS.keys() and choice.field.startswith("starting_"):
            return True
        is_set = choice.field in self.values.config(choice.node)
        return bool(
            (choice.current in said and is_set)
            or (choice.node in named and is_set)
            or stems(choice.field) & words - {choice.option}
        )

    def _reached(self, phrase: Phrase, choice: Choice) -> dict[str, Any]:
        """How another provider is reached, in the place of how the old one was."""
        token = next(t for t in phrase.tokens if t.norm == choice.option)
        lead = token._replace(norm="to", text="to")
        scene = self.values.scene(choice.node)
        sink = take_sink(scene, Phrase((lead, token), set()), True)
        if sink is None or sink[0].type != self.flow.types[choice.node]:
            return {}
        config = self.values.config(choice.node)
        fields = ("webhook_url", "routing_key", "severity", "region", "source")
        made = {k: v for k, v in sink[0].config.items() if v is not None}
        return {**{k: None for k in fields if k in config}, **made}
