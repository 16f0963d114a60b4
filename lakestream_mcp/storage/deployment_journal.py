"""What deploying keeps beside its result: plans, steps, and who is at it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from .deployments import DeploymentRows
from .engine import upsert
from .rows import DeploymentLock, DeploymentStep, KeptPlan
from .session import columns
from .tables import deployment_locks, deployment_plans, deployment_steps


class DeploymentJournalRows(DeploymentRows):
    """The part of a transaction that keeps plans, steps and locks of deployments."""

    def keep_plan(
        self,
        plan_hash: str,
        pipeline_id: str,
        *,
        actor: str,
        lasts: timedelta,
        content: dict[str, Any],
    ) -> KeptPlan:
        """Keep what was shown; the same plan shown again lasts longer. Old ones are dropped."""
        old = self.at - timedelta(days=1)
        self._run(delete(deployment_plans).where(deployment_plans.c.expires_at < old))
        kept = KeptPlan(plan_hash, pipeline_id, actor, self.at, self.at + lasts, content)
        upsert(self._writing(), deployment_plans, kept._asdict())
        return kept

    def find_plan(self, plan_hash: str) -> KeptPlan | None:
        """A plan that was shown, expired or not."""
        row = self._first(
            select(*columns(KeptPlan, deployment_plans)).where(deployment_plans.c.hash == plan_hash)
        )
        return None if row is None else KeptPlan._make(row)

    def deployment_lock(self, pipeline_id: str) -> DeploymentLock | None:
        """Who is deploying the pipeline, if that is believed still."""
        table = deployment_locks.c
        row = self._first(
            select(*columns(DeploymentLock, deployment_locks)).where(
                table.pipeline_id == pipeline_id, table.until > self.at
            )
        )
        return None if row is None else DeploymentLock._make(row)

    def lock_deployment(
        self, pipeline_id: str, deployment_id: str, *, actor: str, lasts: timedelta
    ) -> DeploymentLock | None:
        """Take the lock; the answer is another holder, or None where it was taken."""
        self.lock_pipeline(pipeline_id)
        holder = self.deployment_lock(pipeline_id)
        if holder is not None and holder.deployment_id != deployment_id:
            return holder
        mine = DeploymentLock(pipeline_id, deployment_id, actor, self.at + lasts)
        upsert(self._writing(), deployment_locks, mine._asdict())
        return None

    def renew_deployment_lock(
        self, pipeline_id: str, deployment_id: str, *, lasts: timedelta
    ) -> bool:
        """Hold the lock for longer; False where somebody else has taken it."""
        table = deployment_locks.c
        mine = (table.pipeline_id == pipeline_id) & (table.deployment_id == deployment_id)
        change = update(deployment_locks).where(mine).values(until=self.at + lasts)
        return self._run(change) == 1

    def unlock_deployment(self, pipeline_id: str, deployment_id: str) -> None:
        """Give the lock back."""
        table = deployment_locks.c
        mine = (table.pipeline_id == pipeline_id) & (table.deployment_id == deployment_id)
        self._run(delete(deployment_locks).where(mine))

    def put_step(
        self,
        deployment_id: str,
        number: int,
        state: str,
        change: dict[str, Any],
        result: dict[str, Any],
    ) -> None:
        """Record a step, or what became of it."""
        step = DeploymentStep(deployment_id, number, state, change, result, self.at)
        upsert(self._writing(), deployment_steps, step._asdict())

    def deployment_steps(self, deployment_id: str) -> list[DeploymentStep]:
        """The steps of a deployment in order."""
        table = deployment_steps
        found = (
            select(*columns(DeploymentStep, table))
            .where(table.c.deployment_id == deployment_id)
            .order_by(table.c.number)
        )
        return [DeploymentStep._make(row) for row in self._rows(found)]
