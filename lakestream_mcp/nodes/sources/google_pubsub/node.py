"""Messages of a Google Pub/Sub subscription."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ....graph.model import Column, Problem, Relation
from ....relational.sql import column, named, sql
from ...fields import PlainText, Secret, SourceConfig
from ...message_source import MessageSource
from ...payload import FIELD_ALIASES as PAYLOAD_ALIASES
from ...payload import PayloadConfig, decoding, outputs, parsed_sql
from ...stream_table import call, literal, secret_call, secret_parts, stream_of

if TYPE_CHECKING:
    from sqlglot import exp

METADATA = (
    Column("message_id", "string"),
    Column("attributes", "string"),
    Column("published_at", "timestamp"),
)
_PROJECT = re.compile(r"([a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_RESOURCE = re.compile(r"[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
LOGIN = {
    "client_email": "clientEmail",
    "client_id": "clientId",
    "private_key_id": "privateKeyId",
    "private_key": "privateKey",
}


def _project(text: str) -> str:
    if not _PROJECT.fullmatch(text):
        raise ValueError("a project is named with 6 to 30 small letters, digits and `-`")
    return text


def _resource(text: str) -> str:
    if not _RESOURCE.fullmatch(text):
        raise ValueError("topics and subscriptions are named with letters, digits and `-._~+%`")
    return text


Resource = Annotated[str, AfterValidator(_resource)]


class GooglePubsubConfig(SourceConfig, PayloadConfig):
    """Which subscription, and how to log in."""

    format: Literal["json", "avro", "protobuf", "text"] = Field(  # type: ignore[assignment]
        "json", description="How payloads are written; `text` gives one column `text`"
    )
    project_id: Annotated[str, AfterValidator(_project)] = Field(
        description="Google Cloud project of the topic"
    )
    subscription_id: Resource = Field(
        description="Subscription to read; made for the topic if it is not there"
    )
    topic_id: Resource = Field(description="Topic that the subscription is of")
    service_credential: PlainText | None = Field(
        None,
        description="Name of a Databricks service credential to log in with; default: the "
        "cluster's service account, or the four fields that follow",
    )
    client_email: PlainText | None = Field(
        None, description="E-mail of a service account to log in with"
    )
    client_id: PlainText | None = Field(None, description="Client id of the service account")
    private_key_id: Secret | None = Field(
        None, description="Id of its private key; only a reference `secret://scope/key`"
    )
    private_key: Secret | None = Field(
        None, description="Its private key; only a reference `secret://scope/key`"
    )
    fetch_partitions: int | None = Field(
        None, ge=1, le=10_000, description="Tasks that fetch; default: one per executor"
    )
    max_bytes_per_batch: int | None = Field(
        None, ge=1, description="About how many bytes are read in one micro-batch"
    )
    max_records_per_fetch: int | None = Field(
        None, ge=1, description="Most records that a task fetches at a time; default 1000"
    )
    delete_subscription: bool = Field(
        False, description="Delete the subscription when the stream is stopped"
    )
    include_metadata: bool = Field(
        False, description="Also give message_id, attributes (JSON text) and published_at"
    )


class GooglePubsub(MessageSource):
    """Pub/Sub messages."""

    type = "google-pubsub"
    title = "Google Pub/Sub"
    summary = "Reads messages of a Google Pub/Sub subscription"
    Config = GooglePubsubConfig
    unsaid = tuple(GooglePubsubConfig.model_fields)
    metadata = METADATA
    aliases = ("pubsub", "pub-sub")
    field_aliases = {
        **PAYLOAD_ALIASES,
        "projectId": "project_id",
        "subscriptionId": "subscription_id",
        "topicId": "topic_id",
    }
    moved = {
        "credentialsPath": "`service_credential`, or `client_email`, `client_id`, "
        "`private_key_id` and `private_key` as secrets: Databricks reads no key file",
        "credentials_path": "`service_credential`, or `client_email`, `client_id`, "
        "`private_key_id` and `private_key` as secrets: Databricks reads no key file",
    }
    targets = frozenset({"sdp", "sss"})

    def sentence(self, config: GooglePubsubConfig) -> str:
        return f"reads {config.format} messages of {config.project_id}/{config.subscription_id}"

    def connection_problems(self, config: GooglePubsubConfig) -> Iterator[Problem]:
        yield from _login_problems(config)

    def code(self, config: GooglePubsubConfig, relation: Relation) -> dict[str, Any]:
        return {
            "options": _options(config),
            "secrets": [(name, *secret_parts(given)) for name, given in _secrets(config).items()],
            "columns": [sql(each) for each in _outputs(config)],
            **decoding(config, "payload"),
        }

    def declarative(self, config: GooglePubsubConfig, relation: Relation) -> exp.Query:
        arguments = {name: literal(value) for name, value in _options(config).items()}
        arguments |= {name: secret_call(given) for name, given in _secrets(config).items()}
        if config.delete_subscription:
            arguments["deleteSubscriptionOnStreamStop"] = literal(True)
        parsed = parsed_sql(config, "payload")
        return stream_of("read_pubsub", arguments, parsed, _outputs(config))


def _login_problems(config: GooglePubsubConfig) -> Iterator[Problem]:
    given = [field for field in LOGIN if getattr(config, field) is not None]
    if config.service_credential is not None:
        for field in given:
            yield Problem(
                "UNUSED_CONFIG",
                f"`{field}` has no use with a service credential",
                field=field,
                fix={field: None},
            )
    elif given:
        for field in LOGIN:
            if field not in given:
                yield Problem(
                    "MISSING_CONFIG",
                    f"`{field}` is missing: a service account's login has {len(LOGIN)} parts",
                    field=field,
                    expected=list(LOGIN),
                )


def _outputs(config: GooglePubsubConfig) -> list[exp.Expr]:
    found = outputs(config)
    if config.include_metadata:
        published = call("timestamp_millis", column("publishTimestampInMillis"))
        found += [
            named(column("messageId"), "message_id"),
            column("attributes"),
            named(published, "published_at"),
        ]
    return found


def _options(config: GooglePubsubConfig) -> dict[str, str]:
    """Options of Databricks' Pub/Sub source, but for keys, which are secrets."""
    given = {
        "subscriptionId": config.subscription_id,
        "topicId": config.topic_id,
        "projectId": config.project_id,
        "serviceCredential": config.service_credential,
        "clientEmail": config.client_email,
        "clientId": config.client_id,
        "numFetchPartitions": config.fetch_partitions,
        "maxBytesPerTrigger": config.max_bytes_per_batch,
        "maxRecordsPerFetch": config.max_records_per_fetch,
        "deleteSubscriptionOnStreamStop": "true" if config.delete_subscription else None,
    }
    return {name: str(value) for name, value in given.items() if value is not None}


def _secrets(config: GooglePubsubConfig) -> dict[str, str]:
    given = {"privateKeyId": config.private_key_id, "privateKey": config.private_key}
    return {name: value for name, value in given.items() if value is not None}


NODE = GooglePubsub()
