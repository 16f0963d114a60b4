"""Reading deployments: what stands, how it does, and all that was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from ..arguments import PipelineId
from ..errors import DatabricksFailed, LakestreamError, NotFound
from ..operations import Answer, operation
from .discovery import instant

if TYPE_CHECKING:
    from ..deploy.remote.health import Health
    from ..storage.rows import Deployment
    from ..workspace import Workspace

LISTED = 20
GONE = ("destroyed", "undone")
"""Deployments of which nothing is there any more."""


class DeploymentLine(BaseModel):
    """One deployment: who, when, what, where, and what became of it."""

    deployment: str
    action: str
    status: str
    target: str
    place: str
    revision: int
    code_sha256: str | None
    actor: str
    at: str
    error: str | None = None
    force_reason: str | None = None

    @classmethod
    def of(cls, row: Deployment) -> DeploymentLine:
        """The line of a stored row."""
        return cls(
            deployment=row.id,
            action=row.settings.get("action", "deploy"),
            status=row.status,
            target=row.target,
            place=row.settings.get("place", ""),
            revision=row.revision,
            code_sha256=row.code_sha256,
            actor=row.actor,
            at=instant(row.at),
            error=row.error,
            force_reason=row.settings.get("force_reason") or None,
        )

    def text(self) -> str:
        """One line."""
        code = f" code {self.code_sha256[:12]}" if self.code_sha256 else ""
        why = f" ({self.error[:160]})" if self.error else ""
        return (
            f"{self.deployment} {self.at} {self.actor}: {self.action} @{self.revision}{code} → "
            f"{self.target}: {self.status}{why}"
        )


class DeploymentAnswer(Answer):
    """How a pipeline's deployment does, and its history, newest first."""

    pipeline_id: str
    status: str
    deployment: DeploymentLine | None = None
    busy: str | None = None
    resources: dict[str, Any] | None = None
    steps: list[dict[str, Any]] | None = None
    health: dict[str, Any] | None = None
    unknown: str | None = Field(None, description="Why the workspace could not be asked")
    cost: dict[str, Any] | None = Field(None, description="As its plan estimated it")
    billed: dict[str, Any] | None = None
    history: list[DeploymentLine]
    next: str
    link: str

    def text(self) -> str:
        """State, runs, errors, cost, history: a line each."""
        from ..deploy.cost.told import billed_line, brief_line

        lines = [f"{self.pipeline_id}: {self.status}"]
        lines += [self.deployment.text()] if self.deployment else []
        lines += [f"under way: {self.busy}"] if self.busy else []
        seen = self.health or {}
        lines += [f"gone: {name}" for name in seen.get("missing", [])]
        lines += [f"{run['of']} {run['id']}: {run['state']}" for run in seen.get("runs", [])[:8]]
        lines += [f"error: {error}" for error in seen.get("errors", [])]
        lines += [f"{name}: {link}" for name, link in seen.get("links", {}).items()]
        lines += [f"not known: {self.unknown}"] if self.unknown else []
        lines += [brief_line(self.cost)] if self.cost else []
        lines += [billed_line(self.billed)] if self.billed else []
        lines += [f"{s['state']}: {s['text']}" for s in (self.steps or [])[:20]]
        lines += ["history:", *(line.text() for line in self.history[:10])]
        return "\n".join([*lines, f"Next: {self.next}", self.link])[:7_900]


