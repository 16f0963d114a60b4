"""What is answered to anybody: where to log in, and a token for a service's id and secret."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from .server import StandIn

TOKEN = "/oidc/v1/token"


def answer(
    world: StandIn, verb: str, path: str, headers: Any, content: bytes
) -> tuple[int, Any] | None:
    """The answer to a request that needs no token; None for all others."""
    if path == "/.well-known/databricks-config":
        return 200, {"workspace_id": "1", "oidc_endpoint": f"{world.url}/oidc"}
    if path.endswith("/.well-known/oauth-authorization-server"):
        return 200, {
            "authorization_endpoint": f"{world.url}/oidc/v1/authorize",
            "token_endpoint": f"{world.url}{TOKEN}",
        }
    if (verb, path) == ("POST", TOKEN):
        return _token(world, headers.get("Authorization", ""), parse_qs(content.decode()))
    return None


def _token(world: StandIn, login: str, form: dict[str, list[str]]) -> tuple[int, Any]:
    pair = base64.b64decode(login.removeprefix("Basic ") or b"").decode()
    name, _, secret = pair.partition(":")
    user = world.principals.users.get(name)
    right = user and user.secret and secrets.compare_digest(user.secret, secret)
    if user is None or not right or form.get("grant_type") != ["client_credentials"]:
        return 401, {"error": "invalid_client", "error_description": "Client authentication failed"}
    return 200, {"access_token": user.token, "token_type": "Bearer", "expires_in": 3600}
