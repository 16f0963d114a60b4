"""Stories of sessions: large enough or not, and events at each border between two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import Scenario, Wanted, just_before, replaced, spread
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import SessionConfig

MOST = 50


def session_scenarios(config: SessionConfig) -> Iterator[Scenario]:
    """The smallest session, what makes it too small, and what would no longer belong to it."""
    if config.min_events > MOST:
        return
    gap = duration_us(config.gap)
    longest = duration_us(config.max_duration) if config.max_duration else None
    times = spread(config.min_events, gap if longest is None else min(gap, longest))
    events = tuple(_plain(config, at) for at in times)
    everything = tuple(range(len(events)))
    yield Scenario("the smallest session", "", True, events, everything)
    if len(events) > 1:
        yield Scenario("one event too few", "min_events", False, events[:-1])
    if config.where is not None:
        other = Wanted(times[-1], fails=("event",))
        mixed = replaced(events, len(events) - 1, other)
        yield Scenario("one that does not count", "where", False, mixed)
    if longest is None or times[-1] + gap < longest:
        yield from _last_at(config, events, times[-1] + gap, "gap", "the silence is long enough")
    if longest is not None:
        yield from _at_the_longest(config, gap, longest)
    if config.end is not None:
        yield from _ended(config, events)


def _plain(config: SessionConfig, at_us: int) -> Wanted:
    """An event that counts and does not end the session."""
    return Wanted(at_us, ("event",), () if config.end is None else ("end",))


def _last_at(
    config: SessionConfig, events: tuple[Wanted, ...], limit: int, clause: str, when: str
) -> Iterator[Scenario]:
    """Another event just before a limit, which belongs to the session, and one at the limit."""
    both = (0, len(events))
    near = (*events, _plain(config, just_before(limit)))
    if just_before(limit) > events[-1].at_us and len(near) >= config.min_events:
        yield Scenario(f"another just before {when}", clause, True, near, both)
    at = (*events, _plain(config, limit))
    yield Scenario(f"another when {when}", clause, False, at, both)


def _at_the_longest(config: SessionConfig, gap: int, longest: int) -> Iterator[Scenario]:
    """Events without a silence up to the longest time."""
    step = max(gap - max(gap // 10, 1), 1)
    times = range(0, max(just_before(longest), 1), step)
    if len(times) > MOST:
        return
    events = tuple(_plain(config, at) for at in times)
    if len(events) < config.min_events:
        earlier = spread(config.min_events - len(events) + 1, step)
        events = (*(_plain(config, at) for at in earlier), *events[1:])
    yield from _last_at(config, events, longest, "max_duration", "the longest time is over")


def _ended(config: SessionConfig, events: tuple[Wanted, ...]) -> Iterator[Scenario]:
    """The last event ends the session at once, so that another soon after it begins a new one."""
    last = events[-1]
    ending = (*events[:-1], Wanted(last.at_us, ("end",)))
    closed = (("closed_by", "end"),)
    yield Scenario("an event that ends it", "end", True, ending, (len(events) - 1,), closed)
    step = max(duration_us(config.gap) // 100, 1)
    more = (*ending, _plain(config, last.at_us + step))
    both = (len(events) - 1, len(events))
    yield Scenario("another soon after it has ended", "end", False, more, both)
