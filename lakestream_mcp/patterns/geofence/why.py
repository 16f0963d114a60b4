"""Why a key did not enter, leave or dwell: the nearest fix, and what was missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.near_miss import KeyView, Miss, Seen, false_parts, moment, span
from ...graph.duration import duration_us
from .config import usable
from .distance import edge_clause, metres, nearest_zone, outside_m, size_m
from .visits import Visit, Visits, awaited_misses, counted, forgotten_misses, visits_of

if TYPE_CHECKING:
    from .config import GeofenceConfig

USABLE = ("latitude", "longitude", "max_accuracy_m")
"""The field behind each part of the condition of a usable fix."""


def geofence_misses(config: GeofenceConfig, view: KeyView) -> Iterator[Miss]:
    """What each fix came near to, what was forgotten, and what is awaited at last."""
    left: Visits = {}
    found: Visits = {}
    seen_at = 0  # when the last usable fix came
    for seen, after, state in view.states():
        visits = visits_of(state)
        if seen is None:
            yield from forgotten_misses(config, left, visits, seen_at, None)
            yield from awaited_misses(config, view, visits, seen_at)
        elif not seen.mask:
            if after:
                yield from _unusable(config, view, seen)
        elif not after:
            found = visits
            yield from forgotten_misses(config, left, found, seen_at, seen)
        else:
            left, seen_at = visits, seen.ts
            yield from _fix(config, view, seen, found, left)


def _fix(
    config: GeofenceConfig, view: KeyView, seen: Seen, found: Visits, left: Visits
) -> Iterator[Miss]:
    """What a fix interrupted, or nearly did."""
    for name in dict.fromkeys((*found, *left)):
        before, after = found.get(name), left.get(name)
        if before is not None and not before.inside and after is None:
            yield _interrupted(config, view, name, seen, before)
        elif before is not None and before.inside and after is None:
            yield from _left_early(config, name, seen, before)
        elif after is not None and after.inside and after.unannounced and not _inside(before):
            yield from _unannounced(config, name, seen, after)
        elif before is not None and before.inside and after is not None and not after.other:
            yield from _stayed(config, view, name, seen, before)
    if not left and seen.number not in view.matched:
        yield _approach(view, seen)


def _inside(visit: Visit | None) -> bool:
    return visit is not None and visit.inside


def _outside_m(view: KeyView, name: str, seen: Seen) -> float:
    """How far an event was outside a zone; negative: inside."""
    latitude, longitude = (seen.values[place] for place in view.matcher.places)
    return outside_m(view.matcher.zones[view.matcher.order[name]], longitude, latitude)


def _approach(view: KeyView, seen: Seen) -> Miss:
    """A fix outside of all zones: how far from the nearest."""
    latitude, longitude = (seen.values[place] for place in view.matcher.places)
    at, distance = nearest_zone(view.matcher.zones, longitude, latitude)
    zone = view.matcher.zones[at]
    said = f"Event {seen.number} at {moment(seen.ts)} was {metres(distance)} outside `{zone.name}`"
    expected = "inside or on the edge"
    got = None
    if hasattr(zone, "radius_m"):
        got, expected = round(distance + zone.radius_m, 3), f"<= {zone.radius_m} m"
        said += f": {metres(got)} from its centre, and the radius is {metres(zone.radius_m)}"
    scale = size_m(zone)
    return Miss(
        0.55 * scale / (scale + distance),
        edge_clause(zone, at),
        f"{said}.",
        seen.ts,
        seen.number,
        got=got,
        expected=expected,
        distance=metres(distance),
    )


def _interrupted(
    config: GeofenceConfig, view: KeyView, name: str, seen: Seen, visit: Visit
) -> Miss:
    """An entry that was not confirmed, since a fix outside came in between."""
    count = len(visit.fixes)
    return Miss(
        0.6 + 0.35 * count / config.confirm,
        "confirm",
        f"{counted(count)} of {config.confirm} that confirm an entry into `{name}` had come "
        f"(from event {visit.fixes[0][1]} at {moment(visit.fixes[0][0])}), when event "
        f"{seen.number} at {moment(seen.ts)} was {metres(_outside_m(view, name, seen))} outside.",
        seen.ts,
        seen.number,
        visit.bound,
        got=count,
        expected=f"{config.confirm} in a row inside",
        distance=f"{config.confirm - count} more",
    )


def _left_early(config: GeofenceConfig, name: str, seen: Seen, visit: Visit) -> Iterator[Miss]:
    """A visit that ended before it had dwelt."""
    if visit.due is None or config.dwell is None:
        return
    since, short = visit.fixes[0][0], span(visit.due - seen.ts)
    yield Miss(
        0.6 + 0.38 * (seen.ts - since) / duration_us(config.dwell),
        "dwell",
        f"The key was inside `{name}` from event {visit.fixes[0][1]} at {moment(since)}, and left "
        f"with event {seen.number} at {moment(seen.ts)}, {short} before it had been there for "
        f"{config.dwell}.",
        seen.ts,
        seen.number,
        visit.bound,
        got=span(seen.ts - since),
        expected=config.dwell,
        distance=short,
    )


def _unannounced(config: GeofenceConfig, name: str, seen: Seen, visit: Visit) -> Iterator[Miss]:
    """A key that was inside from its first fix on."""
    if "enter" in config.emit:
        yield Miss(
            0.9,
            "initial",
            f"The key was inside `{name}` with its first fix, event {visit.fixes[0][1]} at "
            f"{moment(visit.fixes[0][0])}, which is no entry (`initial: false`).",
            seen.ts,
            seen.number,
            visit.bound,
        )


def _stayed(
    config: GeofenceConfig, view: KeyView, name: str, seen: Seen, before: Visit
) -> Iterator[Miss]:
    """A fix that leaves the key inside: after fixes outside, within the margin, or truly."""
    distance = _outside_m(view, name, seen)
    if before.other and "exit" in config.emit:
        yield _returned(config, name, seen, before)
    elif distance > 0 and "exit" in config.emit:
        yield _within_margin(config, name, seen, before, distance)
    elif distance <= 0:
        scale = size_m(view.matcher.zones[view.matcher.order[name]])
        yield Miss(
            0.3 * scale / (scale - distance),
            "emit",
            f"Event {seen.number} at {moment(seen.ts)} was inside `{name}`, {metres(-distance)} "
            f"from its edge, where the key had been since event {before.fixes[0][1]}: nothing "
            "changed.",
            seen.ts,
            seen.number,
            before.bound,
            distance=metres(-distance),
        )


def _returned(config: GeofenceConfig, name: str, seen: Seen, before: Visit) -> Miss:
    """An exit that was not confirmed, since a fix that counts as inside came in between."""
    count = len(before.other)
    return Miss(
        0.6 + 0.35 * count / config.confirm,
        "confirm",
        f"{counted(count)} of {config.confirm} that confirm an exit from `{name}` had come "
        f"(from event {before.other[0][1]} at {moment(before.other[0][0])}), when event "
        f"{seen.number} at {moment(seen.ts)} still counted as inside.",
        seen.ts,
        seen.number,
        before.bound,
        got=count,
        expected=f"{config.confirm} in a row outside",
        distance=f"{config.confirm - count} more",
    )


def _within_margin(
    config: GeofenceConfig, name: str, seen: Seen, before: Visit, distance: float
) -> Miss:
    """A fix outside that is too near to the zone to leave it."""
    short = config.exit_margin_m - distance
    return Miss(
        0.6 + 0.3 * distance / config.exit_margin_m,
        "exit_margin_m",
        f"Event {seen.number} at {moment(seen.ts)} was {metres(distance)} outside `{name}`, where "
        f"a key leaves only beyond {metres(config.exit_margin_m)}: {metres(short)} more were "
        "needed.",
        seen.ts,
        seen.number,
        before.bound,
        got=round(distance, 3),
        expected=f"> {config.exit_margin_m} m",
        distance=metres(short),
    )


def _unusable(config: GeofenceConfig, view: KeyView, seen: Seen) -> Iterator[Miss]:
    """A row that is no fix, or one that is too inaccurate; more so where it was inside a zone."""
    parts = view.parts(usable(config), seen, ())
    at, false = next(((n, p) for n, p in enumerate(parts) if not p.holds), (0, None))
    if false is None:
        return
    values = list(false.reads.values())
    told = f"Event {seen.number} at {moment(seen.ts)} was skipped: {false_parts(parts)}."
    yield Miss(
        0.5 if at == USABLE.index("max_accuracy_m") else 0.2,
        USABLE[min(at, len(USABLE) - 1)],
        told,
        seen.ts,
        seen.number,
        got=values[0] if len(values) == 1 else None,
        expected=false.sql,
    )
