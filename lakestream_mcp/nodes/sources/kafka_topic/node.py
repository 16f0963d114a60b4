"""Records of Kafka topics, their values read as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ....errors import Unsupported
from ....graph.model import Column, Problem, Relation
from ....graph.node_type import ColumnResolver, SourceType
from ....relational.column_types import parse_columns
from ....relational.sql import column, named, sql
from ...fields import ColumnList, PlainText, SourceConfig, names_of, time_problems, timed
from ...kafka import (
    FIELD_ALIASES,
    KafkaConfig,
    Topic,
    connection_options,
    connection_problems,
    login,
)

METADATA = (
    Column("kafka_key", "string"),
    Column("kafka_topic", "string"),
    Column("kafka_partition", "int"),
    Column("kafka_offset", "bigint"),
    Column("kafka_timestamp", "timestamp"),
)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


Topics = Annotated[list[Topic], BeforeValidator(names_of), Field(min_length=1, max_length=100)]


class KafkaTopicConfig(SourceConfig, KafkaConfig):
    """Which records are read and how."""

    topics: Topics = Field(description="Topics to read, as a list or with commas between them")
    columns: ColumnList = Field(
        description="Columns of the JSON value, e.g. `order_id bigint, at timestamp`"
    )
    consumer_group: PlainText | None = Field(
        None, description="Kafka consumer group; default: one of the query's own"
    )
    starting_offsets: Literal["earliest", "latest", "timestamp"] = Field(
        "latest", description="Where the first run starts; later runs go on where the last ended"
    )
    starting_timestamp: dt.datetime | None = Field(
        None, description="Time to start from, with `starting_offsets: timestamp`; UTC by default"
    )
    format: Literal["json", "avro", "protobuf"] = Field(
        "json", description="How values are written; avro and protobuf are refused"
    )
    timestamp_format: PlainText | None = Field(
        None, description="Pattern of timestamps in the JSON; default ISO"
    )
    on_malformed: Literal["null", "fail"] = Field(
        "null", description="A value that is no such JSON: all columns NULL, or the query stops"
    )
    include_metadata: bool = Field(
        False,
        description="Also give kafka_key, kafka_topic, kafka_partition, kafka_offset and "
        "kafka_timestamp",
    )
    fail_on_data_loss: bool = Field(
        True, description="Stop when records were deleted before they were read"
    )
    max_records_per_batch: int | None = Field(
        None, ge=1, description="Most records read in one micro-batch"
    )
    schema_registry_url: PlainText | None = Field(
        None, description="Not supported: declare `columns` instead"
    )

    @model_validator(mode="after")
    def _timestamp_with_its_mode(self) -> KafkaTopicConfig:
        if (self.starting_offsets == "timestamp") != (self.starting_timestamp is not None):
            raise ValueError(
                "`starting_timestamp` goes with `starting_offsets: timestamp`, and only with it"
            )
        return self


class KafkaTopic(SourceType):
    """Kafka records whose values are JSON."""

    type = "kafka-topic"
    title = "Kafka topic"
    summary = "Reads JSON records of Kafka topics"
    Config = KafkaTopicConfig
    aliases = ("kafka", "kafka-source")
    field_aliases = {
        **FIELD_ALIASES,
        "topic": "topics",
        "schema": "columns",
        "consumerGroup": "consumer_group",
        "startingOffset": "starting_offsets",
        "startingOffsets": "starting_offsets",
        "startingTimestamp": "starting_timestamp",
        "deserializationFormat": "format",
        "schemaRegistryUrl": "schema_registry_url",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier `schemaSource` said where columns come from: here they are declared."""
        return {k: v for k, v in config.items() if k not in ("schemaSource", "schema_source")}

    def sentence(self, config: KafkaTopicConfig) -> str:
        return f"reads JSON records of {', '.join(config.topics)} from {config.starting_offsets}"

    def check(
        self,
        config: KafkaTopicConfig,
        inputs: Sequence[Relation],
    ) -> Iterator[Problem]:
        yield from connection_problems(config)
        refused = {
            "format": config.format if config.format != "json" else None,
            "schema_registry_url": config.schema_registry_url,
        }
        for field, given in refused.items():
            if given is not None:
                yield Problem(
                    "UNSUPPORTED",
                    "only JSON values with declared columns are read: a schema registry cannot be "
                    "asked in a local test",
                    field=field,
                    got=given,
                    fix={field: None},
                )
        taken = {c.name for c in METADATA} if config.include_metadata else set()
        for name in sorted(taken & {c.name for c in parse_columns(config.columns)}):
            yield Problem(
                "DUPLICATE_COLUMN", f"`{name}` is also a metadata column", "columns", name
            )
        yield from time_problems(config.event_time, _columns(config))

    def relation(
        self,
        config: KafkaTopicConfig,
        inputs: Sequence[Relation],
        resolver: ColumnResolver,
    ) -> Relation:
        return timed(config, _columns(config))

    def code(self, config: KafkaTopicConfig, relation: Relation) -> dict[str, Any]:
        if config.format != "json" or config.schema_registry_url is not None:
            raise Unsupported("only JSON values with declared columns are read")
        options = connection_options(config) | {
            "subscribe": ",".join(config.topics),
            "failOnDataLoss": str(config.fail_on_data_loss).lower(),
        }
        if config.starting_timestamp is None:
            options["startingOffsets"] = config.starting_offsets
        else:
            options["startingTimestamp"] = str(_milliseconds(config.starting_timestamp))
        if config.consumer_group is not None:
            options["kafka.group.id"] = config.consumer_group
        if config.max_records_per_batch is not None:
            options["maxOffsetsPerTrigger"] = str(config.max_records_per_batch)
        parsing = {"mode": "FAILFAST" if config.on_malformed == "fail" else "PERMISSIVE"}
        if config.timestamp_format is not None:
            parsing["timestampFormat"] = config.timestamp_format
        return {
            "options": options,
            "login": login(config),
            "schema": config.columns,
            "parsing": parsing,
            "columns": _selected(config),
        }


def _columns(config: KafkaTopicConfig) -> tuple[Column, ...]:
    return parse_columns(config.columns) + (METADATA if config.include_metadata else ())


def _milliseconds(at: dt.datetime) -> int:
    aware = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return (aware - EPOCH) // dt.timedelta(milliseconds=1)


def _selected(config: KafkaTopicConfig) -> list[str]:
    """SQL of the columns, over the parsed `parsed` and the record itself."""
    from sqlglot import exp

    names = [c.name for c in parse_columns(config.columns)]
    found = [sql(named_field(name)) for name in names]
    if config.include_metadata:
        key = exp.Cast(this=column("key"), to=exp.DataType.build("string", dialect="spark"))
        found.append(sql(named(key, "kafka_key")))
        found += [sql(named(column(c.name.removeprefix("kafka_")), c.name)) for c in METADATA[1:]]
    return found


def named_field(name: str) -> Any:
    """`parsed.name AS name`."""
    from sqlglot import exp

    from ....relational.sql import identifier

    return exp.Alias(this=column(name, "parsed"), alias=identifier(name))


NODE = KafkaTopic()
