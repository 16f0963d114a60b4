"""Functions of SQL on texts, arrays and numbers that are at hand.

Carried into generated code where a pattern needs it, besides `sqlnull.py`. Arrays are tuples.
Standard library only.
"""

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any


def sql_call(function: Callable[..., Any], *values: Any) -> Any:
    """What a function gives for values that are all known; NULL if one is not."""
    return None if any(value is None for value in values) else function(*values)


def decimal_of(text: Any) -> Any:
    """A decimal from the text it travels as."""
    return None if text is None else Decimal(text)


def texts_of(value: Any) -> Any:
    """Decimals as text again, also those in arrays."""
    if isinstance(value, tuple):
        return tuple([texts_of(each) for each in value])
    return format(value, "f") if isinstance(value, Decimal) else value


def text_of(value: Any) -> str:
    """A whole number, boolean or text as CAST writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def text_concat(*values: Any) -> str:
    """Values written one after the other."""
    return "".join(map(text_of, values))


def text_reverse(text: str) -> str:
    """A text from its end."""
    return text[::-1]


def text_trim(text: str) -> str:
    """A text without the spaces around it."""
    return text.strip(" ")


def text_ltrim(text: str) -> str:
    """A text without the spaces before it."""
    return text.lstrip(" ")


def text_rtrim(text: str) -> str:
    """A text without the spaces behind it."""
    return text.rstrip(" ")


def text_contains(text: str, part: str) -> bool:
    """Whether a text holds another one."""
    return part in text


def text_repeat(text: str, times: int) -> str:
    """A text several times over."""
    return text * times


def text_substring(text: str, start: int, length: int | None = None) -> str:
    """Characters from a place that counts from 1, or from the end if it is negative."""
    first = start - 1 if start > 0 else start + len(text) if start < 0 else 0
    last = len(text) if length is None else first + length
    return text[max(first, 0) : max(last, 0)]


def text_like(text: str, pattern: str) -> bool:
    """LIKE, with a backslash before a character that stands for itself."""
    parts = re.split(r"(\\.|%|_)", pattern, flags=re.S)
    wild = {"%": ".*", "_": "."}
    written = [wild.get(p) or re.escape(p[1:] if p[:1] == "\\" else p) for p in parts if p]
    return re.fullmatch("".join(written), text, re.S) is not None


def array_concat(*arrays: Any) -> tuple[Any, ...]:
    """Arrays one after the other."""
    return tuple([value for array in arrays for value in array])


def array_join(array: Any, separator: str, missing: str | None = None) -> str:
    """The elements as one text; NULL is left out or written as `missing`."""
    known = [missing if value is None else value for value in array]
    return separator.join([text_of(value) for value in known if value is not None])


def array_contains(array: Any, value: Any) -> Any:
    """Whether a value is in an array; NULL if that cannot be told."""
    return True if value in array else None if None in array else False


def array_element(array: Any, place: int) -> Any:
    """An element by its place, which counts from 1; NULL if there is none."""
    at = place - 1 if place > 0 else place + len(array)
    return array[at] if place and 0 <= at < len(array) else None


def array_at(array: Any, place: int) -> Any:
    """An element by its place, which counts from 0; a place that does not exist is an error."""
    if not 0 <= place < len(array):
        raise IndexError(f"an array of {len(array)} elements has no place {place}")
    return array[place]


def map_keys(values: Any) -> tuple[Any, ...]:
    """The keys of a map."""
    return tuple(values)


def map_values(values: Any) -> tuple[Any, ...]:
    """The values of a map."""
    return tuple(values.values())


def array_distinct(array: Any) -> tuple[Any, ...]:
    """Each element once, in the order of the first."""
    return tuple(dict.fromkeys(array))


def array_sorted(array: Any) -> tuple[Any, ...]:
    """The elements in order, NULL last."""
    known = [value for value in array if value is not None]
    return (*sorted(known), *[None] * (len(array) - len(known)))


def whole_quotient(left: int, right: int) -> int:
    """The whole part of a quotient; a zero divisor is an error."""
    quotient = abs(left) // abs(right)
    return -quotient if (left < 0) != (right < 0) else quotient


def number_floor(value: float) -> int:
    """The greatest whole number that is not greater."""
    return math.floor(value)


def number_ceil(value: float) -> int:
    """The least whole number that is not less."""
    return math.ceil(value)


def number_round(value: Any) -> Any:
    """The nearest whole number, of two the one farther from zero."""
    if isinstance(value, int) or not math.isfinite(value):
        return value
    return math.copysign(math.floor(abs(value) + 0.5), value)


def number_sqrt(value: Any) -> float:
    """The square root; NaN below zero."""
    return math.sqrt(value) if value >= 0 else math.nan
