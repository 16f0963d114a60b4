"""A message per row to Slack, Microsoft Teams or PagerDuty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from ....graph.model import Problem, Relation
from ... import messages
from ...alerts import HELD, AlertConfig, AlertSink, SecretAddress, secret_or_text
from ...fields import PlainText, Secret, only_for, secret_ref
from ...probes import SecretReader, probe_http, revealed
from ...templates import Template

TEST_TEXT = "LakeStream connection test"
TEST_ID = "lakestream-connection-test"
EVENTS = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}


class ChatConfig(AlertConfig):
    """Who is told, and what."""

    provider: Literal["slack", "teams", "pagerduty"] = Field(description="Who is told")
    webhook_url: SecretAddress | None = Field(
        None,
        description="Address of the incoming webhook (Slack) or workflow (Teams), as "
        "`secret://scope/key`: who knows it may post",
    )
    routing_key: Secret | None = Field(
        None, description="PagerDuty: integration key, as `secret://scope/key`"
    )
    region: Literal["us", "eu"] | None = Field(
        None, description="PagerDuty: service region; default: us"
    )
    severity: Literal["critical", "error", "warning", "info"] | None = Field(
        None, description="PagerDuty: severity of the alert; default: error"
    )
    source: PlainText | None = Field(
        None, description="PagerDuty: what is affected; default: lakestream"
    )
    message: Template = Field(
        description="What is said: text with `{column}`, `{column:.2}`, `{column:date}`, "
        "`{column:time}` or `{column:json}`; `{{` is a brace"
    )


class ChatSink(AlertSink):
    """Alerts for people."""

    type = "slack-teams-pagerduty"
    title = "Slack, Teams or PagerDuty"
    summary = "Alerts people: a message per row, with retries, a rate limit and a log"
    Config = ChatConfig
    implied: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        name: {"provider": name} for name in ("slack", "teams", "pagerduty")
    }
    aliases = ("slack-sink", "teams-sink", "pagerduty-sink", "alert-sink")
    field_aliases = {"webhookUrl": "webhook_url", "messageTemplate": "message"}
    template_arguments = ("text",)

    def sentence(self, config: ChatConfig) -> str:
        name = {"slack": "Slack", "teams": "Microsoft Teams", "pagerduty": "PagerDuty"}
        return f"sends a message per row to {name[config.provider]}"

    def check(self, config: ChatConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        paged = config.provider == "pagerduty"
        wanted = "routing_key" if paged else "webhook_url"
        if getattr(config, wanted) is None:
            yield Problem(
                "MISSING_CONFIG",
                f"`{wanted}` is required for {config.provider}",
                field=wanted,
                expected="secret://scope/key",
            )
        for field in ("routing_key", "region", "severity", "source"):
            if not paged and getattr(config, field) is not None:
                yield only_for(field, "provider", "pagerduty")
        if paged and config.webhook_url is not None and config.webhook_url.startswith("secret://"):
            yield only_for("webhook_url", "provider", "slack or teams")
        yield from super().check(config, inputs)

    def maker(self, config: ChatConfig) -> tuple[str, dict[str, Any]]:
        said = {"text": config.message}
        if config.provider == "pagerduty":
            severity = config.severity or "error"
            return "pagerduty_message", said | {
                "source": config.source or "lakestream",
                "severity": severity,
            }
        return f"{config.provider}_message", said

    def held(self, config: ChatConfig) -> dict[str, Any] | None:
        return {"text": HELD}

    def templates(self, config: ChatConfig) -> Iterator[tuple[str, str]]:
        yield "message", config.message

    def endpoint(self, config: ChatConfig) -> tuple[str, dict[str, Any]]:
        if config.provider != "pagerduty":
            return "HttpEndpoint", {"url": secret_or_text(config.webhook_url or "")}
        url = config.webhook_url or EVENTS[config.region or "us"]
        key = secret_ref(config.routing_key) if config.routing_key else None
        return "HttpEndpoint", {"url": url, "extra": {"routing_key": key}}

    def probe(self, config: ChatConfig, secret: SecretReader, send: bool) -> str:
        made = revealed(self.endpoint(config)[1], secret)
        if not send:
            return probe_http(made["url"])
        if config.provider != "pagerduty":
            maker = getattr(messages, f"{config.provider}_message")
            return probe_http(made["url"], "POST", None, maker(TEST_TEXT)("", {}))
        event = messages.pagerduty_message(TEST_TEXT, "lakestream", "info")(TEST_ID, {})
        probe_http(made["url"], "POST", None, event | made["extra"])
        resolved = {"event_action": "resolve", "dedup_key": TEST_ID} | made["extra"]
        return probe_http(made["url"], "POST", None, resolved)


NODE = ChatSink()
