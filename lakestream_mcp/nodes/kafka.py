"""How Kafka is reached and logged in to: shared by source and sink."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ..errors import Unsupported
from ..graph.model import Problem
from ..graph.node_type import NodeConfig
from .fields import PlainText, Secret, SecretRef, secret_ref

_SERVER = re.compile(r"(?:[A-Za-z][A-Za-z0-9_]{0,30}://)?[A-Za-z0-9_.\-\[\]:]{1,255}:\d{1,5}")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")


def servers(text: str) -> str:
    """Addresses of brokers as they are written. Raises ValueError."""
    found = [server.strip() for server in text.split(",")]
    if not all(_SERVER.fullmatch(server) for server in found):
        raise ValueError("servers are `host:port`, with commas between them")
    return ",".join(found)


def _listed(given: object) -> object:
    """Servers may come as a list."""
    return ",".join(map(str, given)) if isinstance(given, list) else given


def _topic(text: str) -> str:
    if not _TOPIC.fullmatch(text) or text in (".", ".."):
        raise ValueError("a topic is named with letters, digits, `.`, `_` and `-`")
    return text


Servers = Annotated[
    str,
    Field(min_length=1, max_length=4000),
    AfterValidator(servers),
    BeforeValidator(_listed),
]
Topic = Annotated[str, AfterValidator(_topic)]
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

FIELD_ALIASES = {
    "bootstrapServers": "bootstrap_servers",
    "securityProtocol": "security_protocol",
    "saslMechanism": "sasl_mechanism",
    "saslUsername": "sasl_username",
    "saslPassword": "sasl_password",
    "sslTruststoreType": "truststore_type",
    "sslTruststoreLocation": "truststore_location",
}


class KafkaConfig(NodeConfig):
    """Fields of a connection."""

    bootstrap_servers: Servers = Field(description="`host:port`, with commas between several")
    security_protocol: SecurityProtocol = Field("PLAINTEXT", description="How brokers are reached")
    sasl_mechanism: SaslMechanism = Field("PLAIN", description="How to log in, with SASL")
    sasl_username: PlainText | None = Field(None, description="User name, with SASL")
    sasl_password: Secret | None = Field(
        None, description="Password, with SASL; only a reference `secret://scope/key`"
    )
    truststore_type: Literal["PEM", "JKS", "PKCS12"] = Field(
        "PEM", description="Kind of the trust store, with SSL"
    )
    truststore_location: PlainText | None = Field(
        None, description="Path of the trust store, with SSL; default: the system's"
    )


def connection_problems(config: Any) -> Iterator[Problem]:
    """Fields that are missing for the security protocol, or without use under it."""
    sasl = config.security_protocol.startswith("SASL")
    ssl = config.security_protocol.endswith("SSL")
    for field in ("sasl_username", "sasl_password"):
        given = getattr(config, field) is not None
        if sasl and not given:
            yield Problem(
                "MISSING_CONFIG",
                f"`{field}` is required with {config.security_protocol}",
                field=field,
                expected="secret://scope/key" if "password" in field else "a user name",
            )
        if given and not sasl:
            yield _unused(config, field, "SASL_SSL")
    if config.truststore_location is not None and not ssl:
        yield _unused(config, "truststore_location", "SSL")


def _unused(config: Any, field: str, wanted: str) -> Problem:
    return Problem(
        "UNUSED_CONFIG",
        f"`{field}` has no use with {config.security_protocol}",
        field=field,
        hint=f"set `security_protocol` to {wanted}, or leave the field out",
        fix={field: None},
    )


def connection_options(config: KafkaConfig) -> dict[str, str]:
    """Spark's options for the connection, but for the login, which holds a secret."""
    options = {"kafka.bootstrap.servers": config.bootstrap_servers}
    if config.security_protocol != "PLAINTEXT":
        options["kafka.security.protocol"] = config.security_protocol
    if config.security_protocol.endswith("SSL") and config.truststore_location is not None:
        options["kafka.ssl.truststore.type"] = config.truststore_type
        options["kafka.ssl.truststore.location"] = config.truststore_location
    return options


def probe(
    config: KafkaConfig, secret: Callable[[SecretRef], str], topics: Sequence[str] = ()
) -> str:
    """Whether a broker answers, takes the login and knows the topics; none is made."""
    from .kafka_probe import Brokers, Login, probe_kafka

    encrypted = config.security_protocol.endswith("SSL")
    if encrypted and config.truststore_location and config.truststore_type != "PEM":
        raise Unsupported(
            f"A trust store of type {config.truststore_type} is read by the JVM only, so brokers "
            "are not tried from here.",
            where={"field": "truststore_type"},
            got=config.truststore_type,
            expected="PEM",
        )
    credentials = None
    if config.sasl_password is not None and config.security_protocol.startswith("SASL"):
        password = secret(secret_ref(config.sasl_password))
        credentials = Login(config.sasl_mechanism, config.sasl_username or "", password)
    cafile = config.truststore_location if encrypted else None
    place = Brokers(config.bootstrap_servers, config.security_protocol, cafile, credentials)
    return probe_kafka(place, topics)


def login(config: KafkaConfig) -> dict[str, str] | None:
    """Mechanism, user and the secret's place, for `kafka_login` of the generated code."""
    if not config.security_protocol.startswith("SASL") or config.sasl_password is None:
        return None
    scope, key = config.sasl_password.removeprefix("secret://").split("/")
    return {
        "mechanism": config.sasl_mechanism,
        "username": config.sasl_username or "",
        "scope": scope,
        "key": key,
    }
