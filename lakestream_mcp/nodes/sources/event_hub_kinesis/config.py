"""What is said of a stream of Event Hubs or Kinesis."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ...fields import PlainText, Secret, SourceConfig, names_of
from ...payload import PayloadConfig

_NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9](\.servicebus\.[a-z.]{3,60})?")
_STREAM = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_ARN = re.compile(r"arn:aws[a-z-]*:kinesis:[a-z0-9-]+:\d{12}:stream/[A-Za-z0-9_.-]{1,128}")


def _namespace(text: str) -> str:
    if not _NAMESPACE.fullmatch(text):
        raise ValueError("a namespace is `name` or `name.servicebus.windows.net`")
    return text


def _stream(text: str) -> str:
    if not _STREAM.fullmatch(text):
        raise ValueError("a stream is named with letters, digits, `.`, `_` and `-`")
    return text


def _arn(text: str) -> str:
    if not _ARN.fullmatch(text):
        raise ValueError("an ARN is `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME`")
    return text


Streams = Annotated[
    list[Annotated[str, AfterValidator(_stream)]],
    BeforeValidator(names_of),
    Field(min_length=1, max_length=100),
]


class EventHubKinesisConfig(SourceConfig, PayloadConfig):
    """Which stream, at which provider."""

    provider: Literal["event-hub", "kinesis"] = Field(description="Whose stream it is")
    streams: Streams | None = Field(
        None, description="Names of the event hubs or Kinesis streams, as a list or with commas"
    )
    namespace: Annotated[str, AfterValidator(_namespace)] | None = Field(
        None, description="Event Hubs: the namespace, `name` or `name.servicebus.windows.net`"
    )
    connection_string: Secret | None = Field(
        None,
        description="Event Hubs: the connection string; only a reference `secret://scope/key`",
    )
    stream_arn: Annotated[str, AfterValidator(_arn)] | None = Field(
        None, description="Kinesis: the stream's ARN, in place of `streams`"
    )
    region: PlainText | None = Field(
        None, description="Kinesis: region of the streams, e.g. `eu-west-1`; default: the cluster's"
    )
    service_credential: PlainText | None = Field(
        None, description="Kinesis: name of a Databricks service credential to log in with"
    )
    access_key: Secret | None = Field(
        None, description="Kinesis: AWS access key, in place of a service credential; a reference"
    )
    secret_key: Secret | None = Field(
        None, description="Kinesis: AWS secret key; only a reference `secret://scope/key`"
    )
    role_arn: PlainText | None = Field(None, description="Kinesis: role to take on when reading")
    consumer_group: PlainText | None = Field(
        None,
        description="Event Hubs: consumer group. Kinesis: name of the consumer, with "
        "`consumer_mode: efo`",
    )
    consumer_mode: Literal["polling", "efo"] | None = Field(
        None, description="Kinesis: shared (`polling`, the default) or enhanced fan-out (`efo`)"
    )
    starting_position: Literal["earliest", "latest", "timestamp"] = Field(
        "latest", description="Where the first run starts; later runs go on where the last ended"
    )
    starting_timestamp: dt.datetime | None = Field(
        None, description="Time to start from, with `starting_position: timestamp`; UTC by default"
    )
    max_records_per_batch: int | None = Field(
        None, ge=1, description="Event Hubs: most records read in one micro-batch"
    )
    include_metadata: bool = Field(
        False,
        description="Also give record_key, record_stream, record_partition, record_offset and "
        "record_time",
    )

    @model_validator(mode="after")
    def _timestamp_with_its_mode(self) -> EventHubKinesisConfig:
        if (self.starting_position == "timestamp") != (self.starting_timestamp is not None):
            raise ValueError(
                "`starting_timestamp` goes with `starting_position: timestamp`, and only with it"
            )
        return self
