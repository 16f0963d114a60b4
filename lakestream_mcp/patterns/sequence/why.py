"""What came close to a sequence: which step was missing, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...cep.near_miss import (
    KeyView,
    Miss,
    Partial,
    Seen,
    closeness,
    condition_miss,
    false_parts,
    moment,
    span,
    told_bound,
)
from ...graph.duration import duration_us
from .config import SequenceConfig, SequenceStep, everything

MAX_PARTIALS = 30


class Place(NamedTuple):
    """A step that binds events, and the field that holds it."""

    field: str
    step: SequenceStep


def sequence_misses(config: SequenceConfig, view: KeyView) -> Iterator[Miss]:
    """The partial matches that came furthest; where none began, what came near the first step."""
    places = [
        Place(field, chain[at])
        for field, at, chain in everything(config.steps)
        if not chain[at].steps
    ]
    needed = needed_events(config.steps)
    furthest = sorted(view.partials, key=lambda p: (-len(p.bound), p.at or 0))
    for partial in furthest[:MAX_PARTIALS]:
        yield from _partial(config, places, needed, partial, view)
    first = next(p for p in places if not p.step.negated)
    if not view.partials and not view.matched:
        miss = condition_miss(
            view,
            f"{first.field}.where",
            first.step.name,
            first.step.where or "TRUE",
            view.events,
            weight=1 / (needed + 1),
        )
        if miss is not None:
            yield miss


def needed_events(steps: Sequence[SequenceStep]) -> int:
    """How many events a match has at least."""
    total = 0
    for step in steps:
        if not (step.negated or step.optional):
            total += step.min * (needed_events(step.steps) if step.steps else 1)
    return max(total, 1)


def _partial(
    config: SequenceConfig, places: list[Place], needed: int, partial: Partial, view: KeyView
) -> Iterator[Miss]:
    progress = min(len(partial.bound), needed) / (needed + 1)
    weight = 1 / (needed + 1)
    wanted = _wanted(places, partial)
    if partial.reason in (None, "expired"):
        yield from _out_of_time(config, wanted, partial, view, progress, weight)
    elif partial.by is not None and partial.reason in ("contiguity broken", "condition false"):
        yield _broken(wanted, partial, partial.by, view, progress, weight)
    elif partial.by is not None and partial.reason == "forbidden event":
        yield _forbidden(places, partial, partial.by, view, progress)
    else:
        yield _gone(partial, progress)


def _wanted(places: list[Place], partial: Partial) -> Place | None:
    """The step a partial match needed next; None if only its end was awaited."""
    if not partial.bound:
        return next((p for p in places if not p.step.negated), None)
    last = partial.bound[-1].step
    at = next(i for i, p in enumerate(places) if p.step.name == last)
    times = 0
    for bound in reversed(partial.bound):
        if bound.step != last:
            break
        times += 1
    if times < places[at].step.min:
        return places[at]
    for place in places[at + 1 :]:
        if not (place.step.negated or place.step.optional or place.step.min == 0):
            return place
    return None


def _out_of_time(
    config: SequenceConfig,
    wanted: Place | None,
    partial: Partial,
    view: KeyView,
    progress: float,
    weight: float,
) -> Iterator[Miss]:
    """Its time was over: what came too late, and what came near in time."""
    if wanted is None or not partial.bound:
        return
    where = wanted.step.where or "TRUE"
    deadline = partial.at
    after = view.events[view.events.index(partial.bound[-1].seen) + 1 :]
    late = [s for s in after if deadline is not None and s.ts >= deadline]
    in_time = [s for s in after if deadline is None or s.ts < deadline]
    until = "" if deadline is None else f" before {moment(deadline)}"
    waited = f"{told_bound(partial)} waited for `{wanted.step.name}`"
    near = condition_miss(
        view, f"{wanted.field}.where", wanted.step.name, where, in_time, partial, progress, weight
    )
    if near is not None:
        yield near._replace(sentence=f"{waited}{until}. {near.sentence}")
    found = next((s for s in late if view.holds(where, s, partial.bound)), None)
    if found is not None and deadline is not None:
        yield _late(config, wanted, partial, found, deadline, progress, weight)
    elif near is None:
        said = f"{waited}, but no other event of the key came{until}."
        yield Miss(progress, f"{wanted.field}.where", said, deadline, None, partial.named)


def _late(
    config: SequenceConfig,
    wanted: Place,
    partial: Partial,
    found: Seen,
    deadline: int,
    progress: float,
    weight: float,
) -> Miss:
    """The event that was needed came after the deadline."""
    missed = span(found.ts - deadline)
    nearness = _nearness(found.ts - deadline, deadline - partial.bound[-1].seen.ts)
    return Miss(
        progress + weight * 0.98 * nearness,
        _time_clause(config, wanted, partial, deadline),
        f"{told_bound(partial)} waited for `{wanted.step.name}` until {moment(deadline)}; "
        f"event {found.number} at {moment(found.ts)} came {_too_late(missed)}.",
        found.ts,
        found.number,
        partial.named,
        got=moment(found.ts),
        expected=f"before {moment(deadline)}",
        distance=missed,
    )


def _too_late(missed: str) -> str:
    return "at exactly that time, which is outside" if missed == "0 s" else f"{missed} too late"


def _nearness(late: int, allowed: int) -> float:
    """1 for what came at the deadline, towards 0 the later it came."""
    return 1 / (1 + late / max(allowed, 1))


def _time_clause(config: SequenceConfig, wanted: Place, partial: Partial, deadline: int) -> str:
    """The duration that ended it: the pattern's, or the wanted step's own."""
    first = partial.bound[0].seen.ts
    if config.within and deadline == first + duration_us(config.within):
        return "within"
    repeated = wanted.step.name == partial.bound[-1].step
    return f"{wanted.field}.{'times_within' if repeated else 'within'}"


def _broken(
    wanted: Place | None,
    partial: Partial,
    by: Seen,
    view: KeyView,
    progress: float,
    weight: float,
) -> Miss:
    """An event came that was not the one needed next."""
    parts = view.parts(wanted.step.where or "TRUE", by, partial.bound) if wanted else []
    name = f"`{wanted.step.name}`" if wanted else "the next step"
    clause = "contiguity" if partial.reason == "contiguity broken" else "where"
    false = next((p for p in parts if not p.holds), None)
    return Miss(
        progress + weight * closeness(parts),
        f"{wanted.field}.{clause}" if wanted else clause,
        f"After {told_bound(partial)} event {by.number} at {moment(by.ts)} came, where {name} had "
        f"to be the next event: {false_parts(parts)}.",
        by.ts,
        by.number,
        partial.named,
        got=false.left if false else None,
        expected=false.sql if false else None,
        distance=false.distance() if false else None,
    )


def _forbidden(
    places: list[Place], partial: Partial, by: Seen, view: KeyView, progress: float
) -> Miss:
    """An event came that must not come."""
    banned = [p for p in places if p.step.negated]
    hit = next(
        (p for p in banned if view.holds(p.step.where or "TRUE", by, partial.bound)), banned[0]
    )
    return Miss(
        progress + 0.001,
        f"{hit.field}.where",
        f"After {told_bound(partial)} event {by.number} at {moment(by.ts)} came, which is a "
        f"`{hit.step.name}` (`{hit.step.where or 'TRUE'}`) and must not come.",
        by.ts,
        by.number,
        partial.named,
        got=by.number,
        expected=f"no event with {hit.step.where or 'TRUE'}",
    )


GONE = {
    "skipped after match": ("after_match", "was discarded, since a match took its place"),
    "limit": ("max_partial_matches", "was the oldest when the limit was reached, and dropped"),
}


def _gone(partial: Partial, progress: float) -> Miss:
    """It was given up for a reason that no single event has."""
    clause, said = GONE.get(partial.reason or "", ("", partial.reason or "still waits"))
    at = f" at {moment(partial.at)}" if partial.at is not None else ""
    return Miss(
        progress * 0.9,
        clause,
        f"The partial match with {told_bound(partial)} {said}{at}.",
        partial.at,
        None,
        partial.named,
    )
