"""Event time and how late rows may come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from ....graph.duration import Delay, delay_ms
from ....graph.model import Problem, Relation
from ....graph.node_type import ColumnResolver, NodeConfig, RelationalType
from ....relational.sql import column
from ...fields import ColumnName, time_problems

if TYPE_CHECKING:
    from sqlglot import exp


class WatermarkConfig(NodeConfig):
    """Event time and delay."""

    event_time: ColumnName = Field(
        description="Column that says when an event happened; of type timestamp"
    )
    delay: Delay = Field(
        "10 seconds",
        description="How late rows may come: the watermark is the greatest event time seen minus "
        "this",
    )


class Watermark(RelationalType):
    """All rows as they are; their time is declared."""

    type = "watermark"
    title = "Watermark"
    summary = "Declares the event-time column and how late rows may come"
    Config = WatermarkConfig
    field_aliases = {
        "timestampColumn": "event_time",
        "column": "event_time",
        "delayThreshold": "delay",
        "watermark_delay": "delay",
    }

    def sentence(self, config: WatermarkConfig) -> str:
        return f"takes {config.event_time} as event time, rows up to {config.delay} late"

    def check(self, config: WatermarkConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        for rows in inputs[:1]:
            yield from time_problems(config.event_time, rows.columns)
            if rows.delay_ms is not None:
                yield Problem(
                    "WATERMARK_TWICE",
                    f"the rows that come in have a watermark already, on `{rows.event_time}`",
                    field="delay",
                    got=config.delay,
                    hint="remove this node, or `watermark_delay` from the source",
                )

    def query(self, config: WatermarkConfig, inputs: Sequence[Relation]) -> exp.Query:
        """All columns as they are: what is declared here is no part of the rows."""
        from sqlglot import exp

        return exp.select(*(column(name) for name in inputs[0].names)).from_("in_0")

    def relation(
        self,
        config: WatermarkConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        rows = inputs[0]
        if rows.type_of(config.event_time) != "timestamp":
            return rows  # `check` says what is wrong
        return Relation(rows.columns, config.event_time, delay_ms(config.delay))


NODE = Watermark()
