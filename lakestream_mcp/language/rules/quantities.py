"""Tokens that belong together made one: numbers in words, durations, distances, money."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .names import singular
from .tokens import Token
from .words import (
    DISTANCES,
    DURATIONS,
    ENTITIES,
    FACTORS,
    NEUTRAL_UNITS,
    NUMBERS,
    RATES,
    SCALES,
    SPEEDS,
    TIMES,
)

_ARTICLES = ("a", "an", "one")
_BEFORE_UNIT = (
    "per",
    "each",
    "every",
    "last",
    "past",
    "previous",
    "next",
    "the",
    "within",
    "in",
    "same",
)
_PLACES = ("of", "from", "away", "radius", "around", "near")
_SIZES = frozenset(
    ["larger", "bigger", "higher", "more", "as", "the", "its", "their", "average", "of", "normal",
     "usual", "greater", "faster", "slower", "less", "lower", "smaller", "increase", "than",
     "within", "in", "compared", "that", "over", "mean", "median", "or", "and", "longer", "what"]
)  # fmt: skip
_SPAN = ("minute", "hour", "day", "week", "second", "min", "month", "fortnight")


def measured(tokens: Sequence[Token]) -> list[Token]:
    """The same text with every quantity as one token."""
    return _slashed(_joined(_spread(_units(_numbers(list(tokens))))))


def _spread(tokens: list[Token]) -> list[Token]:
    """`between 2 and 5 seconds`: a unit that is said once, of both."""
    for at, token in enumerate(tokens[:-2]):
        last = tokens[at + 2]
        joined = at > 0 and tokens[at - 1].norm in ("between", "from", "within", "of")
        if token.norm != "#num" or not joined or tokens[at + 1].norm not in ("and", "to", "-"):
            continue
        if last.kind == "dur" and last.unit in DURATIONS:
            tokens[at] = _duration(token, DURATIONS[last.unit] * token.value, [last], 0, 1)
            tokens[at] = tokens[at]._replace(text=token.text, place=token.place)
        elif last.kind in ("num",) and last.unit and not token.unit:
            tokens[at] = token._replace(unit=last.unit, norm=last.norm)
    return tokens


def _slashed(tokens: list[Token]) -> list[Token]:
    """`5 logins / user / 10 min`: a slash is `per` before a word, `within` before a time."""
    made: list[Token] = []
    for at, token in enumerate(tokens):
        after = tokens[at + 1] if at + 1 < len(tokens) else token
        before = tokens[at - 1] if at else token
        apart = token.place > before.place + len(before.text)
        if token.norm == "/" and apart and before.kind in ("word", "dur"):
            computed = {t.norm for t in tokens[max(0, at - 3) : at]} & {"=", "as", "(", "compute"}
            if after.kind == "word" and after.norm not in ("or", "and") and not computed:
                made.append(token._replace(kind="word", norm="per"))
                continue
            if after.norm == "#dur" and after.text[:1].isdigit():
                made.append(token._replace(kind="word", norm="within"))
                continue
        made.append(token)
    return made


def _numbers(tokens: list[Token]) -> list[Token]:
    """`twenty five`, `two hundred`, `half a dozen`, `3/4` as numbers."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        value, end = _spoken(tokens, at)
        if value is None:
            token = tokens[at]
            if token.norm in TIMES:
                token = token._replace(kind="times", norm="#times", value=TIMES[token.norm])
            elif token.norm in FACTORS:
                token = token._replace(value=Fraction(str(FACTORS[token.norm])))
            made.append(token)
            at += 1
            continue
        text = " ".join(t.text for t in tokens[at:end])
        first = tokens[at]
        made.append(Token("num", text, "#num", value, first.unit, first.place))
        at = end
    return made


def _spoken(tokens: list[Token], at: int) -> tuple[Fraction | None, int]:  # noqa: PLR0911 - the cases of a grammar
    """A number that begins here, in digits or words, and where it ends."""
    first = tokens[at]
    if first.norm == "#num":
        value: Fraction = first.value
        whole = not any("." in t.text for t in tokens[at : at + 3 : 2])
        if whole and _norms(tokens, at + 1, 2) == ["/", "#num"] and tokens[at + 2].value:
            return value / tokens[at + 2].value, at + 3
        return _scaled(tokens, value, at + 1)
    if first.norm in ("a", "an") and _norms(tokens, at + 1, 1) == ["dozen"]:
        return Fraction(12), at + 2
    if first.norm == "half" and _norms(tokens, at + 1, 2) == ["a", "dozen"]:
        return Fraction(6), at + 3
    if first.norm in ("a", "an") and _norms(tokens, at + 1, 1)[:1] in ([s] for s in SCALES):
        return _scaled(tokens, Fraction(1), at + 1)
    if first.norm not in NUMBERS or (first.norm == "one" and _pronoun(tokens, at)):
        return None, at
    value, end = Fraction(NUMBERS[first.norm]), at + 1
    if value >= 20 and end < len(tokens) and 0 < NUMBERS.get(tokens[end].norm, 0) < 10:
        value, end = value + NUMBERS[tokens[end].norm], end + 1
    return _scaled(tokens, value, end)


