"""Static tokens: a file of names, roles and hashes, and the tokens with those who hold them.

    {"tokens": [{"name": "ci", "role": "author", "sha256": "9f86…", "expires": "2027-01-31"}]}

A token is 32 random bytes, so its hash needs neither salt nor slowness. The file is read again
when it changes: removing a line revokes the token.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import InvalidArgument, Unauthenticated
from ...identity import Identity, Role
from .sources import CHALLENGE, NAME_MAX, bearer, identity_of

if TYPE_CHECKING:
    from ...security import Security

PREFIX = "lst_"  # lets scanners for leaked secrets recognise one
Stamp = tuple[int, int]
log = logging.getLogger("lakestream")


class Token(BaseModel):
    """One token that is accepted, without the token."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    role: Role
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    expires: date | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tokens: list[Token]


class TokenFile:
    """Callers by the tokens of a file."""

    proves = True
    challenge = CHALLENGE

    def __init__(self, file: Path, security: Security) -> None:
        self._file = file
        self._security = security
        self._stamp = _stamp(file)
        self._tokens = read(file)

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """Whoever holds the token. Raises Unauthenticated."""
        given = hashlib.sha256(bearer(headers).encode()).hexdigest()
        # All are compared, and each in the same time, so that the time tells nothing.
        found = [t for t in self._current() if hmac.compare_digest(t.sha256, given)]
        if not found:
            raise Unauthenticated(
                "The token is not known.", hint="It may have been revoked: ask for another."
            )
        token = found[0]
        if token.expires is not None and datetime.now(UTC).date() > token.expires:
            raise Unauthenticated(
                f"The token has expired on {token.expires}.", hint="Ask for another."
            )
        return identity_of(token.name, token.role, token.role, self._security)

    def _current(self) -> list[Token]:
        """The tokens of the file as it is now; none while it cannot be read."""
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            try:
                self._tokens = read(self._file)
            except InvalidArgument as error:
                log.error("no token is accepted: %s", error.message)
                self._tokens = []
            self._stamp = stamp
        return self._tokens


def read(file: Path) -> list[Token]:
    """The tokens of a file. Raises InvalidArgument."""
    try:
        tokens = _File.model_validate_json(file.read_bytes()).tokens
    except OSError as error:
        raise _refused(file, error.strerror or "it cannot be read") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _refused(file, f"{place}: {first['msg']}") from None
    return tokens


def made(name: str, role: Role, expires: date | None = None) -> tuple[str, Token]:
    """A new token, and what the file says of it."""
    text = PREFIX + secrets.token_urlsafe(32)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return text, Token(name=name, role=role, sha256=sha256, expires=expires)


def _stamp(file: Path) -> Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _refused(file: Path, why: str) -> InvalidArgument:
    return InvalidArgument(
        f"The file of tokens cannot be used: {why}.",
        code="TOKENS_INVALID",
        where={"file": str(file)},
        expected='{"tokens": [{"name": …, "role": …, "sha256": …}]}',
        hint="`lakestream make-token` makes a token and its line.",
    )
