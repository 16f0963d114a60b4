"""Rows for the elements of an array, in whatever words: `one row per item of each order`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .names import singular
from .phrase import Found, Phrase
from .rewriting import mark, word
from .tokens import Token
from .words import word_set

_ROW = r"(?:rows?|records?|lines?|events?)"
_ROWS = (
    rf"(?:an?|one|#num|its|their|separate|single|own|individual|several|many|different) "
    rf"(?:(?:own|separate|single|new|individual) ){{0,2}}{_ROW}(?: of (?:its|their) own)?|"
    rf"(?:own|separate|single|individual) {_ROW}|{_ROW} of (?:its|their) own|{_ROW}"
)
_LEAD = r"(?:(?:i|we|want|would|like|to|need|please|make|give|me|us|get|have|turn|with|then|and) )*"
_PART = r"(?:elements?|items?|entry|entries|members?|positions?)"
_OF = r"(?: (?:of|in|from)(?: (?:the|each|every|an?|all|its|their|one))* [a-z_]\w*)"
_UNNEST = r"(?:unnest|explode|unpack|unroll|flatten|expand|break|split|open)"
_NAMED = (
    r"(?:(?:,|;|and|\(|please|then) )*(?:(?:call|name)(?: (?:it|them|the|new|column|field|result|"
    r"each|one|of|element|row))* |(?:in|as|into|with|under)(?: (?:an?|the|new|own))* (?:column|"
    r"field|name)(?: (?:called|named|:))? |as (?:an? )?(?=[a-z_])|(?:called|named|(?:column|"
    r"alias|field) (?::|=|called|"
    r"named|is))(?: the)? |(?:column|alias) (?=[a-z_]\w* \) ))(?P<a>[a-z_]\w*|#str)(?: \))?"
)
_NO_NAME = word_set("it them the to into a an in and then that this each every")
_REACH = 14
_NEAR = 5


def unnested(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """The text with `explode items as item` for what says so of an array's elements."""
    arrays = [name for name, kind in columns.items() if kind.startswith("array")]
    phrase = Phrase(tokens)
    for name in arrays:
        found = _told(phrase, name, alone=len(arrays) == 1)
        if found is not None:
            return _exploded(phrase, found, name)
    return list(tokens)


def _cues(own: str) -> tuple[str, str, str]:
    """What says so of an array of some name, the plainest first."""
    part = rf"(?:{_PART}|{own})"
    return (
        rf"{_LEAD}{_UNNEST}(?: (?:up|the|array|list|column|field))* (?:{own})"
        rf"(?: (?:array|list|column|field))*(?: (?:in|to|as|into|so that)(?: (?:each|every|"
        rf"{part}|is|one))* (?:{_ROWS}))?(?: (?:for|per)(?: (?:each|every|the))* {part})?",
        rf"{_LEAD}(?:{_ROWS}) (?:per|for)(?: (?:each|every|any|single|of|the|one))* {part}"
        rf"{_OF}{{0,2}}",
        rf"{_LEAD}(?:for |of |from )?(?:each|every|all|the|single)(?: (?:of|the|single))* {part}"
        rf"{_OF}{{0,2}}(?: (?:gets?|becomes?|is|as|into|in|to|should|be|must|,))* (?:{_ROWS})",
    )


def _own(name: str) -> str:
    return "|".join(re.escape(n) for n in (name.lower(), singular(name.lower())))


def _told(phrase: Phrase, name: str, alone: bool) -> Found | None:
    """Where a text says that each element of an array is a row of its own."""
    own = _own(name)
    if not phrase.has(own) and not (alone and phrase.has(_ROWS)):
        return None
    for cue in _cues(own):
        found = phrase.find(cue)
        if found is not None and (alone or phrase.part(found.start).has(own)):
            told = phrase.part(found.start, found.end)
            if told.has(own) or phrase.has(rf"(?:array|list)(?: \w+){{0,3}} (?:{own})"):
                return found
    return None


def _exploded(phrase: Phrase, found: Found, name: str) -> list[Token]:
    """The text with `explode items as item ;` in the place of what was found."""
    first = found.tokens[0]
    own = re.escape(name.lower())
    tail = phrase.part(found.end)
    array = tail.find(
        rf"(?:(?:,|;|\(|the|where|its) )*(?:array|list|column|field)(?: (?:column|is|=|:|called|"
        rf"named))* {own}(?: \))?"
    )
    tail = tail.without(array)
    again = next((f for cue in _cues(_own(name))[1:] if (f := tail.find(cue))), None)
    tail = tail.without(again) if again and again.start < _NEAR else tail
    near = tail.part(0, _REACH).find(_NAMED)
    said = [word("explode", first), Token("word", name, name.lower(), place=first.place)]
    alias = near.groups["a"][0] if near else None
    if near is not None and alias is not None and alias.norm not in _NO_NAME:
        said += [word("as", first), alias._replace(kind="word", norm=alias.norm)]
        tail = tail.without(near)
    lead = tail.at(r"(?:(?:,|;|\)|please|and|that|it|then) )*(?:,|;|\)|please|and|then)")
    tail = tail.part(lead.end) if lead else tail
    before = list(phrase.tokens[: found.start])
    return [*before, *said, mark(";", first), *tail.tokens]
