"""Edits whose value is a word: a name for a field that is named, another column to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .edit_assign import PLACED, Assignments, Slot
from .edit_heard import SERVICES
from .edit_restated import turned
from .edit_said import NEW_NODE, mentions, outside
from .phrase import Phrase
from .words import STOP

if TYPE_CHECKING:
    from .names import Columns

_IS = r"(?:is|are|to|=|:|called|named|be|becomes)(?: (?:now|called|named|set|to|the|be))*"


class WordEdits(Assignments):
    """Reads clauses that give a field a word."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._called, self._columned)

    def _called(self, phrase: Phrase) -> bool:
        """`the consumer group is fraud-cg`: a word as the value of a field that is named."""
        is_ = phrase.find(_IS)
        if is_ is None or is_.end >= len(phrase) or phrase.has(r"#(?!num)\w+"):
            return False
        last = phrase.part(is_.end)
        if phrase.end_of_hyphenated(is_.end) != len(phrase) or last.tokens[0].kind != "word":
            return False
        if last.tokens[0].norm in SERVICES:
            return False
        value = last.tokens[0]._replace(text="-".join(t.text for t in last.tokens))
        before = phrase.part(0, is_.start)
        found = mentions(before, self.values.references)
        slots = [s for s in self.slots(before, outside(before, found), found, value, []) if s.words]
        return bool(slots) and self.put(phrase, outside(before, found), slots, value, [])

    def _columned(self, phrase: Phrase) -> bool:
        """`Rising should watch humidity`: another column in the one field that holds one."""
        if phrase.has(r"#\w+") or phrase.at(NEW_NODE) or phrase.has(PLACED):
            return False
        found = mentions(phrase, self.values.references)
        named = {n for m in found for n in m.nodes}
        rest = outside(phrase, found)
        for node in (n for n in self.flow.types if n in named):
            config, columns = self.values.config(node), self.values.columns_into(node)
            said_of, way = turned(rest, config)
            fields = [f for f in ("value",) if config.get(f) in columns.types]
            said = [
                m.name
                for t in said_of.tokens
                if t.norm not in STOP and (m := columns.key_of([t.norm])) and len(m.names) == 1
            ]
            numeric = columns.numeric()
            new = [s for s in dict.fromkeys(said) if s in numeric and s != config.get("value")]
            new = new if fields else []
            slot = Slot(node, "value", 0, frozenset())
            token = rest.tokens[0]._replace(kind="num") if rest else None
            if len(new) == 1 and token and self.told(_without(said_of, columns), slot, token):
                phrase.use()
                return self.values.update(node, {fields[0]: new[0], **way})
        return False


def _without(phrase: Phrase, columns: Columns) -> Phrase:
    """A phrase without the columns that it names."""
    kept = [t for t in phrase.tokens if t.norm in STOP or not columns.named([t.norm])]
    return Phrase(kept, phrase.used)
