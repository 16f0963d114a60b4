"""Random configurations of `geofence`: positions are made of the numbers that events have."""

from __future__ import annotations

import random
from typing import Any

from ..events import duration, shared_fields

LATITUDES = ("amount", "amount - 3", "CAST(price AS DOUBLE)", "n")
LONGITUDES = ("n", "CAST(n AS DOUBLE) * 0.5", "amount")
SQUARE = [[0, 0], [4, 0], [4, 6], [0, 6], [0, 0]]
HOLE = [[1, 1], [1, 3], [3, 3], [1, 1]]
ACROSS = [[170, -10], [-170, -10], [-178, 10], [170, -10]]


def zone(draw: random.Random, name: str) -> dict[str, Any]:
    """A circle or a polygon where fixes are."""
    kind = draw.randrange(4)
    if kind == 0:
        return {"name": name, "polygon": {"type": "Polygon", "coordinates": [SQUARE, HOLE]}}
    if kind == 1:
        parts = [[SQUARE], [ACROSS]]
        return {"name": name, "polygon": {"type": "MultiPolygon", "coordinates": parts}}
    centre = {"latitude": draw.uniform(-3, 8), "longitude": draw.choice((1, 2.5))}
    return {"name": name, **centre, "radius_m": draw.choice((1000, 150_000.5, 400_000))}


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    fields: dict[str, Any] = {
        **shared_fields(draw),
        "latitude": draw.choice(LATITUDES),
        "longitude": draw.choice(LONGITUDES),
        "zones": [zone(draw, name) for name in ("home", 'it\'s "b"')[: draw.randint(1, 2)]],
        "emit": draw.choice((["enter", "exit"], ["dwell"], ["enter", "exit", "dwell"])),
        "confirm": draw.choice((1, 1, 2, 3)),
        "initial": draw.random() < 0.6,
        "exit_margin_m": draw.choice((0, 0, 50_000)),
        "forget_after": draw.choice(("2 hours", "1 day")),
    }
    if "dwell" in fields["emit"]:
        fields["dwell"] = duration(draw)
    if draw.random() < 0.3:
        fields |= {"accuracy": draw.choice(("amount", "n")), "max_accuracy_m": 6.5}
    return fields
