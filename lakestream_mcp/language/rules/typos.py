"""Slips of the pen in the words of the grammar: `differnt`, `folowed`, `averge`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache

from .names import parts_of
from .tokens import Token
from .words import (
    DURATIONS,
    ENTITIES,
    GENERIC,
    NUMBERS,
    STATUS_WORDS,
    STOP,
    word_set,
)

_LEXICON = word_set(
    "different distinct followed within without between average maximum minimum threshold "
    "duplicate duplicates sequence session sessions temperature consecutive afterwards immediately "
    "increase increases increasing decrease decreases decreasing filter remove rename minutes "
    "seconds hours successful failed declined approved exactly window windows pattern instead "
    "rather every detect country customer merchant device amount transaction payment payments "
    "outlier duration greater exceeds exceed unique column columns median deviation deviations "
    "enrich lookup deduplicate aggregate alert notify channel table kafka topic watermark sensor "
    "device devices sending reporting reading readings vehicle message messages machine seconds "
    "humidity latency measurements product products session"
)
_KNOWN = (
    _LEXICON | frozenset(DURATIONS) | frozenset(NUMBERS) | STOP | GENERIC | ENTITIES | STATUS_WORDS
)
MIN_LENGTH = 6
NEAR = 0.86


def corrected(tokens: list[Token], names: Iterable[str]) -> list[Token]:
    """The tokens with words that are close to one word of the grammar, and to nothing else."""
    known = {part for name in names for part in (name.lower(), *parts_of(name))}
    return [_corrected(token, known) for token in tokens]


def _corrected(token: Token, known: set[str]) -> Token:
    word = token.norm
    if (
        token.kind != "word"
        or len(word) < MIN_LENGTH
        or word in known
        or word != token.text.lower()
    ):
        return token
    near = _near(word)
    return token._replace(norm=near) if near and near not in known else token


@cache
def _near(word: str) -> str | None:
    """The only word of the grammar that a word is a slip of; the first of two alike."""
    if word in _KNOWN or not word.isalpha() or len(word) > 20 or _inflected(word):
        return None
    if turned := _turned(word):
        return turned
    near = difflib.get_close_matches(word, _LEXICON, n=1, cutoff=NEAR)
    return near[0] if near and near[0].rstrip("sd") != word.rstrip("sd") else None


def _turned(word: str) -> str | None:
    """The one word of the grammar whose letters come in another order: `devcie`."""
    same = [w for w in _LEXICON if len(w) == len(word) and sorted(w) == sorted(word)]
    return same[0] if len(same) == 1 and same[0][0] == word[0] else None


def _inflected(word: str) -> bool:
    """Whether a word is another form of one of the grammar, which means something of its own."""
    ends = ("s", "es", "d", "ed", "ing", "ly", "er", "r", "ment")
    return any(word.endswith(e) and word.removesuffix(e) in _KNOWN for e in ends)
