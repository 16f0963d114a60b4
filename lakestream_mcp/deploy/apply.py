"""Carries out a plan: step by step on record, taken back where a step fails.

A step is recorded before it is done and after, together with what is known of the resources. So
after a crash the next plan finds what was made, by ids and tags, and does the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ..errors import DeploymentFailed, LakestreamError, RevisionConflict
from ..storage.rows import Deployment
from ..storage.store import Store, Transaction
from .changes import Change
from .history import ROWS_LOOKED_AT, STANDING, History, running
from .planner import Asked, Planned, refuse_busy

LEASE = timedelta(minutes=3)
"""For how long a step may take before somebody else may take over: longer than a call may hang."""
LOST = tuple(f"DATABRICKS_{kind}" for kind in ("TIMEOUT", "UNREACHABLE", "FAILED", "UNREADABLE"))
LATE = (
    "The answer to a call was lost. Should what it asked for still come to be, the next plan finds "
    "it by its tags."
)
CANCELLED = (asyncio.CancelledError, KeyboardInterrupt)
"""How the surfaces end the work of a caller who has left."""
AGAIN = "Call deploy again when the cause is gone."
Tell = Callable[[float, str], None]


class LockLost(RevisionConflict):
    """Somebody else works on the same resources now."""

    code = "DEPLOYMENT_TAKEN_OVER"


class Applying:
    """One plan on its way."""

    def __init__(self, store: Store, asked: Asked, planned: Planned, tell: Tell) -> None:
        self.store = store
        self.asked = asked
        self.planned = planned
        self.target = planned.target
        self.tell = tell

    def run(self) -> Deployment:
        """Do every step. Raises DeploymentFailed, undone as far as it can be."""
        self.row = self._begin()
        try:
            return self._steps()
        except CANCELLED:
            self._end("partial", "CANCELLED: its caller left.")
            raise

    def _steps(self) -> Deployment:
        self.target.run_mark = self.row.settings["run_mark"] or self.row.id
        changes = self.planned.plan.writes
        for number, change in enumerate(changes, 1):
            self.tell(number / (len(changes) + 1), change.text()[:80])
            try:
                self._step(number, change)
            except LockLost:
                raise
            except LakestreamError as error:
                raise self._failed(number, changes, error) from error
        return self._finish()

    def _begin(self) -> Deployment:
        """Take the lock and record the deployment, if nothing has moved since the plan."""
        plan, desired, asked = self.planned.plan, self.planned.desired, self.asked
        rows = self.planned.history.rows
        with self.store.transaction(write=True) as store:
            head = store.lock_pipeline(asked.pipeline_id).head
            refuse_busy(store.deployment_lock(asked.pipeline_id))
            now = History.read(store, asked.pipeline_id, asked.target, asked.place)
            moved = asked.action == "deploy" and head != plan.revision
            if moved or now.rows[:1] != rows[:1]:
                raise RevisionConflict(
                    "The pipeline or its deployment has changed since the plan.",
                    code="PLAN_STALE",
                    where={"pipeline": asked.pipeline_id},
                    hint="Call deploy again without confirm for a new plan.",
                )
            for row in rows[:1]:
                if row.status == "applying":
                    store.update_deployment(row.id, status="interrupted", error=row.error)
            row = store.add_deployment(
                asked.pipeline_id,
                plan.revision,
                target=asked.target,
                status="applying",
                actor=asked.actor,
                files=desired.files if desired else {},
                settings=self._settings(),
                resources=self.target.known.model_dump(mode="json"),
                code_sha256=plan.code_sha256,
            )
            store.lock_deployment(asked.pipeline_id, row.id, actor=asked.actor, lasts=LEASE)
        return row

    def _settings(self) -> dict[str, Any]:
        plan, desired = self.planned.plan, self.planned.desired
        return {
            "action": plan.action,
            "place": plan.place,
            "folder": self.target.folder,
            "keep": self.planned.keep,
            "desired": desired.model_dump(mode="json") if desired else None,
            "force_reason": plan.force_reason,
            "cost": plan.cost,
            "run_mark": self._run_mark(),
        }

    def _run_mark(self) -> str:
        """The mark of the start that this one goes on with: no run is begun under a mark again."""
        before = self.planned.history.unfinished
        if before is None or {before.settings["action"], self.planned.plan.action} != {"start"}:
            return ""
        mark: str = before.settings.get("run_mark") or before.id
        return mark

    def _step(self, number: int, change: Change) -> None:
        self.target.expect(change)
        self._record(number, "started", change)
        self.target.do(change)
        self._record(number, "done", change)

    def _record(self, number: int, state: str, change: Change) -> None:
        with self.store.transaction(write=True) as store:
            self._hold(store)
            content = change.model_dump(mode="json")
            store.put_step(self.row.id, number, state, content, {})
            self._note(store, "applying", None)

    def _hold(self, store: Transaction) -> None:
        """Renew the lock. Raises LockLost: then somebody else works on the same resources."""
        pipeline_id = self.asked.pipeline_id
        if not store.renew_deployment_lock(pipeline_id, self.row.id, lasts=LEASE):
            raise LockLost(
                "This deployment took so long that another one took over.",
                where={"deployment": self.row.id},
                hint="get_deployment tells what is deployed.",
            )

    def _note(self, store: Transaction, status: str, error: str | None) -> None:
        known = self.target.known.model_dump(mode="json")
        store.update_deployment(self.row.id, status=status, resources=known, error=error)

    def _failed(
        self, number: int, changes: list[Change], error: LakestreamError
    ) -> DeploymentFailed:
        """Take back what was done; after the first deletion there is no way back but forward."""
        begun = changes[:number]
        left = [c.text() for c in changes[number - 1 :]]
        if not any(c.do in ("delete", "start", "stop") for c in begun):
            left = self._undo(begun)
        status = "partial" if left else "undone"
        self._end(status, f"{error.code}: {error.message}")
        return _failure(self.row.id, status, left, error)

    def _end(self, status: str, error: str) -> None:
        """Note how it ended short of its goal; the next plan need not wait."""
        with self.store.transaction(write=True) as store:
            self._hold(store)
            self._note(store, status, error)
            store.unlock_deployment(self.asked.pipeline_id, self.row.id)

    def _undo(self, begun: list[Change]) -> list[str]:
        """What could not be taken back."""
        left = []
        for number in range(len(begun), 0, -1):
            change = begun[number - 1]
            state = "undone"
            try:
                self.target.undo(change)
            except LakestreamError as error:
                state = "failed"
                left.append(f"{change.text()}: {error.message}")
            self._record(number, state, change)
        return left

    def _finish(self) -> Deployment:
        """Make it what stands, and give the lock back, at once."""
        asked, desired, standing = self.asked, self.planned.desired, self.planned.history.standing
        status = "destroyed" if desired is None else "paused" if desired.paused else "deployed"
        with self.store.transaction(write=True) as store:
            self._hold(store)
            if standing is not None:
                store.update_deployment(standing.id, status="replaced")
            self._note(store, status, None)
            store.set_standing(asked.pipeline_id, _standing(store, asked.pipeline_id))
            store.unlock_deployment(asked.pipeline_id, self.row.id)
            return store.get_deployment(self.row.id)


def _standing(store: Transaction, pipeline_id: str) -> str:
    """What became of a pipeline, over all targets."""
    rows = store.list_deployments(pipeline_id=pipeline_id, limit=ROWS_LOOKED_AT)
    found = {row.status for row in running(rows)}
    status: str = store.load(pipeline_id).document.status
    return next((standing for standing in STANDING if standing in found), status)


def _failure(
    deployment_id: str, status: str, left: list[str], error: LakestreamError
) -> DeploymentFailed:
    where = {"deployment": deployment_id, **error.where}
    if status == "undone":
        return DeploymentFailed(
            f"The deployment failed and was taken back: {error.message}",
            where=where,
            got=error.code,
            hint=LATE if error.code in LOST else error.hint or AGAIN,
        )
    return DeploymentFailed(
        f"The deployment stopped half-way: {error.message}",
        code="DEPLOYMENT_PARTIAL",
        where={**where, "left": left[:10]},
        got=error.code,
        hint="Call deploy again with the same action: its plan does what is left.",
    )
