"""Stories of an absence: unanswered, answered in time, and at the very deadline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import Scenario, Wanted, just_before
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import AbsenceConfig


def absence_scenarios(config: AbsenceConfig) -> Iterator[Scenario]:
    """A trigger alone, and with an answer early, late, and at the deadline."""
    within = duration_us(config.within)
    trigger = Wanted(0, ("trigger",))
    quiet = Wanted(0, fails=("trigger",))

    def answered(at_us: int) -> tuple[Wanted, ...]:
        return (trigger, Wanted(at_us, ("expected",), ("trigger",)))

    yield Scenario("a trigger that nothing follows", "", True, (trigger,))
    yield Scenario("no trigger", "trigger", False, (quiet,))
    yield Scenario("answered at once", "expected", False, answered(max(within // 10, 1)))
    yield Scenario("answered just in time", "within", False, answered(just_before(within)))
    yield Scenario("answered at the deadline, too late", "within", True, answered(within))
    early = (Wanted(0, ("expected",), ("trigger",)), trigger._replace(at_us=1_000_000))
    yield Scenario("the expected event came before the trigger", "expected", True, early)
    failed = (trigger, Wanted(max(within // 10, 1), (), ("expected", "trigger")))
    yield Scenario("an event that is no answer", "expected", True, failed)
