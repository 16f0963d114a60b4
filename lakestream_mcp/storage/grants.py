"""Grants: who may do what to which pipeline, where it is not the usual."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, or_, select

from ..access import ANY, Grant
from ..identity import Role
from .engine import upsert
from .rows import AccessGrant
from .session import Session, columns
from .tables import grants

# What decides a caller's roles is read by every call, so the statement is made once.
_OF_ACTOR = select(*columns(Grant, grants)).where(
    or_(grants.c.actor == bindparam("actor"), grants.c.actor == ANY)
)


class GrantRows(Session):
    """The part of a transaction that keeps grants."""

    def grants_of(self, actor: str) -> list[Grant]:
        """What decides this caller's roles: their own grants, and everybody's."""
        return [Grant._make(row) for row in self._rows(_OF_ACTOR, {"actor": actor})]

    def list_grants(self, pipeline_id: str | None = None) -> list[AccessGrant]:
        """All grants, or those that count on one pipeline, in the order of their names."""
        table = grants.c
        found = select(*columns(AccessGrant, grants)).order_by(table.pipeline_id, table.actor)
        if pipeline_id is not None:
            found = found.where(table.pipeline_id.in_((pipeline_id, ANY)))
        return [AccessGrant._make(row) for row in self._rows(found)]

    def set_grant(self, actor: str, pipeline_id: str, role: Role | None, *, by: str) -> None:
        """Give a role in place of the one given before; None takes the grant back."""
        table = grants.c
        if role is None:
            self._run(delete(grants).where(table.actor == actor, table.pipeline_id == pipeline_id))
            return
        row = {"actor": actor, "pipeline_id": pipeline_id, "role": role}
        upsert(self._writing(), grants, row | {"granted_at": self.at, "granted_by": by})
