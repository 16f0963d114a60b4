"""Stories of two inputs: a pair, too far apart, in the wrong order, alone, and a third event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import Scenario, Wanted, is_true, just_before, replaced
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import TemporalCorrelationConfig

BOTH = (0, 1)
SIDES = ("left", "right")


def correlation_scenarios(config: TemporalCorrelationConfig) -> Iterator[Scenario]:
    """What becomes of the first two events."""
    within = duration_us(config.within)
    near = max(within // 10, 1)
    ports = (1, 0) if config.order == "right-first" else (0, 1)
    first = _event(ports[0], 0)

    def pair(at_us: int) -> tuple[Wanted, Wanted]:
        return (first, _event(ports[1], at_us))

    yield Scenario("a pair", "", True, pair(near), BOTH)
    yield Scenario("just near enough", "within", True, pair(just_before(within)), BOTH)
    yield Scenario("too far apart by nothing", "within", False, pair(within), BOTH)
    if not config.order_by:
        yield Scenario("at the same time", "order", True, pair(0), BOTH)
    if config.order != "any":
        turned = (_event(ports[1], 0), _event(ports[0], near))
        yield Scenario("in the wrong order", "order", False, turned, BOTH)
    for place, port in enumerate(ports):
        if not is_true(getattr(config, SIDES[port])):
            fails = Wanted(pair(near)[place].at_us, (), (SIDES[port],), port=port)
            events = replaced(pair(near), place, fails)
            yield Scenario(
                f"the {SIDES[port]} one does not count", SIDES[port], False, events, BOTH
            )
    if config.on is not None:
        yield Scenario("the condition on both fails", "on", False, pair(near), BOTH)
    yield from _alone(config)
    yield from _third(config, ports, near)


def _event(port: int, at_us: int) -> Wanted:
    return Wanted(at_us, (SIDES[port],), port=port)


def _alone(config: TemporalCorrelationConfig) -> Iterator[Scenario]:
    left = (_event(0, 0),)
    yield Scenario("a left event alone", "unpaired_left", config.unpaired_left, left, (0,))
    yield Scenario("a right event alone", "", False, (_event(1, 0),), (0,))


def _third(
    config: TemporalCorrelationConfig, ports: tuple[int, int], near: int
) -> Iterator[Scenario]:
    """A second right event, further away from the left one."""
    right = [_event(1, at) for at in ((0, near) if ports[0] else (near, 2 * near))]
    left = _event(0, 2 * near if ports[0] else 0)
    events = (*right, left) if ports[0] else (left, *right)
    earliest, nearest = ((0, 2), (1, 2)) if ports[0] else ((0, 1), (0, 1))
    chosen = earliest if config.pairing == "first" else nearest
    other = {(0, 2): (1, 2), (1, 2): (0, 2), (0, 1): (0, 2)}[chosen]
    yield Scenario("one of two right events", "pairing", True, events, chosen)
    again = config.pairing == "each"
    yield Scenario("the other of the two", "pairing", again, events, other)
