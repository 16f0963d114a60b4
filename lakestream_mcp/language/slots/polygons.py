"""Zones that are told by their corners: `enters the polygon (52.5,13.4) (52.6,13.4) …`."""

from __future__ import annotations

from itertools import pairwise

from ..rules.measure_words import duration_of, json_number
from ..rules.phrase import Phrase
from ..rules.scene import Made, kept
from ..rules.special import CROSSINGS
from .atoms import Atoms
from .counts import kept_rows

_CORNER = r"#num(?: ,)? #num"
_LEAST, _NORTH, _EAST = 3, 90, 180


def read_polygon(atoms: Atoms) -> list[Made] | None:
    """A geofence whose zone is a polygon of the corners that a text lists, latitude first."""
    bare = atoms.bare()
    key, rest = atoms.key(bare)
    corners = _corners(rest)
    columns = atoms.scene.columns
    latitude, longitude = columns.named(["latitude"]), columns.named(["longitude"])
    times = atoms.times()
    if not key or latitude is None or longitude is None or len(times) > 1:
        return None
    if len(corners) < _LEAST or not all(abs(a) <= _NORTH and abs(b) <= _EAST for b, a in corners):
        return None
    emit = [name for name, cue in CROSSINGS.items() if rest.has(cue)]
    emit = [*emit, *(["dwell"] if times and "dwell" not in emit else [])]
    if "dwell" in emit and not times:
        return None
    ring = corners if corners[0] == corners[-1] else [*corners, corners[0]]
    zone = {"name": "zone", "polygon": {"type": "Polygon", "coordinates": [ring]}}
    config = {
        "key": key,
        "latitude": latitude.name,
        "longitude": longitude.name,
        "zones": [zone],
        "emit": emit or ["enter", "exit"],
        "dwell": duration_of(times[0]) if times else None,
    }
    return [*kept_rows(atoms), Made("geofence", kept(config))]


def _corners(rest: Phrase) -> list[list[int | float]]:
    """The corners, longitude first, as GeoJSON has them; none where numbers are left over."""
    signs = Phrase([t for t in rest.tokens if t.norm not in ("(", ")", "[", "]", ";")])
    numbers = [t for t in signs.tokens if t.norm == "#num"]
    found = list(signs.all(_CORNER))
    if 2 * len(found) != len(numbers) or any(b.start - a.end > 2 for a, b in pairwise(found)):
        return []
    pairs = [[t for t in signs.tokens[f.start : f.end] if t.norm == "#num"] for f in found]
    return [[json_number(lon.value), json_number(lat.value)] for lat, lon in pairs]
