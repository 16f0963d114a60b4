"""Streams that a text calls by letters: `A = topic bids, B = topic asks; B after A`."""

from __future__ import annotations

from collections.abc import Sequence

from .names import parts_of
from .phrase import Phrase
from .rewriting import word
from .tokens import Token

_LETTER = (
    r"(?:(?:stream|source|input|side) )?(?:[a-d]|#str|left|right) (?:=|:|is)"
    r"(?: (?:the|a|kafka|delta|unity|catalog|stream|mqtt|from))*"
    r"(?: (?:topic|table)s?(?: =| :)?)? (?P<name>#name|#str|[a-z]\w*)"
)
_LEADS = ("stream", "source", "input", "side")
_LETTERS = ("A", "B", "C", "D", "left", "right")


def unlettered(tokens: Sequence[Token]) -> list[Token]:
    """The text with the name of each stream where its letter stands; as it is where there are
    fewer than two."""
    phrase = Phrase(tokens)
    names: dict[str, Token] = {}
    gone: set[int] = set()
    for found in phrase.all(_LETTER):
        at = found.start + (phrase.tokens[found.start].norm in _LEADS)
        name = found.groups["name"][0]
        placed = phrase.part(at, found.end).has("topics?|tables?|#name")
        if phrase.tokens[at].text in _LETTERS and placed:
            names.setdefault(phrase.tokens[at].text, name)
            gone |= {*range(found.start, at + 2)}
    if len(names) < 2:
        return list(tokens)
    made: list[Token] = []
    for n, token in enumerate(tokens):
        if n not in gone:
            called = names.get(token.text)
            made.append(word(_short(called), token) if called else token)
    return made


def _short(name: Token) -> str:
    """`signups` for `main.web.signups`."""
    said = str(name.value or name.text).rsplit(".", 1)[-1]
    return "_".join(parts_of(said)) or said
