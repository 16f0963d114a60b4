"""An e-mail per row, by SMTP or SendGrid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ....graph.model import Problem, Relation
from ... import messages
from ...alerts import HELD, AlertConfig, AlertSink, is_loopback
from ...fields import PlainText, Secret, names_of, only_for, secret_ref
from ...probes import SecretReader, authorization, probe_http, probe_smtp, revealed
from ...templates import Template

SENDGRID = "https://api.sendgrid.com/v3/mail/send"
SCOPES = "https://api.sendgrid.com/v3/scopes"
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,255}")


def _mail_address(text: str) -> str:
    if not _MAIL.fullmatch(text):
        raise ValueError("an address is `name@host`")
    return text


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError("a server is a name such as `smtp.example.com`")
    return text


MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_mail_address)]
Host = Annotated[str, AfterValidator(_host)]


class EmailSinkConfig(AlertConfig):
    """Who gets mail, through which server, and what it says."""

    provider: Literal["smtp", "sendgrid"] = Field("smtp", description="Who carries the mail")
    host: Host | None = Field(None, description="SMTP: server")
    port: int | None = Field(
        None, ge=1, le=65_535, description="SMTP: port; default: 587, with tls 465"
    )
    security: Literal["starttls", "tls", "none"] | None = Field(
        None,
        description="SMTP: `starttls` (default), `tls` from the start, or `none`, which sends no "
        "password and is for a relay on this machine or network",
    )
    username: PlainText | None = Field(None, description="SMTP: user name")
    password: Secret | None = Field(None, description="SMTP: password, as `secret://scope/key`")
    api_key: Secret | None = Field(None, description="SendGrid: API key, as `secret://scope/key`")
    sender: MailAddress = Field(description="Address that the mail comes from")
    to: Annotated[list[MailAddress], BeforeValidator(names_of), Field(min_length=1)] = Field(
        max_length=50, description="Addresses, as a list or with commas; one mail goes to all"
    )
    subject: Template = Field(description="Subject: text with `{column}`; made one line")
    body: Template = Field(
        description="What is said: text with `{column}`, `{column:.2}`, `{column:date}`, "
        "`{column:time}` or `{column:json}`"
    )


class EmailSink(AlertSink):
    """Mail for people."""

    type = "email-sink"
    title = "E-mail"
    summary = "Sends an e-mail per row, by SMTP or SendGrid, with a rate limit and a log"
    Config = EmailSinkConfig
    aliases = ("mail-sink", "smtp-sink")
    field_aliases = {
        "smtpProvider": "provider",
        "smtpServer": "host",
        "smtpPort": "port",
        "sendgridApiKey": "api_key",
        "from": "sender",
        "subjectTemplate": "subject",
        "bodyTemplate": "body",
    }
    template_arguments = ("subject", "body")

    def sentence(self, config: EmailSinkConfig) -> str:
        return f"sends an e-mail per row to {', '.join(config.to[:3])}"

    def check(self, config: EmailSinkConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        smtp = config.provider == "smtp"
        wanted = ["host"] if smtp else ["api_key"]
        if config.username is not None or config.password is not None:
            wanted += ["username", "password"] if smtp else []
        for field in wanted:
            if getattr(config, field) is None:
                yield _missing(field, config.provider)
        foreign = ("api_key",) if smtp else ("host", "port", "security", "username", "password")
        for field in foreign:
            if getattr(config, field) is not None:
                yield only_for(field, "provider", "sendgrid" if smtp else "smtp")
        if config.security == "none" and config.password and not is_loopback(config.host or ""):
            yield Problem(
                "UNSAFE_LOGIN",
                "a password would be sent without encryption",
                field="security",
                got="none",
                expected=["starttls", "tls"],
                fix={"security": "starttls"},
            )
        yield from super().check(config, inputs)

    def maker(self, config: EmailSinkConfig) -> tuple[str, dict[str, Any]]:
        name = "mail_message" if config.provider == "smtp" else "sendgrid_message"
        return name, {
            "sender": config.sender,
            "to": config.to,
            "subject": config.subject,
            "body": config.body,
        }

    def held(self, config: EmailSinkConfig) -> dict[str, Any] | None:
        return {"subject": HELD, "body": HELD}

    def templates(self, config: EmailSinkConfig) -> Iterator[tuple[str, str]]:
        yield "subject", config.subject
        yield "body", config.body

    def endpoint(self, config: EmailSinkConfig) -> tuple[str, dict[str, Any]]:
        if config.provider == "sendgrid":
            key = secret_ref(config.api_key) if config.api_key else None
            return "HttpEndpoint", {"url": SENDGRID, "login": {"token": key}}
        security = config.security or "starttls"
        made: dict[str, Any] = {
            "host": config.host,
            "port": config.port or (465 if security == "tls" else 587),
            "security": security,
        }
        if config.username is not None and config.password is not None:
            made |= {"user": config.username, "password": secret_ref(config.password)}
        return "SmtpEndpoint", made

    def probe(self, config: EmailSinkConfig, secret: SecretReader, send: bool) -> str:
        made = revealed(self.endpoint(config)[1], secret)
        subject = body = "LakeStream connection test"
        if config.provider == "sendgrid":
            headers = authorization(made["login"])
            if not send:
                return probe_http(SCOPES, "GET", headers)
            mail = messages.sendgrid_message(config.sender, config.to, subject, body)("", {})
            return probe_http(SENDGRID, "POST", headers, mail)
        letter = EmailMessage()
        letter["From"], letter["To"] = config.sender, ", ".join(config.to)
        letter["Subject"] = subject
        letter.set_content(body)
        login = (made.get("user"), made.get("password"))
        return probe_smtp(
            made["host"], made["port"], made["security"], *login, letter if send else None
        )


def _missing(field: str, provider: str) -> Problem:
    secret = field in ("password", "api_key")
    return Problem(
        "MISSING_CONFIG",
        f"`{field}` is required with {provider}",
        field=field,
        expected="secret://scope/key" if secret else "text",
    )


NODE = EmailSink()
