"""A source on this machine: events of a test as its code takes them, and rows that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ..errors import Unsupported
from .node_parts import Latest, LocalRows


class LocalSource:
    """Part of every source type; by default events are rows of its columns, and all pass."""

    type: ClassVar[str]

    def as_row(self, config: Any, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """An event as a row of the source's columns, where it may be given as the source reads it;
        default: as it is. Values are typed afterwards."""
        return event

    def let_through(self, config: Any, table: Any, source: str) -> LocalRows:
        """The rows that generated code would let through, and what to know of the others.

        table: pyarrow.Table of the source's columns, with `__row`. Raises InvalidEvents where the
        code would stop.
        """
        return LocalRows(table)

    def only_values(self, config: Any) -> Mapping[str, Sequence[Any]]:
        """By column, the values it can hold, where only some are possible; default: nothing."""
        return {}

    def latest(self, config: Any, count: int, roots: Sequence[Path], since: str | None) -> Latest:
        """The newest rows that are there to be read now, within a bounded time; nothing is kept of
        having read them. Raises Unsupported where this process cannot reach the source."""
        raise Unsupported(
            f"The rows of a `{self.type}` cannot be read from here.",
            code="NOT_LIVE",
            got=self.type,
            hint="give a few of them as rows, or as a file",
        )

    def reads_topics(self, config: Any) -> bool:
        """Whether its rows come from Kafka topics, whose newest records a local Spark can read."""
        return False