def _pronoun(tokens: list[Token], at: int) -> bool:
    """`one of`, `this one`, `the one` are no numbers."""
    after = _norms(tokens, at + 1, 1)
    before = tokens[at - 1].norm if at else ""
    article = tokens[at - 2].norm if at > 1 else ""
    if article in ("a", "an", "another", "the") and tokens[at - 1].kind == "word":
        return True
    if after and "_" in after[0]:
        return True
    if (
        before in ("for", "from", "by", "on", "of", "same")
        and after
        and singular(after[0]) in ENTITIES
    ):
        return True
    return after == ["of"] or before in ("this", "that", "the", "which", "no")


def _scaled(tokens: list[Token], value: Fraction, end: int) -> tuple[Fraction, int]:
    """`2` before `hundred thousand` and `and fifty`."""
    total = value
    while end < len(tokens) and tokens[end].norm in SCALES:
        scale = SCALES[tokens[end].norm]
        total, end = total * scale, end + 1
        rest = end + (_norms(tokens, end, 1) == ["and"])
        if rest < len(tokens) and NUMBERS.get(tokens[rest].norm, 0) > 0:
            more, after = _spoken(tokens, rest)
            if more is not None and more < scale:
                total, end = total + more, after
    return total, end


def _norms(tokens: Sequence[Token], at: int, count: int) -> list[str]:
    return [token.norm for token in tokens[at : at + count]]


