"""Circles and polygons against shapely, exact fractions and vectors."""

from __future__ import annotations

import math
import random

import pytest
import shapely

from lakestream_mcp.patterns.geofence.crossings import lies_within, meeting_edges
from lakestream_mcp.patterns.geofence.matcher import (
    GeofenceCircle,
    GeofencePolygon,
    GeofenceRing,
    geofence_side,
)
from lakestream_mcp.patterns.geofence.zones import Ring as ZoneRing

from .shapes import Position, Ring, eighth, exact, position, star

RADIUS_M = 6371008.8


def simple(draw: random.Random, x: float, y: float, size: float) -> Ring:
    while True:
        ring = star(draw, x, y, size)
        if shapely.LinearRing(ring).is_simple and shapely.Polygon(ring).area > 0:
            return ring


def shape(draw: random.Random) -> list[Ring]:
    """A ring, perhaps with a hole."""
    outer = simple(draw, 0, 0, 10)
    hole = simple(draw, 0, 0, 3)
    holed = shapely.Polygon(outer).covers(shapely.Polygon(hole)) and draw.random() < 0.7
    return [outer, hole] if holed else [outer]


def turned(ring: Ring, degrees: float) -> Ring:
    """Moved around the earth, back into -180 … 180."""
    return [((x + degrees + 180) % 360 - 180, y) for x, y in ring]


@pytest.mark.parametrize("degrees", [0, 180, 172, -176])
def test_polygons_agree_with_shapely_and_with_fractions(degrees: float) -> None:
    for seed in range(200):
        draw = random.Random(seed)
        rings = shape(draw)
        theirs = shapely.Polygon(rings[0], rings[1:])
        ours = GeofencePolygon("z", [[turned(ring, degrees) for ring in rings]])
        for _ in range(20):
            p = position(draw, rings)
            if degrees:
                p = (eighth(p[0]), eighth(p[1]))  # moving it is then exact
            outer, *holes = (exact(ring, p) for ring in rings)
            expected = outer >= 0 and not any(hole > 0 for hole in holes)
            ((x, y),) = turned([p], degrees) if degrees else [p]
            assert ours.reaches(x, y, 0.0) == expected, (seed, p)
            assert theirs.covers(shapely.Point(p)) == expected, (seed, p)


def test_sides_are_exact_to_the_last_bit() -> None:
    third = 1 / 3
    a, b = (0.1, 0.1, 0), (0.7, 0.7, 0)
    assert geofence_side(a, b, (third, third, 0)) == 0
    assert geofence_side(a, b, (third, math.nextafter(third, 1), 0)) == 1
    assert geofence_side(a, b, (third, math.nextafter(third, 0), 0)) == -1
    across = ((179.9, 0.0, 0), (-179.9, 1.0, 1))
    assert geofence_side(*across, (180.0, 0.5, 0)) == geofence_side(*across, (-180.0, 0.5, 1))


def test_the_antimeridian_has_two_names() -> None:
    zone = GeofencePolygon("z", [[[(170, 0), (180, 0), (180, 5), (170, 5), (170, 0)]]])
    assert zone.reaches(180.0, 2.0, 0.0)
    assert zone.reaches(-180.0, 2.0, 0.0)
    assert not zone.reaches(-179.9, 2.0, 0.0)


def vector(latitude: float, longitude: float) -> list[float]:
    up, round_ = math.radians(latitude), math.radians(longitude)
    return [math.cos(up) * math.cos(round_), math.cos(up) * math.sin(round_), math.sin(up)]


def by_vectors(a: Position, b: Position) -> float:
    u, v = vector(*a), vector(*b)
    across = [u[i - 2] * v[i - 1] - u[i - 1] * v[i - 2] for i in range(3)]
    dot = sum(x * y for x, y in zip(u, v))
    return RADIUS_M * math.atan2(math.hypot(*across), dot)


def test_distances_are_those_of_vectors() -> None:
    draw = random.Random(1)
    for _ in range(3000):
        centre = (draw.uniform(-90, 90), draw.uniform(-180, 180))
        near = draw.choice((1e-4, 1.0, 180.0))
        other = (
            max(-90.0, min(90.0, centre[0] + draw.uniform(-near, near))),
            draw.choice((180.0, -180.0, 0.0, draw.uniform(-180, 180))),
        )
        circle = GeofenceCircle("z", *centre, 1000.0)
        far = by_vectors(centre, other)
        assert circle.distance_m(other[1], other[0]) == pytest.approx(far, abs=0.5, rel=1e-9)
        for radius in (far * 0.999 - 1, far * 1.001 + 1):
            circle.radius_m = radius
            assert circle.reaches(other[1], other[0], 0.0) == (radius >= far)


