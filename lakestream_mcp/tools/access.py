"""Who may do what: reading and giving roles, on all pipelines or on one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from ..access import ANY, Access
from ..errors import InvalidArgument
from ..identity import Role, includes
from ..operations import Answer, operation
from .discovery import instant

if TYPE_CHECKING:
    from ..storage.rows import AccessGrant
    from ..workspace import Workspace

OrAll = Annotated[str, Field(min_length=1, max_length=64, description="`*`: all pipelines")]


class You(BaseModel):
    """The caller as the server knows them."""

    name: str
    role: Role
    everywhere: Role


class GrantLine(BaseModel):
    """One grant."""

    actor: str
    pipeline_id: str
    role: Role
    granted_at: str
    granted_by: str

    @classmethod
    def of(cls, row: AccessGrant) -> GrantLine:
        """The line of a stored grant."""
        return cls(**row._asdict() | {"granted_at": instant(row.granted_at)})


class AccessAnswer(Answer):
    """What the caller may do; and the grants, for those who may give them."""

    you: You
    grants: list[GrantLine] | None = None
    next: str

    def text(self) -> str:
        """A line each."""
        lines = [f"You are {self.you.name}: {self.you.role}; elsewhere {self.you.everywhere}."]
        lines += [
            f"{g.actor} on {g.pipeline_id}: {g.role} (by {g.granted_by}, {g.granted_at})"
            for g in self.grants or []
        ]
        return "\n".join([*lines, f"Next: {self.next}"])


@operation(
    title="Who may do what",
    effect="read",
    method="GET",
    path="/api/access",
    mcp=False,
    examples=({}, {"pipeline_id": "quakes"}),
)
def list_access(ws: Workspace, pipeline_id: OrAll = ANY) -> AccessAnswer:
    """Read your role on a pipeline and elsewhere; a deployer also sees the grants that count."""
    one = None if pipeline_id == ANY else pipeline_id
    with ws.reading() as store:
        if one:
            store.get_pipeline(one, deleted=True)
        grants = store.list_grants(one)
    return _answer(ws.access, ws, one, grants)


def _answer(
    access: Access, ws: Workspace, pipeline_id: str | None, grants: list[AccessGrant]
) -> AccessAnswer:
    role = access.on(pipeline_id)
    may_give = includes(role, "deployer")
    return AccessAnswer(
        you=You(name=ws.identity.name, role=role, everywhere=access.everywhere),
        grants=[GrantLine.of(row) for row in grants] if may_give else None,
        next="set_access gives and takes roles" if may_give else "ask a deployer for more",
    )


@operation(
    title="Give or take a role",
    effect="edit",
    role="deployer",
    method="PUT",
    path="/api/access",
    mcp=False,
    idempotent=True,
    examples=(
        {"actor": "ann@example.com", "role": "author"},
        {"actor": "*", "role": "none", "pipeline_id": "quakes"},
    ),
)
def set_access(
    ws: Workspace,
    actor: Annotated[str, Field(min_length=1, max_length=200, description="`*`: everybody")],
    role: Annotated[
        Literal["none", "viewer", "author", "deployer", "default"],
        Field(description="default takes the grant back"),
    ],
    pipeline_id: OrAll = ANY,
) -> AccessAnswer:
    """Give somebody a role on one pipeline or on all; the closer grant counts.

    In this order: theirs on the pipeline, everybody's on it, theirs on all, everybody's on all,
    the role they came with. `none` hides a pipeline.
    """
    one = None if pipeline_id == ANY else pipeline_id
    with ws.writing(one) as store:
        if one:
            store.get_pipeline(one, deleted=True)
        given: Role | None = None if role == "default" else role
        store.set_grant(actor, pipeline_id, given, by=ws.identity.name)
        access = Access(ws.identity, store.grants_of(ws.identity.name))
        if not includes(access.on(one), "deployer"):
            raise InvalidArgument(
                "This would take the role deployer from yourself.",
                code="LOCKED_OUT",
                where={"argument": "role"},
                got=role,
                hint="First give yourself the role deployer here: set_access with your name.",
            )
        grants = store.list_grants(one)
    return _answer(access, ws, one, grants)
