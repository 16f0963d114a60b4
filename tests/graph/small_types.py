"""A small catalogue for graph tests: real node types without SQL, and a resolver without engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.errors import InvalidSql, NotFound, nearest
from lakestream_mcp.graph.model import Column, Problem, Relation
from lakestream_mcp.graph.node_type import (
    ColumnResolver,
    NodeConfig,
    NodeType,
    SinkType,
    SourceType,
)

ORDERS: tuple[Column, ...] = (
    Column("order_id", "bigint"),
    Column("customer", "string"),
    Column("amount", "double"),
    Column("ordered_at", "timestamp"),
)


class NoEngine:
    """A resolver for types that need none; counts how often files are looked at."""

    def __init__(self) -> None:
        self.files_read = 0

    def columns(self, query: Any, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        return inputs[0].columns

    def file_columns(self, path: str, file_format: str) -> tuple[Column, ...]:
        self.files_read += 1
        if path == "missing.json":
            raise NotFound("there is no file `missing.json`", where={"field": "path"}, got=path)
        return ORDERS


class ColumnSpec(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(description="Column name")
    type: str = Field(description="Spark SQL type")


class FeedConfig(NodeConfig):
    topic: str = Field(description="What to read")
    password: str | None = Field(None, max_length=12, description="Secret")
    offset: Literal["earliest", "latest"] = Field("latest", description="Where to start")
    columns: str | list[ColumnSpec] | None = Field(None, description="Declared columns")
    event_time: str | None = Field(None, description="Column that says when")
    watermark_delay: str | None = Field(None, description="How late rows may be")


class Feed(SourceType):
    type = "feed"
    title = "Feed"
    summary = "Reads orders"
    Config = FeedConfig
    aliases = ("old-feed",)
    field_aliases = {"topicName": "topic"}

    def sentence(self, config: FeedConfig) -> str:
        return f"reads {config.topic}"

    def relation(
        self, config: FeedConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        columns = ORDERS
        if isinstance(config.columns, list):
            columns = tuple(Column(c.name, c.type) for c in config.columns)
        if config.topic.endswith(".json"):
            columns = resolver.file_columns(config.topic, "json")
        delay = None if config.watermark_delay is None else 600_000
        return Relation(columns, config.event_time, delay)


class PlainFeedConfig(NodeConfig):
    path: str = "orders"


class PlainFeed(SourceType):
    """A source that cannot declare an event time itself."""

    type = "plain-feed"
    title = "Plain feed"
    summary = "Reads orders without an event time"
    Config = PlainFeedConfig

    def sentence(self, config: PlainFeedConfig) -> str:
        return "reads orders"

    def relation(
        self, config: PlainFeedConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        return Relation(ORDERS)


class FilterConfig(NodeConfig):
    condition: str = Field(description="Rows that stay, e.g. `amount > 10`")


class Filter(NodeType):
    """`condition` is `column > number`; its column must exist."""

    type = "filter"
    category = "transform"
    title = "Filter"
    summary = "Keeps rows that satisfy a condition"
    Config = FilterConfig
    field_aliases = {"filterExpression": "condition"}
    targets = frozenset({"sdp", "sss"})

    def sentence(self, config: FilterConfig) -> str:
        return f"keeps {config.condition}"

    def relation(
        self, config: FilterConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        found = re.match(r"\w+", config.condition)
        column = found[0] if found else ""
        if column not in inputs[0].names:
            near = nearest(column, inputs[0].names)
            fixed = config.condition.replace(column, near) if near else None
            raise InvalidSql(
                f"there is no column `{column}`",
                code="UNKNOWN_COLUMN",
                where={"field": "condition"},
                got=column,
                expected=list(inputs[0].names),
                hint=f"did you mean `{near}`?" if near else None,
                fix=[{"config": {"condition": fixed}}] if fixed else None,
            )
        return inputs[0]


class WatermarkConfig(NodeConfig):
    event_time: str
    delay: str = "10 seconds"


class Watermark(NodeType):
    type = "watermark"
    category = "transform"
    title = "Watermark"
    summary = "Declares the event time"
    Config = WatermarkConfig

    def sentence(self, config: WatermarkConfig) -> str:
        return f"{config.event_time}, {config.delay}"

    def relation(
        self, config: WatermarkConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        return inputs[0]._replace(event_time=config.event_time, delay_ms=10_000)


class NoConfig(NodeConfig):
    pass


class Union(NodeType):
    type = "union-merge"
    category = "transform"
    title = "Union"
    summary = "Puts streams together"
    Config = NoConfig
    max_inputs = 8

    def sentence(self, config: NoConfig) -> str:
        return "all rows"

    def relation(
        self, config: NoConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        return inputs[0]


class JoinConfig(NodeConfig):
    on: list[str] = Field(default_factory=lambda: ["order_id"])


class Join(NodeType):
    type = "join"
    category = "transform"
    title = "Join"
    summary = "Joins two streams"
    Config = JoinConfig
    input_ports = ("left", "right")

    def sentence(self, config: JoinConfig) -> str:
        return f"on {', '.join(config.on)}"

    def check(self, config: JoinConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        for name in config.on:
            if name not in inputs[0].names:
                yield Problem("UNKNOWN_COLUMN", f"no column `{name}`", "on", got=name)

    def relation(
        self, config: JoinConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        right = tuple(c for c in inputs[1].columns if c.name not in config.on)
        return inputs[0]._replace(columns=inputs[0].columns + right)


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    condition: str
    contiguity: Literal["strict", "relaxed"] = "relaxed"


class SequenceConfig(NodeConfig):
    key: list[str] = Field(default_factory=lambda: ["customer"], description="Matched each alone")
    steps: list[Step] = Field(description="What must happen in order")
    event_time: str | None = None
    within: str | None = Field("1 hour", description="First to last")
    max_partial_matches: int | None = None


class Sequence_(NodeType):
    type = "sequence"
    category = "pattern"
    title = "Sequence"
    summary = "Events in order"
    Config = SequenceConfig
    aliases = ("sequence-detector",)

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        migrated = dict(config)
        if "windowMinutes" in migrated:
            migrated["within"] = f"{int(migrated.pop('windowMinutes'))} minutes"
        return migrated

    def sentence(self, config: SequenceConfig) -> str:
        return " then ".join(step.name for step in config.steps)

    def relation(
        self, config: SequenceConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        return Relation((Column("match_id", "string"), Column("detected_at", "timestamp")))


class TableConfig(NodeConfig):
    table: str
    mode: Literal["append", "merge"] = "append"


class TableSink(SinkType):
    type = "delta-table-sink"
    title = "Delta table"
    summary = "Writes a table"
    Config = TableConfig

    def sentence(self, config: TableConfig) -> str:
        return f"{config.mode}s to {config.table}"


class TableSourceConfig(NodeConfig):
    table: str
    columns: list[ColumnSpec]
    event_time: str | None = None
    watermark_delay: str | None = None


class TableSource(SourceType):
    type = "delta-table-source"
    title = "Delta table"
    summary = "Reads a table"
    Config = TableSourceConfig

    def sentence(self, config: TableSourceConfig) -> str:
        return f"reads {config.table}"

    def relation(
        self, config: TableSourceConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        columns = tuple(Column(c.name, c.type) for c in config.columns)
        return Relation(columns, config.event_time, 600_000 if config.watermark_delay else None)


def small_catalog() -> Catalog:
    kinds = (
        Feed,
        PlainFeed,
        TableSource,
        Filter,
        Watermark,
        Union,
        Join,
        Sequence_,
        TableSink,
    )
    return Catalog(kind() for kind in kinds)


STEPS: list[Mapping[str, str]] = [{"name": "a", "condition": "amount > 1"}]


def add(node_id: str, type_name: str, after: str | None = None, **config: Any) -> dict[str, Any]:
    """An `add_node` change."""
    node = {"id": node_id, "type": type_name, "config": config}
    return {"op": "add_node", "node": node} | ({"after": after} if after else {})


def connect(source: str, target: str, port: str | None = None) -> dict[str, Any]:
    """A `connect` change."""
    change = {"op": "connect", "source": source, "target": target}
    return change | ({"target_port": port} if port else {})