def test_the_rim_is_inside() -> None:
    circle = GeofenceCircle("z", 10.0, 20.0, 1.0)
    circle.radius_m = circle.distance_m(20.5, 10.25)
    assert circle.reaches(20.5, 10.25, 0.0)
    assert not circle.reaches(20.5 + 1e-9, 10.25, 0.0)


def test_a_margin_is_measured_to_the_nearest_edge() -> None:
    ring = [(10.0, 59.0), (11.0, 59.0), (11.0, 60.0), (10.0, 60.0), (10.0, 59.0)]
    zone = GeofencePolygon("z", [[ring]])
    for longitude, latitude, nearest in (
        (10.5, 58.999, (58.999 + 0.001, 10.5)),
        (9.999, 59.5, (59.5, 10.0)),
        (11.001, 60.001, (60.0, 11.0)),
    ):
        far = by_vectors((latitude, longitude), nearest)
        assert not zone.reaches(longitude, latitude, far * 0.999)
        assert zone.reaches(longitude, latitude, far * 1.001)


def test_a_margin_reaches_into_holes_and_over_the_antimeridian() -> None:
    outer = [(178.0, 0.0), (-178.0, 0.0), (-178.0, 4.0), (178.0, 4.0), (178.0, 0.0)]
    hole = [(179.0, 1.0), (-179.0, 1.0), (-179.0, 3.0), (179.0, 3.0), (179.0, 1.0)]
    zone = GeofencePolygon("z", [[outer, hole]])
    assert not zone.reaches(-179.001, 2.0, 100.0)
    assert zone.reaches(-179.001, 2.0, 120.0)
    assert zone.reaches(-177.999, 2.0, 120.0)
    assert not zone.reaches(-177.999, 2.0, 0.0)


def test_margins_are_those_of_a_plane_wherever_the_earth_is_cut() -> None:
    for seed in range(100):
        draw = random.Random(seed)
        (ring, *_), at = shape(draw), (draw.uniform(-14, 14), draw.uniform(-14, 14))
        east = math.cos(math.radians(at[1]))
        line = shapely.LinearRing([(x * east, y) for x, y in ring])
        far = line.distance(shapely.Point(at[0] * east, at[1])) * RADIUS_M * math.pi / 180
        for degrees in (0, 180, 172, -176):
            ((x, y),) = turned([at], degrees)
            found = GeofenceRing(turned(ring, degrees)).distance_m(x, y)
            assert found == pytest.approx(far, rel=1e-9, abs=1e-3), (seed, degrees)


def test_a_ring_may_repeat_a_position() -> None:
    ring = [(0.0, 0.0), (0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 0.0)]
    once = GeofenceRing(ring[1:])
    for at in ((5.0, 1.0), (3.0, 1.0), (-1.0, -1.0)):
        assert GeofenceRing(ring).distance_m(*at) == once.distance_m(*at)
        assert GeofenceRing(ring).locate(*at) == once.locate(*at)


def test_rings_that_meet_themselves_are_those_that_are_not_simple() -> None:
    refused = 0
    for seed in range(3000):
        draw = random.Random(seed)
        corners = [(float(draw.randrange(6)), float(draw.randrange(6)))]
        for _ in range(draw.randint(2, 6)):
            corner = (float(draw.randrange(6)), float(draw.randrange(6)))
            corners.append(corner if corner != corners[-1] else (corner[0] + 7, corner[1]))
        if corners[0] == corners[-1]:
            continue
        ring = [*corners, corners[0]]
        met = meeting_edges(ZoneRing("f", tuple(ring)).edges(), "f") is not None
        assert met != shapely.LinearRing(ring).is_simple, ring
        refused += met
    assert 1000 < refused < 2500


def test_holes_that_are_covered_are_accepted_and_those_apart_are_not() -> None:
    seen = set()
    for seed in range(600):
        draw = random.Random(seed)
        outer = simple(draw, 0, 0, 10)
        hole = simple(draw, draw.uniform(-9, 9), draw.uniform(-9, 9), 4)
        a, b = shapely.Polygon(outer), shapely.Polygon(hole)
        for degrees in (0, 176):
            edges = [ZoneRing("f", tuple(turned(r, degrees))).edges() for r in (hole, outer)]
            within = lies_within(*edges)
            if a.covers(b):
                assert within, (seed, degrees)
            if not a.covers(b) and b.difference(a).area > 0.5 * b.area:
                assert not within, (seed, degrees)
            seen.add((within, a.covers(b)))
    assert {(True, True), (False, False)} <= seen


def test_a_wide_ring_is_located_once() -> None:
    ring = GeofenceRing(
        [(-179.0, -10.0), (0.0, -10.0), (179.0, -10.0), (0.0, 10.0), (-179.0, -10.0)]
    )
    assert ring.locate(0.0, 0.0) == 1
    assert ring.locate(180.0, -10.0) == -1
    assert ring.locate(-179.0, -10.0) == 0
