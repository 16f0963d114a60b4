"""Rows that were refused, kept with what was wrong: in a Delta table or a Kafka topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from ....errors import LakestreamError
from ....graph.config import problem_of
from ....graph.model import Problem, Relation
from ....graph.node_type import SinkType
from ....relational.sql import check_columns, column, parse_expression, sql
from ...fields import Expression, PlainText, TableName, only_for
from ...kafka import (
    FIELD_ALIASES,
    KafkaConfig,
    Servers,
    Topic,
    connection_options,
    connection_problems,
    login,
    probe,
)

REASONS = ("error", "_error", "reason", "violations")


class DeadLetterQueueConfig(KafkaConfig):
    """Where refused rows go and what is said of them."""

    target: Literal["delta", "kafka"] = Field("delta", description="Where rows are kept")
    table: TableName | None = Field(None, description="Delta: table, made when it is missing")
    bootstrap_servers: Servers | None = Field(  # type: ignore[assignment]
        None, description="Kafka: `host:port`, with commas between several"
    )
    topic: Topic | None = Field(None, description="Kafka: topic")
    error: Expression | None = Field(
        None,
        description="SQL expression of what is wrong with a row; default: the column `error`, "
        "`_error`, `reason` or `violations`, else NULL",
    )
    source: PlainText | None = Field(
        None, description="Where the rows come from; default: the id of this node"
    )
    include_error: bool = Field(
        True, description="Keep error, source and time beside the row, not the row alone"
    )


class DeadLetterQueue(SinkType):
    """A place for rows that go no further."""

    type = "dead-letter-queue"
    title = "Dead-letter queue"
    summary = "Keeps refused rows as JSON with their error, in a Delta table or a Kafka topic"
    Config = DeadLetterQueueConfig
    aliases = ("dead-letter-sink", "dlq")
    field_aliases = {
        **FIELD_ALIASES,
        "deltaTable": "table",
        "kafkaTopic": "topic",
        "includeErrorInfo": "include_error",
    }

    def probe(self, config: Any, secret: Any, send: bool) -> str:
        if config.target == "delta":
            return super().probe(config, secret, send)
        return probe(config, secret, [config.topic])

    def sentence(self, config: DeadLetterQueueConfig) -> str:
        if config.target == "delta":
            return f"keeps refused rows in {config.table or 'a table'}"
        return f"keeps refused rows in {f'topic {config.topic}' if config.topic else 'a topic'}"

    def check(self, config: DeadLetterQueueConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        wanted = ("table",) if config.target == "delta" else ("bootstrap_servers", "topic")
        for field in wanted:
            if getattr(config, field) is None:
                yield Problem(
                    "MISSING_CONFIG",
                    f"`{field}` is required for {config.target}",
                    field=field,
                    expected={"table": "catalog.schema.table"}.get(field, field),
                )
        other = {"delta": sorted({*KafkaConfig.model_fields, "topic"}), "kafka": ["table"]}
        for field in other[config.target]:
            if getattr(config, field) != DeadLetterQueueConfig.model_fields[field].default:
                yield only_for(field, "target", "kafka" if config.target == "delta" else "delta")
        if config.target == "kafka":
            yield from connection_problems(config)
        if not config.include_error:
            for field in ("error", "source"):
                if getattr(config, field) is not None:
                    yield Problem(
                        "UNUSED_CONFIG",
                        f"`{field}` is not kept without `include_error`",
                        field=field,
                        fix={"include_error": True},
                    )
        for rows in inputs[:1]:
            try:
                _error(config, rows)
            except LakestreamError as error:
                yield problem_of(error)

    def code(self, config: DeadLetterQueueConfig, relation: Relation) -> dict[str, Any]:
        kafka = config.target == "kafka"
        return {
            "error": _error(config, relation) if config.include_error else None,
            "include_error": config.include_error,
            "source": config.source,
            "table": config.table,
            "options": connection_options(config) | {"topic": config.topic or ""} if kafka else {},
            "login": login(config) if kafka else None,
        }


def _error(config: DeadLetterQueueConfig, rows: Relation) -> str | None:
    if config.error is not None:
        return sql(check_columns(parse_expression(config.error, "error"), rows, "error"))
    known = {name.lower(): name for name in rows.names}
    found = next((known[name] for name in REASONS if name in known), None)
    return sql(column(found)) if found else None


NODE = DeadLetterQueue()
