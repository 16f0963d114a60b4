"""Edits that take back what was set, and what a node keeps of its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .edit_kind import EditKind
from .edit_said import is_plain, mentions, outside
from .fields import WORDS
from .names import Columns
from .phrase import Phrase
from .words import STOP, word_set

_NONE = (
    r"(?:(?:please|there|should|must|be|is|we|need|want|i|with) )*"
    r"(?:no(?: more)?|without|remove|drop|delete|lift|unset|clear|get rid of|do not need)"
    r"(?: (?:the|any|a))*"
)
_GROUPED = r"group(?:ing|s)?(?: by)?|groups"
_AFTER = r"(?: (?:any ?more|any longer|please|at all|now|for \w+|of \w+|on \w+|in \w+))*$"
_KEEPS = r"keeps?|kept|keeping|retains?|carry|carries"
_LESS = (
    r"not|no longer|stop|drop|drops|remove|without|never|forget|leave out|except|"
    r"(?:everything|all|all columns|every column) but"
)
_ALSO = r"also|too|as well|additionally|add|in addition|include"
_KEPT = word_set(
    "keep keeps kept keeping retain retains carry carries drop drops remove add include only just "
    "column columns field fields forget stop list leave out also too well additionally no longer "
    "never"
)


class Unset(EditKind):
    """Reads clauses that take something back."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._unset, self._kept)

    def _unset(self, phrase: Phrase) -> bool:
        """`no time limit`, `remove the grouping`: a field that may be left open."""
        lead = phrase.at(_NONE)
        if lead is None or phrase.has(r"#\w+"):
            return False
        names = "|".join(sorted(WORDS, key=len, reverse=True))
        named = phrase.at(rf"(?P<f>{names}|max(?:imum)? duration|{_GROUPED}){_AFTER}", lead.end)
        if named is None:
            return False
        said = " ".join(t.norm for t in named.groups["f"])
        fields = ("group_by",) if said.startswith("group") else WORDS.get(said, ("max_duration",))
        told = {n for m in mentions(phrase, self.values.references) for n in m.nodes}
        found = [(n, f) for n in self.flow.types for f in fields if self._may_be_open(n, f)]
        found = [(n, f) for n, f in found if n in told] or found
        if len(found) != 1:
            return False
        node, field = found[0]
        phrase.use()
        return self.values.update(node, {field: [] if field == "group_by" else None})

    def _may_be_open(self, node: str, name: str) -> bool:
        """Whether a field is set, and may be left out."""
        info = self.flow.catalog.get(self.flow.types[node]).Config.model_fields.get(name)
        if info is None or not self.values.config(node).get(name):
            return False
        return name == "group_by" or (not info.is_required() and info.default is None)

    def _kept(self, phrase: Phrase) -> bool:
        """`do not keep status`, `Once should only keep region and total`."""
        nodes = [n for n in self.flow.types if isinstance(self.values.config(n).get("keep"), list)]
        if len(nodes) != 1 or not phrase.has(_KEEPS) or phrase.has(r"#(?!name)\w+"):
            return False
        node = nodes[0]
        found = [m for m in mentions(phrase, self.values.references) if m.nodes == nodes]
        said = columns_said(outside(phrase, found), self.values.columns_into(node), _KEPT)
        if not said:
            return False
        keep: list[Any] = self.values.config(node)["keep"]
        if phrase.has(_LESS):
            made = [c for c in keep if c not in said]
        elif phrase.has("only|just"):
            made = said
        elif phrase.has(_ALSO):
            made = list(dict.fromkeys([*keep, *said]))
        else:
            return False
        if made == keep:
            return False
        phrase.use()
        return self.values.update(node, {"keep": made})


def columns_said(phrase: Phrase, columns: Columns, talk: frozenset[str]) -> list[str] | None:
    """The columns that a phrase names; None where it says something else, too."""
    said, at = [], 0
    while at < len(phrase):
        word = phrase.tokens[at].norm
        length, name = _column(phrase, at, columns, talk)
        if name:
            said.append(name)
        elif phrase.tokens[at].kind == "word" and word not in talk and not is_plain(word):
            return None
        at += max(length, 1)
    return list(dict.fromkeys(said))


def _column(phrase: Phrase, at: int, columns: Columns, talk: frozenset[str]) -> tuple[int, str]:
    """How many words at a place name one column, and which."""
    for length in range(min(3, len(phrase) - at), 0, -1):
        words = [t.norm for t in phrase.tokens[at : at + length]]
        plain = any(w in talk or w in STOP for w in words)
        named = None if plain and length == 1 else columns.key_of(words)
        if named and len(named.names) == 1 and not (plain and words[0] in talk):
            return length, named.name
    return 0, ""
