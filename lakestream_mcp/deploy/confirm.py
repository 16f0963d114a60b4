"""Confirming a plan: by its hash, by who was shown it, in time, in an unchanged world."""

from __future__ import annotations

from ..errors import RevisionConflict
from ..storage.rows import KeptPlan
from ..storage.store import Store
from .plan import Plan
from .planner import Asked, Planned, Planner


def confirmed(store: Store, asked: Asked, plan_hash: str) -> Planned:
    """The plan made anew, if it is the one that was shown. Raises RevisionConflict (PLAN_STALE)."""
    with store.transaction() as reading:
        kept, now = reading.find_plan(plan_hash), reading.at
    planner = Planner(store, asked)
    planned = planner.plan(kept.content["origin"] if kept else "")
    why = _why(kept, asked, planned.plan, plan_hash)
    if kept is not None and now > kept.expires_at and not why:
        why = "it has expired"
    if why and not planned.unchanged:
        planner.keep(planned)
        raise _stale(why, kept, planned.plan)
    if kept is not None:
        # What was shown is what is kept: the second call need not say the load again.
        planned.plan = planned.plan.model_copy(update={"cost": kept.content.get("cost")})
    return planned


def _why(kept: KeptPlan | None, asked: Asked, plan: Plan, plan_hash: str) -> str:
    if kept is None:
        return "no plan of that hash was shown"
    if kept.actor != asked.actor:
        return f"it was shown to {kept.actor}"
    if kept.pipeline_id != asked.pipeline_id:
        return f"it is of {kept.pipeline_id}"
    return "" if plan.hash == plan_hash else "the world or the request is not as it was"


def _stale(why: str, kept: KeptPlan | None, plan: Plan) -> RevisionConflict:
    before = kept.content["lines"] if kept else []
    lines = plan.lines()
    return RevisionConflict(
        f"The plan cannot be carried out: {why}.",
        code="PLAN_STALE",
        where={
            "pipeline": plan.pipeline_id,
            "new": [line for line in lines if line not in before][:20],
            "gone": [line for line in before if line not in lines][:20],
        },
        expected={"confirm": plan.hash},
        hint="Show the user the new plan, and send its hash if they agree.",
    )
