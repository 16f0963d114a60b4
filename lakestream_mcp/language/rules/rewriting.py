"""Other tokens in the place of what a cue finds, before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .phrase import Found, Phrase
from .tokens import Token

Rewriting = tuple[str, Callable[[Found], Sequence[Token] | None]]
"""A cue, and what stands in the place of each that is found; None: it stays."""


def rewritten(tokens: Sequence[Token], *rewritings: Rewriting) -> list[Token]:
    """The text with one rewriting after the other."""
    phrase = Phrase(tokens)
    for cue, tell in rewritings:
        phrase = _rewritten(phrase, cue, tell)
    return list(phrase.tokens)


def _rewritten(phrase: Phrase, cue: str, tell: Callable[[Found], Sequence[Token] | None]) -> Phrase:
    made, at = list[Token](), 0
    for found in phrase.all(cue):
        told = tell(found)
        if told is not None:
            made += [*phrase.tokens[at : found.start], *told]
            at = found.end
    return Phrase([*made, *phrase.tokens[at:]]) if at else phrase


def word(said: str, at: Token) -> Token:
    """A word that stands where a token was."""
    return Token("word", said, said, place=at.place)


def mark(said: str, at: Token) -> Token:
    """A comma, colon or semicolon that stands where a token was."""
    return Token("punct", said, said, place=at.place)


def sign(said: str, at: Token) -> Token:
    """A sign of a comparison or a sum that stands where a token was."""
    return Token("op", said, said, place=at.place)
