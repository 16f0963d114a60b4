"""Stories of fixes in and around each zone, at its edge, and of stays up to a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import Scenario, Wanted, just_before
from ...graph.duration import duration_us
from .distance import Ray, edge_clause
from .zones import built_zone

if TYPE_CHECKING:
    from .config import GeofenceConfig

MINUTE = 60_000_000
MOST = 50
MOST_ZONES = 20
FAR_M = 200_000.0
"""Outside of every margin."""


class Stories:
    """Tells of one zone. Fixes come in blocks of as many as confirm something."""

    def __init__(self, config: GeofenceConfig, place: int) -> None:
        self.config = config
        self.zone = built_zone(config.zones[place])
        self.edge = edge_clause(self.zone, place)
        self.ray = Ray(self.zone)
        self.near = min(1.0, self.ray.depth / 2)
        within = [duration_us(config.forget_after)]
        within += [duration_us(config.dwell)] if config.dwell else []
        self.step = max(min(MINUTE, min(within) // (8 * config.confirm)), 1)

    def fixes(self, *blocks: tuple[float, int], end_us: int | None = None) -> tuple[Wanted, ...]:
        """Blocks of (metres outside, number of fixes); end_us: when the last one comes."""
        events: list[Wanted] = []
        for outside_m, count in blocks:
            latitude, longitude = self.ray.position(outside_m)
            values = ((self.config.latitude, latitude), (self.config.longitude, longitude))
            for _ in range(count):
                events.append(Wanted(len(events) * self.step, ("inside",), (), values))
        if end_us is not None:
            # The block moves as a whole, so that its fixes stay in a row.
            moved = blocks[-1][1]
            for n in range(len(events) - moved, len(events)):
                events[n] = events[n]._replace(at_us=end_us - (len(events) - 1 - n))
        return tuple(events)

    def story(
        self, name: str, clause: str, matches: bool, events: tuple[Wanted, ...], what: str
    ) -> Scenario:
        """Whether the zone tells `what`."""
        told = (("transition", what), ("zone", self.zone.name))
        return Scenario(name, clause, matches, events, (), told)


def geofence_scenarios(config: GeofenceConfig) -> Iterator[Scenario]:
    """For each thing that is told: that it happens, and what keeps it away.

    Of zones after the first only what depends on them: that it happens, and where their edge is.
    """
    if config.confirm > MOST:
        return
    for place in range(min(len(config.zones), MOST_ZONES)):
        stories = Stories(config, place)
        for what, told in (("enter", _enters), ("exit", _exits), ("dwell", _dwells)):
            if what in config.emit:
                for scenario in told(stories):
                    if place == 0:
                        yield scenario
                    elif scenario.clause in ("", stories.edge):
                        name = f"{scenario.name} ({stories.zone.name})"
                        yield scenario._replace(name=name)


def _enters(on: Stories) -> Iterator[Scenario]:
    n, far, inside = on.config.confirm, FAR_M, -on.ray.depth
    yield on.story("enters", "", True, on.fixes((far, 1), (inside, n)), "enter")
    yield on.story("stays outside", on.edge, False, on.fixes((far, n + 1)), "enter")
    for name, matches, at in (
        ("comes just inside the edge", True, -on.near),
        ("comes close, but stays outside", False, on.near),
    ):
        yield on.story(name, on.edge, matches, on.fixes((far, 1), (at, n)), "enter")
    if n > 1:
        short = on.fixes((far, 1), (inside, n - 1), (far, 1))
        yield on.story("one fix too few inside", "confirm", False, short, "enter")
    first = on.fixes((inside, n))
    yield on.story("inside from the first fix", "initial", on.config.initial, first, "enter")
    if on.config.accuracy is not None:
        poor = [e._replace(holds=(), fails=e.holds) for e in on.fixes((inside, n))]
        yield on.story("fixes too inaccurate", "max_accuracy_m", False, tuple(poor), "enter")


def _exits(on: Stories) -> Iterator[Scenario]:
    n, far, inside = on.config.confirm, FAR_M, -on.ray.depth
    yield on.story("leaves", "", True, on.fixes((inside, n), (far, n)), "exit")
    yield on.story("stays inside", on.edge, False, on.fixes((inside, n + 1)), "exit")
    margin, near = on.config.exit_margin_m, on.near
    if margin > 0:
        near = min(near, margin / 2)
    clause = "exit_margin_m" if margin > 0 else on.edge
    for name, matches, at in (
        ("comes just far enough outside to leave", True, margin + near),
        ("comes close to leaving", False, margin - near),
    ):
        yield on.story(name, clause, matches, on.fixes((inside, n), (at, n)), "exit")
    if n > 1:
        short = on.fixes((inside, n), (far, n - 1), (inside, 1))
        yield on.story("one fix too few outside", "confirm", False, short, "exit")
    forget = duration_us(on.config.forget_after) + (n - 1) * on.step
    silent = on.fixes((inside, n), (far, n), end_us=forget + n - 1)
    yield on.story("silent until it is forgotten", "forget_after", False, silent, "exit")


def _dwells(on: Stories) -> Iterator[Scenario]:
    assert on.config.dwell is not None
    n, far, inside = on.config.confirm, FAR_M, -on.ray.depth
    dwell = duration_us(on.config.dwell)
    yield on.story("stays inside for long enough", "", True, on.fixes((inside, n)), "dwell")
    for name, matches, end in (
        ("leaves just before it has dwelt", False, just_before(dwell)),
        ("leaves when it has dwelt", True, dwell),
    ):
        events = on.fixes((inside, n), (far, n), end_us=end)
        yield on.story(name, "dwell", matches, events, "dwell")
