"""Rows as the service sends them: all values as text, in chunks."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from .refusals import invalid
from .unity import TYPE_NAMES

CHUNK_ROWS = 100


def manifest(rows: Any) -> dict[str, Any]:
    """The columns, and how many rows and chunks there are."""
    from lakestream_mcp.relational.arrow_types import columns_of

    columns = [
        {"name": c.name, "position": n, "type_text": c.type.upper(), "type_name": _word(c.type)}
        for n, c in enumerate(columns_of(rows.schema))
    ]
    return {
        "format": "JSON_ARRAY",
        "schema": {"column_count": len(columns), "columns": columns},
        "total_row_count": rows.num_rows,
        "total_chunk_count": max(1, -(-rows.num_rows // CHUNK_ROWS)),
        "truncated": False,
    }


def chunk(rows: Any, index: int) -> dict[str, Any]:
    """One part of the rows."""
    start = index * CHUNK_ROWS
    if index and start >= rows.num_rows:
        raise invalid(f"There is no chunk {index}.")
    part = rows.slice(start, CHUNK_ROWS).to_pylist()
    more = {"next_chunk_index": index + 1} if start + len(part) < rows.num_rows else {}
    array = [[_text(value) for value in row.values()] for row in part]
    where = {"chunk_index": index, "row_offset": start, "row_count": len(part)}
    return {**where, "data_array": array, **more}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, default=_text)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        at = value.astimezone(dt.UTC) if value.tzinfo else value
        text = at.replace(tzinfo=None).isoformat(timespec="milliseconds")
        if at.microsecond % 1000:
            text = at.replace(tzinfo=None).isoformat(timespec="microseconds")
        return f"{text}Z" if value.tzinfo else text
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


def _word(column_type: str) -> str:
    word = column_type.split("<")[0].split("(")[0].upper()
    return TYPE_NAMES.get(word, word)
