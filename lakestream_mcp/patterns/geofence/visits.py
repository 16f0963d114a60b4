"""Visits of zones as the matcher's state has them, and how they end without a fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cep.near_miss import KeyView, Miss, Seen, moment, span
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .config import GeofenceConfig

INSIDE, OUTSIDE = "inside", "outside"
Fixes = tuple[tuple[int, int], ...]
"""Fixes as (microseconds, event number)."""


class Visit(NamedTuple):
    """A visit of a zone as the matcher's state has it; inside: the entry is confirmed."""

    inside: bool
    unannounced: bool  # inside with the key's first fix, which is no entry
    fixes: Fixes  # that confirm the entry
    due: int | None  # microseconds; when it has dwelt
    other: Fixes  # outside, towards an exit

    @property
    def bound(self) -> tuple[tuple[str, int], ...]:
        """Its fixes as a `Miss` holds them."""
        inside = tuple((INSIDE, number) for _, number in self.fixes)
        return inside + tuple((OUTSIDE, number) for _, number in self.other)


Visits = dict[str, Visit]


def visits_of(state: Any) -> Visits:
    """The visits in a state, by zone name."""
    return {} if not state else {name: _visit(*visit) for name, visit in state[2].items()}


def _visit(inside: bool, known: bool, fixes: Any, due: int | None, other: Any) -> Visit:
    return Visit(inside, known, _numbered(fixes), due, _numbered(other))


def _numbered(fixes: Any) -> Fixes:
    return tuple((ts, row[-1]) for ts, row in fixes)


def forgotten_misses(
    config: GeofenceConfig, left: Mapping[str, Visit], found: Visits, seen_at: int, by: Seen | None
) -> Iterator[Miss]:
    """Visits that were forgotten, since no fix came for too long."""
    for name, visit in left.items():
        if name not in found and visit.inside and "exit" in config.emit:
            yield _lost(config, name, visit, seen_at + duration_us(config.forget_after), by)


def _lost(config: GeofenceConfig, name: str, visit: Visit, at: int, by: Seen | None) -> Miss:
    later = span(by.ts - at) if by is not None else None
    then = "" if by is None else f"; event {by.number} at {moment(by.ts)} came {later} later"
    return Miss(
        0.55,
        "forget_after",
        f"The key, inside `{name}` since event {visit.fixes[0][1]}, was forgotten at {moment(at)} "
        f"without an exit, when no fix had come for {config.forget_after}{then}.",
        at,
        None if by is None else by.number,
        visit.bound,
        distance=later,
    )


def awaited_misses(
    config: GeofenceConfig, view: KeyView, visits: Visits, seen_at: int
) -> Iterator[Miss]:
    """What the zones the key is in wait for at last."""
    forgotten = seen_at + duration_us(config.forget_after)
    for name, visit in visits.items():
        since = f"The key is inside `{name}` since event {visit.fixes[0][1]}"
        count = len(visit.fixes) if not visit.inside else len(visit.other)
        way = "entry into" if not visit.inside else "exit from"
        if count and count < config.confirm:
            yield Miss(
                0.6 + 0.35 * count / config.confirm,
                "confirm",
                f"{counted(count)} of {config.confirm} that confirm an {way} `{name}` had come; "
                "no other fix of the key followed.",
                seen_at,
                None,
                visit.bound,
                got=count,
                expected=f"{config.confirm} in a row",
                distance=f"{config.confirm - count} more",
            )
        if visit.due is not None and visit.due > view.decided_to:
            yield Miss(
                0.99,
                "dwell",
                f"{since}; it has dwelt at {moment(visit.due)}, which the watermark has not "
                "reached.",
                visit.due,
                None,
                visit.bound,
                got=moment(view.decided_to),
                expected=f"a watermark of {moment(visit.due)}",
                distance=span(visit.due - view.decided_to),
            )
        if visit.inside and not visit.other and "exit" in config.emit:
            if forgotten <= view.decided_to:
                yield _lost(config, name, visit, forgotten, None)
            else:
                said = f"{since} and has not left it."
                yield Miss(0.5, "emit", said, seen_at, None, visit.bound)


def counted(count: int) -> str:
    """`1 fix`, `2 fixes`."""
    return f"{count} fix" if count == 1 else f"{count} fixes"
