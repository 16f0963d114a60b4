"""Keys that are expected to send: from values of the key columns to what the matcher sees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from ...cep.events import TIME_FORMS, moment, table_of
from ...cep.packing import plain
from ...cep.physical import EPOCH, kept_as_it_is
from ...errors import InvalidArgument, InvalidEvents, Unsupported
from ...graph.model import Relation

Part = str | int | float | bool
FIELD = {"field": "expected_keys"}
MAX_EXPECTED = 10_000


def _time(value: Any) -> str:
    try:
        return moment(value).isoformat().replace("+00:00", "Z")
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{value!r} is not a time; write {TIME_FORMS}") from None


Time = Annotated[
    str, BeforeValidator(_time), WithJsonSchema({"type": "string", "description": TIME_FORMS})
]
ExpectedKeys = Annotated[list[Part | list[Part]], Field(max_length=MAX_EXPECTED)]


def microseconds(time: str) -> int:
    """A time as microseconds since 1970."""
    return (moment(time) - EPOCH) // dt.timedelta(microseconds=1)


def seeds(
    expected: Sequence[Part | list[Part]], key: Sequence[str], relation: Relation
) -> tuple[tuple[Any, ...], ...]:
    """The expected keys as the matcher sees them. Raises InvalidArgument, Unsupported."""
    if not expected or any(relation.type_of(name) is None for name in key):
        return ()
    rows = []
    for number, given in enumerate(expected):
        parts = given if isinstance(given, list) else [given]
        if len(parts) != len(key):
            raise InvalidArgument(
                f"Expected key {number} has {len(parts)} value(s), the key {len(key)} column(s).",
                code="EXPECTED_KEY",
                where=FIELD,
                got=given,
                expected=list(key) or "a `key`",
            )
        rows.append(dict(zip(key, parts, strict=True)))
    found = _packed(rows, Relation(tuple(c for c in relation.columns if c.name in key)), key)
    first = {each: number for number, each in reversed(list(enumerate(found)))}
    if len(first) < len(found):
        raise InvalidArgument(
            "An expected key is there twice.",
            code="EXPECTED_KEY",
            where=FIELD,
            got=next(expected[n] for n, each in enumerate(found) if first[each] != n),
            fix=[{"expected_keys": [expected[number] for number in sorted(first.values())]}],
        )
    return found


def _packed(
    rows: list[dict[str, Any]], columns: Relation, key: Sequence[str]
) -> tuple[tuple[Any, ...], ...]:
    for name in key:
        kind = columns.type_of(name) or ""
        if not kept_as_it_is(kind):
            raise Unsupported(
                f"Keys of the {kind} column `{name}` cannot be expected.",
                code="UNSUPPORTED_TYPE",
                where=FIELD,
                got=kind,
                expected="a string, an integer, boolean, date or timestamp",
                hint="Cast the column with a rename-cast node before the pattern.",
            )
    try:
        table, _ = table_of(rows, columns, "expected_keys")
    except InvalidEvents as error:
        raise InvalidArgument(
            f"Expected key {error.where.get('row')}: {error.got} cannot be a value of "
            f"`{error.where.get('field')}`.",
            code="EXPECTED_KEY",
            where=FIELD,
            got=error.got,
            expected=error.expected,
        ) from None
    return tuple(zip(*(plain(table, columns, name).to_pylist() for name in key), strict=True))
