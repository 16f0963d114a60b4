"""Fixes of a position that enter, leave or stay in zones.

State: (when something is due, time of the last fix, visits by zone name). A visit is (inside, known
from the first fix on, confirming fixes, when it has dwelt, fixes on the other side so far), where a
fix is (ts, row). A zone without visit is one the key is outside of.
"""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from typing import Any

GEOFENCE_EARTH_M = 6371008.8
GEOFENCE_DEGREE_M = GEOFENCE_EARTH_M * math.pi / 180
# What rounding may change of an area: a share of its parts, and more where longitudes have turns
# added (they are below 540, and a ring is narrower than 360 degrees).
GEOFENCE_ROUNDING = 4e-16
GEOFENCE_TURNING = 1e-9


def geofence_side(a: Any, b: Any, p: Any) -> int:
    """On which side of the line from a to b a point lies: 1 left, -1 right, 0 on it. Exact.

    Points are (longitude, latitude, turns of 360 degrees added to the longitude).
    """
    doubt, ax, bx, px = 1e-300, a[0], b[0], p[0]
    if not a[2] == b[2] == p[2]:
        doubt, ax, bx, px = GEOFENCE_TURNING, ax + 360 * a[2], bx + 360 * b[2], px + 360 * p[2]
    left, right = (bx - ax) * (p[1] - a[1]), (b[1] - a[1]) * (px - ax)
    if abs(left - right) > GEOFENCE_ROUNDING * (abs(left) + abs(right)) + doubt:
        return 1 if left > right else -1
    ax, bx, px = geofence_longitude(a), geofence_longitude(b), geofence_longitude(p)
    ay, by, py = Fraction(a[1]), Fraction(b[1]), Fraction(p[1])
    area = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return (area > 0) - (area < 0)


def geofence_longitude(p: Any) -> Fraction:
    """The longitude of a point with its turns, exactly."""
    longitude: float = p[0]
    return Fraction(longitude) + 360 * int(p[2])


def geofence_unwrapped(ring: Any) -> list[Any]:
    """Positions as points: a step of over 180 degrees in longitude goes the other way round."""
    points: list[Any] = []
    for longitude, latitude in ring:
        turns = points[-1][2] if points else 0
        if points and abs(longitude - points[-1][0]) > 180:
            turns += 1 if longitude < points[-1][0] else -1
        points.append((longitude, latitude, turns))
    return points


class GeofenceCircle:
    """All within a distance of a centre, along the surface of a sphere; the rim is inside."""

    def __init__(self, name: str, latitude: float, longitude: float, radius_m: float) -> None:
        self.name = name
        self.latitude = latitude
        self.longitude = longitude
        self.radius_m = radius_m

    def distance_m(self, longitude: float, latitude: float) -> float:
        """By the haversine formula."""
        here, there = math.radians(self.latitude), math.radians(latitude)
        across = math.sin(math.radians(longitude - self.longitude) / 2)
        along = math.sin((there - here) / 2)
        chord = along * along + math.cos(here) * math.cos(there) * across * across
        return 2 * GEOFENCE_EARTH_M * math.asin(min(1.0, math.sqrt(chord)))

    def reaches(self, longitude: float, latitude: float, margin_m: float) -> bool:
        """Whether a position is inside, or at most so far outside."""
        if abs(latitude - self.latitude) * GEOFENCE_DEGREE_M > self.radius_m + margin_m + 1:
            return False
        return self.distance_m(longitude, latitude) <= self.radius_m + margin_m


