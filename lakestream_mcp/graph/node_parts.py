"""What node types hand over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Reading(NamedTuple):
    """A configuration read from SQL.

    assumed: stands in for required fields that SQL does not say. exact: the query gives the rows of
    this configuration, though it may be written in another way than code is generated.
    """

    config: dict[str, Any]
    assumed: Mapping[str, Any] = {}
    exact: bool = False


class Latest(NamedTuple):
    """Rows read from a source as it is now. said: where they are from, and how to go on."""

    rows: list[dict[str, Any]]
    said: str


class LocalRows(NamedTuple):
    """What a node puts out in a test, and what a reader of its rows must know."""

    table: Any  # pyarrow.Table
    notes: tuple[str, ...] = ()
