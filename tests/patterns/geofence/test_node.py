"""Configuration of `geofence`: refusals with their fixes, earlier names, the plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Problem, Relation
from lakestream_mcp.patterns.geofence.node import NODE, GeofenceConfig
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

ROWS = Relation(
    (
        Column("truck", "string"),
        Column("zone", "string"),
        Column("lat", "double"),
        Column("lon", "decimal(9,6)"),
        Column("position", "struct<lat:double,lon:float>"),
        Column("at", "timestamp"),
    ),
    "at",
    0,
)
CIRCLE = {"name": "depot", "latitude": 59.9, "longitude": 10.7, "radius_m": 200}
RING = [[10, 59], [11, 59], [11, 60], [10, 60], [10, 59]]
GOOD: dict[str, Any] = {
    "key": ["truck"],
    "latitude": "lat",
    "longitude": "lon",
    "zones": [CIRCLE],
}


@pytest.fixture(scope="module")
def resolver() -> Iterator[SailResolver]:
    """Types from a running engine."""
    engine = LocalEngine()
    yield SailResolver(engine)
    engine.close()


def problems(**changes: Any) -> list[Problem]:
    try:
        parsed = parse(NODE, canonical(NODE, GOOD | changes))
    except LakestreamError as error:
        return [Problem(error.code, error.message, str(error.where.get("field")))]
    if parsed.config is None:
        return list(parsed.problems)
    return list(NODE.check(parsed.config, [ROWS]))  # type: ignore[arg-type]


def polygon(*rings: Any, kind: str = "Polygon") -> dict[str, Any]:
    return {"zones": [{"name": "area", "polygon": {"type": kind, "coordinates": list(rings)}}]}


AT = "zones.0.polygon.coordinates"
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "two of one name": ({"zones": [CIRCLE, CIRCLE]}, "DUPLICATE_ZONE", "zones.1.name"),
    "no shape": ({"zones": [{"name": "a"}]}, "ZONE_SHAPE", "zones.0"),
    "half a circle": (
        {"zones": [{"name": "a", "latitude": 1, "longitude": 2}]},
        "ZONE_SHAPE",
        "zones.0.radius_m",
    ),
    "both shapes": (
        {"zones": [CIRCLE | {"polygon": {"type": "Polygon", "coordinates": [RING]}}]},
        "ZONE_SHAPE",
        "zones.0.polygon",
    ),
    "no zones": ({"zones": []}, "INVALID_CONFIG", "zones"),
    "radius of nothing": (
        {"zones": [CIRCLE | {"radius_m": 0}]},
        "INVALID_CONFIG",
        "zones.0.radius_m",
    ),
    "radius NaN": (
        {"zones": [CIRCLE | {"radius_m": float("nan")}]},
        "INVALID_CONFIG",
        "zones.0.radius_m",
    ),
    "centre beyond the pole": (
        {"zones": [CIRCLE | {"latitude": 91}]},
        "INVALID_CONFIG",
        "zones.0.latitude",
    ),
    "other geometry": (polygon([1, 2], kind="Point"), "INVALID_CONFIG", "zones.0.polygon.type"),
    "no list of positions": (polygon([1, 2, 3]), "INVALID_CONFIG", f"{AT}.0.0"),
    "position of one number": (polygon([[10], *RING[1:]]), "INVALID_CONFIG", f"{AT}.0.0"),
    "position of text": (polygon([["a", "b"], *RING[1:]]), "INVALID_CONFIG", f"{AT}.0.0"),
    "empty ring": (polygon([]), "INVALID_CONFIG", f"{AT}.0"),
    "not finite": (
        polygon([[10, float("nan")], *RING[1:]]),
        "COORDINATE_RANGE",
        f"{AT}.0.0",
    ),
    "beyond the antimeridian": (polygon([[190, 59], *RING[1:]]), "COORDINATE_RANGE", f"{AT}.0.0"),
    "open ring": (polygon(RING[:4]), "RING_OPEN", f"{AT}.0.3"),
    "open ring of a part": (
        polygon([RING], [RING[:4]], kind="MultiPolygon"),
        "RING_OPEN",
        f"{AT}.1.0.3",
    ),
    "two corners": (polygon([[10, 59], [11, 59], [10, 59]]), "RING_TOO_SHORT", f"{AT}.0"),
    "bow tie": (
        polygon([[10, 59], [11, 60], [11, 59], [10, 60], [10, 59]]),
        "RING_CROSSES_ITSELF",
        f"{AT}.0",
    ),
    "touches itself": (
        polygon([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4], [0, 0]]),
        "RING_CROSSES_ITSELF",
        f"{AT}.0",
    ),
    "a position twice": (polygon([RING[0], *RING]), "RING_CROSSES_ITSELF", f"{AT}.0"),
    "no area": (polygon([[0, 0], [1, 1], [2, 2], [0, 0]]), "RING_CROSSES_ITSELF", f"{AT}.0"),
    "around the pole": (
        polygon([[0, 80], [120, 80], [-120, 80], [0, 80]]),
        "RING_AT_POLE",
        f"{AT}.0",
    ),
    "at the pole": (polygon([[0, 80], [10, 90], [20, 80], [0, 80]]), "RING_AT_POLE", f"{AT}.0"),
    "hole elsewhere": (
        polygon(RING, [[20, 59], [21, 59], [21, 60], [20, 59]]),
        "HOLE_OUTSIDE",
        f"{AT}.1",
    ),
    "hole over the edge": (
        polygon(RING, [[10.5, 59.5], [12, 59.5], [10.5, 59.7], [10.5, 59.5]]),
        "HOLE_OUTSIDE",
        f"{AT}.1",
    ),
    "nothing told": ({"emit": []}, "INVALID_CONFIG", "emit"),
    "told wrongly": ({"emit": ["entr", "exit"]}, "INVALID_CONFIG", "emit"),
    "dwell without time": ({"emit": ["dwell"]}, "MISSING_CONFIG", "dwell"),
    "dwell not told": ({"dwell": "5m"}, "UNUSED_CONFIG", "dwell"),
    "forgotten before": (
        {"emit": ["dwell"], "dwell": "2 days"},
        "FORGOTTEN_BEFORE",
        "forget_after",
    ),
    "accuracy alone": ({"accuracy": "lat"}, "MISSING_CONFIG", "max_accuracy_m"),
    "limit alone": ({"max_accuracy_m": 5}, "MISSING_CONFIG", "accuracy"),
    "negative margin": ({"exit_margin_m": -1}, "INVALID_CONFIG", "exit_margin_m"),
    "confirm nothing": ({"confirm": 0}, "INVALID_CONFIG", "confirm"),
    "key like a measure": ({"key": ["zone"]}, "NAME_TAKEN", "key"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(name: str) -> None:
    changes, code, field = REFUSED[name]
    found = problems(**changes)
    assert [(p.code, p.field) for p in found] == [(code, field)], found
    (problem,) = found
    if problem.fix is not None:
        assert problems(**{**changes, **problem.fix}) == []


def test_what_is_right_is_accepted() -> None:
    feature = {
        "type": "Feature",
        "properties": {"colour": "red"},
        "geometry": {"type": "Polygon", "coordinates": [RING]},
    }
    assert problems() == []
    assert problems(**polygon(RING, [[10.2, 59.2], [10.4, 59.2], [10.4, 59.4], [10.2, 59.2]])) == []
    assert problems(zones=[{"name": "a", "polygon": feature}]) == []
    assert problems(zones=[{"name": "a", "polygon": json.dumps(feature)}]) == []
    across = [[179, 0], [-179, 0, 12.5], [-179, 2], [179, 2], [179, 0]]
    assert problems(**polygon(across, [[-179.9, 1], [-179.1, 1], [-179.5, 1.5], [-179.9, 1]])) == []


def test_swapped_coordinates_are_told() -> None:
    (problem,) = problems(**polygon([[59, 110], [59, 111], [60, 111], [59, 110]]))
    assert (problem.code, problem.hint) == (
        "COORDINATE_RANGE",
        "GeoJSON writes the longitude first.",
    )


def test_all_zones_together_are_bounded() -> None:
    wave = [[i / 100, i % 2 / 1000] for i in range(4_000)]
    ring = [*wave, [41, 10], [-1, 10], wave[0]]
    zones = [{"name": n, "polygon": {"type": "Polygon", "coordinates": [ring]}} for n in "abc"]
    assert problems(zones=zones[:1]) == []
    assert [(p.code, p.field) for p in problems(zones=zones)] == [("LIMIT_EXCEEDED", "zones")]
    long = [*wave, *wave, *ring]
    found = problems(**polygon(long))
    assert [(p.code, p.field) for p in found] == [("LIMIT_EXCEEDED", f"{AT}.0")]


def test_a_ring_too_fine_to_be_checked_is_refused() -> None:
    teeth = [[179.999999 + i * 1e-10 + i % 2 * 5e-7, i % 2 * 1e-6] for i in range(400)]
    ring = [*teeth, [-179.9, 1e-6], [-179.9, -0.1], teeth[0]]
    with pytest.raises(LakestreamError) as error:
        problems(**polygon(ring))
    assert (error.value.code, error.value.where) == ("LIMIT_EXCEEDED", {"field": f"{AT}.0"})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"latitude": "truck"}, "INVALID_SQL"),
        ({"longitude": "lno"}, "UNKNOWN_COLUMN"),
        ({"accuracy": "truck", "max_accuracy_m": 5}, "INVALID_SQL"),
        (polygon(RING[:4]), "RING_OPEN"),
    ],
)
def test_plans_that_are_refused(resolver: SailResolver, changes: dict[str, Any], code: str) -> None:
    parsed = parse(NODE, canonical(NODE, GOOD | changes))
    assert isinstance(parsed.config, GeofenceConfig)
    with pytest.raises(LakestreamError) as error:
        NODE.plan(parsed.config, [ROWS], resolver)
    assert error.value.code == code
    assert error.value.where["field"]


def test_positions_may_be_computed(resolver: SailResolver) -> None:
    given = GOOD | {"latitude": "position.lat", "longitude": "lon / 10"}
    parsed = parse(NODE, canonical(NODE, given))
    assert isinstance(parsed.config, GeofenceConfig)
    plan = NODE.plan(parsed.config, [ROWS], resolver)
    computed = [(v.sql, v.type) for v in plan.values if v.role == "computed"]
    assert computed == [("position.lat", "double"), ("CAST(lon / 10 AS DOUBLE)", "double")]


def test_an_earlier_systems_fields() -> None:
    given = {
        "latField": "lat",
        "lonField": "lon",
        "geofenceType": "circle",
        "centerLat": 59.9,
        "centerLon": 10.7,
        "trigger": "dwell",
        "dwellDuration": {"value": 5, "unit": "minutes"},
    }
    parsed = parse(NODE, canonical(NODE, given))
    assert isinstance(parsed.config, GeofenceConfig), parsed.problems
    assert NODE.sentence(parsed.config) == "dwell zone"
    assert parsed.config.zones[0].radius_m == 100
    assert list(NODE.check(parsed.config, [ROWS])) == []


@pytest.mark.parametrize(
    "vertices",
    [
        "[[10, 59], [11, 59], [11, 60]]",
        [{"lat": 59, "lng": 10}, {"lat": 59, "lng": 11}, {"lat": 60, "lng": 11}],
        {"type": "Polygon", "coordinates": [[[10, 59], [11, 59], [11, 60], [10, 59]]]},
    ],
)
def test_an_earlier_systems_polygon(vertices: Any) -> None:
    given = {
        "latField": "lat",
        "lonField": "lon",
        "geofenceType": "polygon",
        "polygonVertices": vertices,
        "radiusMeters": 100,
        "trigger": "enter",
    }
    parsed = parse(NODE, canonical(NODE, given))
    assert isinstance(parsed.config, GeofenceConfig), parsed.problems
    assert parsed.config.zones[0].polygon is not None
    assert parsed.config.zones[0].polygon.coordinates == [[[10, 59], [11, 59], [11, 60], [10, 59]]]
    assert list(NODE.check(parsed.config, [ROWS])) == []
