"""Who may call, how often, and what is told of it, as the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from .errors import InvalidArgument
from .identity import ROLES, Role

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
APP = "databricks-app"
DIGITS_MAX = 20
SOURCES = ("local", APP, "tokens", "jwt")
JWT_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA")  # no shared secret


class JwtSettings(NamedTuple):
    """Whose tokens are accepted: the issuer, for whom it made them, and where its keys are."""

    issuer: str
    audience: str
    keys_url: str
    algorithm: str = "RS256"
    name_claim: str = "sub"


class Security(NamedTuple):
    """Who may call, how often, and what is told of it.

    `identity` names the sources of identities, of which the first that knows the caller counts.
    `default_role` is for callers without a grant, None where their credential says it. `per_minute`
    limits a caller's calls; 0 is no limit.
    """

    identity: tuple[str, ...] = ("local",)
    default_role: Role | None = None
    admins: tuple[str, ...] = ()
    tokens: Path | None = None
    jwt: JwtSettings | None = None
    edits_per_minute: int = 600
    runs_per_minute: int = 120
    failures_per_minute: int = 60
    log: str = "text"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Security:
        """Settings from `LAKESTREAM_*` variables. Raises InvalidArgument."""
        tokens, jwt = env.get("LAKESTREAM_TOKENS"), _jwt(env)
        given = env.get("LAKESTREAM_DEFAULT_ROLE")
        return cls(
            identity=_identity(env, tokens, jwt),
            default_role=role_of(env, "LAKESTREAM_DEFAULT_ROLE") if given else None,
            admins=names_of(env, "LAKESTREAM_ADMINS"),
            tokens=Path(tokens).expanduser() if tokens else None,
            jwt=jwt,
            edits_per_minute=_per_minute(env, "LAKESTREAM_EDITS_PER_MINUTE", 600),
            runs_per_minute=_per_minute(env, "LAKESTREAM_RUNS_PER_MINUTE", 120),
            failures_per_minute=_per_minute(env, "LAKESTREAM_FAILURES_PER_MINUTE", 60),
            log=_choice(env, "LAKESTREAM_LOG", ("text", "json")),
        )

    @property
    def proves(self) -> bool:
        """Whether every caller has to prove who they are."""
        return "local" not in self.identity


def role_of(env: Mapping[str, str], name: str) -> Role:
    """The role that a variable names, deployer without one. Raises InvalidArgument."""
    given = env.get(name, "deployer")
    for role in ROLES:
        if role == given:
            return role
    raise InvalidArgument(f"{name} is not a role.", got=given, expected=list(ROLES))


def names_of(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The names in a variable, which commas part."""
    return tuple(part.strip() for part in env.get(name, "").split(",") if part.strip())


def number_of(
    env: Mapping[str, str],
    name: str,
    default: int,
    least: int,
    most: int,
    problem: str = "is out of range",
    expected: str = "",
) -> int:
    """The whole number in a variable, in plain digits. Raises InvalidArgument."""
    given = env.get(name, str(default))
    # int() takes digits of other scripts and fails on some, and on thousands of any.
    is_number = given.isascii() and given.isdigit() and len(given) <= DIGITS_MAX
    if not is_number or not least <= int(given) <= most:
        raise InvalidArgument(
            f"{name} {problem}.", got=given[:80], expected=expected or f"{least} to {most}"
        )
    return int(given)


def _choice(env: Mapping[str, str], name: str, options: tuple[str, ...]) -> str:
    given = env.get(name, options[0])
    if given not in options:
        raise InvalidArgument(f"{name} is not known.", got=given, expected=list(options))
    return given


def _per_minute(env: Mapping[str, str], name: str, default: int) -> int:
    return number_of(env, name, default, 0, 9_999_999, "is not a number")


def _identity(
    env: Mapping[str, str], tokens: str | None, jwt: JwtSettings | None
) -> tuple[str, ...]:
    """The sources that are asked for, or those that the environment implies."""
    given = names_of(env, "LAKESTREAM_IDENTITY")
    if not given:
        is_app = "DATABRICKS_APP_NAME" in env or "DATABRICKS_APP_PORT" in env
        implied = ((APP, is_app), ("tokens", tokens), ("jwt", jwt))
        return tuple(source for source, wanted in implied if wanted) or ("local",)
    for source, setting in (("tokens", tokens), ("jwt", jwt)):
        if source in given and not setting:
            raise InvalidArgument(
                f"LAKESTREAM_IDENTITY names {source}, which is not set up.",
                got=source,
                expected="LAKESTREAM_TOKENS, or LAKESTREAM_JWT_ISSUER with _AUDIENCE",
            )
    if not set(given) <= set(SOURCES) or ("local" in given and len(given) > 1):
        raise InvalidArgument(
            "LAKESTREAM_IDENTITY is not known.",
            got=",".join(given),
            expected=f"`local`, or some of {', '.join(SOURCES[1:])}",
        )
    return given


def _jwt(env: Mapping[str, str]) -> JwtSettings | None:
    issuer = env.get("LAKESTREAM_JWT_ISSUER", "")
    audience = env.get("LAKESTREAM_JWT_AUDIENCE", "")
    if not issuer and not audience:
        return None
    if not issuer or not audience:
        raise InvalidArgument(
            "Tokens of an issuer need both the issuer and the audience they are made for.",
            got=issuer or audience,
            expected="LAKESTREAM_JWT_ISSUER and LAKESTREAM_JWT_AUDIENCE",
        )
    keys = env.get("LAKESTREAM_JWT_KEYS") or f"{issuer.rstrip('/')}/.well-known/jwks.json"
    where = urlsplit(keys)
    if where.scheme != "https" and (where.scheme != "http" or where.hostname not in LOOPBACK):
        raise InvalidArgument("LAKESTREAM_JWT_KEYS is not safe.", got=keys, expected="https://…")
    return JwtSettings(
        issuer,
        audience,
        keys,
        _choice(env, "LAKESTREAM_JWT_ALGORITHM", JWT_ALGORITHMS),
        env.get("LAKESTREAM_JWT_NAME", "sub"),
    )
