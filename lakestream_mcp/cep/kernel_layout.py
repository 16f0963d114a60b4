"""The kernel's layout of a plan, without importing the kernel (and numpy) to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .pattern_type import PatternPlan

TIMES = ("started_at", "ended_at", "detected_at")


class LayoutFields:
    """The arguments of `kernel.Layout`, in order, as plain values."""

    __slots__ = ("arrival", "kept", "keys", "measures", "order_by", "pattern", "seeded_at", "seeds")

    def __init__(self, plan: PatternPlan, pattern: str) -> None:
        self.pattern = pattern
        self.keys = len(plan.key)
        self.order_by = sum(v.role in ("order", "input") for v in plan.values)
        self.kept = tuple(i for i, v in enumerate(plan.values) if v.role == "keep")
        self.measures = len(plan.measures)
        self.arrival = plan.arrival
        self.seeds = plan.seeds
        self.seeded_at = plan.seeded_at

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `kernel.Layout`; those about seeds only where there are any."""
        names = ["pattern", "keys", "order_by", "kept", "measures", "arrival"]
        names += ["seeds", "seeded_at"] if self.seeds else []
        return {name: getattr(self, name) for name in names}


def layout_of(plan: PatternPlan, pattern: str) -> LayoutFields:
    """The layout of a plan's packed rows; `pattern` is the node id."""
    return LayoutFields(plan, pattern)
