"""What the Spark host does to values on their way in and out of pandas."""

import math

import pandas as pd
import pytest

from lakestream_mcp.codegen.structured_streaming.spark_host import PatternHost, plain

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
