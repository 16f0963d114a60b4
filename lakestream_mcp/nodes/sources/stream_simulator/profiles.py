"""Made-up rows as SQL: the same row for the same number and seed, on Sail and on Spark.

Every value comes from `xxhash64` of the row's number, salted with seed and column, through
operations that give the same bits on both: 53 bits as a fraction, products, casts. No sine, no
rounding of doubles.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ....errors import InvalidArgument
from ....relational.sql import sql


class Generated(NamedTuple):
    """A column and how its values are made."""

    name: str
    type: str
    generator: str


PROFILES: dict[str, tuple[Generated, ...]] = {
    "iot-sensors": (
        Generated("sensor_id", "string", "name(sensor_, 50)"),
        Generated("device_id", "string", "name(device_, 20)"),
        Generated("temperature", "double", "random(15.00, 95.00)"),
        Generated("humidity", "double", "random(20.00, 90.00)"),
    ),
    "clickstream": (
        Generated("user_id", "string", "name(user_, 1000)"),
        Generated("session_id", "string", "name(session_, 5000)"),
        Generated(
            "event_type", "string", "choice(page_view, search, add_to_cart, purchase, user_login)"
        ),
        Generated("page_url", "string", "choice(/, /search, /product, /cart, /checkout, /account)"),
    ),
    "financial-transactions": (
        Generated("transaction_id", "string", "uuid"),
        Generated("account_id", "string", "name(account_, 500)"),
        Generated("amount", "double", "random(1.00, 5000.00)"),
        Generated("currency", "string", "choice(USD, EUR, GBP, JPY)"),
        Generated("txn_type", "string", "choice(debit, credit, transfer)"),
    ),
    "ecommerce-orders": (
        Generated("order_id", "bigint", "sequence"),
        Generated("customer_id", "string", "name(customer_, 500)"),
        Generated("product_id", "string", "name(product_, 100)"),
        Generated("quantity", "int", "random(1, 5)"),
        Generated("unit_price", "double", "random(5.00, 500.00)"),
        Generated("status", "string", "choice(placed, shipped, cancelled)"),
    ),
}
GENERATORS = (
    "`sequence`, `uuid`, `random(1, 100)`, `random(0.5, 9.5)`, `choice(a, b, c)`, "
    "`name(user_, 1000)`, `boolean(0.2)`, `constant(x)`"
)

_CALL = re.compile(r"\s*([a-z]+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.(\d{1,6}))?")
_NUMBERS = frozenset({"tinyint", "smallint", "int", "bigint", "float", "double"})
_FRACTION = "(xxhash64({salt}, id) & 9007199254740991) / 9007199254740992D"


def value_sql(column: Generated, seed: int) -> str:
    """SQL over `id` that makes a column's value. Raises InvalidArgument naming the generators."""
    called = _CALL.fullmatch(column.generator)
    name = called[1] if called else ""
    given = [part.strip() for part in (called[2] or "").split(",")] if called else []
    make = _MAKERS.get(name)
    if make is None:
        raise _unknown(column)
    salt = _literal(f"{seed}:{column.name}")
    text = make(column, [part for part in given if part], salt)
    return f"CAST({text} AS {column.type.upper()})"


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


def _fraction(salt: str) -> str:
    return _FRACTION.format(salt=salt)


def _sequence(column: Generated, given: list[str], salt: str) -> str:  # noqa: ARG001
    if given:
        raise _unknown(column)
    return "id"


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
    steps = f"CAST({_fraction(salt)} * {high - low + 1} AS BIGINT) + {low}"
    return f"CAST({steps} AS DOUBLE) / {scale}D" if digits else steps


def _choice(column: Generated, given: list[str], salt: str) -> str:
    if not given or column.type not in {"string", *_NUMBERS}:
        raise _unknown(column)
    if column.type in _NUMBERS and not all(_NUMBER.fullmatch(part) for part in given):
        raise _unknown(column)
    values = ", ".join(_literal(part) for part in given)
    return f"element_at(array({values}), CAST({_fraction(salt)} * {len(given)} AS INT) + 1)"


def _name(column: Generated, given: list[str], salt: str) -> str:
    if len(given) != 2 or not given[1].isdecimal() or column.type != "string":
        raise _unknown(column)
    count = int(given[1])
    if not 1 <= count <= 10**9:
        raise _unknown(column)
    number = f"CAST(CAST({_fraction(salt)} * {count} AS BIGINT) + 1 AS STRING)"
    return f"concat({_literal(given[0])}, lpad({number}, {len(str(count))}, '0'))"


def _boolean(column: Generated, given: list[str], salt: str) -> str:
    share = given[0] if given else "0.5"
    if len(given) > 1 or not _NUMBER.fullmatch(share) or column.type != "boolean":
        raise _unknown(column)
    return f"{_fraction(salt)} < {share}D"


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
    "choice": _choice,
    "name": _name,
    "boolean": _boolean,
    "constant": _constant,
}
