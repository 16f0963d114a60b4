"""Configuration of `geofence`, and how an earlier system wrote it."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from ...graph.duration import Duration
from ..common import Expression, Names, PatternConfig

MAX_METRES = 10_000_000.0
KINDS = ("enter", "exit", "dwell")


def _geometry(value: Any) -> Any:
    """GeoJSON as an object; text and a Feature around it are taken off."""
    if isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, dict) and value.get("type") == "Feature":
        return value.get("geometry")
    return value


class Shape(BaseModel):
    """A GeoJSON Polygon or MultiPolygon."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[JsonValue] = Field(
        min_length=1,
        description="Polygon: rings, the outer one first, then holes; each ring a list of "
        "[longitude, latitude], the last equal to the first. MultiPolygon: a list of those",
    )


class Zone(BaseModel):
    """A circle (`latitude`, `longitude`, `radius_m`) or a `polygon`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=120, description="Unique; shown in matches")
    latitude: float | None = Field(
        default=None, ge=-90, le=90, allow_inf_nan=False, description="Circle: centre, in degrees"
    )
    longitude: float | None = Field(
        default=None, ge=-180, le=180, allow_inf_nan=False, description="Circle: centre, in degrees"
    )
    radius_m: float | None = Field(
        default=None,
        gt=0,
        le=MAX_METRES,
        allow_inf_nan=False,
        description="Circle: radius in metres along the surface; the rim is inside",
    )
    polygon: Annotated[Shape | None, BeforeValidator(_geometry)] = Field(
        default=None,
        description="GeoJSON Polygon or MultiPolygon; boundaries are inside, edges straight in "
        "longitude and latitude",
    )


class GeofenceConfig(PatternConfig):
    """Zones, and what is told of keys that move."""

    latitude: Expression = Field(
        description="SQL expression of a fix's latitude in degrees, usually a column"
    )
    longitude: Expression = Field(description="SQL expression of its longitude in degrees")
    zones: tuple[Zone, ...] = Field(
        min_length=1,
        max_length=1000,
        description='[{"name": "depot", "latitude": 59.9, "longitude": 10.7, "radius_m": 200}, '
        '{"name": "port", "polygon": {"type": "Polygon", "coordinates": […]}}]',
    )
    emit: Names = Field(
        default=("enter", "exit"),
        min_length=1,
        description="What is a match, any of `enter`, `exit`, `dwell`",
    )
    dwell: Duration | None = Field(
        default=None, description="How long a key must be inside for a `dwell`; told once a visit"
    )
    confirm: int = Field(
        default=1,
        ge=1,
        le=100,
        description="So many fixes in a row on the new side make an entry or an exit",
    )
    initial: bool = Field(
        default=True, description="Whether a key that is inside with its first fix enters"
    )
    exit_margin_m: float = Field(
        default=0.0,
        ge=0,
        le=100_000,
        allow_inf_nan=False,
        description="Hysteresis: a key inside leaves only with fixes more than so many metres "
        "outside the zone",
    )
    accuracy: Expression | None = Field(
        default=None, description="SQL expression of a fix's accuracy in metres"
    )
    max_accuracy_m: float | None = Field(
        default=None,
        gt=0,
        le=MAX_METRES,
        allow_inf_nan=False,
        description="Fixes whose accuracy is worse (greater), unknown or negative are skipped",
    )
    forget_after: Duration = Field(
        default="1 day",
        description="How long after its last fix a key is forgotten, without an exit",
    )


def usable(config: GeofenceConfig) -> str:
    """The condition of a fix that can be measured, as explanations evaluate it."""
    asked = [
        f"({config.latitude}) BETWEEN -90 AND 90",
        f"({config.longitude}) BETWEEN -180 AND 180",
    ]
    if config.accuracy is not None:
        asked.append(f"({config.accuracy}) BETWEEN 0 AND {config.max_accuracy_m}")
    return " AND ".join(asked)


LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(km|m)", re.IGNORECASE)
EARLIER_CIRCLE = {"centerLat": "latitude", "centerLon": "longitude", "radiusMeters": "radius_m"}


def migrated(config: dict[str, Any]) -> dict[str, Any]:
    """One zone of an earlier system, whose fields stood beside the others; zones as GeoJSON."""
    found = dict(config)
    if isinstance(found.get("zones"), list):
        found["zones"] = [_zone(zone) for zone in found["zones"]]
    earlier = {*EARLIER_CIRCLE, "geofenceType", "polygonVertices"} & found.keys()
    if not earlier or "zones" in found:
        return found
    values = {name: found.pop(name) for name in earlier}
    kind = values.get("geofenceType", "polygon" if "polygonVertices" in values else "circle")
    zone: dict[str, Any] = {"name": "zone"}
    if kind == "polygon":
        zone["polygon"] = _ring(values.get("polygonVertices"))
    else:
        zone |= {ours: values[name] for name, ours in EARLIER_CIRCLE.items() if name in values}
        zone.setdefault("radius_m", 100)
    found["zones"] = [zone]
    return found


def _zone(given: Any) -> Any:
    """A zone whose polygon is given by its own fields, its centre apart, or a length as text."""
    if not isinstance(given, dict):
        return given
    zone = dict(given)
    if zone.get("type") == "Feature" and isinstance(zone.get("geometry"), dict):
        properties = zone.pop("properties", None) or {}
        zone = {k: v for k, v in zone.items() if k not in ("type", "geometry")} | zone["geometry"]
        zone |= {"name": properties["name"]} if "name" in properties else {}
    if zone.get("type") in ("Polygon", "MultiPolygon") and "coordinates" in zone:
        zone["polygon"] = {"type": zone.pop("type"), "coordinates": zone.pop("coordinates")}
    if zone.get("type") in ("circle", "polygon"):  # its other fields say so
        del zone["type"]
    center = zone.get("center")
    if isinstance(center, (dict, list)) and len(center) == 2:
        longitude, latitude = _vertex(zone.pop("center"))
        zone |= {"latitude": latitude, "longitude": longitude}
    radius = zone.get("radius_m", zone.get("radius"))
    if isinstance(radius, str) and (length := LENGTH.fullmatch(radius.strip())):
        zone.pop("radius", None)
        zone["radius_m"] = float(length[1]) * (1000 if length[2].lower() == "km" else 1)
    return zone


def _ring(vertices: Any) -> Any:
    """GeoJSON of a list of vertices, [longitude, latitude] or objects; an open ring is closed."""
    listed = json.loads(vertices) if isinstance(vertices, str) else vertices
    if isinstance(listed, dict):
        return listed
    ring = [_vertex(vertex) for vertex in listed]
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    return {"type": "Polygon", "coordinates": [ring]}


def _vertex(vertex: Any) -> Any:
    if not isinstance(vertex, dict):
        return vertex
    named = {name[:3].lower(): value for name, value in vertex.items()}
    if "lat" not in named or not named.keys() & {"lon", "lng"}:
        return [None, None]
    return [named["lon"] if "lon" in named else named["lng"], named["lat"]]
