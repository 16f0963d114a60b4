"""Rows produced to a Kafka topic as JSON, Avro or Protobuf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ....errors import LakestreamError
from ....graph.config import problem_of
from ....graph.model import Problem, Relation
from ....graph.node_type import SinkType
from ....relational.sql import cast, check_columns, parse_expression, sql
from ...fields import Expression
from ...kafka import (
    FIELD_ALIASES,
    KafkaConfig,
    Topic,
    connection_options,
    connection_problems,
    login,
    probe,
)
from ...registry import FIELD_ALIASES as REGISTRY_ALIASES
from ...registry import RegistryFields, registry_of
from ...stream_table import call, literal
from .values import ValueConfig, refuse_in_sql, value_problems, value_struct, written_schema

if TYPE_CHECKING:
    from sqlglot import exp

    from ....relational.declarative.statements import Statement


class TopicConfig(KafkaConfig):
    """Which topic, and the key of a record."""

    topic: Topic = Field(description="Topic to write to")
    key: Expression | None = Field(
        None,
        description="SQL expression of the record's key, e.g. `customer_id`; default: no key",
    )


class KafkaTopicSinkConfig(RegistryFields, ValueConfig, TopicConfig):
    """Which topic, what a record holds, and where its schema is registered."""


class KafkaTopicSink(SinkType):
    """A Kafka topic that receives records."""

    type = "kafka-topic-sink"
    title = "Kafka topic"
    summary = "Writes rows to a Kafka topic as JSON, Avro or Protobuf"
    Config = KafkaTopicSinkConfig
    targets = frozenset({"sdp", "sss"})
    aliases = ("kafka-sink",)
    field_aliases = {
        **FIELD_ALIASES,
        **REGISTRY_ALIASES,
        "keyExpression": "key",
        "serializationFormat": "format",
    }

    def probe(self, config: Any, secret: Any, send: bool) -> str:
        return probe(config, secret, [config.topic])

    def sentence(self, config: KafkaTopicSinkConfig) -> str:
        written = {"json": "JSON", "avro": "Avro", "protobuf": "Protobuf"}[config.format]
        return f"writes rows as {written} to topic {config.topic}"

    def check(self, config: KafkaTopicSinkConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        yield from connection_problems(config)
        problems = list(value_problems(config))
        yield from problems
        if problems:
            return
        for rows in inputs[:1]:
            try:
                self.code(config, rows)
            except LakestreamError as error:
                yield problem_of(error)

    def code(self, config: KafkaTopicSinkConfig, relation: Relation) -> dict[str, Any]:
        key, value = _key(config, relation), value_struct(config, relation)
        schema: Any = written_schema(config, relation)
        if config.format == "protobuf":
            schema = {"message": config.message, "descriptors": schema}
        return {
            "columns": [sql(each) for each in _with_key(key, _encoded(value, "to_json"))],
            "key": None if key is None else sql(key),
            "value": sql(value),
            "encode": None if config.format == "json" else f"{config.format}_bytes",
            "schema": schema,
            "registry": registry_of(config, config.topic),
            "options": connection_options(config) | {"topic": config.topic},
            "login": login(config),
        }

    def declarative(
        self, config: KafkaTopicSinkConfig, relation: Relation, node_id: str, rows: exp.Query
    ) -> tuple[Statement, ...]:
        """A sink of the Python API, since SQL has none, and the records it is given."""
        from ....relational.declarative.statements import Login, Query, Sink
        from ....relational.dialect import parse, tokenize

        refuse_in_sql(config)
        value = value_struct(config, relation)
        if config.format == "avro":
            value = _encoded(value, "to_avro", written_schema(config, relation))
        else:
            value = _encoded(value, "to_json")
        texts = [sql(each) for each in _with_key(_key(config, relation), value)]
        records = [parse(tokenize(text), text)[0] for text in texts]
        query = rows.copy().select(*records, append=False)
        options = tuple(sorted((connection_options(config) | {"topic": config.topic}).items()))
        user = login(config)
        return (Sink(node_id, "kafka", options, Query(query), Login(**user) if user else None),)


def _key(config: KafkaTopicSinkConfig, rows: Relation) -> exp.Expr | None:
    """The record's key as text."""
    from sqlglot import exp

    if config.key is None:
        return None
    key = check_columns(parse_expression(config.key, "key"), rows, "key")
    return exp.Alias(this=cast(key, "string"), alias=exp.to_identifier("key"))


def _encoded(value: exp.Expr, function: str, schema: str | None = None) -> exp.Expr:
    """The record's value by a function of SQL."""
    from sqlglot import exp

    arguments = [value] if schema is None else [value, literal(schema)]
    return exp.Alias(this=call(function, *arguments), alias=exp.to_identifier("value"))


def _with_key(key: exp.Expr | None, value: exp.Expr) -> list[exp.Expr]:
    return [value] if key is None else [key, value]


NODE = KafkaTopicSink()
