"""Stories of repetitions: in the time of a kept row, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import Scenario, Wanted, just_before
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import DeduplicateConfig


def deduplicate_scenarios(config: DeduplicateConfig) -> Iterator[Scenario]:
    """A row, and whether the last one after it is kept."""
    within = duration_us(config.within)
    for name, matches, times in (
        ("the first row of a key", True, (0,)),
        ("a repetition soon after", False, (0, within // 10)),
        ("a repetition just before the time is over", False, (0, just_before(within))),
        ("a row when the time is over", True, (0, within)),
        ("a repetition does not lengthen the time", True, (0, just_before(within), within)),
    ):
        events = tuple(Wanted(at) for at in times)
        clause = "within" if len(events) > 1 else ""
        yield Scenario(name, clause, matches, events, (len(events) - 1,))
