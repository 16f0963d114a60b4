"""Deployments: what was deployed where, with the very files, and what became of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select, update

from ..errors import NotFound
from .pipelines import PipelineRows
from .rows import Deployment
from .session import checked_limit, columns
from .tables import deployment_steps, deployments

ENDED = ("done", "undone", "failed")
_STEPS = (
    select(func.count())
    .where(deployment_steps.c.deployment_id == deployments.c.id)
    .where(deployment_steps.c.state.in_(ENDED))
    .scalar_subquery()
)
# Asked several times a second by every stream of events, so the statement is made once.
_LATEST = (
    select(deployments.c.id, deployments.c.status, _STEPS.label("steps"))
    .where(deployments.c.pipeline_id == bindparam("pipeline_id"))
    .order_by(deployments.c.at.desc(), deployments.c.id.desc())
    .limit(1)
)


class DeploymentMark(NamedTuple):
    """How far a deployment is: another one means that there is something to tell."""

    id: str
    status: str
    steps: int


class DeploymentRows(PipelineRows):
    """The part of a transaction that keeps deployments."""

    def add_deployment(
        self,
        pipeline_id: str,
        revision: int,
        *,
        target: str,
        status: str,
        actor: str,
        files: dict[str, str],
        settings: dict[str, Any] | None = None,
        resources: dict[str, Any] | None = None,
        code_sha256: str | None = None,
        error: str | None = None,
    ) -> Deployment:
        """Record a deployment before it begins; `update_deployment` tells how it went."""
        self.get_pipeline(pipeline_id)
        deployment = Deployment(
            id=self.new_id("dep"),
            pipeline_id=pipeline_id,
            revision=revision,
            target=target,
            status=status,
            actor=actor,
            at=self.at,
            updated_at=self.at,
            code_sha256=code_sha256,
            settings=settings or {},
            resources=resources or {},
            error=error,
        )
        self._run(deployments.insert(), {**deployment._asdict(), "files": files})
        return deployment

    def update_deployment(
        self,
        deployment_id: str,
        *,
        status: str,
        resources: dict[str, Any] | None = None,
        error: str | None = None,
    ) -> Deployment:
        """Set the status and error, and the resources when given."""
        values: dict[str, Any] = {"status": status, "error": error, "updated_at": self.at}
        if resources is not None:
            values["resources"] = resources
        self._run(update(deployments).where(deployments.c.id == deployment_id).values(values))
        return self.get_deployment(deployment_id)

    def get_deployment(self, deployment_id: str) -> Deployment:
        """One deployment, without its files."""
        row = self._first(
            select(*columns(Deployment, deployments)).where(deployments.c.id == deployment_id)
        )
        if row is None or not self.sees(row.pipeline_id):
            raise _no_deployment(deployment_id)
        return Deployment._make(row)

    def deployed_files(self, deployment_id: str) -> dict[str, str]:
        """The generated files exactly as they were deployed, by name."""
        table = deployments.c
        row = self._first(select(table.files, table.pipeline_id).where(table.id == deployment_id))
        if row is None or not self.sees(row.pipeline_id):
            raise _no_deployment(deployment_id)
        files: dict[str, str] = row.files
        return files

    def latest_deployment(self, pipeline_id: str) -> DeploymentMark | None:
        """How far the latest deployment of a pipeline is."""
        row = self._first(_LATEST, {"pipeline_id": pipeline_id})
        return DeploymentMark._make(row) if row is not None else None

    def list_deployments(
        self, *, pipeline_id: str | None = None, status: str | None = None, limit: int = 50
    ) -> list[Deployment]:
        """The latest first."""
        table = deployments.c
        same = {"pipeline_id": pipeline_id, "status": status}
        found = (
            select(*columns(Deployment, deployments))
            .where(*(table[name] == value for name, value in same.items() if value is not None))
            .where(*self._visible(table.pipeline_id))
            .order_by(table.at.desc(), table.id.desc())
            .limit(checked_limit(limit))
        )
        return [Deployment._make(row) for row in self._rows(found)]


def _no_deployment(deployment_id: str) -> NotFound:
    return NotFound(
        f"There is no deployment {deployment_id}",
        code="DEPLOYMENT_NOT_FOUND",
        where={"deployment": deployment_id},
        got=deployment_id,
        hint="`get_deployment` lists the deployments of a pipeline.",
    )
