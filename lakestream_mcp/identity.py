"""Who calls: a name, what the name stands for, and where both come from.

A surface asks its `IdentitySource` once per request. What the caller may do to one pipeline is said
in `access.py`, and held by the runner in `operations.py`.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

Role = Literal["none", "viewer", "author", "deployer"]
Surface = Literal["mcp", "rest", "cli", "hook", "process"]
ROLES: tuple[Role, ...] = ("none", "viewer", "author", "deployer")
"""Each includes those before it."""


def includes(role: Role, needed: Role) -> bool:
    """Whether a role includes another."""
    return ROLES.index(role) >= ROLES.index(needed)


def lower(one: Role, other: Role) -> Role:
    """The lesser of two roles."""
    return other if includes(one, other) else one


class Identity(NamedTuple):
    """A caller: the name written to revisions and audit rows, and what it stands for.

    `role` holds where no grant says otherwise; `most` is what the credential allows, whatever is
    granted. Grants do not bind an `admin`, rate limits not the person at this machine (`local`).
    `token` is the caller's own Databricks token on an App, for this one call.
    """

    name: str
    role: Role
    token: str | None = None
    most: Role = "deployer"
    admin: bool = False
    local: bool = False

    def may(self, needed: Role) -> bool:
        """Whether this role includes the needed one, where no grant says otherwise."""
        return includes(self.role, needed)

    def __repr__(self) -> str:
        """Without the token, which must not reach a log."""
        return f"Identity(name={self.name!r}, role={self.role!r}, most={self.most!r})"


class Origin(NamedTuple):
    """Where a call came from, for the audit log and for whoever looks for it in the server's."""

    surface: Surface = "process"
    client: str = ""
    request_id: str = ""


IN_PROCESS = Origin()


class IdentitySource(Protocol):
    """Tells who stands behind a request."""

    proves: bool
    """Whether callers prove who they are, so that others than this machine may be let in."""
    challenge: str
    """What `WWW-Authenticate` tells those who proved nothing."""

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """The caller; header names in lower case. Raises Unauthenticated. May take its time."""
        ...


class LocalUser:
    """Whoever runs the process: stdio, the command line and loopback have no other callers.

    A deployer there holds the database and the settings too, so grants do not bind them.
    """

    proves = False
    challenge = ""

    def __init__(self, role: Role = "deployer") -> None:
        self.identity = Identity(_account(), role, admin=role == "deployer", local=True)

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """The user of this machine, whatever the headers say."""
        return self.identity


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without a name
        return "local"