class GeofenceRing:
    """A closed line, straight in longitude and latitude, that does not meet itself."""

    def __init__(self, ring: Any) -> None:
        points = geofence_unwrapped(ring)
        self.edges = list(pairwise(points))
        longitudes = [p[0] + 360 * p[2] for p in points]
        self.west, self.east = min(longitudes), max(longitudes)
        self.south, self.north = min(p[1] for p in points), max(p[1] for p in points)

    def locate(self, longitude: float, latitude: float) -> int:
        """1 for a position inside, 0 on the line, -1 outside."""
        if not self.south <= latitude <= self.north:
            return -1
        for turns in (-1, 0, 1):
            if self.west - 1e-9 <= longitude + 360 * turns <= self.east + 1e-9:
                found = self._locate((longitude, latitude, turns))
                if found >= 0:
                    return found
        return -1

    def _locate(self, p: Any) -> int:
        inside, latitude = False, p[1]
        for a, b in self.edges:
            if a[1] == b[1]:
                if a[1] == latitude and self._between(a, b, p):
                    return 0
                continue
            if (a[1] < latitude and b[1] < latitude) or (a[1] > latitude and b[1] > latitude):
                continue
            side = geofence_side(a, b, p)
            if side == 0:
                return 0
            upward = b[1] > latitude
            if (a[1] > latitude) != upward and (side > 0) == upward:
                inside = not inside
        return 1 if inside else -1

    def _between(self, a: Any, b: Any, p: Any) -> bool:
        low, here, high = geofence_longitude(a), geofence_longitude(p), geofence_longitude(b)
        return low <= here <= high or high <= here <= low

    def distance_m(self, longitude: float, latitude: float) -> float:
        """To the nearest point of the line, in the plane that touches the earth at the position."""
        east = GEOFENCE_DEGREE_M * math.cos(math.radians(latitude))
        best = math.inf
        for a, b in self.edges:
            for turns in (-1, 0, 1):
                x = (a[0] + 360 * (a[2] - turns) - longitude) * east
                y = (a[1] - latitude) * GEOFENCE_DEGREE_M
                dx = (b[0] - a[0] + 360 * (b[2] - a[2])) * east
                dy = (b[1] - a[1]) * GEOFENCE_DEGREE_M
                length = dx * dx + dy * dy
                at = min(1.0, max(0.0, -(x * dx + y * dy) / length)) if length else 0.0
                best = min(best, math.hypot(x + at * dx, y + at * dy))
        return best


class GeofencePolygon:
    """Areas, each an outer ring with holes; every boundary is inside."""

    def __init__(self, name: str, parts: Any) -> None:
        self.name = name
        self.parts = [[GeofenceRing(ring) for ring in rings] for rings in parts]

    def reaches(self, longitude: float, latitude: float, margin_m: float) -> bool:
        """Whether a position is inside, or at most so far outside."""
        for outer, *holes in self.parts:
            within = outer.locate(longitude, latitude) >= 0
            if within and not any(hole.locate(longitude, latitude) > 0 for hole in holes):
                return True
        rings = [ring for part in self.parts for ring in part] if margin_m > 0 else []
        return any(ring.distance_m(longitude, latitude) <= margin_m for ring in rings)


