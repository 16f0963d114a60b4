"""Statements that read history in the place of a source."""

from __future__ import annotations

from ...graph.model import Relation


def bounded(frame: str, condition: str, ends: str) -> str:
    """The frame cut at its bounds, and the stream of the row that ends it."""
    return f"{frame} = {frame}.where({condition!r}).unionByName({ends})"


def casts(relation: Relation) -> list[str]:
    """All columns of a source, in their types, as Spark SQL."""
    return [f"CAST({quoted(c.name)} AS {c.type}) AS {quoted(c.name)}" for c in relation.columns]


def quoted(name: str) -> str:
    """A column, quoted."""
    return "`" + name.replace("`", "``") + "`"
