"""Records of Azure Event Hubs or Amazon Kinesis."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ....errors import Unsupported
from ....graph.model import Column, Problem, Relation
from ....relational.sql import cast, column, named, sql
from ...fields import secret_ref
from ...kafka_read import kafka_arguments, login_arguments, milliseconds, start_options
from ...message_source import MessageSource
from ...payload import FIELD_ALIASES as PAYLOAD_ALIASES
from ...payload import decoding, outputs, parsed_sql
from ...stream_table import literal, secret_call, secret_parts, stream_of
from .config import EventHubKinesisConfig

if TYPE_CHECKING:
    from sqlglot import exp

METADATA = (
    Column("record_key", "string"),
    Column("record_stream", "string"),
    Column("record_partition", "string"),
    Column("record_offset", "string"),
    Column("record_time", "timestamp"),
)
_KAFKA = ("key", "topic", "partition", "offset", "timestamp")
_KINESIS = (
    "partitionKey",
    "stream",
    "shardId",
    "sequenceNumber",
    "approximateArrivalTimestamp",
)
_USER = "$ConnectionString"
EVENT_HUB = ("namespace", "connection_string", "max_records_per_batch")
KINESIS = (
    "stream_arn",
    "region",
    "service_credential",
    "access_key",
    "secret_key",
    "role_arn",
    "consumer_mode",
)


class EventHubKinesis(MessageSource):
    """A stream of a cloud's own."""

    type = "event-hub-kinesis"
    title = "Event Hubs or Kinesis"
    summary = "Reads records of Azure Event Hubs (by its Kafka endpoint) or Amazon Kinesis"
    Config = EventHubKinesisConfig
    unsaid = tuple(EventHubKinesisConfig.model_fields)
    metadata = METADATA
    implied: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "event_hub": {"provider": "event-hub"},
        "kinesis": {"provider": "kinesis"},
    }
    aliases = ("event-hub", "event-hubs", "kinesis")
    field_aliases = {
        **PAYLOAD_ALIASES,
        "connectionString": "connection_string",
        "streamArn": "stream_arn",
        "consumerGroup": "consumer_group",
        "startingPosition": "starting_position",
    }
    targets = frozenset({"sdp", "sss"})

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier `trim-horizon` is the earliest record there is."""
        if config.get("starting_position") in ("trim-horizon", "trim_horizon"):
            return config | {"starting_position": "earliest"}
        return config

    def reads_topics(self, config: Any) -> bool:
        return bool(config.provider == "event-hub")

    def probe(self, config: Any, secret: Any, send: bool) -> str:
        if config.provider == "kinesis":
            raise Unsupported("Kinesis is reached by Databricks alone: nothing is tried from here.")
        from ...kafka_probe import Brokers, Login, probe_kafka

        servers = _event_hub_options(config)["kafka.bootstrap.servers"]
        login = Login("PLAIN", _USER, secret(secret_ref(config.connection_string)))
        return probe_kafka(Brokers(servers, "SASL_SSL", None, login), config.streams)

    def sentence(self, config: EventHubKinesisConfig) -> str:
        named = ", ".join(config.streams or [config.stream_arn or "?"])
        service = "Kinesis" if config.provider == "kinesis" else "Event Hubs"
        return f"reads {config.format} records of {named} in {service}"

    def connection_problems(self, config: EventHubKinesisConfig) -> Iterator[Problem]:
        yield from _connection_problems(config)

    def code(self, config: EventHubKinesisConfig, relation: Relation) -> dict[str, Any]:
        kinesis = config.provider == "kinesis"
        return {
            "provider": config.provider,
            "options": _kinesis_options(config) if kinesis else _event_hub_options(config),
            "secrets": [(name, *secret_parts(given)) for name, given in _secrets(config).items()],
            "user": _USER,
            "columns": [sql(each) for each in _outputs(config)],
            **decoding(config, "data" if kinesis else "value"),
        }

    def declarative(self, config: EventHubKinesisConfig, relation: Relation) -> exp.Query:
        kinesis = config.provider == "kinesis"
        parsed = parsed_sql(config, "data" if kinesis else "value")
        if not kinesis:
            arguments = kafka_arguments(_event_hub_options(config))
            arguments |= login_arguments("PLAIN", _USER, config.connection_string or "")
            return stream_of("read_kafka", arguments, parsed, _outputs(config))
        if config.stream_arn is not None:
            raise Unsupported(
                "`read_kinesis` knows streams by name only",
                where={"field": "stream_arn"},
                got=config.stream_arn,
                expected="`streams` and `region`",
            )
        arguments = {name: literal(value) for name, value in _kinesis_options(config).items()}
        arguments |= {name: secret_call(given) for name, given in _secrets(config).items()}
        return stream_of("read_kinesis", arguments, parsed, _outputs(config))


EXPECTED = {
    "streams": ["a stream"],
    "namespace": "the namespace's name",
    "connection_string": "secret://scope/key",
    "access_key": "secret://scope/key",
    "secret_key": "secret://scope/key",
}


def _connection_problems(config: EventHubKinesisConfig) -> Iterator[Problem]:
    kinesis = config.provider == "kinesis"
    needed = [] if kinesis else ["streams", "namespace", "connection_string"]
    if kinesis and (config.streams is None) == (config.stream_arn is None):
        yield Problem(
            "MISSING_CONFIG" if config.streams is None else "UNUSED_CONFIG",
            "Kinesis streams are named by `streams` or by `stream_arn`",
            field="streams" if config.streams is None else "stream_arn",
            fix=None if config.streams is None else {"stream_arn": None},
        )
    if kinesis and (config.access_key is None) != (config.secret_key is None):
        needed += ["access_key", "secret_key"]
    for field in needed:
        if getattr(config, field) is None:
            message = f"`{field}` is required with {config.provider}"
            yield Problem("MISSING_CONFIG", message, field=field, expected=EXPECTED[field])
    if config.access_key is not None and config.service_credential is not None:
        yield Problem(
            "UNUSED_CONFIG",
            "`access_key` has no use with a service credential",
            field="access_key",
            fix={"access_key": None, "secret_key": None},
        )
    unused = [f for f in (EVENT_HUB if kinesis else KINESIS) if getattr(config, f) is not None]
    if kinesis and config.consumer_group is not None and config.consumer_mode != "efo":
        yield Problem(
            "UNUSED_CONFIG",
            "a Kinesis consumer has a name with enhanced fan-out only",
            field="consumer_group",
            fix={"consumer_mode": "efo"},
        )
    for field in unused:
        yield Problem(
            "UNUSED_CONFIG",
            f"`{field}` has no use with {config.provider}",
            field=field,
            fix={field: None},
        )


def _outputs(config: EventHubKinesisConfig) -> list[exp.Expr]:
    found = outputs(config)
    if config.include_metadata:
        own = _KINESIS if config.provider == "kinesis" else _KAFKA
        found += [
            named(cast(column(theirs), c.type), c.name)
            for c, theirs in zip(METADATA, own, strict=True)
        ]
    return found


def _event_hub_options(config: EventHubKinesisConfig) -> dict[str, str]:
    """Options of the Kafka source for the Kafka endpoint of a namespace."""
    given = config.namespace or ""
    host = given if "." in given else f"{given}.servicebus.windows.net"
    options = {
        "kafka.bootstrap.servers": f"{host}:9093",
        "kafka.security.protocol": "SASL_SSL",
        "subscribe": ",".join(config.streams or []),
    }
    options |= start_options(config.starting_position, config.starting_timestamp)
    if config.consumer_group is not None:
        options["kafka.group.id"] = config.consumer_group
    if config.max_records_per_batch is not None:
        options["maxOffsetsPerTrigger"] = str(config.max_records_per_batch)
    return options


def _kinesis_options(config: EventHubKinesisConfig) -> dict[str, str]:
    """Options of Databricks' Kinesis source, but for keys, which are secrets."""
    position = "trim_horizon" if config.starting_position == "earliest" else "latest"
    if config.starting_timestamp is not None:
        at = dt.datetime.fromtimestamp(milliseconds(config.starting_timestamp) // 1000, dt.UTC)
        text = at.strftime("%m/%d/%Y %H:%M:%S UTC")
        position = json.dumps({"at_timestamp": text, "format": "MM/dd/yyyy HH:mm:ss ZZZ"})
    given = {
        "streamName": ",".join(config.streams) if config.streams else None,
        "streamARN": config.stream_arn,
        "region": config.region,
        "serviceCredential": config.service_credential,
        "roleArn": config.role_arn,
        "consumerMode": config.consumer_mode,
        "consumerName": config.consumer_group,
        "initialPosition": position,
    }
    return {name: value for name, value in given.items() if value is not None}


def _secrets(config: EventHubKinesisConfig) -> dict[str, str]:
    given = (
        {"awsAccessKey": config.access_key, "awsSecretKey": config.secret_key}
        if config.provider == "kinesis"
        else {"connection_string": config.connection_string}
    )
    return {name: value for name, value in given.items() if value is not None}


NODE = EventHubKinesis()