class GeofenceMatcher:
    """Emits entries, exits and stays of a key, zone by zone.

    zones: with names, in order. places: of latitude and longitude in the packed rows. emit: which
    of enter, exit and dwell. dwell: microseconds. confirm: so many fixes in a row must be on the
    new side. first_enters: whether a key that is inside with its first fix enters. exit_margin_m: a
    key inside leaves only beyond it. forget_after: microseconds after the key's last fix.
    """

    def __init__(
        self,
        zones: tuple[Any, ...],
        places: tuple[int, int],
        emit: tuple[str, ...],
        dwell: int | None = None,
        confirm: int = 1,
        first_enters: bool = True,
        exit_margin_m: float = 0.0,
        forget_after: int = 86_400_000_000,
    ) -> None:
        self.zones = zones
        self.order = {zone.name: n for n, zone in enumerate(zones)}
        self.places = places
        self.emitted = frozenset(emit)
        self.dwell = dwell if "dwell" in self.emitted else None
        self.confirm = confirm
        self.first_enters = first_enters
        self.exit_margin_m = exit_margin_m
        self.forget_after = forget_after
        self.observer: Callable[[str, Any, int, Any], None] | None = None
        self.dropped = 0

    def initial(self) -> Any:
        return None

    def on_events(self, state: Any, events: Iterable[tuple[int, int, Any]], emit: Any) -> Any:
        latitude_at, longitude_at = self.places
        for ts, _, row in events:
            if state is not None and state[0] <= ts:
                state = self.on_time(state, ts, emit)
            first = state is None and not self.first_enters
            visits = {} if state is None else state[2]
            latitude, longitude = row[latitude_at], row[longitude_at]
            for zone in self.zones:
                visit = visits.get(zone.name)
                inside = visit is not None and visit[0]
                margin = self.exit_margin_m if inside else 0.0
                if zone.reaches(longitude, latitude, margin) == inside:
                    self._stay(visits, zone.name, visit)
                elif inside:
                    self._leave(visits, zone.name, (ts, row), emit)
                else:
                    self._approach(visits, zone.name, visit or (False, first, ()), (ts, row), emit)
            state = self._kept(ts, visits)
        return state

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        _, seen, visits = state
        end = seen + self.forget_after
        due = [(v[3], self.order[name], name) for name, v in visits.items() if v[3] is not None]
        for at, _, name in sorted(due):
            if at <= min(now, end):
                visits[name] = self._dwelt(name, visits[name], at, emit)
        if end > now:
            return self._kept(seen, visits)
        if self.observer is not None:
            for _, _, fixes, _, _ in visits.values():
                self.observer("expired", self._bound(0, fixes), end, None)
        return None

    def next_timer(self, state: Any) -> int | None:
        return state[0] if state else None

    def expires(self, state: Any) -> int | None:
        return None

    def _kept(self, seen: int, visits: Any) -> Any:
        """The state, unless a key seen for the first time would be treated the same."""
        if not visits and self.first_enters:
            return None
        due = [visit[3] for visit in visits.values() if visit[3] is not None]
        return (min([*due, seen + self.forget_after]), seen, visits)

    def _stay(self, visits: Any, name: str, visit: Any) -> None:
        """A fix on the side the key is on: fixes on the other side no longer count."""
        if visit is None:
            return
        inside, known, fixes, due, other = visit
        if not inside:
            del visits[name]
        elif other:
            visits[name] = (inside, known, fixes, due, ())

    def _approach(self, visits: Any, name: str, visit: Any, fix: Any, emit: Any) -> None:
        """A fix inside, where the key was outside."""
        known, fixes = visit[1], (*visit[2], fix)
        if len(fixes) < self.confirm:
            visits[name] = (False, known, fixes, None, ())
            return
        if not known and "enter" in self.emitted:
            self._emit("enter", name, fix[0], self._bound(0, fixes), None, emit)
        due = None if self.dwell is None else fixes[0][0] + self.dwell
        visits[name] = (True, known, fixes, due, ())
        if due is not None and due <= fix[0]:
            visits[name] = self._dwelt(name, visits[name], fix[0], emit)

    def _leave(self, visits: Any, name: str, fix: Any, emit: Any) -> None:
        """A fix outside, where the key was inside."""
        inside, known, fixes, due, other = visits[name]
        other = (*other, fix)
        if len(other) < self.confirm:
            visits[name] = (inside, known, fixes, due, other)
            return
        del visits[name]
        if "exit" in self.emitted:
            bound = (*self._bound(0, fixes), *self._bound(1, other))
            self._emit("exit", name, fix[0], bound, other[0][0], emit)

    def _dwelt(self, name: str, visit: Any, at: int, emit: Any) -> Any:
        """Emit a stay that is long enough; the visit without its time."""
        inside, known, fixes, _, other = visit
        self._emit("dwell", name, at, self._bound(0, fixes), at, emit)
        return (inside, known, fixes, None, other)

    def _emit(
        self, what: str, name: str, at: int, bound: Any, until: int | None, emit: Any
    ) -> None:
        start = bound[0][1]
        stayed = None if until is None else (until - start) // 1000
        emit((start, at, at, bound, (what, name, stayed), (name, what)))

    def _bound(self, step: int, fixes: Any) -> tuple[Any, ...]:
        return tuple([(step, ts, row) for ts, row in fixes])
