"""Values of an author's code: what each type takes, what it becomes, and what is refused."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pytest

from lakestream_mcp.cep.processor import calls
from lakestream_mcp.cep.processor.values import (
    OUTPUT,
    STATE,
    MisfitError,
    as_dict,
    revived,
    type_text,
)

BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
LIMITS = {kind: 1 << (bits - 1) for kind, bits in BITS.items()}
WHOLE = 1 << 53
GREATEST = 3.4028234663852886e38
MICROSECOND = dt.timedelta(microseconds=1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LATER = dt.datetime(1970, 1, 1, 1, 0, 0, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))
MONEY = ["decimal", 5, 2]
LISTED, MAPPED = ["array", "int"], ["map", "string", "int"]
PAIR = ["struct", [["a", "int"], ["b", "string"]]]
NESTED = ["array", ["struct", [["m", MAPPED], ["d", MONEY]]]]

TAKEN: list[tuple[Any, Any, Any]] = [
    *((kind, limit - 1, limit - 1) for kind, limit in LIMITS.items()),
    *((kind, -limit, -limit) for kind, limit in LIMITS.items()),
    ("boolean", True, True),
    ("boolean", False, False),
    ("double", -0.5, -0.5),
    ("double", math.inf, math.inf),
    ("float", GREATEST, GREATEST),
    ("float", -GREATEST, -GREATEST),
    ("float", -math.inf, -math.inf),
    ("string", "é", "é"),
    ("string", "", ""),
    ("binary", b"\x01\xff", "01ff"),
    ("date", dt.date(1970, 1, 2), 1),
    ("date", dt.date(1969, 12, 31), -1),
    ("timestamp", EPOCH - MICROSECOND, -1),
    ("timestamp", LATER, 1),
    ("timestamp_ntz", dt.datetime(1970, 1, 1) + MICROSECOND, 1),
    (MONEY, Decimal("999.99"), "999.99"),
    (MONEY, Decimal("-1"), "-1.00"),
    (LISTED, [1, None, -1], [1, None, -1]),
    (LISTED, [], []),
    (MAPPED, {"b": 1, "a": None}, [["a", None], ["b", 1]]),
]
"""A type, a value of it wherever it is from, and the same as plain data."""

REFUSED: list[tuple[Any, Any]] = [
    *((kind, limit) for kind, limit in LIMITS.items()),
    *((kind, -limit - 1) for kind, limit in LIMITS.items()),
    *(("int", value) for value in (True, 1.0, "1", Decimal(1))),
    *(("boolean", value) for value in (0, 1, "true")),
    *(("double", value) for value in (True, "1", Decimal(1), WHOLE + 1, -WHOLE - 1)),
    *(("float", value) for value in (GREATEST * 1.000001, -GREATEST * 1.000001)),
    *(("string", value) for value in (1, b"x", "\ud800")),
    *(("binary", value) for value in ("x", [1])),
    *(("date", value) for value in (dt.datetime(2026, 1, 1), "2026-01-01")),
    *(("timestamp", value) for value in (dt.date(2026, 1, 1), 0)),
    *(("timestamp_ntz", value) for value in (EPOCH, dt.date(2026, 1, 1))),
    *((MONEY, Decimal(text)) for text in ("1.005", "1000", "1E+100", "NaN", "Infinity")),
    *((MONEY, value) for value in (1, 1.5, "1.50")),
    *((LISTED, value) for value in ("x", {1: 1}, [1.5], [[1]])),
    *((MAPPED, value) for value in ({None: 1}, {1: 1}, {"a": "x"}, ["a"], 5)),
    *((PAIR, value) for value in ({"a": 1}, {"a": 1, "b": "x", "c": 1}, {"a": "x", "b": "x"}, 5)),
]
"""A type, and what no place takes for it."""


class Named(tuple[Any, ...]):
    """A row as Spark's: a tuple that knows its names."""

    __fields__: list[str]

    def __getitem__(self, name: Any) -> Any:
        return super().__getitem__(self.__fields__.index(name))


def named(**values: Any) -> Named:
    row = Named(values.values())
    row.__fields__ = list(values)
    return row


@pytest.mark.parametrize("number", range(len(TAKEN)))
def test_what_is_taken_comes_back(number: int) -> None:
    kind, value, plain = TAKEN[number]
    for checker in (STATE, OUTPUT):
        found = checker.check(value, kind, "v")
        assert found == plain
        assert type(found) is type(plain)
        assert revived(found, kind, as_dict if kind == PAIR else made) == value
        assert checker.check(None, kind, "v") is None
    settled = calls.settled(value, kind, "the result")
    assert settled == value
    assert calls.settled(None, kind, "the result") is None
    assert calls.received(value, kind) == value
    assert revived(None, kind, made) is None


def made(names: list[str], values: list[Any]) -> dict[str, Any]:
    """A struct, as another than `as_dict`."""
    return dict(zip(names, values, strict=True))


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_refused_is_refused_everywhere(number: int) -> None:
    kind, value = REFUSED[number]
    for checker in (STATE, OUTPUT):
        with pytest.raises(MisfitError, match=r"^v"):
            checker.check(value, kind, "v")
    with pytest.raises(calls.ValueMisfitError, match=r"^the result"):
        calls.settled(value, kind, "the result")


