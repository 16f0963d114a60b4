"""Polygons and positions whose numbers are short, so that boundaries are met often."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import pairwise

Position = tuple[float, float]
Ring = list[Position]


def star(draw: random.Random, x: float, y: float, size: float) -> Ring:
    """A closed ring around a centre, in eighths."""
    corners = draw.randint(3, 9)
    angles = sorted(draw.uniform(0, 2 * math.pi) for _ in range(corners))
    ring = [
        (eighth(x + r * math.cos(a)), eighth(y + r * math.sin(a)))
        for a in angles
        for r in (draw.uniform(size / 3, size),)
    ]
    return [*ring, ring[0]]


def eighth(value: float) -> float:
    return round(value * 8) / 8


def position(draw: random.Random, rings: list[Ring]) -> Position:
    """Anywhere, at a corner, on a side, or next to one."""
    kind = draw.randrange(4)
    ring = draw.choice(rings)
    at = draw.randrange(len(ring) - 1)
    a, b = ring[at], ring[at + 1]
    if kind == 0:
        return (eighth(draw.uniform(-11, 11)), eighth(draw.uniform(-11, 11)))
    if kind == 1:
        return a
    share = draw.choice((0.5, 0.25, draw.random()))
    on = (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
    if kind == 2:
        return on
    return (math.nextafter(on[0], draw.choice((-99, 99))), on[1])


def exact(ring: Ring, p: Position) -> int:
    """1 inside, 0 on the ring, -1 outside: how often the ring winds around it, in fractions."""
    x, y = Fraction(p[0]), Fraction(p[1])
    points = [(Fraction(a), Fraction(b)) for a, b in ring]
    winding = 0
    for (ax, ay), (bx, by) in pairwise(points):
        area = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        box = min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by)
        if area == 0 and box:
            return 0
        winding += (ay <= y < by and area > 0) - (by <= y < ay and area < 0)
    return 1 if winding else -1
