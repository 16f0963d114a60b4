"""How often something happens: `three`, `at least 2`, `more than 5`, `3 times`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .phrase import Found, Phrase
from .tokens import Token
from .words import word_set

if TYPE_CHECKING:
    pass

MAX_COUNT = 10_000


_N = r"(?P<n>#num|#times)"


_COUNTS = (
    (rf"(?P<op>>=|at min|min) {_N}", 0, None),
    (rf"(?P<op>>) {_N}", 1, None),
    (
        rf"(?:at least|no fewer than|no less than|minimum of|a minimum of) {_N}(?: or more)?",
        0,
        None,
    ),
    (rf"(?:more than|over|above|exceeding|exceeds?) {_N}", 1, None),
    (rf"{_N} (?:or more|and more|plus|\+)(?: times)?", 0, None),
    (r"(?P<n>#num) (?:to|-) (?P<m>#num|#times)", 0, 0),
    (r"between (?P<n>#num) and (?P<m>#num|#times)", 0, 0),
    (rf"(?:up to|at most|no more than) {_N}", -1, 0),
    (rf"(?:fewer|less) than {_N}", -1, -1),
    (rf"(?:exactly |just |only )?{_N}", 0, 0),
)
"""Counts: the cue, what is added for the least, and for the most; no most is None."""

_BETWEEN = word_set("of the consecutive different separate such successive straight")
"""Words between a number and what it counts."""
_BEFORE_SIGN = word_set("when if with has have makes make after whenever , user users a than")
_NO_NOUN = word_set(
    "and or only alone up upwards down which who that "
    "then in within for but at on per to as with from when by comes "
    "come arrives is are was has goes happens occurs"
)
"""Words after a number that counts nothing."""


def counted(phrase: Phrase) -> tuple[tuple[int, int | None] | None, Phrase]:
    """How often something happens, and the phrase without that."""
    count, _, rest = count_said(phrase)
    return count, rest


def count_said(phrase: Phrase) -> tuple[tuple[int, int | None] | None, Phrase, Phrase]:
    """How often something happens, the words that say so, and the phrase without them."""
    for cue, more_low, more_high in _COUNTS:
        places = phrase.all(cue)
        found = next((f for f in places if _counts(phrase, f)), None)
        if found is None:
            continue
        least = int(found.groups["n"][0].value)
        most = int(found.groups["m"][0].value) if "m" in found.groups else least
        low = 1 if more_low < 0 else least + more_low
        high = None if more_high is None else most + more_high
        if not 0 < low <= MAX_COUNT or (high is not None and not low <= high <= MAX_COUNT):
            continue
        phrase.use(found.start, found.end)
        return (low, high), phrase.part(found.start, found.end), phrase.without(found)
    return None, phrase.part(0, 0), phrase


def _counts(phrase: Phrase, found: Found) -> bool:
    """Whether a cue counts; `an order over 10k` compares."""
    compares = phrase.part(max(0, found.start - 3), found.start).at(
        r"(?:\w+ )?(?:an?|every|any|each) \w+$"
    )
    more = phrase.part(found.start, found.end).at("more than|over|above|exceed\\w*")
    if (
        compares
        and more
        and found.start
        and phrase.tokens[found.start - 1].norm
        not in ("with", "has", "makes", "in", "sees", "where", "when", "if")
    ):
        return False
    if (
        "op" in found.groups
        and found.start
        and phrase.tokens[found.start - 1].norm not in _BEFORE_SIGN
    ):
        return False
    if found.start and phrase.tokens[found.start - 1].kind == "op":
        return False
    return _is_count(phrase, found.end, found.groups["n"][0])


def _is_count(phrase: Phrase, end: int, number: Token) -> bool:
    """Whether a number counts events, and is no amount or the like."""
    if number.value != int(number.value) or number.unit or number.value < 0:
        return False
    if number.norm == "#times":
        return True
    if phrase.at(r"times", end):
        return True
    while end < len(phrase) and phrase.tokens[end].norm in _BETWEEN:
        end += 1
    follows = phrase.part(end, end + 1)
    named = bool(follows) and follows.tokens[0].kind in ("word", "str", "name")
    return named and follows.tokens[0].norm not in _NO_NOUN
