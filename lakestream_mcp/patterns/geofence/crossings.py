"""Whether rings cross themselves or one another, decided exactly.

Most sides are far enough apart to see it in floating point, many at once; the rest is looked at
one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ...errors import LimitExceeded
from .matcher import geofence_longitude, geofence_side

Point = tuple[float, float, int]
Edge = tuple[Point, Point]
MAX_CLOSE_PAIRS = 50_000
ROUNDING = 4e-16
TURNING = 1e-9
"""What adding turns to longitudes may change of a product, at most."""


def meeting_edges(edges: list[Edge], field: str) -> tuple[int, int] | None:
    """Two sides of a closed ring that share more than the position at which one follows another.

    Raises LimitExceeded for the field where too many are too close to one another.
    """
    sides, pairs = Sides(edges), 0
    for n, edge in enumerate(edges):
        for other in sides.near(edge, n + 1):
            if _meet(edges, n, other):
                return n, other
            pairs += 1
        if pairs > MAX_CLOSE_PAIRS:
            raise LimitExceeded(
                "So many sides of a ring are so close that whether they meet is not worked out.",
                where={"field": field},
                got=pairs,
                expected=MAX_CLOSE_PAIRS,
                hint="Simplify the shape.",
            )
    return None


def lies_within(ring: list[Edge], outer: list[Edge]) -> bool:
    """Whether a ring lies inside another; they may touch."""
    west = min(_longitude(a) for a, _ in outer) - TURNING
    own = min(_longitude(a) for a, _ in ring)
    turns = next((n for n in (-1, 0, 1) if own + 360 * n >= west), 2)
    moved = [(_turned(a, turns), _turned(b, turns)) for a, b in ring]
    sides = Sides(outer)
    if any(_cross(*edge, *outer[n]) for edge in moved for n in sides.near(edge)):
        return False
    return all(sides.hold(a) for a, _ in moved)


class Sides:
    """The sides of a ring as columns of numbers."""

    def __init__(self, edges: list[Edge]) -> None:
        import numpy as np

        self.edges = edges
        self.doubt = TURNING if any(p[2] for edge in edges for p in edge) else 0.0
        self.ax, self.bx = (np.array([_longitude(e[n]) for e in edges]) for n in (0, 1))
        self.ay, self.by = (np.array([e[n][1] for e in edges]) for n in (0, 1))
        self.west, self.east = np.minimum(self.ax, self.bx), np.maximum(self.ax, self.bx)
        self.south, self.north = np.minimum(self.ay, self.by), np.maximum(self.ay, self.by)

    def near(self, edge: Edge, start: int = 0) -> Iterator[int]:
        """The sides from `start` on that are not surely apart from another."""
        import numpy as np

        (a, b) = edge
        ax, bx = _longitude(a), _longitude(b)
        doubt = TURNING if a[2] or b[2] else self.doubt
        boxes = (self.west[start:] <= max(ax, bx) + doubt) & (self.south[start:] <= max(a[1], b[1]))
        boxes &= (self.east[start:] >= min(ax, bx) - doubt) & (
            self.north[start:] >= min(a[1], b[1])
        )
        some = np.flatnonzero(boxes) + start
        across = _sign(ax, a[1], bx, b[1], self.ax[some], self.ay[some], doubt)
        across *= _sign(ax, a[1], bx, b[1], self.bx[some], self.by[some], doubt)
        some = some[across <= 0]
        ends = (self.ax[some], self.ay[some], self.bx[some], self.by[some])
        across = _sign(*ends, ax, a[1], doubt) * _sign(*ends, bx, b[1], doubt)
        yield from some[across <= 0].tolist()

    def hold(self, p: Point) -> bool:
        """Whether a point is inside or on a side, by the turns the ring makes around it."""
        import numpy as np

        x, y = _longitude(p), p[1]
        doubt = TURNING if p[2] else self.doubt
        signs = _sign(self.ax, self.ay, self.bx, self.by, x, y, doubt)
        winding = 0
        for n in np.flatnonzero((self.south <= y) & (y <= self.north)).tolist():
            a, b = self.edges[n]
            side = int(signs[n]) or geofence_side(a, b, p)
            if side == 0 and _in_box(a, b, p):
                return True
            winding += (a[1] <= y < b[1] and side > 0) - (b[1] <= y < a[1] and side < 0)
        return winding != 0


def _sign(ax: Any, ay: Any, bx: Any, by: Any, px: Any, py: Any, doubt: float) -> Any:
    """1 where a point is left of a side, -1 right of it, 0 where rounding may hide which."""
    import numpy as np

    left, right = (bx - ax) * (py - ay), (by - ay) * (px - ax)
    doubtful = np.abs(left - right) <= ROUNDING * (np.abs(left) + np.abs(right)) + doubt + 1e-300
    return np.where(doubtful, 0, np.sign(left - right))


def _turned(p: Point, turns: int) -> Point:
    return (p[0], p[1], p[2] + turns)


def _longitude(p: Point) -> float:
    return p[0] + 360 * p[2]


def _meet(edges: list[Edge], first: int, second: int) -> bool:
    (a, b), (c, d) = edges[first], edges[second]
    if second == first + 1:
        return _goes_back(a, b, d)
    if first == 0 and second == len(edges) - 1:
        return _goes_back(c, d, b)
    if _cross(a, b, c, d):
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(geofence_side(*points) == 0 and _in_box(*points) for points in ends)


def _goes_back(a: Point, b: Point, c: Point) -> bool:
    """Whether a side from b to c lies on the one from a to b, or either has no length."""
    if geofence_side(a, b, c) != 0:
        return False
    ax, bx, cx = (geofence_longitude(p) for p in (a, b, c))
    ay, by, cy = (Fraction(p[1]) for p in (a, b, c))
    return (bx - ax) * (cx - bx) + (by - ay) * (cy - by) <= 0


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two sides cross, each from one side of the other to the other side."""
    return (
        geofence_side(a, b, c) * geofence_side(a, b, d) < 0
        and geofence_side(c, d, a) * geofence_side(c, d, b) < 0
    )


def _in_box(a: Point, b: Point, p: Point) -> bool:
    """Whether a point on the line through a and b is between them."""
    ax, bx, px = (geofence_longitude(each) for each in (a, b, p))
    between = min(ax, bx) <= px <= max(ax, bx)
    return between and min(a[1], b[1]) <= p[1] <= max(a[1], b[1])
