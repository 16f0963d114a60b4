"""Who the caller is."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from databricks.sdk.service.iam import CurrentUserAPI

from .service import Asked, Service, serves


class CurrentUser(Service):
    """The caller's own record."""

    name = "current_user"

    @serves(CurrentUserAPI.me)
    def me(self, asked: Asked) -> dict[str, Any]:
        """As User."""
        groups = sorted(asked.user.names - {asked.user.name})
        return {
            "id": str(crc32(asked.user.name.encode())),
            "userName": asked.user.name,
            "displayName": asked.user.name.split("@")[0],
            "active": True,
            "emails": [{"value": asked.user.name, "primary": True}],
            "groups": [{"display": group} for group in groups],
        }
