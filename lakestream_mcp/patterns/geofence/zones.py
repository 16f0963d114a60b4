"""Zones as the matcher takes them, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic import JsonValue

from ...graph.model import Problem
from .config import GeofenceConfig, Zone
from .crossings import Edge, lies_within, meeting_edges
from .matcher import GeofenceCircle, GeofencePolygon, geofence_unwrapped

MAX_POSITIONS = 10_000
MAX_RING = 5_000
Position = tuple[float, float]


class Ring(NamedTuple):
    """A ring and its place in the configuration."""

    field: str
    positions: tuple[Position, ...]

    def edges(self) -> list[Edge]:
        """Its sides, unwrapped."""
        points = geofence_unwrapped(self.positions)
        return list(pairwise(points))


Parts = list[list[Ring]]


def zone_source(zone: Zone) -> str:
    """The Python expression that builds a zone, which must be right."""
    if zone.polygon is None:
        numbers = (zone.latitude, zone.longitude, zone.radius_m)
        return f"GeofenceCircle({zone.name!r}, {', '.join(map(repr, numbers))})"
    parts = _parts(zone, "")
    rings = tuple(tuple(ring.positions for ring in part) for part in parts)
    return f"GeofencePolygon({zone.name!r}, {rings!r})"


def built_zone(zone: Zone) -> GeofenceCircle | GeofencePolygon:
    """The zone as the matcher has it; it must be right."""
    if zone.polygon is not None:
        parts = [[ring.positions for ring in part] for part in _parts(zone, "")]
        return GeofencePolygon(zone.name, parts)
    numbers = (zone.latitude or 0.0, zone.longitude or 0.0, zone.radius_m or 0.0)
    return GeofenceCircle(zone.name, *numbers)


def check_zones(config: GeofenceConfig) -> Iterator[Problem]:
    """Problems of all zones; of a polygon the first, since the others may follow from it."""
    names: set[str] = set()
    total = 0
    for place, zone in enumerate(config.zones):
        field = f"zones.{place}"
        if zone.name in names:
            yield Problem(
                "DUPLICATE_ZONE",
                f"Two zones are called `{zone.name}`.",
                f"{field}.name",
                zone.name,
                hint="Give one of them another name; areas of one zone are a MultiPolygon.",
            )
        names.add(zone.name)
        yield from _kind(zone, field)
        if zone.polygon is not None:
            problem = next(_polygon(zone, field), None)
            if problem is not None:
                yield _with_fix(config, place, problem)
            else:
                rings = [ring for part in _parts(zone, field) for ring in part]
                total += sum(len(ring.positions) for ring in rings)
    if total > MAX_POSITIONS:
        yield Problem(
            "LIMIT_EXCEEDED",
            f"The zones have {total} positions together.",
            "zones",
            total,
            f"at most {MAX_POSITIONS}",
            "Simplify the shapes, or use several patterns.",
        )


def _kind(zone: Zone, field: str) -> Iterator[Problem]:
    circle = {name: getattr(zone, name) for name in ("latitude", "longitude", "radius_m")}
    given = [name for name, value in circle.items() if value is not None]
    if zone.polygon is None and len(given) < len(circle):
        missing = [name for name in circle if name not in given]
        yield Problem(
            "ZONE_SHAPE",
            f"The zone `{zone.name}` is neither a circle nor a polygon.",
            f"{field}.{missing[0]}" if given else field,
            None,
            "`latitude`, `longitude` and `radius_m`, or `polygon`",
        )
    if zone.polygon is not None and given:
        yield Problem(
            "ZONE_SHAPE",
            f"The zone `{zone.name}` is both a circle and a polygon.",
            f"{field}.polygon",
            given,
            "`latitude`, `longitude` and `radius_m`, or `polygon`",
            "Make two zones of it.",
        )


def _with_fix(config: GeofenceConfig, place: int, problem: Problem) -> Problem:
    """The problem with its fix, which is another polygon, put into the zones."""
    if problem.fix is None:
        return problem
    zones = config.model_dump(mode="json", include={"zones"}, exclude_none=True)["zones"]
    zones[place]["polygon"]["coordinates"] = problem.fix["coordinates"]
    return problem._replace(fix={"zones": zones})


def _parts(zone: Zone, field: str) -> Parts:
    """The rings of each part; ValueError names the place that is no list of positions."""
    assert zone.polygon is not None
    top = f"{field}.polygon.coordinates"
    several = zone.polygon.type == "MultiPolygon"
    parts = zone.polygon.coordinates if several else [zone.polygon.coordinates]
    found: Parts = []
    for n, part in enumerate(parts):
        at = f"{top}.{n}" if several else top
        found.append([])
        for m, ring in enumerate(_listed(part, at)):
            here = f"{at}.{m}"
            positions = (_position(p, f"{here}.{k}") for k, p in enumerate(_listed(ring, here)))
            found[-1].append(Ring(here, tuple(positions)))
    return found


def _listed(value: JsonValue, field: str) -> list[JsonValue]:
    if not isinstance(value, list) or not value:
        raise ValueError(field)
    return value


def _position(value: JsonValue, field: str) -> Position:
    numbers = _listed(value, field)[:2]
    if len(numbers) < 2 or any(isinstance(n, bool) for n in numbers):
        raise ValueError(field)
    longitude, latitude = numbers
    if not isinstance(longitude, int | float) or not isinstance(latitude, int | float):
        raise ValueError(field)
    return float(longitude), float(latitude)


def _polygon(zone: Zone, field: str) -> Iterator[Problem]:
    try:
        parts = _parts(zone, field)
    except (ValueError, OverflowError) as error:
        yield Problem(
            "INVALID_CONFIG",
            "A polygon is a list of rings, a ring a list of [longitude, latitude].",
            str(error) if isinstance(error, ValueError) else field,
            None,
            "GeoJSON: [[[10.0, 59.0], [11.0, 59.0], [11.0, 60.0], [10.0, 59.0]]]",
        )
        return
    for part in parts:
        for ring in part:
            yield from _ring(zone, ring)
    for outer, *holes in parts:
        for hole in holes:
            yield from _hole(outer, hole)


def _ring(zone: Zone, ring: Ring) -> Iterator[Problem]:
    if len(ring.positions) > MAX_RING:
        yield Problem(
            "LIMIT_EXCEEDED",
            f"A ring has {len(ring.positions)} positions.",
            ring.field,
            len(ring.positions),
            f"at most {MAX_RING}",
            "Simplify the shape.",
        )
    yield from _range(ring)
    yield from _closed(zone, ring)
    yield from _poles(ring)
    meeting = meeting_edges(ring.edges(), ring.field)
    if meeting is not None:
        first, second = meeting
        yield Problem(
            "RING_CROSSES_ITSELF",
            f"Sides {first} and {second} of a ring meet where they should not: it crosses or "
            "touches itself, or goes back on itself.",
            ring.field,
            [list(ring.positions[n]) for n in (first, first + 1, second, second + 1)],
            "sides that meet only where one ends and the next begins",
            "Split it into the parts of a MultiPolygon, or put its positions in order.",
        )


def _range(ring: Ring) -> Iterator[Problem]:
    for n, (longitude, latitude) in enumerate(ring.positions):
        if abs(longitude) <= 180 and abs(latitude) <= 90:
            continue
        swapped = all(abs(b) <= 180 and abs(a) <= 90 for a, b in ring.positions)
        yield Problem(
            "COORDINATE_RANGE",
            f"[{longitude}, {latitude}] is no position.",
            f"{ring.field}.{n}",
            [longitude, latitude] if math.isfinite(longitude + latitude) else None,
            "[longitude from -180 to 180, latitude from -90 to 90]",
            "GeoJSON writes the longitude first." if swapped else None,
        )


def _closed(zone: Zone, ring: Ring) -> Iterator[Problem]:
    if ring.positions[0] != ring.positions[-1]:
        yield Problem(
            "RING_OPEN",
            "The last position of a ring is not equal to its first.",
            f"{ring.field}.{len(ring.positions) - 1}",
            list(ring.positions[-1]),
            list(ring.positions[0]),
            "Close the ring; or are positions missing?",
            {"coordinates": _with_closed(zone, ring)},
        )
    elif len(ring.positions) < 4:
        yield Problem(
            "RING_TOO_SHORT",
            "A ring has at least three corners and its first position again.",
            ring.field,
            len(ring.positions),
            "at least 4 positions",
        )


def _with_closed(zone: Zone, ring: Ring) -> list[Any]:
    """The coordinates with this ring closed."""
    assert zone.polygon is not None
    coordinates: list[Any] = zone.polygon.model_dump(mode="json")["coordinates"]
    holder: Any = coordinates
    for index in ring.field.partition(".coordinates.")[2].split("."):
        holder = holder[int(index)]
    holder.append(holder[0])
    return coordinates


def _poles(ring: Ring) -> Iterator[Problem]:
    points = geofence_unwrapped(ring.positions)
    longitudes = [p[0] + 360 * p[2] for p in points]
    at_pole = any(abs(p[1]) == 90 for p in points)
    if at_pole or points[-1][2] != 0 or max(longitudes) - min(longitudes) >= 360:
        yield Problem(
            "RING_AT_POLE",
            "A ring touches a pole." if at_pole else "A ring goes all the way round the earth.",
            ring.field,
            None,
            "a ring that neither holds nor touches a pole",
            "Use a circle, or cut the area along a meridian into the parts of a MultiPolygon.",
        )


def _hole(outer: Ring, hole: Ring) -> Iterator[Problem]:
    if not lies_within(hole.edges(), outer.edges()):
        yield Problem(
            "HOLE_OUTSIDE",
            "A hole is not inside the outer ring of its polygon.",
            hole.field,
            list(hole.positions[0]),
            "a ring within the first ring",
            "The first ring of a polygon is the outer one; parts of their own make a MultiPolygon.",
        )
