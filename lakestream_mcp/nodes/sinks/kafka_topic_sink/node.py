"""Rows produced to a Kafka topic as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....errors import LakestreamError, Unsupported
from ....graph.config import problem_of
from ....graph.model import Problem, Relation
from ....graph.node_type import SinkType
from ....relational.sql import cast, check_columns, column, find_column, parse_expression, sql
from ...fields import Expression, NameList
from ...kafka import (
    FIELD_ALIASES,
    KafkaConfig,
    Topic,
    connection_options,
    connection_problems,
    login,
    probe,
)

if TYPE_CHECKING:
    from sqlglot import exp

    from ....relational.declarative.statements import Statement


class KafkaTopicSinkConfig(KafkaConfig):
    """Which topic, and what a record holds."""

    topic: Topic = Field(description="Topic to write to")
    key: Expression | None = Field(
        None,
        description="SQL expression of the record's key, e.g. `customer_id`; default: no key",
    )
    columns: NameList | None = Field(
        None,
        description="Columns of the JSON value; default: all. Columns that are NULL are left out",
    )
    format: Literal["json", "avro", "protobuf"] = Field(
        "json", description="How values are written; avro and protobuf are refused"
    )


class KafkaTopicSink(SinkType):
    """A Kafka topic that receives JSON."""

    type = "kafka-topic-sink"
    title = "Kafka topic"
    summary = "Writes rows to a Kafka topic as JSON"
    Config = KafkaTopicSinkConfig
    targets = frozenset({"sdp", "sss"})
    aliases = ("kafka-sink",)
    field_aliases = {
        **FIELD_ALIASES,
        "keyExpression": "key",
        "serializationFormat": "format",
    }

    def probe(self, config: Any, secret: Any, send: bool) -> str:
        return probe(config, secret)

    def sentence(self, config: KafkaTopicSinkConfig) -> str:
        return f"writes rows as JSON to topic {config.topic}"

    def check(self, config: KafkaTopicSinkConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        yield from connection_problems(config)
        if config.format != "json":
            yield Problem(
                "UNSUPPORTED",
                "only JSON values are written",
                field="format",
                got=config.format,
                expected="json",
                fix={"format": "json"},
            )
        for rows in inputs[:1]:
            try:
                _expressions(config, rows)
            except LakestreamError as error:
                yield problem_of(error)

    def code(self, config: KafkaTopicSinkConfig, relation: Relation) -> dict[str, Any]:
        if config.format != "json":
            raise Unsupported("only JSON values are written")
        return {
            "columns": _expressions(config, relation),
            "options": connection_options(config) | {"topic": config.topic},
            "login": login(config),
        }

    def declarative(
        self, config: KafkaTopicSinkConfig, relation: Relation, node_id: str, rows: exp.Query
    ) -> tuple[Statement, ...]:
        """A sink of the Python API, since SQL has none, and the records it is given."""
        from ....relational.declarative.statements import Login, Query, Sink
        from ....relational.dialect import parse, tokenize

        made = self.code(config, relation)
        records = [parse(tokenize(text), text)[0] for text in made["columns"]]
        query = rows.copy().select(*records, append=False)
        options = tuple(sorted(made["options"].items()))
        user = Login(**made["login"]) if made["login"] else None
        return (Sink(node_id, "kafka", options, Query(query), user),)


def _expressions(config: KafkaTopicSinkConfig, rows: Relation) -> list[str]:
    from sqlglot import exp

    found = []
    if config.key is not None:
        key = check_columns(parse_expression(config.key, "key"), rows, "key")
        found.append(exp.Alias(this=cast(key, "string"), alias=exp.to_identifier("key")))
    names = rows.names
    if config.columns is not None:
        names = tuple(find_column(n, rows, "columns", config.columns) for n in config.columns)
    fields = exp.Anonymous(this="struct", expressions=[column(name) for name in names])
    value = exp.Anonymous(this="to_json", expressions=[fields])
    found.append(exp.Alias(this=value, alias=exp.to_identifier("value")))
    return [sql(each) for each in found]


NODE = KafkaTopicSink()
