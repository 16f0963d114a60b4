"""A request of HTTP per row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from ....graph.model import Problem, Relation
from ....graph.plain import LiteralSecret
from ....graph.reads import Reads
from ...alerts import Address, AlertConfig, AlertSink, secret_or_text
from ...fields import PlainText, Secret, SecretRef, secret_ref
from ...probes import SecretReader, authorization, probe_http, revealed
from ...templates import TEMPLATE, texts_in

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_|~-]{1,100}")
_OURS = frozenset({"authorization", "content-length", "content-type", "host", "transfer-encoding"})
TEST_MESSAGE = {"test": True, "text": "LakeStream connection test"}
_SECRET_NAME = re.compile(r"auth|cookie|credential|key|password|secret|signature|token", re.I)


def _headers(given: dict[str, str]) -> dict[str, str]:
    for name, value in given.items():
        if not _HEADER.fullmatch(name):
            raise ValueError(f"`{name[:40]}` is no name of a header")
        if name.lower() in _OURS:
            raise ValueError(f"`{name}` is set by the sink: for a login there is `auth`")
        if value.startswith("secret://"):
            secret_ref(value)
        elif not value.isascii():
            raise ValueError(f"the value of `{name}` is not ASCII")
        elif _SECRET_NAME.search(name) and name.lower() != "idempotency-key":
            raise LiteralSecret(
                f"`{name}` looks like a secret, which is never kept in a pipeline: put it in a "
                "secret scope and write `secret://scope/key`"
            )
    if len({name.lower() for name in given}) < len(given):
        raise ValueError("a header is given twice")
    return given


def _payload(given: object) -> object:
    """A payload that may have come as JSON text."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        raise ValueError('a payload is a JSON object, e.g. {"text": "{column}"}') from None


class RestWebhookSinkConfig(AlertConfig):
    """Where requests go and what they hold."""

    url: Address = Field(description="Address: `https://…`, or `secret://scope/key` if it is one")
    method: Literal["POST", "PUT"] = Field("POST", description="Method of the requests")
    headers: Annotated[dict[str, PlainText], AfterValidator(_headers)] | None = Field(
        None, max_length=30, description="More headers; a value can be `secret://scope/key`"
    )
    auth: Literal["none", "bearer", "basic"] = Field("none", description="How to log in")
    token: Secret | None = Field(None, description="Token, with bearer: `secret://scope/key`")
    username: PlainText | None = Field(None, description="User name, with basic")
    password: Secret | None = Field(None, description="Password, with basic: `secret://scope/key`")
    payload: Annotated[dict[str, JsonValue] | None, BeforeValidator(_payload), Reads(TEMPLATE)] = (
        Field(
            None,
            description="JSON object whose texts are templates: `{column}`; a text that is one "
            "column alone becomes its value. Default: the whole row",
        )
    )
    max_per_minute: int = Field(600, ge=1, le=60_000, description="Most requests per minute")
    over_limit: Literal["wait", "log"] = Field(
        "wait",
        description="What becomes of more: `wait` sends them later, `log` keeps the rows in "
        "`log_table`",
    )


class RestWebhookSink(AlertSink):
    """A server that is sent a request per row."""

    type = "rest-webhook-sink"
    title = "REST webhook"
    summary = "Sends each row to an HTTP server, with retries and a log of deliveries"
    Config = RestWebhookSinkConfig
    aliases = ("webhook-sink", "http-sink")
    field_aliases = {
        "authType": "auth",
        "authSecret": "token",
        "basicAuthUsername": "username",
        "basicAuthPassword": "password",
        "payloadTemplate": "payload",
    }
    template_arguments = ("payload",)

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Headers were a list of keys and values."""
        headers = config.get("headers")
        if isinstance(headers, list):
            return config | {"headers": {item["key"]: item["value"] for item in headers}}
        return config

    def sentence(self, config: RestWebhookSinkConfig) -> str:
        where = "a secret address" if config.url.startswith("secret://") else config.url
        return f"sends each row to {where}"

    def check(self, config: RestWebhookSinkConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        wanted = {"none": (), "bearer": ("token",), "basic": ("username", "password")}[config.auth]
        for field, auth in (("token", "bearer"), ("username", "basic"), ("password", "basic")):
            given = getattr(config, field) is not None
            if field in wanted and not given:
                yield Problem(
                    "MISSING_CONFIG",
                    f"`{field}` is required with auth {config.auth}",
                    field=field,
                    expected="a user name" if field == "username" else "secret://scope/key",
                )
            if given and field not in wanted:
                yield Problem(
                    "UNUSED_CONFIG",
                    f"`{field}` is for auth {auth} only",
                    field=field,
                    hint=f"set `auth` to {auth}, or leave the field out",
                    fix={field: None},
                )
        yield from super().check(config, inputs)

    def maker(self, config: RestWebhookSinkConfig) -> tuple[str, dict[str, Any]]:
        payload = {} if config.payload is None else {"payload": config.payload}
        return "webhook_message", payload

    def templates(self, config: RestWebhookSinkConfig) -> Iterator[tuple[str, str]]:
        for text in texts_in(config.payload):
            yield "payload", text

    def endpoint(self, config: RestWebhookSinkConfig) -> tuple[str, dict[str, Any]]:
        headers = {name: secret_or_text(value) for name, value in (config.headers or {}).items()}
        made: dict[str, Any] = {"url": secret_or_text(config.url), "method": config.method}
        if headers:
            made["headers"] = headers
        login = _login(config)
        return "HttpEndpoint", made | ({"login": login} if login else {})

    def probe(self, config: RestWebhookSinkConfig, secret: SecretReader, send: bool) -> str:
        made = revealed(self.endpoint(config)[1], secret)
        if not send:
            return probe_http(made["url"])
        headers = {**made.get("headers", {}), **authorization(made.get("login", {}))}
        return probe_http(made["url"], config.method, headers, TEST_MESSAGE)


def _login(config: RestWebhookSinkConfig) -> dict[str, str | SecretRef]:
    if config.auth == "bearer" and config.token is not None:
        return {"token": secret_ref(config.token)}
    if config.auth == "basic" and config.password is not None:
        return {"user": config.username or "", "password": secret_ref(config.password)}
    return {}


NODE = RestWebhookSink()
