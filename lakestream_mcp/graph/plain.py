"""Plain JSON data: what may be kept in a document, and how a value is shown in a message."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from pydantic import JsonValue

MAX_DEPTH = 32
MAX_CONFIG_CHARACTERS = 200_000
SHOWN_CHARACTERS = 80
_SECRET_WORDS = (
    *("passw", "secret", "token", "credential", "private_key", "api_key", "access_key", "jaas"),
    *("connection_string", "webhook_url", "routing_key", "authorization"),
)
_LOGIN = re.compile(r"(//[^/@\s:]*:)[^/@\s]+(?=@)")
_NAMED = "|".join(word.replace("_", r"[\s_-]?") for word in _SECRET_WORDS)
WEBHOOKS = {
    "slack": r"hooks\.slack(?:-gov)?\.com",
    "teams": r"(?:[\w-]+\.)?webhook\.office\.com|outlook\.office(?:365)?\.com/webhook|"
    r"[\w.-]+\.logic\.azure\.com(?::\d+)?/workflows|"
    r"[\w.-]+\.api\.powerplatform\.com(?::\d+)?/powerautomate",
    "discord": r"(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks",
    "google-chat": r"chat\.googleapis\.com/v1/spaces",
    "zapier": r"hooks\.zapier\.com/hooks",
}
"""Addresses at which whoever knows them may post, by whose they are."""
_ENTRANCE = "|".join((r"//[^/@\s:]*:[^/@\s]+@|\S:\S{1,100}@[\w.-]+:\d", *WEBHOOKS.values()))
"""A login in an address, and addresses that let in whoever knows them."""
_TOLD = re.compile(f"{_NAMED}|private|{_ENTRANCE}", re.IGNORECASE)


def shown(value: object, limit: int = SHOWN_CHARACTERS) -> JsonValue:
    """The value as a message may show it: long ones cut, a password in an address left out."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else _text(value)
    text = _LOGIN.sub(r"\1…", text.encode("utf-8", "backslashreplace").decode())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _text(value: object) -> str:
    if isinstance(value, (dict, list, tuple)) and not value:
        return repr(value)
    if isinstance(value, int):
        return "a whole number beyond 64 bits"
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__


def is_secret(field: str) -> bool:
    """Whether a field's values are never shown."""
    return holds_secret(field) or "headers" in field.lower()


def holds_secret(field: str) -> bool:
    """Whether a field is made for a secret; a service credential's name is none."""
    name = field.lower().replace("-", "").replace("_", "")
    secret = any(word.replace("_", "") in name for word in _SECRET_WORDS)
    return secret and name != "servicecredential"


def is_reference(value: object) -> bool:
    """Whether a value only says where a secret is kept."""
    return isinstance(value, str) and value.startswith("secret://")


class LiteralSecret(ValueError):
    """A secret itself where only a reference may stand."""


def may_tell_secret(words: str) -> bool:
    """Whether a person's words may hold a secret, so that they are kept nowhere."""
    return _TOLD.search(words) is not None


def unfit(value: JsonValue, depth: int = 0) -> Iterator[str]:
    """Why a value cannot be stored the same on every database and surface; nothing if it can."""
    if depth > MAX_DEPTH:
        yield f"it is nested deeper than {MAX_DEPTH} levels"
    elif isinstance(value, str):
        yield from _unfit_text(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield "NaN and infinity are not JSON numbers"
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            yield "a whole number must fit in 64 bits"
    elif isinstance(value, list):
        for item in value:
            yield from unfit(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unfit_text(key)
            yield from unfit(item, depth + 1)


def _unfit_text(text: str) -> Iterator[str]:
    if "\x00" in text:
        yield "text holds a NUL character"
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        yield "text holds a lone surrogate, which is not a character"
