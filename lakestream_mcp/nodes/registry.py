"""A schema registry that knows how values are written: shared by sources and sinks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ..graph.model import Problem
from ..graph.node_type import NodeConfig
from ..graph.plain import LiteralSecret
from .fields import PlainText, Secret
from .stream_table import secret_parts

FIELD_ALIASES = {"schemaRegistryUrl": "schema_registry_url"}


def _url(text: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address is `https://host:port`")
    if parts.username or parts.password:
        raise LiteralSecret("a login has no place in an address: use the fields for it")
    return text.rstrip("/")


Url = Annotated[PlainText, AfterValidator(_url)]


class RegistryFields(NodeConfig):
    """Where the registry is, and how to log in to it."""

    schema_registry_url: Url | None = Field(
        None,
        description="Confluent-compatible schema registry, for Avro and Protobuf values that begin "
        "with the number of their schema",
    )
    schema_registry_subject: PlainText | None = Field(
        None, description="Subject in the registry; default: the topic's name with `-value`"
    )
    schema_registry_username: PlainText | None = Field(
        None, description="User name or API key at the registry"
    )
    schema_registry_password: Secret | None = Field(
        None, description="Password at the registry; only a reference `secret://scope/key`"
    )


def registry_url(config: Any) -> str | None:
    """The address of the schema registry, if there is one."""
    return getattr(config, "schema_registry_url", None)


def login_problems(config: Any) -> Iterator[Problem]:
    """Half of a login."""
    named = getattr(config, "schema_registry_username", None)
    word = getattr(config, "schema_registry_password", None)
    if (named is None) != (word is None):
        field = f"schema_registry_{'username' if named is None else 'password'}"
        yield Problem(
            "MISSING_CONFIG",
            f"`{field}` is missing: a login has both",
            field=field,
            hint="give it, or take the other half away",
        )


def subject_of(config: Any, topic: str) -> str:
    """The subject that a topic's values are registered under."""
    return config.schema_registry_subject or f"{topic}-value"


def registry_of(config: Any, topic: str) -> dict[str, Any] | None:
    """Template variables: where the schemas of a topic's values are, and the secret's place."""
    if registry_url(config) is None:
        return None
    scope, key = secret_parts(config.schema_registry_password or "")
    return {
        "url": config.schema_registry_url,
        "subject": subject_of(config, topic),
        "username": config.schema_registry_username,
        "scope": scope,
        "key": key,
    }
