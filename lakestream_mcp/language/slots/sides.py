"""By what the rows of two sources belong together, and which of them come first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ..rules.measure_words import duration_of
from ..rules.phrase import Found, Phrase
from ..rules.tokens import Token

_OF = r"(?: (?:of|in|from|on)(?: (?:the|an?|each|every|its))* [a-z_]\w*)?"
_SAME = (
    r"(?: (?:is|are|=|equals?|equal|to|matches|match|matching|the|same|as|corresponds|must|be|a|"
    r"should|on|against))+"
)
_SAYS = r"is|are|=|equals?|equal|match\w*|corresponds|same|against"
_LEAD = r"(?:(?:where|with|on|by|and|,|when|if|using|join|joined|matched|key|keys|:|the|over) )*"


class Pairs(NamedTuple):
    """Columns that must be equal, of the left and of the right source."""

    left: list[str]
    right: list[str]

    @property
    def are_alike(self) -> bool:
        """Whether both sides call them the same."""
        return self.left == self.right


def pairs_told(phrase: Phrase, types: Collection[Mapping[str, str]]) -> tuple[Pairs | None, Phrase]:
    """The columns that a text says are equal, one of each source, and the text without that."""
    if len(types) != 2:
        return None, phrase
    (left, right), pairs = types, Pairs([], [])
    for _ in range(4):
        found = _pair(phrase, left, right) or _pair(phrase, right, left)
        if found is None:
            break
        first, second = _named(found.groups["a"][0]), _named(found.groups["b"][0])
        turned = not (first in _lower(left) and second in _lower(right))
        first, second = (second, first) if turned else (first, second)
        pairs.left.append(_lower(left)[first])
        pairs.right.append(_lower(right)[second])
        phrase.use(found.start, found.end)
        phrase = phrase.without(found)
    return (pairs, phrase) if pairs.left else (None, phrase)


def _pair(phrase: Phrase, first: Mapping[str, str], second: Mapping[str, str]) -> Found | None:
    """`order_id = ship_order`, `the isin of the quote is the instrument of the fill`."""
    left, right = (_any(first), _any(second))
    cue = rf"{_LEAD}(?P<a>{left}){_OF}(?P<says>{_SAME}) (?P<b>{right}){_OF}"
    for found in phrase.all(cue):
        if Phrase(found.groups["says"]).has(_SAYS):
            return found
    return None


def _any(names: Mapping[str, str]) -> str:
    return "|".join(re.escape(n) for n in sorted(_lower(names), key=len, reverse=True)) or "(?!)"


def _lower(names: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): name for name in names}


def _named(token: Token) -> str:
    return token.norm


def shared(types: Collection[Mapping[str, str]]) -> list[str]:
    """The columns that both sources have, but for times and measures."""
    if len(types) != 2:
        return []
    left, right = types
    kinds = ("string", "int", "bigint")
    return [n for n, kind in left.items() if kind in kinds and right.get(n) == kind]


def spans(time: Token, order: str | None) -> dict[str, Any]:
    """How far before and after one another rows of a join may be."""
    within, none = duration_of(time), "0 seconds"
    return {
        "within_before": none if order == "right-first" else within,
        "within_after": none if order == "left-first" else within,
    }