@operation(
    title="Read a deployment",
    effect="read",
    role="deployer",
    method="GET",
    path="/api/pipelines/{pipeline_id}/deployments",
    examples=({"pipeline_id": "quakes"},),
)
def get_deployment(
    ws: Workspace,
    pipeline_id: PipelineId,
    deployment: Annotated[
        str, Field(max_length=64, description="One of the history, with its steps")
    ] = "",
) -> DeploymentAnswer:
    """Read what is deployed: state, last runs, errors in plain words, links, and the history.

    Next: deploy with action stop, start, rollback or destroy.
    """
    from ..deploy.history import ROWS_LOOKED_AT

    with ws.reading() as store:
        pipeline = store.get_pipeline(pipeline_id)
        rows = store.list_deployments(pipeline_id=pipeline_id, limit=ROWS_LOOKED_AT)
        lock = store.deployment_lock(pipeline_id)
    shown = _shown(pipeline_id, rows, deployment)
    answer = DeploymentAnswer(
        pipeline_id=pipeline_id,
        status=pipeline.status,
        deployment=DeploymentLine.of(shown) if shown else None,
        busy=f"{lock.deployment_id} by {lock.actor}" if lock else None,
        resources=shown.resources if shown else None,
        cost=shown.settings.get("cost") if shown else None,
        history=[DeploymentLine.of(row) for row in rows[:LISTED]],
        next=_next(shown),
        link=ws.link(pipeline_id, panel="deploy"),
    )
    if deployment and shown:
        answer.steps = _steps(ws, shown)
    elif shown and shown.target == "workspace" and shown.status not in GONE:
        _ask(ws, shown, answer)
    elif shown and shown.target == "local":
        _look(ws, answer)
    return answer


def _shown(pipeline_id: str, rows: list[Deployment], deployment: str) -> Deployment | None:
    """The one asked for; else what stands, else the newest."""
    from ..deploy.history import standing_of

    if deployment:
        found = next((row for row in rows if row.id == deployment), None)
        if found is None:
            raise NotFound(
                f"{pipeline_id} has no deployment {deployment}.",
                code="DEPLOYMENT_NOT_FOUND",
                where={"pipeline": pipeline_id},
                got=deployment,
                expected=[row.id for row in rows[:10]],
            )
        return found
    return standing_of(rows) or (rows[0] if rows else None)


def _steps(ws: Workspace, row: Deployment) -> list[dict[str, Any]]:
    from ..deploy.changes import Change

    with ws.reading() as store:
        steps = store.deployment_steps(row.id)
    return [
        {"state": s.state, "text": Change.model_validate(s.change).text(), "at": instant(s.at)}
        for s in steps
    ]


def _ask(ws: Workspace, row: Deployment, answer: DeploymentAnswer) -> None:
    """Add what the workspace tells; where it cannot be asked, the rest of the answer stands."""
    try:
        found = _health(ws, row)
    except DatabricksFailed as error:
        answer.unknown = f"{error.code}: {error.message}"
        return
    answer.health = found.model_dump(mode="json", exclude_none=True)
    answer.billed = _billed(ws, row)
    if found.errors:
        answer.next = "edit_pipeline and deploy again, or deploy with action rollback"


def _billed(ws: Workspace, row: Deployment) -> dict[str, Any] | None:
    """What it was billed, beside its estimate, where somebody may read that: estimate_cost says
    why not."""
    from ..deploy.cost.billing import usage_of

    try:
        return usage_of(ws, row) if row.settings.get("cost") else None
    except LakestreamError:
        return None


def _look(ws: Workspace, answer: DeploymentAnswer) -> None:
    """Add how the local run stands."""
    from ..deploy import running

    now = running.status(ws, answer.pipeline_id)
    run = {"of": "local run", "id": now.run_id or "", "state": now.phase}
    errors = [now.said] if now.said and now.phase in ("failed", "lost", "restarting") else []
    answer.health = {"runs": [run], "errors": errors, "links": {}, "missing": []}
    answer.next = f'run_pipeline(action="logs"); {answer.next}'


def _health(ws: Workspace, row: Deployment) -> Health:
    from ..deploy.changes import Known
    from ..deploy.databricks_client import client_for, host_of, not_connected
    from ..deploy.remote.health import health

    client, place = client_for(ws, ws.alive), row.settings.get("place")
    if host_of(client) != place:
        raise not_connected(f"It is deployed to {place}, and this server is connected elsewhere.")
    return health(client, Known.model_validate(row.resources))


def _next(row: Deployment | None) -> str:
    from ..deploy.history import BUNDLE

    if row is None or row.status in GONE:
        return "deploy makes a plan"
    if row.status in ("partial", "applying"):
        return "deploy with the same action: its plan does what is left"
    if row.target == BUNDLE:
        return (
            'deploy(action="rollback" or "destroy"), which finds the bundle; '
            'deploy(target="bundle") after an edit'
        )
    if row.status == "paused":
        return 'deploy(action="start") lets it run'
    return "deploy with action stop, start, rollback or destroy; deploy alone after an edit"
