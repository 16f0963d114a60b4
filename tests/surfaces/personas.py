"""Callers with every kind of role, as a Databricks App's proxy names them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lakestream_mcp.access import ANY
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.identity import ROLES, Identity, Role
from lakestream_mcp.security import Security
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.workspace import Workspace

PIPELINE = "the-pipeline"
SENTINEL = "sentinel-5b1f"
SECURITY = Security(
    identity=("databricks-app",),
    default_role="none",
    admins=("root@example.com",),
    edits_per_minute=0,
    runs_per_minute=0,
    failures_per_minute=0,
)


class Persona(NamedTuple):
    """A caller: the role on all pipelines, and the one on `PIPELINE` where it differs."""

    name: str
    everywhere: Role
    here: Role

    @property
    def best(self) -> Role:
        """The higher of the two."""
        return max(self.everywhere, self.here, key=ROLES.index)

    @property
    def headers(self) -> dict[str, str]:
        """What the App's proxy adds to this caller's requests."""
        return headers_of(f"{self.name}@example.com")

    def identity(self) -> Identity:
        """The caller in this process."""
        return Identity(f"{self.name}@example.com", "none")


PERSONAS = (
    Persona("nobody", "none", "none"),
    Persona("viewer", "viewer", "viewer"),
    Persona("author", "author", "author"),
    Persona("deployer", "deployer", "deployer"),
    Persona("viewer-here", "none", "viewer"),
    Persona("author-here", "viewer", "author"),
    Persona("deployer-here", "none", "deployer"),
    Persona("lowered", "deployer", "viewer"),
    Persona("kept-out", "deployer", "none"),
)


def headers_of(email: str) -> dict[str, str]:
    """The headers of an App's proxy."""
    return {"x-forwarded-email": email, "x-forwarded-access-token": f"dapi-{email}"}


@contextmanager
def app_host(folder: Path, security: Security = SECURITY) -> Iterator[Host]:
    """A process as on a Databricks App, with the pipeline, a run of it, and all personas."""
    host = Host.serving(Settings(data_dir=folder, security=security))
    try:
        yield host
    finally:
        host.workspace.close()


def populate(host: Host) -> str:
    """Store the pipeline, its run and the personas' grants; the run's id."""
    with host.workspace.store.transaction(write=True) as store:
        document = PipelineDocument(name="The pipeline", description=SENTINEL, tags=[SENTINEL])
        store.create_pipeline(PIPELINE, document, actor=SENTINEL)
        run = store.add_run(
            PIPELINE, 1, "test", actor=SENTINEL, result="matched", counts={}, report={}
        )
        for persona in PERSONAS:
            actor = persona.identity().name
            for pipeline_id, role in ((ANY, persona.everywhere), (PIPELINE, persona.here)):
                store.set_grant(actor, pipeline_id, role, by="root@example.com")
    return run.id


def as_persona(host: Host, persona: Persona) -> Host:
    """The process as if this caller had started it: command line, MCP in memory."""

    class Itself:
        proves, challenge = False, ""

        def identify(self, headers: object) -> Identity:
            return persona.identity()

    ws: Workspace = host.workspace.with_caller(persona.identity())
    return Host(ws, Itself())
