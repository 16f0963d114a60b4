"""Messages made of rows, and what follows from a server's answer: no clock, no chance, no I/O.

Authoring checks templates with it, tests show its messages, and generated code carries the rest.
"""

# --- carried ---
import base64
import datetime as dt
import decimal
import email.utils
import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

TEMPLATE_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
TEMPLATE_FORMAT = re.compile(r"date|time|json|\.[0-9]")
HTTP_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
TEXT_LIMIT = {"slack": 3000, "teams": 20_000, "pagerduty": 1024}


class ServerReply(NamedTuple):
    """What a server said to one try.

    code: a status of HTTP or SMTP, None where no answer came. retry_after: as the server wrote it.
    retry: whether another try may help. note: what is to be known of a message that was taken.
    """

    code: int | None
    text: str
    retry_after: str | None = None
    retry: bool = False
    note: str | None = None


def template_pieces(template: str) -> Iterator[tuple[str, str | None]]:
    """Literal texts `(text, None)` and places `("", name)`. Raises ValueError for a lone brace."""
    for found in TEMPLATE_PLACE.finditer(template):
        text = found.group()
        if found.group(1) is not None:
            yield "", found.group(1)
        elif text in "{}":
            raise ValueError(f"a lone `{text}`: write a column as {{name}}, a brace as {text * 2}")
        else:
            yield text[0] if text in ("{{", "}}") else text, None


def template_place(name: str, columns: Any) -> tuple[str, str]:
    """Column and format of a place such as `amount` or `amount:.2`; no format is empty."""
    column, colon, form = name.rpartition(":")
    if name in columns or not colon or not TEMPLATE_FORMAT.fullmatch(form):
        return name, ""
    return column, form


def filled_text(template: str, row: Any, escape: Callable[[str], str] = str) -> str:
    """A template with the values of a row; only values are escaped."""
    said = ""
    for text, name in template_pieces(template):
        column, form = template_place(name or "", row)
        said += text if name is None else escape(formatted_value(row[column], form))
    return said


def formatted_value(value: Any, form: str) -> str:
    """A value as text: NULL is empty, lists and structures are JSON."""
    if value is None:
        return ""
    if form.startswith(".") and isinstance(value, int | float | decimal.Decimal):
        return format(value, form + "f")
    if form in ("date", "time") and isinstance(value, dt.datetime):
        moment = in_utc(value)
        return moment.strftime("%Y-%m-%d" if form == "date" else "%H:%M:%S")
    made = plain_json(value)
    return made if isinstance(made, str) and form != "json" else json_text(made)


def plain_json(value: Any) -> Any:  # noqa: PLR0911
    """JSON of a value: times in UTC, decimals as exact text, bytes as base64, maps as objects."""
    if isinstance(value, dt.datetime):
        moment = in_utc(value).replace(tzinfo=None)
        return moment.isoformat() + ("Z" if value.tzinfo else "")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(name): plain_json(item) for name, item in value.items()}
    if isinstance(value, list) and value and all(type(item) is tuple for item in value):
        return {str(plain_json(key)): plain_json(item) for key, item in value}
    return [plain_json(item) for item in value] if isinstance(value, list) else value


def in_utc(value: dt.datetime) -> dt.datetime:
    """A moment in UTC; a time without zone stays as it is."""
    return value.astimezone(dt.timezone.utc) if value.tzinfo else value  # noqa: UP017


def json_text(value: Any) -> str:
    """Compact JSON, the same on every host."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def filled_payload(payload: Any, row: Any) -> Any:
    """A payload with its templates filled. A text that is one place alone becomes its value."""
    if isinstance(payload, dict):
        return {name: filled_payload(item, row) for name, item in payload.items()}
    if isinstance(payload, list):
        return [filled_payload(item, row) for item in payload]
    if not isinstance(payload, str):
        return payload
    parts = list(template_pieces(payload))
    if len(parts) == 1 and parts[0][1] is not None:
        column, form = template_place(parts[0][1], row)
        return plain_json(row[column]) if not form else formatted_value(row[column], form)
    return filled_text(payload, row)


def webhook_message(payload: Any = None) -> Callable[[str, Any], Any]:
    """The payload with its templates filled, or the whole row."""
    return lambda _, row: plain_json(row) if payload is None else filled_payload(payload, row)


def slack_message(text: str) -> Callable[[str, Any], Any]:
    """A message of an incoming webhook. Values cannot mention anybody, nor make links."""

    def make(_: str, row: Any) -> Any:
        said = shortened(filled_text(text, row, slack_text), TEXT_LIMIT["slack"])
        block = {"type": "section", "text": {"type": "mrkdwn", "text": said}}
        return {"text": said, "blocks": [block]}

    return make


def teams_message(text: str) -> Callable[[str, Any], Any]:
    """An Adaptive Card for a workflow's webhook. Values cannot make links."""

    def make(_: str, row: Any) -> Any:
        said = shortened(filled_text(text, row, teams_text), TEXT_LIMIT["teams"])
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [{"type": "TextBlock", "text": said, "wrap": True}],
        }
        kind = "application/vnd.microsoft.card.adaptive"
        attachment = {"contentType": kind, "contentUrl": None, "content": card}
        return {"type": "message", "attachments": [attachment]}

    return make


