"""Records of Kafka topics, their values read as JSON, Avro or Protobuf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ....graph.model import Column, Problem, Relation
from ....graph.node_parts import Reading
from ....relational.sql import cast, column, named, sql
from ...fields import SourceConfig
from ...kafka import FIELD_ALIASES, connection_problems, login, probe
from ...kafka_read import FIELD_ALIASES as READ_ALIASES
from ...kafka_read import KafkaReadConfig, kafka_query, read_options
from ...message_source import MessageSource
from ...payload import FIELD_ALIASES as PAYLOAD_ALIASES
from ...payload import RegistryConfig, decoding, outputs, parsed_sql
from ...registry import registry_url

if TYPE_CHECKING:
    from sqlglot import exp

METADATA = (
    Column("kafka_key", "string"),
    Column("kafka_topic", "string"),
    Column("kafka_partition", "int"),
    Column("kafka_offset", "bigint"),
    Column("kafka_timestamp", "timestamp"),
)


class KafkaTopicConfig(SourceConfig, RegistryConfig, KafkaReadConfig):
    """Which records are read and how."""

    include_metadata: bool = Field(
        False,
        description="Also give kafka_key, kafka_topic, kafka_partition, kafka_offset and "
        "kafka_timestamp",
    )


class KafkaTopic(MessageSource):
    """Kafka records."""

    type = "kafka-topic"
    title = "Kafka topic"
    summary = "Reads records of Kafka topics: JSON, Avro or Protobuf"
    Config = KafkaTopicConfig
    metadata = METADATA
    targets = frozenset({"sdp", "sss"})
    aliases = ("kafka", "kafka-source")
    field_aliases = {**FIELD_ALIASES, **READ_ALIASES, **PAYLOAD_ALIASES}

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier `schemaSource` said where columns come from: here the fields themselves do."""
        return {k: v for k, v in config.items() if k not in ("schemaSource", "schema_source")}

    def reads_topics(self, config: Any) -> bool:
        return True

    def probe(self, config: Any, secret: Any, send: bool) -> str:
        return probe(config, secret, config.topics)

    def sentence(self, config: KafkaTopicConfig) -> str:
        topics = ", ".join(config.topics)
        written = {"json": "JSON", "avro": "Avro", "protobuf": "Protobuf"}[config.format]
        return f"reads {written} records of {topics} from {config.starting_offsets}"

    def connection_problems(self, config: KafkaTopicConfig) -> Iterator[Problem]:
        yield from connection_problems(config)
        if registry_url(config) and not config.schema_registry_subject and len(config.topics) > 1:
            yield Problem(
                "MISSING_CONFIG",
                "`schema_registry_subject` is required with several topics",
                field="schema_registry_subject",
                expected=f"the subject of all topics, such as `{config.topics[0]}-value`",
            )

    def code(self, config: KafkaTopicConfig, relation: Relation) -> dict[str, Any]:
        selected = [sql(each) for each in _selected(config)]
        return {
            "options": read_options(config),
            "login": login(config),
            "columns": selected,
            **decoding(config, "value", config.topics[0]),
        }

    def read(self, query: exp.Query) -> Reading | None:
        """`STREAM read_kafka(…)`, its value parsed by `from_json`."""
        from .reading import reading

        return reading(query)

    def declarative(self, config: KafkaTopicConfig, relation: Relation) -> exp.Query:
        return kafka_query(config, parsed_sql(config, "value"), _selected(config))


def _selected(config: KafkaTopicConfig) -> list[exp.Expr]:
    """The value's columns, and the record's own."""
    found = outputs(config)
    if config.include_metadata:
        found.append(named(cast(column("key"), "string"), "kafka_key"))
        found += [named(column(c.name.removeprefix("kafka_")), c.name) for c in METADATA[1:]]
    return found


NODE = KafkaTopic()
