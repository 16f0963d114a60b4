"""What everybody who sees a pipeline is told of its deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from .discovery import instant

if TYPE_CHECKING:
    from ..storage.deployments import DeploymentMark
    from ..storage.store import Transaction


class DeploymentNews(BaseModel):
    """The latest deployment, while it is carried out and after: `steps` are those that are over.

    Where to, with what error and for what cost is told to deployers, by get_deployment.
    """

    deployment: str
    action: str
    status: str
    target: str
    revision: int
    actor: str
    at: str
    steps: int

    @classmethod
    def of(cls, store: Transaction, mark: DeploymentMark | None) -> DeploymentNews | None:
        """What a mark stands for; None where there never was a deployment."""
        if mark is None:
            return None
        row = store.get_deployment(mark.id)
        return cls(
            deployment=row.id,
            action=row.settings.get("action", "deploy"),
            status=row.status,
            target=row.target,
            revision=row.revision,
            actor=row.actor,
            at=instant(row.at),
            steps=mark.steps,
        )
