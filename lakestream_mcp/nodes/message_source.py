"""Sources of messages: a payload's columns, and those of the message around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from ..graph.model import Column, Problem, Relation
from ..graph.node_type import ColumnResolver, SourceType
from .fields import time_problems, timed
from .payload import columns_of, payload_problems


class MessageSource(SourceType):
    """Its configuration is a `PayloadConfig` and a `SourceConfig` with `include_metadata`.

    metadata: the columns of the message, given with `include_metadata`.
    """

    metadata: ClassVar[tuple[Column, ...]]

    def connection_problems(self, config: Any) -> Iterator[Problem]:
        """What is wrong with how messages are reached; default: nothing."""
        yield from ()

    def columns(self, config: Any) -> tuple[Column, ...]:
        """The payload's columns, and those of the message where they are asked for."""
        return columns_of(config) + (self.metadata if config.include_metadata else ())

    def check(self, config: Any, inputs: Sequence[Relation]) -> Iterator[Problem]:
        yield from self.connection_problems(config)
        problems = list(payload_problems(config))
        yield from problems
        if problems:
            return
        taken = {c.name for c in self.metadata} if config.include_metadata else set()
        for name in sorted(taken & {c.name for c in columns_of(config)}):
            yield Problem(
                "DUPLICATE_COLUMN",
                f"`{name}` is also a metadata column",
                "columns",
                name,
                hint="rename the column, or do without metadata",
                fix={"include_metadata": False},
            )
        yield from time_problems(config.event_time, self.columns(config))

    def relation(
        self, config: Any, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        return timed(config, self.columns(config))
