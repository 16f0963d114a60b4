"""The sources of identities that the settings name, as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import Unauthenticated
from ...identity import Identity, IdentitySource, LocalUser, Role, lower

if TYPE_CHECKING:
    from ...security import Security
    from ...settings import Settings

NAME_MAX = 200
CHALLENGE = 'Bearer realm="lakestream"'


def source_of(settings: Settings) -> IdentitySource:
    """Who may call a server with these settings. Raises InvalidArgument."""
    security = settings.security
    if not security.proves:
        return LocalUser(settings.role)
    made = [MAKERS[name](settings) for name in security.identity]
    return made[0] if len(made) == 1 else FirstOf(made)


class FirstOf:
    """Several sources; the first that knows the caller counts."""

    proves = True

    def __init__(self, sources: Sequence[IdentitySource]) -> None:
        self._sources = sources
        self.challenge = max((source.challenge for source in sources), key=len)

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """What the first source says that says anything. Raises Unauthenticated."""
        for source in self._sources[:-1]:
            try:
                return source.identify(headers)
            except Unauthenticated:
                continue
        return self._sources[-1].identify(headers)


def identity_of(
    name: str, most: Role, usual: Role, security: Security, token: str | None = None
) -> Identity:
    """The identity of a proven name. Raises Unauthenticated for a name that cannot be one."""
    if not name or len(name) > NAME_MAX or name == "*" or not name.isprintable():
        raise Unauthenticated("The name of the caller cannot be used.", hint="Ask the issuer.")
    if name in security.admins and most == "deployer":
        return Identity(name, "deployer", token, admin=True)
    return Identity(name, lower(security.default_role or usual, most), token, most)


def bearer(headers: Mapping[str, str]) -> str:
    """The token of the header `Authorization`. Raises Unauthenticated."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            "The request has no bearer token.",
            expected="Authorization: Bearer TOKEN",
            hint="Ask whoever runs the server for a token.",
        )
    return token.strip()


def _app(settings: Settings) -> IdentitySource:
    from .databricks_app import DatabricksApp

    return DatabricksApp(settings.security)


def _tokens(settings: Settings) -> IdentitySource:
    from .tokens import TokenFile

    assert settings.security.tokens is not None, "the settings checked it"
    return TokenFile(settings.security.tokens, settings.security)


def _jwt(settings: Settings) -> IdentitySource:
    from .issuer import Issuer

    assert settings.security.jwt is not None, "the settings checked it"
    return Issuer(settings.security.jwt, settings.security, settings.url)


MAKERS: Mapping[str, Callable[[Settings], IdentitySource]] = {
    "databricks-app": _app,
    "tokens": _tokens,
    "jwt": _jwt,
}
