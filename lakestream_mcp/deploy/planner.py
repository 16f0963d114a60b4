"""Makes plans: reads the store and the world, refuses what must not go out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from ..codegen import deploying
from ..errors import InvalidArgument, InvalidPipeline, RevisionConflict, Unsupported
from ..storage.rows import Deployment, KeptPlan
from ..storage.store import Store
from .changes import Known, Observation, Runs, Target
from .desired import Desired
from .history import History, stored_desired
from .plan import Action, Plan, code_diff
from .state_fit import StateFit, compare
from .tested import Evidence, evidence

PLAN_LASTS = timedelta(minutes=15)
StateChoice = Literal["", "keep", "new"]


@dataclass(frozen=True)
class Asked:
    """What a caller asks for. `desired` makes what the newest revision asks for.

    cost: an estimate for it, or why there is none; None where it is not billed.
    """

    pipeline_id: str
    action: Action
    target: str
    place: str
    actor: str
    state: StateChoice
    force_reason: str
    deployment: str
    desired: Callable[[], Desired]
    patterns: Callable[[], Iterable[str]]
    cost: Callable[[], dict[str, Any] | None]
    open_target: Callable[[Known], Target]


@dataclass
class Planned:
    """A plan with what it was made from."""

    plan: Plan
    desired: Desired | None
    target: Target
    history: History
    keep: list[str]

    @property
    def unchanged(self) -> bool:
        """Whether what is asked for stands already, to the last field."""
        standing, plan = self.history.standing, self.plan
        if plan.writes:
            return False
        if self.desired is None:
            return standing is None and self.history.unfinished is None
        newest = next((row for row in self.history.rows if row.status != "undone"), None)
        return standing is not None and standing == newest and self._stands(standing)

    def _stands(self, row: Deployment) -> bool:
        assert self.desired is not None
        same: bool = row.settings["desired"] == self.desired.model_dump(mode="json")
        return same


class Planner:
    """Makes one plan for one request."""

    def __init__(self, store: Store, asked: Asked) -> None:
        self.store = store
        self.asked = asked

    def plan(self, origin: str = "") -> Planned:
        """The plan, with its hash. Raises LakestreamError where it would be refused."""
        asked = self.asked
        with self.store.transaction() as store:
            refuse_busy(store.deployment_lock(asked.pipeline_id))
            history = History.read(store, asked.pipeline_id, asked.target, asked.place, origin)
        desired, tests, state, fresh = self._desired(history)
        target = asked.open_target(history.known)
        runs: Runs = "stop" if asked.action == "stop" else ""
        if asked.action == "start" and desired and not desired.runs_by_itself:
            runs = "start"
        keep = self._keep(history, desired)
        seen = target.observe(desired, keep, runs)
        _refuse_lacking(seen)
        plan = self._plan(history, desired, seen).model_copy(
            update={"tests": tests, "state": state, "new_checkpoints": fresh}
        )
        sealed = plan.sealed(asked.actor, seen.world, desired)
        return Planned(sealed, desired, target, history, keep)

    def keep(self, planned: Planned) -> KeptPlan:
        """Keep a plan that was shown, so that it can be confirmed."""
        with self.store.transaction(write=True) as store:
            return store.keep_plan(
                planned.plan.hash,
                self.asked.pipeline_id,
                actor=self.asked.actor,
                lasts=PLAN_LASTS,
                content={
                    "origin": planned.history.known.origin,
                    "lines": planned.plan.lines(),
                    "cost": planned.plan.cost,
                },
            )

    def _plan(self, history: History, desired: Desired | None, seen: Observation) -> Plan:
        asked, standing = self.asked, history.standing
        old: dict[str, str] = {}
        if standing is not None and desired is not None:
            with self.store.transaction() as store:
                old = store.deployed_files(standing.id)
        revision = desired.revision if desired else standing.revision if standing else 0
        return Plan(
            pipeline_id=asked.pipeline_id,
            revision=revision,
            action=asked.action,
            target=asked.target,
            place=asked.place,
            changes=seen.changes,
            code_sha256=desired.code_sha256 if desired else None,
            code_diff=code_diff(old, desired.files) if desired and old else "",
            force_reason=asked.force_reason,
            needs=seen.needs,
            cost=self._cost(history),
            warnings=[*seen.warnings, *_notes(asked, standing, desired)],
            continues=history.unfinished.id if history.unfinished else None,
            replaces=standing.id if standing else None,
        )

    def _cost(self, history: History) -> dict[str, Any] | None:
        """An estimate for what is new; else the one kept with what is deployed already."""
        if self.asked.action == "deploy":
            return self.asked.cost()
        rolls_back = self.asked.action == "rollback"
        row = _earlier(history, self.asked) if rolls_back else history.standing
        return row.settings.get("cost") if row and self.asked.action != "destroy" else None

    def _desired(
        self, history: History
    ) -> tuple[Desired | None, Evidence | None, StateFit | None, bool]:
        """What shall be, what it was tested by, what becomes of state, whether it begins anew."""
        asked, standing = self.asked, history.standing
        if asked.action == "destroy":
            if not history.rows:
                raise _nothing_deployed(asked, "destroy")
            return None, None, None, False
        if asked.action in ("stop", "start"):
            if standing is None:
                raise _nothing_deployed(asked, asked.action)
            desired = self._stored(standing)
            return desired.model_copy(update={"paused": asked.action == "stop"}), None, None, False
        if asked.action == "rollback":
            tests, desired = None, self._stored(_earlier(history, asked))
        else:
            desired = asked.desired()
            tests = self._tested(desired)
        paused = standing is not None and standing.status == "paused"
        desired = desired.model_copy(update={"paused": paused})
        return self._with_state(history, desired, tests)

    def _stored(self, row: Deployment) -> Desired:
        with self.store.transaction() as store:
            return stored_desired(store, row)

    def _tested(self, desired: Desired) -> Evidence:
        with self.store.transaction() as store:
            found = evidence(store, desired, self.asked.patterns())
        if not found.ok and not self.asked.force_reason.strip():
            raise InvalidPipeline(
                f"Nothing shows that {', '.join(found.missing)} works as it would be deployed.",
                code="NOT_TESTED",
                where={"pipeline": desired.pipeline_id, "nodes": found.missing},
                expected="a test run of these very nodes in which each pattern matched",
                hint=f'test_pattern(pipeline_id="{desired.pipeline_id}", events=…) runs one; or '
                "say in force_reason why it goes out untested.",
            )
        return found

    def _with_state(
        self, history: History, desired: Desired, tests: Evidence | None
    ) -> tuple[Desired, Evidence | None, StateFit | None, bool]:
        """Whether it goes on from the checkpoints there are, or begins new ones."""
        began, again = history.began, max(history.generations, 1)
        if began is None or not desired.checkpoints:
            generation = again + 1 if self.asked.state == "new" else again
            return desired.model_copy(update={"generation": generation}), tests, None, False
        before = self._stored(began)
        fit = compare(before.checkpoints, desired.checkpoints)
        if desired.checkpoint_root != before.checkpoint_root:
            fit.misfits.append(
                f"checkpoints are to be in {desired.checkpoint_root} instead of "
                f"{before.checkpoint_root}"
            )
        if self.asked.state == "new":
            goes_on = fit.fits and history.begins_anew
            generation = before.generation if goes_on else again + 1
            return desired.model_copy(update={"generation": generation}), tests, fit, True
        if not fit.fits:
            raise _state_changed(self.asked, fit)
        kept = desired.model_copy(update={"generation": before.generation})
        return kept, tests, fit, False

    def _keep(self, history: History, desired: Desired | None) -> list[str]:
        """The folder of the code before: runs under way end with the code they began with."""
        standing = history.standing
        if desired is None or standing is None:
            return []
        if standing.code_sha256 == desired.code_sha256:
            kept: list[str] = standing.settings["keep"]
            return kept
        return [standing.settings["folder"]]


def _notes(asked: Asked, standing: Deployment | None, desired: Desired | None) -> list[str]:
    """What a reader of the plan should know."""
    if desired is None:
        return ["checkpoints and tables are data: they are left where they are"]
    notes: list[str] = []
    if desired.paused and asked.action in ("deploy", "rollback"):
        notes.append('it is paused and stays so: deploy(action="start") lets it run')
    elif asked.action == "rollback" and standing is not None:
        notes.append(
            f"the pipeline's newest revision stays; what is deployed is {desired.revision}"
        )
    started = asked.action in ("deploy", "rollback") and asked.target != "local"
    if started and not desired.runs_by_itself:
        notes.append(f"nobody starts its job: {deploying.UNSTARTED}")
    return notes


def refuse_busy(lock: Any) -> None:
    """Raise where somebody is deploying the pipeline."""
    if lock is not None:
        raise RevisionConflict(
            f"{lock.actor} is deploying this pipeline.",
            code="DEPLOYMENT_RUNNING",
            where={"deployment": lock.deployment_id, "until": lock.until.isoformat()},
            hint="get_deployment tells how it goes; call again when it has ended.",
        )


def _earlier(history: History, asked: Asked) -> Deployment:
    if history.standing is None and not asked.deployment:
        raise _nothing_deployed(asked, "rollback")
    return history.earlier(asked.deployment)


def _refuse_lacking(seen: Observation) -> None:
    if seen.lacking:
        raise Unsupported(
            f"The deployment would not run: it needs {seen.lacking[0]}.",
            code="DEPLOYMENT_LACKS",
            where={"lacking": seen.lacking},
            hint="Make them, or ask somebody who may; then call deploy again.",
        )


def _nothing_deployed(asked: Asked, verb: str) -> Unsupported:
    return Unsupported(
        f"There is nothing to {verb}: {asked.pipeline_id} is not deployed to {asked.target}.",
        code="NOT_DEPLOYED",
        where={"pipeline": asked.pipeline_id, "target": asked.target, "place": asked.place},
        hint='deploy with action="deploy" deploys it.',
    )


def _state_changed(asked: Asked, fit: StateFit) -> InvalidArgument:
    return InvalidArgument(
        f"The checkpoints of what is deployed do not fit: {'; '.join(fit.misfits[:5])}.",
        code="STATE_CHANGED",
        where={"pipeline": asked.pipeline_id, "lost": fit.lost, "misfits": fit.misfits},
        got={"state": asked.state} if asked.state else None,
        expected={"state": "new"},
        hint='options={"state": "new"} begins new checkpoints and loses what `lost` lists; the old '
        "ones stay where they are.",
    )
