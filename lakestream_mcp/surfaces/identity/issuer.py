"""JSON Web Tokens of an issuer, checked against its published keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...errors import EngineFailed, Unauthenticated
from ...identity import ROLES, Identity, Role
from .sources import CHALLENGE, bearer, identity_of

if TYPE_CHECKING:
    from jwt import PyJWKClient

    from ...security import JwtSettings, Security

METADATA = "/.well-known/oauth-protected-resource"
SCOPE = "lakestream:"
KEYS_TIMEOUT_S = 10.0
LEEWAY_S = 30


class Issuer:
    """Callers by the tokens that an issuer made for this server."""

    proves = True

    def __init__(self, settings: JwtSettings, security: Security, url: str) -> None:
        self._settings = settings
        self._security = security
        self.challenge = f'{CHALLENGE}, resource_metadata="{url}{METADATA}/mcp"'

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """Whom the token is about, as far as its scopes go. Raises Unauthenticated."""
        claims = self._claims(bearer(headers))
        most = role_of(claims)
        name = claims[self._settings.name_claim]
        return identity_of(name if isinstance(name, str) else "", most, most, self._security)

    @cached_property
    def _keys(self) -> PyJWKClient:
        from jwt import PyJWKClient

        return PyJWKClient(self._settings.keys_url, timeout=KEYS_TIMEOUT_S)

    def _claims(self, token: str) -> dict[str, Any]:
        import jwt

        wanted = self._settings
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token).key,
                algorithms=[wanted.algorithm],
                issuer=wanted.issuer,
                audience=wanted.audience,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", wanted.name_claim]},
            )
        except jwt.PyJWKClientConnectionError:
            raise EngineFailed(
                "The keys of the tokens' issuer cannot be had.",
                code="ISSUER_UNREACHABLE",
                hint="Try again; whoever runs the server can see if the issuer is there.",
            ) from None
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("The token has expired.", hint="Get a new one.") from None
        except jwt.PyJWTError:
            raise Unauthenticated(
                "The token is not valid for this server.",
                expected={"issuer": wanted.issuer, "audience": wanted.audience},
            ) from None
        return claims


def role_of(claims: Mapping[str, Any]) -> Role:
    """The highest role among the scopes `lakestream:viewer`, `…:author`, `…:deployer`."""
    given = claims.get("scope") or claims.get("scp") or ()
    scopes = given.split() if isinstance(given, str) else given if isinstance(given, list) else ()
    return max((role for role in ROLES if SCOPE + role in scopes), key=ROLES.index, default="none")


def metadata(settings: JwtSettings, url: str) -> dict[str, Any]:
    """What RFC 9728 tells clients: where to get a token for this server, and with which scopes."""
    return {
        "resource": f"{url}/mcp",
        "authorization_servers": [settings.issuer],
        "scopes_supported": [SCOPE + role for role in ROLES[1:]],
        "bearer_methods_supported": ["header"],
        "resource_name": "LakeStream",
    }
