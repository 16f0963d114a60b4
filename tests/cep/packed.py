"""Packed rows as the kernel takes them, made from short tuples."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def packed(rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows (key, ts, mask, value, row number) as a packed table with one value column."""
    names = ("key_0", "ts", "mask", "value_0", "row")
    types = (pa.string(), pa.int64(), pa.int64(), pa.int64(), pa.int64())
    columns = list(zip(*rows)) if rows else [[] for _ in names]
    return pa.table([pa.array(c, t) for c, t in zip(columns, types)], names=list(names))