def _units(tokens: list[Token]) -> list[Token]:
    """Numbers with their unit: durations, distances, `3 times`; `an hour`, `per minute`."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        token, used = _with_unit(tokens, at)
        made.append(token)
        at += used
    return made


def _with_unit(tokens: list[Token], at: int) -> tuple[Token, int]:  # noqa: PLR0911 - the cases of a grammar
    token, rest = tokens[at], _norms(tokens, at + 1, 4)
    if token.norm == "#num" and rest:
        return _counted(tokens, at, rest)
    if token.norm == "#factor" and _counts(tokens, at):
        return token._replace(kind="num", norm="#num"), 1
    if token.norm == "half" and rest[:1] in (["a"], ["an"]) and rest[1:2] and rest[1] in DURATIONS:
        return _duration(token, DURATIONS[rest[1]] * Fraction(1, 2), tokens, at, 3), 3
    if token.norm in ("half", "quarter") and rest[:1] and rest[0] in ("hour", "day", "minute"):
        share = Fraction(1, 2 if token.norm == "half" else 4)
        return _duration(token, DURATIONS[rest[0]] * share, tokens, at, 2), 2
    if token.norm == "quarter" and rest[:2] in (["of", "an"], ["of", "a"]) and _length(rest, 2):
        return _duration(token, DURATIONS[rest[2]] * Fraction(1, 4), tokens, at, 4), 4
    if token.norm in _ARTICLES and rest and _is_span(rest[0]) and not _ordinal(tokens, at):
        if rest[1:4] in (["and", "a", "half"], ["and", "half"]):
            return _duration(token, DURATIONS[rest[0]] * Fraction(3, 2), tokens, at, 5), 5
        return _duration(token, Fraction(DURATIONS[rest[0]]), tokens, at, 2), 2
    before = tokens[at - 1].norm if at else ""
    keyed = before in ("and", ",") and any(
        t.norm in ("per", "by") for t in tokens[max(0, at - 4) : at]
    )
    if _is_span(token.norm) and (before in _BEFORE_UNIT or keyed) and not _ordinal(tokens, at - 1):
        return _duration(token, Fraction(DURATIONS[token.norm]), tokens, at, 1), 1
    if token.norm in RATES:
        return _duration(token, Fraction(RATES[token.norm]), tokens, at, 1), 1
    return token, 1


def _counts(tokens: list[Token], at: int) -> bool:
    """Whether `3x` counts what follows, and does not multiply."""
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    before = tokens[at - 1].norm if at else ""
    plain = after is not None and after.kind in ("word", "str") and after.norm not in _SIZES
    return plain and before not in ("by", "than", "increases", "times", "of")


def _length(words: list[str], at: int) -> int:
    """Microseconds of the unit at a place among words; 0 where there is none."""
    return DURATIONS.get(words[at], 0) if at < len(words) else 0


def _is_span(word: str) -> bool:
    return word in _SPAN or (word.endswith("ms") and word == "ms")


def _ordinal(tokens: list[Token], at: int) -> bool:
    """`a second login`: the word after the article is no unit of time."""
    if _norms(tokens, at + 1, 1) != ["second"]:
        return False
    return (
        tokens[at].norm in ("a", "the")
        and at + 2 < len(tokens)
        and (
            tokens[at + 2].kind == "word"
            and tokens[at + 2].norm not in ("or", "and", "per", "for", "by")
        )
    )


def _counted(tokens: list[Token], at: int, rest: list[str]) -> tuple[Token, int]:  # noqa: PLR0911 - the cases of a grammar
    token, unit = tokens[at], rest[0]
    value: Fraction = token.value
    if unit in ("straight", "full", "whole", "consecutive", "more") and _length(rest, 1):
        return _duration(token, DURATIONS[rest[1]] * value, tokens, at, 3), 3
    if unit == "+" and rest[1:2] and rest[1] in DURATIONS:
        return _duration(token, DURATIONS[rest[1]] * value, tokens, at, 3), 3
    if rest[:3] == ["and", "a", "half"] and rest[3:4] and rest[3] in DURATIONS:
        return _duration(token, DURATIONS[rest[3]] * (value + Fraction(1, 2)), tokens, at, 5), 5
    if rest[:3] in SPEEDS:
        return token._replace(unit="speed"), 4
    if unit == "m" and _is_place(tokens, at):
        return token._replace(kind="dist", norm="#dist", value=float(value)), 2
    if unit in DURATIONS:
        length = DURATIONS[unit] * value
        if rest[1:4] == ["and", "a", "half"]:
            return _duration(token, length + Fraction(DURATIONS[unit], 2), tokens, at, 5), 5
        return _duration(token, length, tokens, at, 2), 2
    if unit in DISTANCES and not (unit == "mi" and rest[1:2] == ["n"]):
        metres = round(float(value) * DISTANCES[unit], 3)
        return token._replace(kind="dist", norm="#dist", value=metres), 2
    if unit in ("times", "time") and value.denominator == 1:
        return token._replace(kind="times", norm="#times", value=int(value)), 2
    if unit in ("percent", "pct", "%"):
        return token._replace(norm="#pct", unit="percent"), 2
    if unit in NEUTRAL_UNITS and not (unit in ("c", "f") and rest[1:2] == ["."]):
        return token._replace(unit=NEUTRAL_UNITS[unit]), 2
    if unit == "°" and rest[1:2] and rest[1] in ("c", "f"):
        return token._replace(unit="degrees"), 3
    return token, 1


def _is_place(tokens: list[Token], at: int) -> bool:
    around = [t.norm for t in tokens[max(0, at - 3) : at]] + _norms(tokens, at + 2, 2)
    return any(word in _PLACES for word in around)


def _duration(token: Token, length: Fraction, tokens: list[Token], at: int, used: int) -> Token:
    text = " ".join(t.text for t in tokens[at : at + used])
    unit = tokens[min(at + used, len(tokens)) - 1].norm
    return Token("dur", text, "#dur", length, unit, token.place)


def _joined(tokens: list[Token]) -> list[Token]:
    """`1 hour and 30 minutes` is one duration."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        while token.norm == "#dur":
            skip = 1 if _norms(tokens, at, 2) in (["and", "#dur"], [",", "#dur"]) else 0
            more = tokens[at + skip] if _norms(tokens, at + skip, 1) == ["#dur"] else None
            if more is None or more.value >= token.value or not _parts(token, more):
                break
            value = token.value + more.value
            token = token._replace(text=f"{token.text} {more.text}", value=value, unit=more.unit)
            at += skip + 1
        made.append(token)
    return made


def _parts(first: Token, second: Token) -> bool:
    """Whether the second says how much more than the first: smaller than its unit."""
    return bool(second.value < DURATIONS.get(first.unit, 0))
