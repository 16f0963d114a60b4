"""Who may do what: users with tokens, levels on workspace objects, privileges in Unity Catalog."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from .refusals import Refused, denied

LEVELS: dict[str, tuple[str, ...]] = {
    "pipelines": ("CAN_VIEW", "CAN_RUN", "CAN_MANAGE", "IS_OWNER"),
    "jobs": ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"),
    "directories": ("CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"),
    "warehouses": ("CAN_VIEW", "CAN_MONITOR", "CAN_USE", "CAN_MANAGE", "IS_OWNER"),
    "serving-endpoints": ("CAN_VIEW", "CAN_QUERY", "CAN_MANAGE"),
    "apps": ("CAN_USE", "CAN_MANAGE"),
    "scopes": ("READ", "WRITE", "MANAGE"),
}
"""Levels of each kind of object, weakest first."""


@dataclass
class User:
    """A person or a service principal."""

    name: str
    token: str
    admin: bool = False
    groups: frozenset[str] = frozenset()
    secret: str | None = None

    @property
    def names(self) -> set[str]:
        """All names under which something may be granted to this user."""
        return {self.name, "users", *self.groups, *(["admins"] if self.admin else [])}


@dataclass
class Principals:
    """Users by name, and what each name was given: (kind, id) → name → level."""

    users: dict[str, User] = field(default_factory=dict)
    levels: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def add(self, name: str, admin: bool = False, groups: Iterable[str] = ()) -> User:
        """A user with a token, and a secret for those who log in as a service."""
        known = frozenset(groups)
        user = User(name, f"dapi-{secrets.token_hex(8)}", admin, known, secrets.token_hex(8))
        self.users[name] = user
        return user

    def renew(self, user: User) -> None:
        """Give a user another token; the one before is good no longer."""
        user.token = f"dapi-{secrets.token_hex(8)}"

    def by_token(self, header: str) -> User:
        """Whose token this is. Raises Refused."""
        token = header.removeprefix("Bearer ")
        for user in self.users.values():
            if secrets.compare_digest(user.token, token):
                return user
        raise Refused(401, "UNAUTHENTICATED", "Request to perform an action failed: invalid token.")

    def has(self, user: User, kind: str, id: str, level: str) -> bool:
        """Whether a user, by itself or by a group, has at least this level."""
        order = LEVELS[kind]
        given = self.levels.get((kind, id), {})
        mine = [order.index(given[name]) for name in user.names if name in given]
        return user.admin or max(mine, default=-1) >= order.index(level)

    def need(self, user: User, kind: str, id: str, level: str) -> None:
        """Raise Refused unless the user has this level."""
        if not self.has(user, kind, id, level):
            raise denied(f"{user.name} does not have {level} permissions on {kind} {id}.")

    def own(self, user: User, kind: str, id: str) -> None:
        """The first to have anything on it is who made it."""
        self.levels[kind, id] = {user.name: LEVELS[kind][-1]}
