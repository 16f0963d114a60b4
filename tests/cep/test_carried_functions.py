"""The functions that conditions on earlier events call, value by value as SQL answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pyarrow as pa
import pytest

from lakestream_mcp.cep import sqlnull, sqlvalues
from lakestream_mcp.patterns.match_recognize.memory import row_less
from lakestream_mcp.relational.local import LocalEngine

DOUBLES = [None, math.nan, -math.inf, -2.5, -1.0, 0.0, 1.0, 2.5, math.inf]
WHOLE = [None, -7, -3, -1, 0, 1, 3, 7]
TRUTHS = [None, True, False]
TEXTS = [None, "", "a", "aXb", "a%b", "é_b", " a b ", "a\nb"]
PLACES = [0, 1, 2, 3, 9]
PATTERNS = ["%", "_", "a%", "%b", "a_b", "a\\%b", "é\\_b", "a.b", ""]
ARRAYS = [None, [], [1], [3, None, 1], [None], [2, 2, 1]]


def asked(left: Any, *rest: Any) -> tuple[Any, ...]:
    """The first value, and the others as questions."""
    return (left, *(lambda value=value: value for value in rest))


Case = tuple[Callable[..., Any], str, tuple[pa.DataType, ...], tuple[list[Any], ...]]
REAL, LONG, TRUTH, TEXT = pa.float64(), pa.int64(), pa.bool_(), pa.string()
LIST = pa.list_(pa.int64())


def known(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `sqlvalues`, as it is called."""
    return lambda *values: sqlvalues.sql_call(function, *values)


