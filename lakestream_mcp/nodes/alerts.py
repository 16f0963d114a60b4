"""What all sinks share that send a message per row: pace, tries, log of deliveries, templates."""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from ..errors import LakestreamError
from ..graph.config import problem_of
from ..graph.duration import Delay, delay_ms
from ..graph.model import Problem, Relation
from ..graph.node_type import NodeConfig, SinkType
from ..graph.plain import LiteralSecret
from ..relational.sql import find_column
from . import messages
from .fields import ColumnName, SecretRef, TableName, secret_ref
from .merging import MATCH_ID
from .templates import checked, resolved

HELD = "{count} more alerts were held back by the rate limit; the log of deliveries has them."


def _web_address(text: str) -> str:
    try:
        parts = urllib.parse.urlsplit(text)
        named = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        named = None
    if not named or not text.isascii() or " " in text or parts.fragment:
        raise ValueError("an address is `https://host/path`")
    if parts.username is not None or parts.password is not None:
        raise LiteralSecret("an address holds no password: use `auth`, or keep it as secret://…")
    return text


def _address(text: str) -> str:
    if text.startswith("secret://"):
        secret_ref(text)
        return text
    return _web_address(text)


def _secret_address(text: str) -> str:
    if text.startswith("secret://"):
        secret_ref(text)
        return text
    if not is_loopback(urllib.parse.urlsplit(_web_address(text)).hostname or ""):
        raise LiteralSecret(
            "this address lets anybody post: put it in a secret scope and write "
            "`secret://scope/key` (a plain address is for this machine only)"
        )
    return text


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine, whatever a name server says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Address = Annotated[str, Field(max_length=2000), AfterValidator(_address)]
SecretAddress = Annotated[str, Field(max_length=2000), AfterValidator(_secret_address)]
"""An address whose knowledge is the right to post: a secret, or on this machine."""


class AlertConfig(NodeConfig):
    """How messages are sent, whatever they say."""

    id_column: ColumnName | None = Field(
        None,
        description="Column that names a message: one name is sent once. Default: match_id, else a "
        "hash of the row",
    )
    max_per_minute: int = Field(60, ge=1, le=60_000, description="Most messages per minute")
    over_limit: Literal["wait", "summary", "log"] = Field(
        "summary",
        description="What becomes of more: `wait` sends them later, `summary` says how many there "
        "were, `log` only logs them. All but `wait` keep the rows in `log_table`",
    )
    tries: int = Field(5, ge=1, le=10, description="Tries of a message on 429, 5xx or no answer")
    timeout: Delay = Field("10 seconds", description="How long a try may take")
    longest_wait: Delay = Field(
        "1 minute",
        description="Longest wait between tries, which grow at random; a server that asks for more "
        "is not tried again",
    )
    give_up_after: int = Field(
        3,
        ge=1,
        le=1000,
        description="So many messages in a row without success, and the rest of the batch is "
        "logged untried",
    )
    connections: int = Field(
        1, ge=1, le=16, description="Connections at a time; they share the rate, rounded up"
    )
    log_table: TableName = Field(
        "main.default.lakestream_deliveries",
        description="Table that says of each message when it was sent, and keeps the rows of those "
        "that were not, with the error",
    )
    remember: Delay = Field("7 days", description="How long a sent message is not sent again")


class AlertSink(SinkType):
    """A sink that sends a message per row. Subclasses say what and where to."""

    template_arguments: ClassVar[tuple[str, ...]]
    """Those arguments of the message's maker that are templates."""

    def maker(self, config: Any) -> tuple[str, dict[str, Any]]:
        """The function of `messages` that makes messages, and its arguments."""
        raise NotImplementedError

    def held(self, config: Any) -> dict[str, Any] | None:
        """Other arguments for the message that says how many were held back."""
        return None

    def endpoint(self, config: Any) -> tuple[str, dict[str, Any]]:
        """The class of the platform that sends, and its arguments."""
        raise NotImplementedError

    def templates(self, config: Any) -> Iterator[tuple[str, str]]:
        """Every template with the field it is in."""
        raise NotImplementedError

    def check(self, config: Any, inputs: Sequence[Relation]) -> Iterator[Problem]:
        for field, least, most in (("timeout", 100, 300_000), ("longest_wait", 0, 3_600_000)):
            yield from _span_problems(config, field, least, most)
        for rows in inputs[:1]:
            yield from _row_problems(self, config, rows)

    def code(self, config: Any, relation: Relation) -> dict[str, Any]:
        message, arguments = self.maker(config)
        endpoint, connection = self.endpoint(config)
        summary = self.held(config) if config.over_limit == "summary" else None
        return {
            "message": message,
            "arguments": self._resolved(arguments, relation),
            "summary": None if summary is None else {**arguments, **summary},
            "endpoint": endpoint,
            "connection": {**connection, "timeout_s": delay_ms(config.timeout) / 1000},
            "delivery": {
                "log_table": config.log_table,
                "id_column": id_column(config, relation),
                "remember_s": delay_ms(config.remember) // 1000,
                "max_per_minute": config.max_per_minute,
                "over_limit": config.over_limit,
                "connections": config.connections,
                "tries": config.tries,
                "longest_wait_s": delay_ms(config.longest_wait) / 1000,
                "give_up_after": config.give_up_after,
            },
        }

    def messages(self, config: Any, relation: Relation, rows: list[dict[str, Any]]) -> list[Any]:
        """The messages of rows, as generated code would send them; nothing is sent."""
        name, arguments = self.maker(config)
        make = getattr(messages, name)(**self._resolved(arguments, relation))
        column = id_column(config, relation)
        return [make("" if column is None else str(row[column]), row) for row in rows]

    def _resolved(self, arguments: dict[str, Any], rows: Relation) -> dict[str, Any]:
        return {
            name: resolved(value, rows) if name in self.template_arguments else value
            for name, value in arguments.items()
        }


def id_column(config: Any, rows: Relation) -> str | None:
    """The column that names a message, or None where the row's hash does."""
    if config.id_column is not None:
        return find_column(config.id_column, rows, "id_column")
    return MATCH_ID if MATCH_ID in rows.names else None


def _row_problems(kind: AlertSink, config: Any, rows: Relation) -> Iterator[Problem]:
    for field, template in kind.templates(config):
        try:
            checked(template, rows, field)
        except LakestreamError as error:
            yield problem_of(error)
    try:
        id_column(config, rows)
    except LakestreamError as error:
        yield problem_of(error)
    if "lakestream_id" in (name.lower() for name in rows.names):
        yield Problem(
            "NAME_TAKEN",
            "a column cannot be named `lakestream_id` here",
            hint="rename it with a rename-cast node",
        )


def _span_problems(config: Any, field: str, least: int, most: int) -> Iterator[Problem]:
    span = delay_ms(getattr(config, field))
    if not least <= span <= most:
        yield Problem(
            "INVALID_VALUE",
            f"`{field}` is too {'short' if span < least else 'long'}",
            field=field,
            got=getattr(config, field),
            expected=f"from {least / 1000:g} to {most // 1000} seconds",
            fix={field: None},
        )


def secret_or_text(value: str) -> SecretRef | str:
    """A value of a field that takes both."""
    return secret_ref(value) if value.startswith("secret://") else value