def test_where_a_value_inside_does_not_fit_is_told() -> None:
    given = [{"m": {"k": 1}, "d": Decimal("1.5")}, {"m": {"k": "x"}, "d": None}]
    with pytest.raises(MisfitError) as raised:
        OUTPUT.check(given, NESTED, "v")
    assert raised.value.path == "v[1].m['k']"
    assert raised.value.got == "'x' (str)"
    assert "int" in raised.value.expected
    with pytest.raises(calls.ValueMisfitError, match=r"^the result\[1\]\.m\['k'\] is 'x' \(str\)"):
        calls.settled(given, NESTED, "the result")
    given[1]["m"] = {}
    plain = [[[["k", 1]], "1.50"], [[], None]]
    assert OUTPUT.check(given, NESTED, "v") == plain
    assert revived(plain, NESTED, made) == given
    assert revived(plain, NESTED, as_dict)[0]["m"] == [("k", 1)]
    assert calls.settled(given, NESTED, "the result") == given
    assert calls.received(given, NESTED) == given
    assert calls.received([{"m": [("k", 1)], "d": None}], NESTED) == [{"m": {"k": 1}, "d": None}]


def test_a_long_value_is_told_in_short() -> None:
    with pytest.raises(MisfitError) as raised:
        OUTPUT.check("x" * 78, "int", "v")
    assert raised.value.got == f"'{'x' * 78}' (str)"
    with pytest.raises(MisfitError) as raised:
        OUTPUT.check("x" * 79, "int", "v")
    assert raised.value.got == f"'{'x' * 76}... (str)"


def test_whole_numbers_are_doubles_in_rows_and_not_in_state() -> None:
    for value in (1, WHOLE, -WHOLE):
        found = OUTPUT.check(value, "double", "v")
        assert (type(found), found) == (float, value)
        assert isinstance(calls.settled(value, "double", "v"), float)
        with pytest.raises(MisfitError):
            STATE.check(value, "double", "v")


def test_floats_of_32_bits_lose_digits_and_times_without_zone_are_utc() -> None:
    assert OUTPUT.check(0.1, "float", "v") == 0.10000000149011612
    assert math.isnan(OUTPUT.check(math.nan, "float", "v"))
    assert OUTPUT.check(dt.datetime(1970, 1, 1), "timestamp", "v") == 0
    assert calls.settled(dt.datetime(1970, 1, 1), "timestamp", "v") == EPOCH
    assert calls.received(LATER, "timestamp").tzinfo is dt.UTC
    assert OUTPUT.check(bytearray(b"\x02"), "binary", "v") == "02"
    assert type(calls.settled(bytearray(b"\x02"), "binary", "v")) is bytes


def test_rows_are_taken_by_name_and_state_by_position() -> None:
    swapped = {"b": "x", "a": 1}
    for value in ({"a": 1, "b": "x"}, swapped, named(a=1, b="x"), named(b="x", a=1)):
        assert OUTPUT.check(value, PAIR, "v") == [1, "x"]
    for value in ((1, "x"), [1, "x"], swapped, named(a=1, b="x")):
        assert STATE.check(value, PAIR, "v") == [1, "x"]
    for value in ((1,), (1, "x", 2), named(b="x", a=1), named(a=1, c="x")):
        with pytest.raises(MisfitError):
            STATE.check(value, PAIR, "v")
    for value in ((1, "x"), [1, "x"], named(a=1, c="x")):
        with pytest.raises(MisfitError):
            OUTPUT.check(value, PAIR, "v")
    with pytest.raises(MisfitError):
        OUTPUT.check(named(a=1), LISTED, "v")


def test_a_map_may_come_as_pairs_in_rows_only() -> None:
    assert OUTPUT.check([("b", 1), ("a", 2)], MAPPED, "v") == [["a", 2], ["b", 1]]
    for value in ([("a", 1, 2)], [["a", 1]], [("a", 1), 5]):
        with pytest.raises(MisfitError):
            OUTPUT.check(value, MAPPED, "v")
    with pytest.raises(MisfitError):
        STATE.check([("a", 1)], MAPPED, "v")


def test_types_are_told_as_spark_writes_them() -> None:
    assert type_text(NESTED) == "array<struct<m:map<string,int>,d:decimal(5,2)>>"


def test_numpy_values_are_those_of_python() -> None:
    import numpy as np

    assert OUTPUT.check(np.int64(5), "int", "v") == 5
    assert STATE.check(np.float64(0.5), "double", "v") == 0.5
    assert calls.settled(np.int64(5), "int", "v") == 5
    with pytest.raises(MisfitError):
        OUTPUT.check(np.array([1, 2]), "int", "v")
    with pytest.raises(MisfitError):
        OUTPUT.check(np.datetime64("2026-01-01"), "date", "v")
    assert STATE.check(np.datetime64("1970-01-02"), "date", "v") == 1


@pytest.mark.parametrize(
    ("value", "found"), [(5.0, 5), (5.5, 5.5), (float(WHOLE), WHOLE), (WHOLE * 4.0, WHOLE * 4.0)]
)
def test_whole_numbers_come_back_from_pandas(value: float, found: Any) -> None:
    answer = calls.whole_of(value)
    assert (type(answer), answer) == (type(found), found)
