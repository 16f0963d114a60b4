"""Durations as people write them, normalised to one text and exact microseconds."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from ..errors import InvalidArgument

FORMS = "`6 hours`, `90 seconds`, `5m`, `250ms`, `1 hour 30 minutes` or ISO 8601 like `PT5M`"
MAX_DAYS = 3650

_UNITS_US = {
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}
_NAMES = {
    "week": 7 * _UNITS_US["day"],
    "w": 7 * _UNITS_US["day"],
    "d": _UNITS_US["day"],
    "h": _UNITS_US["hour"],
    "hr": _UNITS_US["hour"],
    "min": _UNITS_US["minute"],
    "m": _UNITS_US["minute"],
    "sec": _UNITS_US["second"],
    "s": _UNITS_US["second"],
    "milli": _UNITS_US["millisecond"],
    "ms": _UNITS_US["millisecond"],
    "micro": _UNITS_US["microsecond"],
    "us": _UNITS_US["microsecond"],
    **_UNITS_US,
}
_ISO_NAMES = {"W": "week", "D": "day", "H": "hour", "M": "minute", "S": "second"}
_CALL = re.compile(
    r"(?:timedelta|duration|time)\.?(?:of)?(?P<unit>[a-z]*)\((?P<inside>[^()]+)\)", re.I
)
"""How programs write durations: `Time.minutes(10)`, `Duration.ofHours(1)`, `timedelta(days=2)`."""
_NUMBER = r"\d{1,18}(?:\.\d{1,9})?"
_PART = re.compile(rf"\s*({_NUMBER})\s*([a-zA-Z]+)\s*")
_ISO = re.compile(
    rf"P(?:(?P<W>{_NUMBER})W)?(?:(?P<D>{_NUMBER})D)?"
    rf"(?:T(?:(?P<H>{_NUMBER})H)?(?:(?P<M>{_NUMBER})M)?(?:(?P<S>{_NUMBER})S)?)?"
)


def _unit_us(word: str) -> int:
    name = word.lower()
    for candidate in (name, name.removesuffix("s")):
        if candidate in _NAMES:
            return _NAMES[candidate]
    if name.removesuffix("s") in ("month", "mon", "year", "y", "quarter"):
        raise ValueError(f"`{word}` has no fixed length; give days instead. Write {FORMS}")
    raise ValueError(f"`{word}` is not a unit of time; write {FORMS}")


def _iso_us(text: str) -> Fraction | None:
    found = _ISO.fullmatch(text.upper())
    if found is None:
        return None
    parts = {unit: number for unit, number in found.groupdict().items() if number}
    if not parts:
        return None
    return sum(
        (Fraction(number) * _NAMES[_ISO_NAMES[unit]] for unit, number in parts.items()),
        Fraction(0),
    )


def _spoken_us(text: str) -> Fraction:
    total, at = Fraction(0), 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            raise ValueError(f"`{text}` is not a duration; write {FORMS}")
        total += Fraction(found[1]) * _unit_us(found[2])
        at = found.end()
    return total


def _without_call(text: str) -> str:
    called = _CALL.fullmatch(text)
    if called is None:
        return text
    unit, inside = called["unit"], called["inside"].strip()
    if unit:
        return f"{inside} {unit}"
    named = re.fullmatch(r"([a-z]+)\s*=\s*(.+)", inside, re.IGNORECASE)
    return f"{named[2]} {named[1]}" if named else inside


def _parse(value: object, least: int = 1) -> int:
    """Microseconds of a duration in any accepted form; ValueError says what is accepted."""
    if isinstance(value, dict) and set(value) == {"value", "unit"}:
        value = f"{value['value']} {value['unit']}"
    if not isinstance(value, str):
        raise ValueError(f"a duration is text with a unit, not {value!r}; write {FORMS}")
    text = value.strip()
    if not text or len(text) > 100:
        raise ValueError(f"a duration is needed here; write {FORMS}")
    text = _without_call(re.sub(r"(?i)^interval\s+", "", text).replace("'", ""))
    exact = _iso_us(text)
    total = _spoken_us(text) if exact is None else exact
    if total.denominator != 1:
        raise ValueError(f"`{value}` is finer than a microsecond")
    if total < least:
        raise ValueError(f"`{value}` is not longer than nothing; a duration is above 0")
    if total > MAX_DAYS * _UNITS_US["day"]:
        raise ValueError(f"`{value}` is longer than {MAX_DAYS} days")
    return int(total)


def duration_text(microseconds: int) -> str:
    """The canonical text: a whole number of the largest unit that divides it."""
    if not microseconds:
        return "0 seconds"
    for unit, length in _UNITS_US.items():
        if microseconds % length == 0:
            count = microseconds // length
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    raise AssertionError("every whole number of microseconds has a unit")


def duration_us(text: str, least: int = 1) -> int:
    """Microseconds of a duration, `least` or more. Raises InvalidArgument naming the forms."""
    try:
        return _parse(text, least)
    except ValueError as error:
        raise InvalidArgument(str(error), got=text, expected=FORMS) from None


def duration_ms(text: str) -> int:
    """Milliseconds of a duration, which must be a whole number of them."""
    microseconds = duration_us(text)
    if microseconds % 1000:
        raise InvalidArgument(
            f"`{text}` is finer than a millisecond, which is what Spark counts in",
            got=text,
            expected="a whole number of milliseconds",
        )
    return microseconds // 1000


def delay_ms(text: str) -> int:
    """Milliseconds of a watermark delay, which may be nothing."""
    return int(_parse(text, least=0)) // 1000


def _canonical(value: object) -> str:
    return duration_text(_parse(value))


def _canonical_delay(value: object) -> str:
    microseconds = _parse(value, least=0)
    if microseconds % 1000:
        raise ValueError(f"`{value}` is finer than a millisecond, which is what Spark counts in")
    return duration_text(microseconds)


_SCHEMA = WithJsonSchema({"type": "string", "description": f"A duration: {FORMS}"})

Duration = Annotated[str, BeforeValidator(_canonical), _SCHEMA]
"""A duration in a configuration: any accepted form, kept as canonical text; above nothing."""

Delay = Annotated[str, BeforeValidator(_canonical_delay), _SCHEMA]
"""A watermark delay: whole milliseconds, as Spark counts them; `0 seconds` is allowed."""
