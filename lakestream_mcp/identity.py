"""Who calls, and what they may do.

A surface asks its `IdentitySource` once per call; the runner in `operations.py` compares roles.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

Role = Literal["viewer", "author", "deployer"]
ROLES: tuple[Role, ...] = ("viewer", "author", "deployer")


class Identity(NamedTuple):
    """A caller: the name written to revisions and audit rows, and the role."""

    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        """Whether this role includes the needed one."""
        return ROLES.index(self.role) >= ROLES.index(needed)


class IdentitySource(Protocol):
    """Tells who stands behind a request."""

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """The caller. Raises Forbidden when the headers prove nothing."""
        ...


class LocalUser:
    """Whoever runs the process: stdio, the command line and loopback have no other callers."""

    def __init__(self, role: Role = "deployer") -> None:
        self.identity = Identity(_account(), role)

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """The user of this machine, whatever the headers say."""
        return self.identity


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without a name
        return "local"
