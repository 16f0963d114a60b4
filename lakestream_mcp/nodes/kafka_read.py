"""Reading Kafka topics: what sources over Kafka share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from .fields import PlainText, names_of
from .kafka import KafkaConfig, Topic, connection_options
from .stream_table import call, literal, secret_call, stream_of

if TYPE_CHECKING:
    from sqlglot import exp

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Topics = Annotated[list[Topic], BeforeValidator(names_of), Field(min_length=1, max_length=100)]
FIELD_ALIASES = {
    "topic": "topics",
    "consumerGroup": "consumer_group",
    "startingOffset": "starting_offsets",
    "startingOffsets": "starting_offsets",
    "startingTimestamp": "starting_timestamp",
}


class KafkaReadConfig(KafkaConfig):
    """Which records are read."""

    topics: Topics = Field(description="Topics to read, as a list or with commas between them")
    consumer_group: PlainText | None = Field(
        None, description="Kafka consumer group; default: one of the query's own"
    )
    starting_offsets: Literal["earliest", "latest", "timestamp"] = Field(
        "latest", description="Where the first run starts; later runs go on where the last ended"
    )
    starting_timestamp: dt.datetime | None = Field(
        None, description="Time to start from, with `starting_offsets: timestamp`; UTC by default"
    )
    fail_on_data_loss: bool = Field(
        True, description="Stop when records were deleted before they were read"
    )
    max_records_per_batch: int | None = Field(
        None, ge=1, description="Most records read in one micro-batch"
    )

    @model_validator(mode="after")
    def _timestamp_with_its_mode(self) -> KafkaReadConfig:
        if (self.starting_offsets == "timestamp") != (self.starting_timestamp is not None):
            raise ValueError(
                "`starting_timestamp` goes with `starting_offsets: timestamp`, and only with it"
            )
        return self


def read_options(config: KafkaReadConfig) -> dict[str, str]:
    """Spark's options for reading, but for the login, which holds a secret."""
    options = connection_options(config) | {
        "subscribe": ",".join(config.topics),
        "failOnDataLoss": str(config.fail_on_data_loss).lower(),
    }
    options |= start_options(config.starting_offsets, config.starting_timestamp)
    if config.consumer_group is not None:
        options["kafka.group.id"] = config.consumer_group
    if config.max_records_per_batch is not None:
        options["maxOffsetsPerTrigger"] = str(config.max_records_per_batch)
    return options


def start_options(offsets: str, timestamp: dt.datetime | None) -> dict[str, str]:
    """Where the first run starts: at a time that is later than all records, with the next one."""
    if timestamp is None:
        return {"startingOffsets": offsets}
    return {
        "startingTimestamp": str(milliseconds(timestamp)),
        "startingOffsetsByTimestampStrategy": "latest",
    }


def milliseconds(at: dt.datetime) -> int:
    """Milliseconds since 1970; a time without a zone is UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return (aware - EPOCH) // dt.timedelta(milliseconds=1)


def kafka_query(
    config: KafkaReadConfig, parsed: exp.Expr, outputs: Sequence[exp.Expr]
) -> exp.Query:
    """What is read from Kafka in Databricks SQL."""
    arguments = kafka_arguments(read_options(config))
    if config.sasl_password is not None and config.security_protocol.startswith("SASL"):
        arguments |= login_arguments(
            config.sasl_mechanism, config.sasl_username or "", config.sasl_password
        )
    return stream_of("read_kafka", arguments, parsed, outputs)


def kafka_arguments(options: Mapping[str, str]) -> dict[str, exp.Expr]:
    """Spark's options as arguments of `read_kafka`."""
    names = {"kafka.bootstrap.servers": "bootstrapServers"}
    return {names.get(name, name): literal(value) for name, value in options.items()}


def login_arguments(mechanism: str, username: str, password: str) -> dict[str, exp.Expr]:
    """Arguments of `read_kafka` for a login; the password is a reference to a secret."""
    scram = mechanism.startswith("SCRAM")
    module = "scram.ScramLoginModule" if scram else "plain.PlainLoginModule"
    name = username.replace("\\", "\\\\").replace('"', '\\"')
    head = (
        f"kafkashaded.org.apache.kafka.common.security.{module} required "
        f'username="{name}" password="'
    )
    escaped = call("replace", secret_call(password), literal("\\"), literal("\\\\"))
    escaped = call("replace", escaped, literal('"'), literal('\\"'))
    return {
        "kafka.sasl.mechanism": literal(mechanism),
        "kafka.sasl.jaas.config": call("concat", literal(head), escaped, literal('";')),
    }
