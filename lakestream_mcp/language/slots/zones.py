"""Several zones in one text: `zone port: 53.54/9.98 r=1.5km; zone depot: 53.60/10.05 r=300m`."""

from __future__ import annotations

from typing import Any

from ..rules.measure_words import duration_of, json_number
from ..rules.names import column_name
from ..rules.phrase import Found, Phrase, means_something
from ..rules.scene import Made, Scene, kept
from ..rules.special import CROSSINGS
from ..rules.tokens import Token
from ..rules.words import word_set
from .atoms import Atoms

_LAT = r"(?:(?:lat|latitude) )?"
_LON = r"(?:(?:lon|lng|long|longitude) )?"
_CIRCLE = (
    rf"{_LAT}(?P<lat>#num) (?:(?:,|/|;|and|\|) )?{_LON}(?P<lon>#num)"
    r"(?: (?:,|;|r|radius|with|within|of|a|an|and|circle|zone|/|~|-|size|is))* (?P<r>#dist)"
)
_AROUND = (
    rf"(?P<r>#dist)(?: (?:around|of|from|radius|about|near|at|the|circle))*(?: (?P<n>[a-z]\w*|"
    rf"#str))?"
    rf"(?: (?:,|at))* {_LAT}(?P<lat>#num) (?:(?:,|/|;|and) )?{_LON}(?P<lon>#num)"
)
_SIGNS = ("=", "(", ")", ":", "@", "[", "]")
_LEADS = word_set(
    "at is around near with centre center of the a an , - circle lies in and within inside which "
    "located position named called by"
)
_NO_NAME = word_set(
    "zone zones area areas geofence site sites enter exit lat lon circle radius key"
)
_NORTH, _EAST, _WIDEST = 90, 180, 2_000_000


def read_zones(atoms: Atoms) -> list[Made] | None:
    """A geofence of two or more circles, each with its place and size; None for one."""
    scene = atoms.scene
    signs = Phrase([t for t in atoms.phrase.tokens if t.norm not in _SIGNS], atoms.phrase.used)
    latitude, longitude = (scene.columns.named([w]) for w in ("latitude", "longitude"))
    found = [*signs.all(_CIRCLE)]
    found = found if len(found) > 1 else [*signs.all(_AROUND)]
    if len(found) < 2 or latitude is None or longitude is None:
        return None
    zones = [_zone(scene, signs, f, n) for n, f in enumerate(found, 1)]
    rest = _outside(signs, found)
    times = [t for t in rest.tokens if t.norm == "#dur"]
    key, rest = atoms.key(rest)
    left = rest.has("#num|#dist|#pct|#times") or len(times) > 1
    if not key or left or None in zones or len({z["name"] for z in zones if z}) < len(zones):
        return None
    emit = [name for name, cue in CROSSINGS.items() if rest.has(cue)]
    emit += ["dwell"] if times and "dwell" not in emit else []
    if "dwell" in emit and not times:
        return None
    config = {
        "key": key,
        "latitude": latitude.name,
        "longitude": longitude.name,
        "zones": zones,
        "emit": emit or ["enter", "exit"],
        "dwell": duration_of(times[0]) if times else None,
    }
    return [Made("geofence", kept(config))]


def _zone(scene: Scene, phrase: Phrase, found: Found, number: int) -> dict[str, Any] | None:
    """A circle by what stands in a text; None where it is on no map."""
    lat, lon, size = (found.groups[n][0].value for n in ("lat", "lon", "r"))
    if abs(lat) > _NORTH or abs(lon) > _EAST or not 0 < size <= _WIDEST:
        return None
    phrase.use(found.start, found.end)
    named = found.groups.get("n") or _before(scene, phrase, found.start)
    name = column_name(str(t.value or t.text) for t in named) if named else f"zone_{number}"
    return {
        "name": name,
        "latitude": json_number(lat),
        "longitude": json_number(lon),
        "radius_m": json_number(float(size)),
    }


def _before(scene: Scene, phrase: Phrase, start: int) -> tuple[Token, ...]:
    """The word that a zone is called by, right before its place."""
    at = start - 1
    while at >= 0 and phrase.tokens[at].norm in _LEADS:
        at -= 1
    names = {name.lower() for name in scene.columns.types}
    token = phrase.tokens[at] if at >= 0 else None
    if token is None or token.kind not in ("word", "str") or token.norm in names | _NO_NAME:
        return ()
    if any(Phrase([token]).has(cue) for cue in CROSSINGS.values()) or not means_something(token):
        return ()
    phrase.use(at, at + 1)
    return (token,)


def _outside(phrase: Phrase, found: list[Found]) -> Phrase:
    for span in reversed(found):
        phrase = phrase.outside(span.start, span.end)
    return phrase
