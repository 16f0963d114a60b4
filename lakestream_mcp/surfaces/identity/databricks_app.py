"""Callers of a Databricks App, as its proxy tells who they are.

The proxy signs users in and sets both headers itself, whatever a client sent. That holds only where
nothing but the proxy reaches the process, so this source is used in an App alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...errors import Unauthenticated
from ...identity import Identity
from .sources import CHALLENGE, identity_of

if TYPE_CHECKING:
    from ...security import Security

EMAIL = "x-forwarded-email"
TOKEN = "x-forwarded-access-token"


class DatabricksApp:
    """The user in the headers of an App's proxy, with the token for what they do in Databricks."""

    proves = True
    challenge = CHALLENGE

    def __init__(self, security: Security) -> None:
        self._security = security

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """The user. Raises Unauthenticated where the proxy did not set both headers."""
        email, token = headers.get(EMAIL, ""), headers.get(TOKEN, "")
        if not email or not token:
            missing = TOKEN if email else EMAIL
            raise Unauthenticated(
                f"The App's proxy sent no {missing}.",
                expected=[EMAIL, TOKEN],
                hint="Call the App by its own address, and give it user authorization: without "
                "`user_api_scopes` the proxy sends no token.",
            )
        return identity_of(email, "deployer", "viewer", self._security, token)
