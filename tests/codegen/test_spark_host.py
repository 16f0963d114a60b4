"""What the Spark host does to values on their way in and out of pandas."""

import math
from typing import Any

import pandas as pd
import pytest

from lakestream_mcp.codegen.structured_streaming.spark_host import PatternHost, column, plain

PACKED = [("key_0", "string"), ("ts", "bigint"), ("mask", "bigint"), ("value_0", "double")]


def host(packed: list[tuple[str, str]], conditions: int = 2) -> PatternHost:
    return PatternHost(None, None, conditions, packed, [])


def test_null_numbers_come_back_as_null_and_nan_stays() -> None:
    frame = pd.DataFrame(
        {
            "key_0": ["a", None, "c"],
            "ts": [2**60 + 1, 0, 3],
            "mask": [1, 2 | 4, 3 | 8],
            "value_0": [float("nan"), 1.5, 0.0],
        }
    )
    rows = host(PACKED).table(frame).to_pylist()
    assert math.isnan(rows[0].pop("value_0"))
    assert rows == [
        {"key_0": "a", "ts": 2**60 + 1, "mask": 1},
        {"key_0": None, "ts": None, "mask": 2, "value_0": 1.5},
        {"key_0": "c", "ts": 3, "mask": 3, "value_0": None},
    ]


def test_more_numbers_than_one_word_of_flags_holds() -> None:
    packed = [("ts", "bigint"), ("mask", "bigint")]
    packed += [(f"value_{i}", "bigint") for i in range(70)]
    data = {name: [7] for name, _ in packed} | {"mask": [1], "flags_1": [1 << 5]}
    row = host(packed, conditions=2).table(pd.DataFrame(data)).to_pylist()[0]
    absent = [name for name, value in row.items() if value is None]
    assert absent == [f"value_{62 + 5 - 2 - 1}"]


def test_booleans_with_nulls() -> None:
    packed = [("ts", "bigint"), ("mask", "bigint"), ("value_0", "boolean")]
    frame = pd.DataFrame({"ts": [1, 2, 3], "mask": [0, 0, 0], "value_0": [True, None, False]})
    assert host(packed).table(frame)["value_0"].to_pylist() == [True, None, False]


@pytest.mark.parametrize(
    ("kind", "value", "out"),
    [
        ("bigint", True, 1),
        ("bigint", None, None),
        ("double", 1, "1.0"),
        ("double", float("nan"), "nan"),
        ("array<double>", [0.1, None, float("inf")], ["0.1", None, "inf"]),
        ("array<bigint>", [2**62, None], [2**62, None]),
        ("array<array<double>>", ((0.5,), (None,), None), [["0.5"], [None], None]),
        ("array<array<string>>", (("x",), None), [("x",), None]),
        ("string", "x", "x"),
    ],
)
def test_values_leave_as_their_type(kind: str, value: object, out: object) -> None:
    assert plain(kind, value) == out
    assert type(plain(kind, value)) is type(out)


@pytest.mark.parametrize(
    ("kind", "values", "dtype", "out"),
    [
        ("bigint", [2**62 + 1, True, 0], "int64", [2**62 + 1, 1, 0]),
        ("bigint", [2**62 + 1, None, True], "object", [2**62 + 1, None, 1]),
        ("bigint", [], "int64", []),
        ("string", ["x", None], "object", ["x", None]),
        ("double", [0.1, None], "object", ["0.1", None]),
        ("array<bigint>", [[2**62 + 1, None], []], "object", [[2**62 + 1, None], []]),
        ("array<double>", [[0.1], None], "object", [["0.1"], None]),
    ],
)
def test_columns_of_matches(kind: str, values: list[Any], dtype: str, out: list[Any]) -> None:
    made = column(kind, values)
    assert (str(made.dtype), made.tolist()) == (dtype, out)


def test_what_was_dropped_is_a_row_without_a_match() -> None:
    made = PatternHost(None, None, 0, [], [("match_id", "string"), ("started_at", "bigint")])
    matches = {"match_id": ["m"], "started_at": [2**62 + 1]}
    found = made.frame(matches, 1, (0, 0, 0))
    assert found.to_dict("records") == [
        {
            "match_id": "m",
            "started_at": 2**62 + 1,
            "late_rows": 0,
            "untimed_rows": 0,
            "over_limit": 0,
        }
    ]
    found = made.frame(matches, 1, (3, 0, 1))
    assert found.to_dict("records")[1] == {
        "match_id": None,
        "started_at": None,
        "late_rows": 3,
        "untimed_rows": 0,
        "over_limit": 1,
    }
    assert found["started_at"][0] == 2**62 + 1
