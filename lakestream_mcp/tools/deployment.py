"""Deploying: a plan first, then the same call with its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ..arguments import Object, PipelineId
from ..operations import Answer, Confirmation, operation
from .deployment_request import asked_of
from .discovery import instant

if TYPE_CHECKING:
    from ..deploy.planner import Asked, Planned
    from ..storage.rows import Deployment, KeptPlan
    from ..workspace import Workspace

DeploymentId = Annotated[str, Field(max_length=64)]


class DeployAnswer(Answer):
    """A plan that waits for its confirmation, or what a deployment came to."""

    pipeline_id: str
    revision: int
    action: str
    target: str
    place: str
    status: str
    plan: dict[str, Any] | None = None
    lines: list[str]
    confirm: str | None = None
    expires_at: str | None = None
    deployment: str | None = None
    next: str
    link: str

    def text(self) -> str:
        """The plan's lines, or the outcome; what to do next."""
        return "\n".join([f"{self.status}: {self.lines[0]}", *self.lines[1:], f"Next: {self.next}"])

    def confirmation(self) -> Confirmation | None:
        """What a person is asked before anything is changed."""
        if self.confirm is None:
            return None
        question = "\n".join([*self.lines, "", "Carry this out?"])
        return Confirmation(question, {"confirm": self.confirm})


@operation(
    title="Deploy, stop, start, roll back, destroy",
    effect="destroy",
    method="POST",
    path="/api/pipelines/{pipeline_id}/deployments",
    examples=({"pipeline_id": "quakes", "target": "bundle", "force_reason": "First try"},),
)
def deploy(
    ws: Workspace,
    pipeline_id: PipelineId,
    action: Literal["deploy", "stop", "start", "rollback", "destroy"] = "deploy",
    target: Annotated[
        Literal["", "workspace", "bundle", "local"],
        Field(description="Default: `workspace`; for other actions, where it is deployed"),
    ] = "",
    confirm: Annotated[str, Field(max_length=64, description="The plan's hash")] = "",
    options: Annotated[
        Object,
        Field(
            description='{"state": "new"|"keep"} checkpoints; {"folder": "…"} of a bundle, below '
            'a data root; {"load": {"events_per_second": 100, "keys": 9}} for its cost'
        ),
    ] = {},  # noqa: B006
    force_reason: Annotated[
        str, Field(max_length=500, description="Why it goes out without a test that matched")
    ] = "",
    deployment: Annotated[DeploymentId, Field(description="To roll back to; else the last")] = "",
) -> DeployAnswer:
    """Deploy the newest revision to Databricks, as a job with its pipelines and files.

    Without `confirm` nothing is changed: the answer is a plan (changes, code diff, state that would
    be lost, cost, warnings) with a hash. Show it to the user; when they agree, send the same call
    with confirm=<hash> within 15 minutes. A plan the world has moved on from is refused, with a new
    one. Schedule, compute, permissions: the pipeline's setting `deploy`. Then see get_deployment.
    """
    asked = asked_of(ws, pipeline_id, action, target, options, force_reason, deployment)
    if confirm:
        return _confirmed(ws, asked, confirm)
    return _shown(ws, asked)


def _shown(ws: Workspace, asked: Asked) -> DeployAnswer:
    from ..deploy.planner import Planner

    planner = Planner(ws.store, asked)
    planned = planner.plan()
    if planned.unchanged:
        return _unchanged(ws, planned)
    return _waiting(ws, planned, planner.keep(planned))


def _confirmed(ws: Workspace, asked: Asked, confirm: str) -> DeployAnswer:
    from ..deploy.apply import Applying
    from ..deploy.confirm import confirmed

    planned = confirmed(ws.store, asked, confirm)
    if planned.unchanged:
        return _unchanged(ws, planned)
    row = Applying(ws.store, asked, planned, ws.progress).run()
    ws.call.revision = row.revision
    return _done(ws, planned, row)


def _waiting(ws: Workspace, planned: Planned, kept: KeptPlan) -> DeployAnswer:
    plan = planned.plan
    return DeployAnswer(
        **_about(ws, planned),
        status="planned",
        plan=plan.model_dump(mode="json", exclude_none=True),
        lines=plan.lines(),
        confirm=plan.hash,
        expires_at=instant(kept.expires_at),
        next=f"ask the user; if they agree, the same call of deploy with confirm={plan.hash}",
    )


def _unchanged(ws: Workspace, planned: Planned) -> DeployAnswer:
    standing = planned.history.standing
    return DeployAnswer(
        **_about(ws, planned),
        status="unchanged",
        lines=[f"all of {planned.plan.pipeline_id} is as asked for; nothing was done"],
        deployment=standing.id if standing else None,
        next="get_deployment shows its runs",
    )


def _done(ws: Workspace, planned: Planned, row: Deployment) -> DeployAnswer:
    did = [change.text() for change in planned.plan.writes]
    starts = planned.desired is not None and not planned.desired.runs_by_itself
    following = "get_deployment shows its runs and errors"
    if planned.plan.action in ("deploy", "rollback") and starts and row.target == "workspace":
        following = 'deploy(action="start") runs it once; ' + following
    return DeployAnswer(
        **_about(ws, planned),
        status=row.status,
        lines=[f"{row.id} of {row.pipeline_id}@{row.revision} in {planned.plan.place}", *did[:40]],
        deployment=row.id,
        next=following,
    )


def _about(ws: Workspace, planned: Planned) -> dict[str, Any]:
    plan = planned.plan
    return {
        "pipeline_id": plan.pipeline_id,
        "revision": plan.revision,
        "action": plan.action,
        "target": plan.target,
        "place": plan.place,
        "link": ws.link(plan.pipeline_id, plan.revision, panel="deploy"),
    }
