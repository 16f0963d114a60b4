"""Arrays that matches carry: what Spark's SQL makes of them is what the tester shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import exp

from lakestream_mcp.cep.physical import carried_type, python_value, unpacked
from lakestream_mcp.errors import Unsupported
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.sql import sql

DAY = dt.date(2026, 3, 1)
MOMENT = dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)
CASES: list[tuple[str, str, pa.DataType, Any, Any]] = [
    ("array<int>", "array<bigint>", pa.list_(pa.int64()), [1, None], [1, None]),
    ("array<string>", "array<string>", pa.list_(pa.string()), ["x", None, ""], ["x", None, ""]),
    ("array<double>", "array<double>", pa.list_(pa.float64()), [-0.0, 1e300], [-0.0, 1e300]),
    ("array<timestamp>", "array<bigint>", pa.list_(pa.int64()), [-1, None], [MOMENT, None]),
    ("array<date>", "array<bigint>", pa.list_(pa.int64()), [20_513], [DAY]),
    ("array<decimal(6,2)>", "array<string>", pa.list_(pa.string()), ["1.50"], [Decimal("1.50")]),
    (
        "array<array<date>>",
        "array<array<bigint>>",
        pa.list_(pa.list_(pa.int64())),
        [[20_513, None], None, []],
        [[DAY, None], None, []],
    ),
    ("array<int>", "array<bigint>", pa.list_(pa.int64()), None, None),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    running = LocalEngine()
    yield running
    running.close()


@pytest.mark.parametrize(("kind", "carried", "arrow", "value", "shown"), CASES)
def test_arrays_come_back_as_they_were(
    engine: LocalEngine, kind: str, carried: str, arrow: pa.DataType, value: Any, shown: Any
) -> None:
    assert carried_type(kind) == carried
    assert python_value(value, kind) == shown
    query = exp.select(unpacked(exp.column("x"), kind).as_("x")).from_("in_0")
    table = pa.table({"x": pa.array([value], arrow)})
    assert engine.run(sql(query), {"in_0": table})["x"].to_pylist() == [shown]


@pytest.mark.parametrize("kind", ["map<string,int>", "struct<a:int>", "array<binary>"])
def test_other_nested_types_are_refused(kind: str) -> None:
    with pytest.raises(Unsupported):
        carried_type(kind)