CASES: dict[str, Case] = {
    **{
        f"{kind} {name}": (getattr(sqlnull, name), text, (arrow,) * 2, (values,) * 2)
        for kind, arrow, values in (("double", REAL, DOUBLES), ("bigint", LONG, WHOLE))
        for name, text in {
            "sql_eq": "a = b",
            "sql_ne": "a <> b",
            "sql_lt": "a < b",
            "sql_le": "a <= b",
            "sql_gt": "a > b",
            "sql_ge": "a >= b",
            "sql_same": "a <=> b",
            "sql_add": "a + b",
            "sql_sub": "a - b",
            "sql_mul": "a * b",
            "sql_first_of": "coalesce(a, b)",
            "sql_nullif": "nullif(a, b)",
            "sql_greatest": "greatest(a, b)",
            "sql_least": "least(a, b)",
        }.items()
    },
    "and": (
        lambda *v: sqlnull.sql_and(*asked(*v)),
        "a AND b AND c",
        (TRUTH,) * 3,
        (TRUTHS,) * 3,
    ),
    "or": (lambda *v: sqlnull.sql_or(*asked(*v)), "a OR b OR c", (TRUTH,) * 3, (TRUTHS,) * 3),
    "not": (sqlnull.sql_not, "NOT a", (TRUTH,), (TRUTHS,)),
    "in": (sqlnull.sql_in, "a IN (b, c)", (REAL,) * 3, (DOUBLES[:6],) * 3),
    "greatest": (sqlnull.sql_greatest, "greatest(a, b, c)", (LONG,) * 3, (WHOLE[:5],) * 3),
    "least": (sqlnull.sql_least, "least(a, b, c)", (LONG,) * 3, (WHOLE[:5],) * 3),
    "remainder": (sqlnull.sql_mod, "a % b", (LONG,) * 2, (WHOLE, [None, -3, -1, 1, 3, 7])),
    "real remainder": (sqlnull.sql_mod, "a % b", (REAL,) * 2, (DOUBLES[2:8], [None, -2.0, 1.5])),
    "quotient": (sqlnull.sql_div, "a / b", (REAL,) * 2, (DOUBLES, [None, -2.0, 4.0])),
    "negated": (sqlnull.sql_neg, "-a", (LONG,), (WHOLE,)),
    "absolute": (sqlnull.sql_abs, "abs(a)", (LONG,), (WHOLE,)),
    "as double": (sqlnull.sql_float, "CAST(a AS DOUBLE)", (LONG,), (WHOLE,)),
    "whole quotient": (
        known(sqlvalues.whole_quotient),
        "a div b",
        (LONG,) * 2,
        (WHOLE, [None, -3, -1, 1, 2]),
    ),
    "floor": (known(sqlvalues.number_floor), "floor(a)", (REAL,), (DOUBLES[3:8],)),
    "ceiling": (known(sqlvalues.number_ceil), "ceil(a)", (REAL,), (DOUBLES[3:8],)),
    "rounded": (
        known(sqlvalues.number_round),
        "round(a)",
        (REAL,),
        ([None, -2.5, -0.4, 0.5, 1.4],),
    ),
    "root": (known(sqlvalues.number_sqrt), "sqrt(a)", (REAL,), ([None, 0.0, 0.5, 4.0, math.inf],)),
    "substring": (
        known(sqlvalues.text_substring),
        "substring(a, b, c)",
        (TEXT, LONG, LONG),
        (TEXTS, PLACES, [0, 1, 2, 9]),
    ),
    "rest of a text": (
        known(sqlvalues.text_substring),
        "substring(a, b)",
        (TEXT, LONG),
        (TEXTS, PLACES),
    ),
    **{
        f"like {pattern!r}": (
            known(lambda text, pattern=pattern: sqlvalues.text_like(text, pattern)),
            "a LIKE '" + pattern.replace("\\", "\\\\") + "'",
            (TEXT,),
            (TEXTS,),
        )
        for pattern in PATTERNS
    },
    "reversed": (known(sqlvalues.text_reverse), "reverse(a)", (TEXT,), (TEXTS,)),
    "trimmed": (known(sqlvalues.text_trim), "trim(a)", (TEXT,), (TEXTS,)),
    "trimmed left": (known(sqlvalues.text_ltrim), "ltrim(a)", (TEXT,), (TEXTS,)),
    "trimmed right": (known(sqlvalues.text_rtrim), "rtrim(a)", (TEXT,), (TEXTS,)),
    "contains": (known(sqlvalues.text_contains), "contains(a, b)", (TEXT,) * 2, (TEXTS, TEXTS)),
    "repeated": (known(sqlvalues.text_repeat), "repeat(a, b)", (TEXT, LONG), (TEXTS, [None, 0, 3])),
    "one after the other": (
        known(sqlvalues.text_concat),
        "concat(a, b)",
        (TEXT,) * 2,
        (TEXTS,) * 2,
    ),
    "in an array": (
        known(lambda a, b: sqlvalues.array_contains(tuple(a), b)),
        "array_contains(a, b)",
        (LIST, LONG),
        ([None, [], [1], [2, 2, 1]], [1, 2]),
    ),
    "element": (
        known(lambda a, b: sqlvalues.array_element(tuple(a), b)),
        "try_element_at(a, b)",
        (LIST, LONG),
        (ARRAYS, [None, -4, -3, -1, 1, 3, 4]),
    ),
    "distinct": (
        known(lambda a: list(sqlvalues.array_distinct(a))),
        "array_distinct(a)",
        (LIST,),
        (ARRAYS,),
    ),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    running = LocalEngine()
    yield running
    running.close()


@pytest.mark.parametrize("name", CASES)
def test_as_sql(engine: LocalEngine, name: str) -> None:
    function, text, types, values = CASES[name]
    rows = list(product(*values))
    names = ["a", "b", "c"][: len(types)]
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows), types, strict=True)]
    table = pa.table(columns, names=names)
    wanted = engine.run(f"SELECT {text} AS v FROM in_0", {"in_0": table})["v"].to_pylist()
    for row, answer in zip(rows, wanted, strict=True):
        found = function(*row)
        assert repr(plain(found)) == repr(plain(answer)), (text, row, found, answer)


def plain(value: Any) -> Any:
    """A value as it compares: NaN is NaN, and a whole double is what it says."""
    return value + 0.0 if isinstance(value, float) else value


# By hand


def test_only_what_decides_is_asked() -> None:
    def never() -> Any:
        raise AssertionError

    assert sqlnull.sql_and(True, lambda: False, never) is False
    assert sqlnull.sql_and(None, lambda: False, never) is False
    assert sqlnull.sql_and(False, never) is False
    assert sqlnull.sql_or(None, lambda: True, never) is True
    assert sqlnull.sql_or(True, never) is True


