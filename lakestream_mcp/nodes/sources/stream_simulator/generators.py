"""Made-up values as SQL: the same row for the same number and seed, on Sail and on Spark.

Every value comes from `xxhash64` of the row's number, salted with seed and column, through
operations that give the same bits on both: 53 bits as a fraction, products, casts. No sine, no
rounding of doubles.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from ....errors import InvalidArgument
from ....relational.sql import sql


class Generated(NamedTuple):
    """A column and how its values are made."""

    name: str
    type: str
    generator: str


GENERATORS = (
    "`sequence`, `sequence(100, 5)`, `uuid`, `random(1, 100)`, `random(0.5, 9.5)`, "
    "`normal(20, 1.5)`, `choice(a, b, c)`, `name(user_, 1000)`, `boolean(0.2)`, "
    "`timestamp(2026-01-01, 2026-02-01)`, `constant(x)`"
)

_CALL = re.compile(r"\s*([a-z]+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.(\d{1,6}))?")
_WHOLE = re.compile(r"-?\d{1,12}")
_NUMBERS = frozenset({"tinyint", "smallint", "int", "bigint", "float", "double"})
_FRACTION = "(xxhash64({salt}, {number}) & 9007199254740991) / 9007199254740992D"
_NORMAL_DRAWS = 12
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def value_sql(column: Generated, seed: int) -> str:
    """SQL over `id` that makes a value, to be cast to its type. Raises InvalidArgument."""
    called = _CALL.fullmatch(column.generator)
    name = called[1] if called else ""
    given = [part.strip() for part in (called[2] or "").split(",")] if called else []
    make = _MAKERS.get(name)
    if make is None:
        raise _unknown(column)
    return make(column, [part for part in given if part], salt(seed, column.name))


def salt(seed: int, name: str) -> str:
    """What keeps the draws of one column from those of another, as SQL."""
    return _literal(f"{seed}:{name}")


def _unknown(column: Generated) -> InvalidArgument:
    return InvalidArgument(
        f"`{column.generator[:80]}` makes no {column.type} for column `{column.name}`",
        code="UNKNOWN_GENERATOR",
        got=column.generator[:200],
        expected=GENERATORS,
    )


def _literal(text: str) -> str:
    from sqlglot import exp

    return sql(exp.Literal.string(text))


def fraction(salt: str, number: str = "id") -> str:
    """A draw from 0 to 1 (without 1) for a number, as SQL."""
    return _FRACTION.format(salt=salt, number=number)


def _sequence(column: Generated, given: list[str], salt: str) -> str:  # noqa: ARG001
    if not given:
        return "id"
    if len(given) != 2 or column.type not in _NUMBERS or not all(map(_WHOLE.fullmatch, given)):
        raise _unknown(column)
    return f"{int(given[0])}L + id * {int(given[1])}L"


def _uuid(column: Generated, given: list[str], salt: str) -> str:
    if given or column.type != "string":
        raise _unknown(column)
    digest = f"md5(concat_ws(':', {salt}, CAST(id AS STRING)))"
    places = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    parts = ", ".join(f"substring({digest}, {at}, {count})" for at, count in places)
    return f"concat_ws('-', {parts})"


def _random(column: Generated, given: list[str], salt: str) -> str:
    """Whole steps of the finest digit given, both ends included."""
    found = [_NUMBER.fullmatch(part) for part in given]
    if len(given) != 2 or None in found or column.type not in _NUMBERS:
        raise _unknown(column)
    digits = max(len(match[1] or "") for match in found if match)
    scale = 10**digits
    low, high = (round(float(part) * scale) for part in given)
    if high < low:
        raise _unknown(column)
    steps = f"CAST({fraction(salt)} * {high - low + 1} AS BIGINT) + {low}"
    return f"CAST({steps} AS DOUBLE) / {scale}D" if digits else steps


def _normal(column: Generated, given: list[str], salt: str) -> str:
    """The sum of twelve even draws, which is within six deviations of the mean."""
    found = [_NUMBER.fullmatch(part) for part in given]
    if len(given) != 2 or None in found or column.type not in ("float", "double"):
        raise _unknown(column)
    draws = " + ".join(fraction(salt, f"{i}, id") for i in range(_NORMAL_DRAWS))
    return f"{given[0]}D + ({draws} - {_NORMAL_DRAWS // 2}D) * {given[1]}D"


def _timestamp(column: Generated, given: list[str], salt: str) -> str:
    """Whole seconds from one time to before another."""
    try:
        low, high = (_seconds(part) for part in given)
    except ValueError:
        raise _unknown(column) from None
    if column.type != "timestamp" or high <= low:
        raise _unknown(column)
    passed = f"CAST({fraction(salt)} * {high - low} AS BIGINT) + {low}"
    return f"timestamp_micros(({passed}) * 1000000)"


def _seconds(text: str) -> int:
    at = dt.datetime.fromisoformat(text)
    aware = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return (aware - _EPOCH) // dt.timedelta(seconds=1)


def _choice(column: Generated, given: list[str], salt: str) -> str:
    if not given or column.type not in {"string", *_NUMBERS}:
        raise _unknown(column)
    if column.type in _NUMBERS and not all(_NUMBER.fullmatch(part) for part in given):
        raise _unknown(column)
    values = ", ".join(_literal(part) for part in given)
    return f"element_at(array({values}), CAST({fraction(salt)} * {len(given)} AS INT) + 1)"


def _name(column: Generated, given: list[str], salt: str) -> str:
    if len(given) != 2 or not given[1].isdecimal() or column.type != "string":
        raise _unknown(column)
    count = int(given[1])
    if not 1 <= count <= 10**9:
        raise _unknown(column)
    number = f"CAST(CAST({fraction(salt)} * {count} AS BIGINT) + 1 AS STRING)"
    return f"concat({_literal(given[0])}, lpad({number}, {len(str(count))}, '0'))"


def _boolean(column: Generated, given: list[str], salt: str) -> str:
    share = given[0] if given else "0.5"
    if len(given) > 1 or not _NUMBER.fullmatch(share) or column.type != "boolean":
        raise _unknown(column)
    return f"{fraction(salt)} < {share}D"


def _constant(column: Generated, given: list[str], salt: str) -> str:  # noqa: ARG001
    text = ", ".join(given)
    if column.type in _NUMBERS and not _NUMBER.fullmatch(text):
        raise _unknown(column)
    if column.type not in {"string", *_NUMBERS}:
        raise _unknown(column)
    return _literal(text)


_MAKERS = {
    "sequence": _sequence,
    "uuid": _uuid,
    "random": _random,
    "normal": _normal,
    "timestamp": _timestamp,
    "choice": _choice,
    "name": _name,
    "boolean": _boolean,
    "constant": _constant,
}
