"""Messages of an MQTT broker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from ....graph.model import Column, Problem, Relation
from ....graph.plain import LiteralSecret
from ....relational.sql import column, named, sql
from ...fields import PlainText, Secret, SourceConfig, names_of, secret_ref
from ...message_source import MessageSource
from ...payload import FIELD_ALIASES as PAYLOAD_ALIASES
from ...payload import PayloadConfig, decoding, outputs
from ...stream_table import secret_parts

METADATA = (
    Column("mqtt_topic", "string"),
    Column("mqtt_qos", "int"),
    Column("mqtt_retained", "boolean"),
    Column("mqtt_received_at", "timestamp"),
)
PACKAGE = "paho-mqtt==2.2.0"
PORTS = {"mqtt": 1883, "mqtts": 8883}
_ADDRESS = re.compile(
    r"(?:(?P<scheme>mqtts?|tcp|ssl)://)?(?P<host>[A-Za-z0-9._-]{1,253})(?::(?P<port>\d{1,5}))?/?"
)
_CLIENT = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


def _broker(text: str) -> str:
    found = _ADDRESS.fullmatch(text)
    if found is None and "@" in text:
        raise LiteralSecret("a login has no place in an address: it has fields of its own")
    if found is None or not 0 < int(found["port"] or 1) < 65536:
        raise ValueError(
            "a broker is `mqtt://host:port`, or `mqtts://host:port` with TLS; a login has fields "
            "of its own"
        )
    scheme = {"tcp": "mqtt", "ssl": "mqtts", None: "mqtt"}.get(found["scheme"], found["scheme"])
    return f"{scheme}://{found['host'].lower()}:{found['port'] or PORTS[scheme]}"


def _topic_filter(text: str) -> str:
    levels = text.split("/")
    wild = any(("+" in level or "#" in level) and len(level) > 1 for level in levels)
    if wild or "#" in levels[:-1]:
        raise ValueError("`+` stands for one whole level, `#` for all that are left, at the end")
    return text


def _client(text: str) -> str:
    if not _CLIENT.fullmatch(text):
        raise ValueError("a client is named with letters, digits and `_.:-`")
    return text


Filters = Annotated[
    list[Annotated[PlainText, AfterValidator(_topic_filter)]],
    BeforeValidator(names_of),
    Field(min_length=1, max_length=100),
]


class MqttConfig(SourceConfig, PayloadConfig):
    """Which messages, of which broker."""

    format: Literal["json", "avro", "protobuf", "text"] = Field(  # type: ignore[assignment]
        "json", description="How payloads are written; `text` gives one column `text`"
    )
    broker_url: Annotated[PlainText, AfterValidator(_broker)] = Field(
        description="`mqtt://host:1883`, or `mqtts://host:8883` with TLS"
    )
    topic_filters: Filters = Field(
        description="Topics to subscribe to, with `+` and `#`, as a list or with commas"
    )
    client_id: Annotated[str, AfterValidator(_client)] = Field(
        description="Name of the session: the broker keeps its messages while nobody reads"
    )
    qos: Literal[0, 1, 2] = Field(
        1,
        description="0: messages may be lost; 1: they come at least once; 2: once from the broker",
    )
    username: PlainText | None = Field(None, description="User name at the broker")
    password: Secret | None = Field(
        None, description="Password at the broker; only a reference `secret://scope/key`"
    )
    max_records_per_batch: int | None = Field(
        None, ge=1, description="Most messages read in one micro-batch"
    )
    include_metadata: bool = Field(
        False,
        description="Also give mqtt_topic, mqtt_qos, mqtt_retained and mqtt_received_at",
    )


class Mqtt(MessageSource):
    """MQTT messages, through a data source that the code brings along."""

    type = "mqtt"
    title = "MQTT"
    summary = "Reads messages of an MQTT broker"
    Config = MqttConfig
    metadata = METADATA
    aliases = ("mqtt-source",)
    field_aliases = {
        **PAYLOAD_ALIASES,
        "brokerUrl": "broker_url",
        "topicFilter": "topic_filters",
        "topic_filter": "topic_filters",
        "clientId": "client_id",
    }
    packages = (PACKAGE,)

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier quality of service came as text."""
        if config.get("qos") in ("0", "1", "2"):
            return config | {"qos": int(config["qos"])}
        return config

    def probe(self, config: MqttConfig, secret: Any, send: bool) -> str:
        from .broker_probe import probe_mqtt

        login = None
        if config.username is not None and config.password is not None:
            login = config.username, secret(secret_ref(config.password))
        place = urlsplit(config.broker_url)
        tls = place.scheme == "mqtts"
        return probe_mqtt(place.hostname or "", place.port or PORTS[place.scheme], tls, login)

    def sentence(self, config: MqttConfig) -> str:
        return f"reads {config.format} messages of {', '.join(config.topic_filters)} by MQTT"

    def connection_problems(self, config: MqttConfig) -> Iterator[Problem]:
        if (config.username is None) != (config.password is None):
            field = "username" if config.username is None else "password"
            yield Problem(
                "MISSING_CONFIG",
                f"`{field}` is missing: a login has both",
                field=field,
                hint="give it, or take the other half away",
            )

    def code(self, config: MqttConfig, relation: Relation) -> dict[str, Any]:
        place = urlsplit(config.broker_url)
        options = {
            "host": place.hostname or "",
            "port": str(place.port),
            "tls": str(place.scheme == "mqtts").lower(),
            "topics": "\n".join(config.topic_filters),
            "clientId": config.client_id,
            "qos": str(config.qos),
        }
        if config.username is not None:
            options["username"] = config.username
        if config.max_records_per_batch is not None:
            options["maxRecordsPerBatch"] = str(config.max_records_per_batch)
        own = [column(c.name.removeprefix("mqtt_")) for c in METADATA]
        selected = outputs(config)
        if config.include_metadata:
            selected += [named(value, c.name) for value, c in zip(own, METADATA, strict=True)]
        return {
            "options": options,
            "password": secret_parts(config.password) if config.password else None,
            "columns": [sql(each) for each in selected],
            **decoding(config, "payload"),
        }


NODE = Mqtt()