def test_whole_numbers_have_their_bounds() -> None:
    for bits in (7, 15, 31, 63):
        for value in (-(1 << bits), (1 << bits) - 1, None):
            assert sqlnull.sql_whole(value, bits) == value
        for value in (-(1 << bits) - 1, 1 << bits):
            with pytest.raises(OverflowError, match=f"integer of {bits + 1} bits"):
                sqlnull.sql_whole(value, bits)
    for divide in (sqlnull.sql_mod, sqlnull.sql_div):
        for zero in (0, 0.0):
            with pytest.raises(ZeroDivisionError):
                divide(1.0, zero)
    with pytest.raises(ZeroDivisionError):
        sqlnull.sql_mod(1, 0)
    assert sqlnull.sql_floor_div(-1, 1000) == -1
    assert sqlnull.sql_floor_div(None, 1000) is None


BOUND = ((0, 10, ("o", 1)), (1, 20, ("o", None)), (1, 30, ("o", 3)), (1, 40, ("o", 0)))


def test_events_of_a_step() -> None:
    assert sqlnull.sql_first(BOUND, 1, 1) is None
    assert sqlnull.sql_last(BOUND, 1, 1) == 0
    assert sqlnull.sql_first(BOUND, 0, 1) == sqlnull.sql_last(BOUND, 0, 1) == 1
    assert sqlnull.sql_first(BOUND, 2, 1) is sqlnull.sql_last(BOUND, 2, 1) is None
    assert [sqlnull.sql_count(BOUND, step) for step in range(3)] == [1, 3, 0]
    assert sqlnull.sql_values(BOUND, 1, 1) == [3, 0]
    assert sqlnull.sql_sum([3, 0.5], 0) == 3.5
    assert sqlnull.sql_sum([], 0) == 0
    assert sqlnull.sql_avg([1, 2]) == 1.5
    assert sqlnull.sql_avg([]) is None


def test_where_sail_answers_otherwise_than_spark() -> None:
    """Places before the start of a text, and elements that are NULL."""
    cut = [sqlvalues.text_substring("abc", *at) for at in ((-2,), (-2, 1), (-9, 1), (-9, 8), (-9,))]
    assert cut == ["bc", "b", "", "ab", "abc"]
    assert sqlvalues.text_substring("abc", -1, -1) == ""
    assert sqlvalues.array_contains((3, None), 3) is True
    assert sqlvalues.array_contains((3, None), 2) is None
    assert sqlvalues.sql_call(sqlvalues.array_contains, (), None) is None


def test_arrays_and_texts_by_hand() -> None:
    assert sqlvalues.array_sorted((3, None, 1, None)) == (1, 3, None, None)
    assert sqlvalues.array_concat((1,), (), (2, None)) == (1, 2, None)
    assert sqlvalues.array_join((1, None, True), "-") == "1-true"
    assert sqlvalues.array_join((1, None), "-", "?") == "1-?"
    assert sqlvalues.array_at((5, 6), 0) == 5
    assert sqlvalues.array_at((5, 6), 1) == 6
    for place in (-1, 2):
        with pytest.raises(IndexError, match=f"2 elements has no place {place}"):
            sqlvalues.array_at((5, 6), place)
    assert sqlvalues.array_element((5, 6), 0) is None
    assert sqlvalues.map_keys({"a": 1}) == ("a",)
    assert sqlvalues.map_values({"a": 1}) == (1,)
    assert sqlvalues.texts_of((sqlvalues.decimal_of("1E+2"), 5)) == ("100", 5)
    assert sqlvalues.decimal_of(None) is None
    assert math.isnan(sqlvalues.number_sqrt(-1))
    assert sqlvalues.number_round(7) == 7
    assert sqlvalues.number_round(math.inf) == math.inf
    assert math.isnan(sqlvalues.number_round(math.nan))
    assert [sqlvalues.number_round(v) for v in (-0.5, 0.5, 1.5, 2.4)] == [-1, 1, 2, 2]


def test_nan_is_greatest_in_row_patterns_too() -> None:
    ordered = [-math.inf, 0.0, 1.0, math.inf, math.nan]
    for low, left in enumerate(ordered):
        for high, right in enumerate(ordered):
            assert row_less(left, right) is (low < high), (left, right)
