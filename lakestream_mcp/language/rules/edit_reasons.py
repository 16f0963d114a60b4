"""Reasons that a clause gives: `15 minutes is too long, use 5`."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Phrase
from .words import DURATIONS

TOO = (
    r"(?:is|are|was|were|seems|looks|comes) (?:far |way |much |a bit |simply )?"
    r"(?:too \w+|not enough)"
)


def instead_of(what: Phrase, why: Phrase) -> Phrase:
    """`use 5` for `15 minutes is too long`: in the place of the value that is too much."""
    old = [t for t in why.tokens if t.kind in ("dur", "num", "times")][:1]
    if not old:
        return what
    tokens = list(what.tokens)
    for place, token in enumerate(tokens):
        if token.kind == "num" and old[0].kind == "dur" and not token.unit:
            length = token.value * DURATIONS.get(old[0].unit, 0)
            tokens[place] = token._replace(kind="dur", norm="#dur", value=length)
    said = [old[0]._replace(kind="word", text=w, norm=w) for w in ("instead", "of")]
    return Phrase([*tokens, *said, *why.tokens], what.used)


def reasons_joined(found: Sequence[Phrase]) -> list[Phrase]:
    """Sentences, each with the one before that says what is too much: `5 min is too tight`."""
    made: list[Phrase] = []
    for phrase in found:
        too = made[-1].find(TOO) if made else None
        if too is not None and too.end == len(made[-1]):
            comma = phrase.tokens[0]._replace(kind="punct", text=",", norm=",")
            made[-1] = Phrase((*made[-1].tokens, comma, *phrase.tokens), phrase.used)
        else:
            made.append(phrase)
    return made
