"""Short stories of events that a configured pattern is expected to match, or just not to.

A pattern's `scenarios` tells them in terms of its own conditions and values;
`lakestream_mcp.explain` finds rows that fit, and runs them to see that the story is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

MILLISECOND = 1_000
BEGINS_US = 1_767_268_800_000_000
"""When stories begin: 2026-01-01T12:00:00Z."""


class Wanted(NamedTuple):
    """One event: when it comes, which conditions hold for it and which do not.

    at_us: microseconds since the story began. holds, fails: names of `step_conditions`; others may
    be either. values: the value it has under a name of the plan's values. port: for a pattern with
    several inputs, the number of the one it comes through.
    """

    at_us: int
    holds: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()
    values: tuple[tuple[str, Any], ...] = ()
    port: int = 0


class Scenario(NamedTuple):
    """Events, whether they give a match, and the clause that decides it ('' for a plain match).

    together, measures: places of events and values of measures that say which match is meant, where
    a pattern gives several; any match, where both are empty. movable: the numbers asked for may all
    be raised by one amount, which conditions on them may need. aligned_us: its times may be moved
    by multiples of this.
    """

    name: str
    clause: str
    matches: bool
    events: tuple[Wanted, ...]
    together: tuple[int, ...] = ()
    measures: tuple[tuple[str, Any], ...] = ()
    movable: bool = False
    aligned_us: int = 1

    def means(self, events: Iterable[int], measures: Mapping[str, Any]) -> bool:
        """Whether a match of these events, by place, is the one that is meant."""
        told = all(measures.get(name) == value for name, value in self.measures)
        return told and set(self.together) <= set(events)

    def raised(self, amount: float) -> Scenario:
        """The same with all numbers raised."""
        return self._replace(
            events=tuple(
                event._replace(values=tuple((name, v + amount) for name, v in event.values))
                for event in self.events
            )
        )


def without(events: Sequence[Wanted], at: int) -> tuple[Wanted, ...]:
    """The events but one."""
    return (*events[:at], *events[at + 1 :])


def replaced(events: Sequence[Wanted], at: int, event: Wanted) -> tuple[Wanted, ...]:
    """The events with one replaced."""
    return (*events[:at], event, *events[at + 1 :])


def spread(count: int, within_us: int | None) -> list[int]:
    """Times of `count` events at equal distances, well inside a time; whole seconds if it fits."""
    step = 60_000_000 if within_us is None else max(within_us // (count + 1), 1)
    if step >= 1_000_000:
        step = step // 1_000_000 * 1_000_000
    return [n * step for n in range(count)]


def next_multiple(length_us: int) -> int:
    """The first time of a story that is a multiple of a length since 1970."""
    return -BEGINS_US % length_us


def is_true(condition: str) -> bool:
    """Whether a condition holds for every event."""
    return condition.strip().lower() == "true"


def just_before(limit_us: int) -> int:
    """The last whole millisecond before a time, or the last microsecond where it is so short."""
    return limit_us - MILLISECOND if limit_us > MILLISECOND else limit_us - 1


def failing(events: Sequence[Wanted], clauses: Sequence[str]) -> Iterator[Scenario]:
    """One scenario per event, in which its own condition fails. clauses: of each event."""
    for at, (event, clause) in enumerate(zip(events, clauses, strict=True)):
        changed = event._replace(holds=(), fails=event.holds)
        told = ", ".join(event.holds)
        yield Scenario(f"{told} fails", clause, False, replaced(events, at, changed))
