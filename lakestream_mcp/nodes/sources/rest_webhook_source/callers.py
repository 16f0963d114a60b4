"""Who may post: what a request proves, compared without telling how much of it was right."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping

from ....errors import EngineFailed, Forbidden
from .node import Auth, RestWebhookConfig

API_KEY = "x-api-key"
CHALLENGES: dict[Auth, str] = {
    "bearer": "Bearer",
    "basic": 'Basic realm="lakestream"',
    "api-key": 'ApiKey header="X-API-Key"',
}


def check_caller(
    config: RestWebhookConfig, headers: Mapping[str, str], environ: Mapping[str, str]
) -> None:
    """Raises Forbidden where the request does not prove to hold the secret; EngineFailed."""
    if config.auth == "none":
        return
    wanted = secret_value(config.auth_secret or "", environ)
    given = _given(config.auth, headers)
    if given is None or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Forbidden(
            "The request does not prove who sends it.",
            code="HOOK_UNAUTHORIZED",
            expected=CHALLENGES[config.auth],
        )


def _given(auth: Auth, headers: Mapping[str, str]) -> str | None:
    if auth == "api-key":
        return headers.get(API_KEY)
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() != auth:
        return None
    if auth == "bearer":
        return value.strip()
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def secret_value(reference: str, environ: Mapping[str, str]) -> str:
    """The secret of a reference, from the variable SCOPE_KEY of the server's environment.

    Raises EngineFailed.
    """
    scope_key = reference.removeprefix("secret://").replace("/", "_")
    name = re.sub(r"\W", "_", scope_key).upper()
    value = environ.get(name, "")
    if not value:
        raise EngineFailed(
            "The server does not hold the secret of this hook.",
            code="SECRET_MISSING",
            expected=f"the environment variable {name}",
            hint="in a Databricks App, give the variable the value of a secret resource",
        )
    return value
