"""How far a position is from zones, measured as the matcher does."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from .matcher import GEOFENCE_DEGREE_M


def outside_m(zone: Any, longitude: float, latitude: float) -> float:
    """Metres from a zone's edge; negative inside."""
    if hasattr(zone, "radius_m"):
        return float(zone.distance_m(longitude, latitude) - zone.radius_m)
    rings = [ring for part in zone.parts for ring in part]
    distance = float(min(ring.distance_m(longitude, latitude) for ring in rings))
    return -distance if zone.reaches(longitude, latitude, 0.0) else distance


def nearest_zone(zones: Any, longitude: float, latitude: float) -> tuple[int, float]:
    """The number of the zone whose edge is nearest to a position outside of all, and how near."""
    best, found = float("inf"), 0
    for least, at in sorted((_least_m(zone, latitude), at) for at, zone in enumerate(zones)):
        if least >= best:
            break
        distance = outside_m(zones[at], longitude, latitude)
        if distance < best:
            best, found = distance, at
    return found, best


def size_m(zone: Any) -> float:
    """Half the extent of a zone from south to north."""
    if hasattr(zone, "radius_m"):
        return float(zone.radius_m)
    south, north = _band(zone)
    return max((north - south) / 2 * GEOFENCE_DEGREE_M, 1.0)


def edge_clause(zone: Any, at: int) -> str:
    """The field that says where a zone's edge is."""
    return f"zones.{at}.{'radius_m' if hasattr(zone, 'radius_m') else 'polygon'}"


def metres(distance: float) -> str:
    """A distance in a sentence."""
    if 0 < abs(distance) < 0.05:
        return f"{distance:.1g} m"
    if abs(distance) >= 1000:
        return f"{distance:,.0f} m"
    return f"{distance:.1f}".removesuffix(".0") + " m"


def _least_m(zone: Any, latitude: float) -> float:
    """What a position of a latitude is at least away from a zone."""
    if hasattr(zone, "radius_m"):
        return float(abs(latitude - zone.latitude) * GEOFENCE_DEGREE_M - zone.radius_m)
    south, north = _band(zone)
    return max(south - latitude, latitude - north, 0.0) * GEOFENCE_DEGREE_M


def _band(zone: Any) -> tuple[float, float]:
    """The latitudes a polygon lies between."""
    outer = [part[0] for part in zone.parts]
    return min(ring.south for ring in outer), max(ring.north for ring in outer)


class Ray:
    """A way out of a zone, from a position in it: along a meridian or, of a polygon, a parallel.

    depth: how far the first position is from the edge, in metres.
    """

    def __init__(self, zone: Any) -> None:
        self._zone = zone
        if hasattr(zone, "radius_m"):
            self._start = (zone.latitude, zone.longitude)
            self._step = (-1.0 if zone.latitude > 0 else 1.0, 0.0)
        else:
            self._start = _interior(zone)
            self._step = (0.0, -1.0)
        self.depth = -self._outside(0.0)

    def position(self, outside: float) -> tuple[float, float]:
        """Latitude and longitude so many metres outside (negative: inside), as near as can be."""
        low, high = 0.0, 90.0
        for _ in range(80):
            middle = (low + high) / 2
            if self._outside(middle) < outside:
                low = middle
            else:
                high = middle
        return self._at(0.0 if outside <= -self.depth else low)

    def _outside(self, degrees: float) -> float:
        latitude, longitude = self._at(degrees)
        return outside_m(self._zone, longitude, latitude)

    def _at(self, degrees: float) -> tuple[float, float]:
        latitude = self._start[0] + degrees * self._step[0]
        longitude = self._start[1] + degrees * self._step[1]
        return max(-90.0, min(90.0, latitude)), (longitude + 180) % 360 - 180


def _interior(zone: Any) -> tuple[float, float]:
    """A position inside a polygon: half-way between two edges, at a latitude without a corner."""
    edges = [edge for ring in zone.parts[0] for edge in ring.edges]
    latitudes = sorted({a[1] for a, _ in edges})
    south, north = max(pairwise(latitudes), key=lambda band: band[1] - band[0])
    latitude = (south + north) / 2
    crossed = sorted(
        _crossing(a, b, latitude) for a, b in edges if (a[1] > latitude) != (b[1] > latitude)
    )
    return latitude, ((crossed[0] + crossed[1]) / 2 + 180) % 360 - 180


def _crossing(a: Any, b: Any, latitude: float) -> float:
    """The longitude at which an edge crosses a latitude."""
    west, east = a[0] + 360 * a[2], b[0] + 360 * b[2]
    return float(west + (east - west) * (latitude - a[1]) / (b[1] - a[1]))
