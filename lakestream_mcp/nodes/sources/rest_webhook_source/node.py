"""Events that others post to the running server, as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....graph.model import Column, Problem, Relation
from ....graph.node_type import ColumnResolver, SourceType
from ....relational.column_types import ddl, parse_columns
from ....relational.sql import column
from ...fields import ColumnList, PlainText, Secret, SourceConfig, time_problems, timed

if TYPE_CHECKING:
    from sqlglot import exp

ROUTE = "/hooks/{pipeline_id}/{node_id}"
Auth = Literal["none", "bearer", "basic", "api-key"]


class RestWebhookConfig(SourceConfig):
    """What may be posted, by whom, and where it lands."""

    landing_path: PlainText = Field(
        description="Absolute folder in which the server puts what was posted and from which the "
        "stream reads, e.g. `/Volumes/main/raw/hooks/orders`"
    )
    columns: ColumnList = Field(description="Columns, e.g. `id bigint, at timestamp`")
    auth: Auth = Field(
        "none",
        description="How callers prove who they are: `Authorization: Bearer …`, HTTP Basic, the "
        "header `X-API-Key`, or not at all",
    )
    auth_secret: Secret | None = Field(
        None,
        description="Reference of the token, of `user:password` or of the key: "
        "`secret://scope/key`",
    )
    max_request_bytes: int = Field(
        1 << 20, ge=1024, le=16 << 20, description="Largest body of a request"
    )
    idempotency_header: PlainText = Field(
        "Idempotency-Key",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$",
        description="Header whose value marks a request that is sent again: it is taken once",
    )
    max_files_per_batch: int | None = Field(
        None, ge=1, le=1_000_000, description="Most requests read in one micro-batch"
    )


class RestWebhookSource(SourceType):
    """A route of the server, a landing folder, and a stream that reads it."""

    type = "rest-webhook-source"
    title = "REST / webhook"
    summary = "Takes JSON events by HTTP POST into a landing folder, and reads them from there"
    Config = RestWebhookConfig
    unsaid = tuple(RestWebhookConfig.model_fields)
    targets = frozenset({"sdp", "sss"})
    aliases = ("webhook-source", "rest-source")
    field_aliases = {
        "payloadSchema": "columns",
        "payload_schema": "columns",
        "authType": "auth",
        "authSecret": "auth_secret",
        "landingPath": "landing_path",
    }
    moved = {
        "listenPort": "a Spark job cannot listen: the LakeStream server does, on LAKESTREAM_PORT",
        "path": f"the route is {ROUTE} of the LakeStream server; `landing_path` says where events "
        "land",
    }

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """An earlier schema came as JSON text."""
        given = config.get("columns")
        if isinstance(given, str) and given.lstrip().startswith("["):
            return config | {"columns": json.loads(given)}
        return config

    def sentence(self, config: RestWebhookConfig) -> str:
        """`takes posted events (bearer) by way of /Volumes/main/raw/hooks`."""
        return f"takes posted events ({config.auth}) by way of {config.landing_path}"

    def check(self, config: RestWebhookConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """Where it lands, who may post, and the columns."""
        columns = parse_columns(config.columns)
        yield from _landing_problems(config)
        yield from _auth_problems(config)
        yield from _column_problems(columns)
        yield from time_problems(config.event_time, columns)

    def relation(
        self, config: RestWebhookConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> Relation:
        """The declared columns."""
        return timed(config, parse_columns(config.columns))

    def code(self, config: RestWebhookConfig, relation: Relation) -> dict[str, Any]:
        """A folder of JSON lines."""
        options: dict[str, str] = {}
        if config.max_files_per_batch is not None:
            options["maxFilesPerTrigger"] = str(config.max_files_per_batch)
            options["cloudFiles.maxFilesPerTrigger"] = str(config.max_files_per_batch)
        return {
            "path": config.landing_path,
            "schema": ddl(relation.columns),
            "options": options,
        }

    def declarative(self, config: RestWebhookConfig, relation: Relation) -> exp.Query:
        """`SELECT … FROM STREAM read_files(…)`."""
        from sqlglot import exp

        made = self.code(config, relation)
        options = {"format": "json", "schema": made["schema"]}
        options |= {k: v for k, v in made["options"].items() if not k.startswith("cloudFiles.")}
        arguments: list[exp.Expr] = [exp.Literal.string(made["path"])]
        for name, value in options.items():
            arguments.append(
                exp.Kwarg(this=exp.to_identifier(name), expression=exp.Literal.string(value))
            )
        read = exp.Table(this=exp.Anonymous(this="read_files", expressions=arguments))
        return exp.select(*map(column, relation.names)).from_(exp.Stream(this=read))


def _landing_problems(config: RestWebhookConfig) -> Iterator[Problem]:
    path = config.landing_path
    if not path.startswith("/") or ".." in path.split("/"):
        yield Problem(
            "LANDING_PATH",
            "The server and the stream must mean the same folder.",
            "landing_path",
            path,
            "an absolute path without `..`, such as /Volumes/main/raw/hooks/orders",
        )
    elif any(char in path for char in "*?[]{}"):
        yield Problem(
            "LANDING_PATH",
            "Events land in one folder: its name has no wildcards.",
            "landing_path",
            path,
            "a path without *, ?, brackets and braces",
        )


def _auth_problems(config: RestWebhookConfig) -> Iterator[Problem]:
    if config.auth == "none":
        if config.auth_secret is not None:
            yield Problem(
                "UNUSED_CONFIG",
                "`auth_secret` is not asked for without `auth`.",
                "auth_secret",
                config.auth_secret,
                fix={"auth": "bearer"},
            )
        yield Problem(
            "OPEN_HOOK",
            "Whoever reaches the server can post events.",
            "auth",
            "none",
            ["bearer", "basic", "api-key"],
            "set `auth` and `auth_secret`",
            severity="warning",
        )
    elif config.auth_secret is None:
        yield Problem(
            "MISSING_CONFIG",
            f"`auth: {config.auth}` needs the secret to compare with.",
            "auth_secret",
            None,
            "secret://scope/key",
        )


def _column_problems(columns: Sequence[Column]) -> Iterator[Problem]:
    for declared in columns:
        if "binary" in declared.type:
            yield Problem(
                "UNSUPPORTED_TYPE",
                f"JSON has no bytes, so `{declared.name}` cannot be {declared.type}.",
                "columns",
                declared.type,
                "string, and `unbase64` in a map-select node",
            )


NODE = RestWebhookSource()
