"""Passwords of a Lakebase database, which live for an hour at most.

They are minted as the process itself (on a Databricks App its service principal), never as a
caller: the store is the app's own. Both kinds of Lakebase are known: a provisioned instance by its
name, an autoscaling endpoint by its path.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..errors import DatabricksFailed
from ..settings import Settings
from .databricks_client import app_client, calling

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def passwords_of(settings: Settings) -> LakebasePasswords | None:
    """Passwords for the store, where it is a Lakebase database."""
    return LakebasePasswords(settings) if settings.lakebase else None


class Minted(NamedTuple):
    """A password and the moment from which it is no longer accepted."""

    password: str
    expires_at: datetime


class LakebasePasswords:
    """Gives a fresh password each time it is called: one for each new connection.

    While the workspace cannot be reached, the last password is given as long as it lives.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last: Minted | None = None

    def __call__(self) -> str:
        """A password that was accepted when it was made. Raises DatabricksFailed."""
        try:
            with calling("minting a password for the database", database=self._settings.lakebase):
                self._last = self._minted()
        except DatabricksFailed:
            if self._last is None or datetime.now(UTC) >= self._last.expires_at:
                raise
        return self._last.password

    @cached_property
    def _client(self) -> WorkspaceClient:
        return app_client(self._settings)

    def _minted(self) -> Minted:
        name = self._settings.lakebase
        if name.startswith("projects/"):
            made = self._client.postgres.generate_database_credential(name)
            expires_at = None if made.expire_time is None else made.expire_time.ToDatetime(UTC)
            return _checked(made.token, expires_at)
        given = self._client.database.generate_database_credential(
            instance_names=[name], request_id=str(uuid.uuid4())
        )
        return _checked(given.token, _moment(given.expiration_time))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _checked(token: str | None, expires_at: datetime | None) -> Minted:
    """A credential as one can use it; one that does not say when it expires is used once."""
    if not token:
        raise ValueError("the answer holds no token")
    return Minted(token, expires_at or datetime.now(UTC))