def pagerduty_message(text: str, source: str, severity: str) -> Callable[[str, Any], Any]:
    """A trigger of Events API v2; events of one id are one alert."""

    def make(message_id: str, row: Any) -> Any:
        payload = {
            "summary": shortened(filled_text(text, row), TEXT_LIMIT["pagerduty"]),
            "source": source,
            "severity": severity,
            "custom_details": plain_json(row),
        }
        return {"event_action": "trigger", "dedup_key": message_id[:255], "payload": payload}

    return make


def mail_message(sender: str, to: Any, subject: str, body: str) -> Callable[[str, Any], Any]:
    """The parts of an e-mail; a subject is one line."""

    def make(message_id: str, row: Any) -> Any:
        said = shortened(" ".join(filled_text(subject, row).split()), 200)
        made = {"id": message_id, "from": sender, "to": list(to), "subject": said}
        return made | {"body": filled_text(body, row)}

    return make


def sendgrid_message(sender: str, to: Any, subject: str, body: str) -> Callable[[str, Any], Any]:
    """A request of SendGrid's v3 API: one e-mail to all."""
    mail = mail_message(sender, to, subject, body)

    def make(message_id: str, row: Any) -> Any:
        made = mail(message_id, row)
        return {
            "personalizations": [{"to": [{"email": address} for address in made["to"]]}],
            "from": {"email": made["from"]},
            "subject": made["subject"] or "(no subject)",
            "content": [{"type": "text/plain", "value": made["body"] or " "}],
            "custom_args": {"lakestream_id": message_id},
        }

    return make


def shortened(text: str, limit: int) -> str:
    """A text of so many characters at most."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def slack_text(value: str) -> str:
    """A value as Slack shows it and does not read it."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams_text(value: str) -> str:
    """A value without Markdown links."""
    return value.replace("[", "\\[").replace("]", "\\]")


def wait_before_retry(
    reply: ServerReply, tried: int, tries: int, longest_s: float, chance: float, now: float
) -> float | None:
    """Seconds to wait before the next try, or None where there is none.

    Exponential back-off with full jitter; a server that says when to come again is obeyed, unless
    that is later than the longest wait. chance: from 0 to 1. now: seconds since 1970.
    """
    if tried >= tries or not reply.retry:
        return None
    asked = seconds_asked(reply.retry_after, now)
    if asked is None:
        return chance * min(longest_s, 2.0 ** (tried - 1))
    return asked if asked <= longest_s else None


def seconds_asked(retry_after: str | None, now: float) -> float | None:
    """What a `Retry-After` says: seconds, or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        at = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(at.timestamp() - now, 0.0)


class AlertSender:
    """Sends messages one after the other: tries again, keeps to a pace, gives up on the dead.

    send: one try of a message. sleep, chance, clock: as in `time` and `random`. allowed: how many
    messages may go at once; after them `pace_s` passes before each, or the rest is held.
    """

    def __init__(
        self,
        send: Callable[[str, Any], ServerReply],
        sleep: Callable[[float], object],
        chance: Callable[[], float],
        clock: Callable[[], float],
        *,
        tries: int,
        longest_wait_s: float,
        give_up_after: int,
        allowed: int,
        pace_s: float | None,
    ) -> None:
        self.send, self.sleep, self.chance, self.clock = send, sleep, chance, clock
        self.tries, self.longest_wait_s, self.give_up_after = tries, longest_wait_s, give_up_after
        self.allowed, self.pace_s = allowed, pace_s
        self.failed_in_a_row = 0
        self.held = 0

    def deliver(self, message_id: str, message: Any) -> tuple[str, int, str | None]:
        """`sent`, `held` or `failed`, how often it was tried, and what was wrong."""
        if self.failed_in_a_row >= self.give_up_after:
            return "failed", 0, f"not tried: {self.failed_in_a_row} messages failed before it"
        if self.allowed <= 0:
            if self.pace_s is None:
                self.held += 1
                return "held", 0, "over the rate limit"
            self.sleep(self.pace_s)
        self.allowed -= 1
        return self.tried(message_id, message)

    def tried(self, message_id: str, message: Any) -> tuple[str, int, str | None]:
        """Try until the server takes it or there is no use."""
        number = 0
        while True:
            number += 1
            reply = self.send(message_id, message)
            if reply.code is not None and 200 <= reply.code < 300:
                self.failed_in_a_row = 0
                return "sent", number, reply.note
            wait = wait_before_retry(
                reply, number, self.tries, self.longest_wait_s, self.chance(), self.clock()
            )
            if wait is None:
                # A server that refuses one message is not dead.
                self.failed_in_a_row = self.failed_in_a_row + 1 if reply.retry else 0
                return "failed", number, f"{reply.code or 'no answer'}: {reply.text}"[:2000]
            self.sleep(wait)
