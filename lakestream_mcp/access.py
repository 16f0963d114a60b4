"""What a caller may do to each pipeline: grants, and the order in which they count.

The first that exists decides: a grant to this caller on this pipeline, to everybody on this
pipeline, to this caller on all, to everybody on all; else the role the caller came with. So a
pipeline can be opened to some, or closed to all but some. A credential's own limit caps the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .identity import ROLES, Identity, Role, includes, lower

ANY = "*"


class Grant(NamedTuple):
    """A role that an actor, or everybody (`*`), has on a pipeline, or on all of them (`*`)."""

    actor: str
    pipeline_id: str
    role: Role


class Access:
    """One caller's roles."""

    def __init__(self, identity: Identity, grants: Iterable[Grant] = ()) -> None:
        self._identity = identity
        mine = [] if identity.admin else [g for g in grants if g.actor in (identity.name, ANY)]
        self._roles = {(g.actor, g.pipeline_id): g.role for g in mine}
        self.everywhere = self._first(ANY) or self._capped(identity.role)
        named = sorted({g.pipeline_id for g in mine} - {ANY})
        self._here = {pipeline: self._first(pipeline) or self.everywhere for pipeline in named}

    def _first(self, pipeline_id: str) -> Role | None:
        for actor in (self._identity.name, ANY):
            if role := self._roles.get((actor, pipeline_id)):
                return self._capped(role)
        return None

    def _capped(self, role: Role) -> Role:
        return lower(role, self._identity.most)

    def on(self, pipeline_id: str | None) -> Role:
        """The role on one pipeline; None stands for what belongs to none of them."""
        return self._here.get(pipeline_id or ANY, self.everywhere)

    @property
    def best(self) -> Role:
        """The highest role the caller has anywhere: what is worth showing to them."""
        return max((self.everywhere, *self._here.values()), key=ROLES.index)

    def sees(self, pipeline_id: str) -> bool:
        """Whether the pipeline exists, as far as this caller is told."""
        return includes(self.on(pipeline_id), "viewer")

    def visible(self, column: Any) -> list[Any]:
        """Conditions on a column of pipeline ids that leave only what the caller may see."""
        usually = includes(self.everywhere, "viewer")
        others = [p for p, role in self._here.items() if includes(role, "viewer") != usually]
        if usually:
            return [column.not_in(others)] if others else []
        return [column.in_(others)]
