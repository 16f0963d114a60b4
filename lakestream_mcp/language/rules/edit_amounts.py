"""How much more or less a clause says, in the words that are looked for."""

from __future__ import annotations

from fractions import Fraction

from .phrase import Phrase
from .words import DURATIONS

_MORE = r"(?:more|less|fewer|longer|shorter|higher|lower|extra|additional|further)"
_ONE = rf"one(?: [a-z]+){{0,2}} {_MORE}(?! than)|one {_MORE} [a-z]+"
_RAISES = r"(?:bump|raise|increase|lift|push|bring|take|lower|reduce|drop|cut|set|move|turn)"
_UP_TO = r"(?:up|down) to (?:#num|#dur)"
_UNIT = rf"(?P<n>#num) (?P<m>{_MORE}) (?P<u>[a-z]+)"


def with_amounts(phrase: Phrase) -> Phrase:
    """`one reading longer` with a number, `5 more minutes` as `5 minutes more`."""
    tokens = list(phrase.tokens)
    for found in phrase.all(_ONE):
        one = tokens[found.start]
        tokens[found.start] = one._replace(kind="num", norm="#num", value=Fraction(1))
    phrase = Phrase(tokens, phrase.used)
    up = phrase.find(_UP_TO)
    if up is not None and phrase.at(_RAISES):
        phrase = phrase.outside(up.start, up.end - 2)
        tokens = list(phrase.tokens)
    timed = phrase.find(_UNIT)
    unit = timed.groups["u"][0].norm if timed else ""
    if timed is None or unit not in DURATIONS or len(unit) < len("sec"):
        return phrase
    number, more = timed.groups["n"][0], timed.groups["m"][0]
    length = Fraction(number.value) * DURATIONS[unit]
    text = f"{number.text} {unit}"
    time = number._replace(kind="dur", text=text, norm="#dur", value=length, unit=unit)
    return Phrase((*tokens[: timed.start], time, more, *tokens[timed.end :]), phrase.used)
