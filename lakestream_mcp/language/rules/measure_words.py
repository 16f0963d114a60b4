"""Numbers and units as a configuration has them."""

from __future__ import annotations

from fractions import Fraction

from ...graph.duration import MAX_DAYS, duration_text
from .names import parts_of
from .tokens import Token
from .words import DURATIONS


def plain_number(value: Fraction | int | float) -> str:
    """A number as text: `80`, `0.75`."""
    exact = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    if exact.denominator == 1:
        return str(int(exact))
    return repr(round(float(exact), 9))


def json_number(value: Fraction | int | float) -> int | float:
    """A number as JSON has it: whole where it is whole."""
    exact = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    return int(exact) if exact.denominator == 1 else round(float(exact), 9)


def duration_of(token: Token) -> str:
    """A duration as a configuration has it. Raises ValueError beyond what is allowed."""
    microseconds = int(token.value)
    if not 0 < microseconds <= MAX_DAYS * DURATIONS["day"]:
        raise ValueError(f"`{token.text}` is no time that a pipeline can wait for")
    return duration_text(microseconds)


def time_in_unit(microseconds: Fraction, column: str) -> Fraction:
    """A time as a number in the unit that a column's name ends in; milliseconds without one."""
    last = parts_of(column)[-1:] or ("ms",)
    unit = DURATIONS.get(last[0]) or DURATIONS.get(last[0] + "s") or DURATIONS["ms"]
    return Fraction(microseconds) / unit


def unit_of(token: Token) -> str:
    """What kind of number it is: `money`, `degrees`, `time`; '' where nobody says."""
    return "time" if token.kind == "dur" else token.unit
