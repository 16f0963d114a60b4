"""Tables go to an author's code and come back as they were."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from lakestream_mcp.cep.processor.codec import decoded_table, encoded_rows, fields_of, tree_of
from lakestream_mcp.cep.processor.values import type_text
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.model import Column
from lakestream_mcp.relational.arrow_types import arrow_type

NOON = dt.datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=dt.UTC)
CELLS: dict[str, tuple[Any, Any]] = {
    "boolean": (True, True),
    "tinyint": (-128, -128),
    "smallint": (7, 7),
    "int": (7, 7),
    "bigint": (1 << 62, 1 << 62),
    "float": (0.5, 0.5),
    "double": (-0.5, -0.5),
    "string": ("é", "é"),
    "binary": (b"\x01\xff", "01ff"),
    "date": (dt.date(1969, 12, 31), -1),
    "timestamp": (dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC), 1_000_000),
    "timestamp_ntz": (dt.datetime(1969, 12, 31, 23, 59, 59), -1_000_000),
    "decimal(5,2)": (Decimal("1.50"), "1.50"),
    "array<date>": ([dt.date(1970, 1, 2), None], [1, None]),
    "map<string,decimal(5,2)>": (
        [("b", Decimal("0.10")), ("a", None)],
        [["b", "0.10"], ["a", None]],
    ),
    "struct<at:timestamp,tags:array<int>>": (
        {"at": NOON, "tags": [1]},
        [1_769_860_800_000_001, [1]],
    ),
}
COLUMNS = [Column(f"c{n}", kind) for n, kind in enumerate(CELLS)]


def test_types_are_trees_and_back() -> None:
    assert [type_text(tree_of(kind)) for kind in CELLS] == list(CELLS)
    assert fields_of(COLUMNS[:1]) == [["c0", "boolean"]]


def test_rows_come_back_as_they_were() -> None:
    arrays = [pa.array([value, None], arrow_type(kind)) for kind, (value, _) in CELLS.items()]
    table = pa.table(arrays, names=[c.name for c in COLUMNS])
    rows = encoded_rows(table, COLUMNS)
    assert rows == [[plain for _, plain in CELLS.values()], [None] * len(CELLS)]
    assert decoded_table([[row, 0, "phase"] for row in rows], COLUMNS).equals(table)
    with pytest.raises(LakestreamError) as raised:
        decoded_table([[["x"] * len(CELLS), 0, "phase"]], COLUMNS)
    assert raised.value.code == "CODE_CRASHED"
