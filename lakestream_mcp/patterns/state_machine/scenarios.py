"""Stories of a machine: each emitted transition by the shortest way, and what keeps it away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import Scenario, Wanted, just_before, replaced
from ...graph.duration import duration_us
from .checks import reachable, timeout_of
from .reach import Move, is_emitted, moves_from, shortest_path, transition_name

if TYPE_CHECKING:
    from .config import StateMachineConfig

MINUTE = 60_000_000
MOST = 20


class Way:
    """The events of a path, and when each of its states was entered."""

    def __init__(self, config: StateMachineConfig, path: list[Move]) -> None:
        self.config = config
        self.last = path[-1]
        self.events: list[Wanted] = []
        self.entered: int | None = None  # the state that the last transition leaves
        self.forgotten = False  # whether the key is silent for too long on its way
        now = 0
        for number, move in enumerate(path):
            if number:
                self.entered = now
                now = self._after(move)
            if self.events and config.forget_after:
                silence = now - self.events[-1].at_us
                self.forgotten |= silence > duration_us(config.forget_after)
            if move.transition.when is not None:
                self.events.append(Wanted(now, (transition_name(config, move.place),)))

    def _after(self, move: Move) -> int:
        """When a transition happens, well before any time that would come first."""
        assert self.entered is not None
        if move.transition.after is not None:
            return self.entered + duration_us(move.transition.after)
        timeout = timeout_of(self.config, move.origin)
        limits = [timeout.after if timeout else None, self.config.forget_after]
        return self.entered + min([MINUTE, *(duration_us(t) // 4 for t in limits if t)])

    def story(self, name: str, clause: str, matches: bool, events: tuple[Wanted, ...]) -> Scenario:
        """Whether the events end with the last transition."""
        cause = "event" if self.last.transition.after is None else "timeout"
        told = (
            ("from_state", self.last.origin),
            ("to_state", self.last.transition.to),
            ("cause", cause),
        )
        return Scenario(name, clause, matches, events, tuple(range(len(self.events))), told)


def machine_scenarios(config: StateMachineConfig) -> Iterator[Scenario]:
    """For each transition that is a match; more than 20 are no examples."""
    states = [state for state in config.states if state in reachable(config)]
    moves = [m for state in states for m in moves_from(config, state) if is_emitted(config, m)]
    for move in moves[:MOST]:
        way = Way(config, shortest_path(config, move))
        if way.forgotten:
            continue
        name = f"{move.origin} > {move.transition.to}"
        yield way.story(f"{name}: what leads there", "", True, tuple(way.events))
        if move.transition.after is None:
            yield from _by_event(way, name)
        else:
            yield from _by_time(way, name)
    if config.on_unmatched == "ignore":
        first = [m for m in moves_from(config, config.start) if m.transition.when]
        fails = tuple(transition_name(config, m.place) for m in first)
        clause = first[0].clause if first else "transitions"
        yield Scenario("an event that moves nothing", clause, False, (Wanted(0, fails=fails),))


def _by_event(way: Way, name: str) -> Iterator[Scenario]:
    """Its condition fails; it comes as a time ends its state, or just before."""
    events, clause = tuple(way.events), way.last.clause
    event = events[-1]
    if way.last.transition.when != "TRUE":
        failed = event._replace(holds=(), fails=event.holds)
        mixed = replaced(events, len(events) - 1, failed)
        yield way.story(f"{name}: the condition fails", clause, False, mixed)
    for limit, field, stays in _limits(way):
        early = replaced(events, len(events) - 1, event._replace(at_us=just_before(limit)))
        yield way.story(f"{name}: just before its time is over", field, True, early)
        if not stays:
            late = replaced(events, len(events) - 1, event._replace(at_us=limit))
            yield way.story(f"{name}: when its time is over", field, False, late)


def _limits(way: Way) -> Iterator[tuple[int, str, bool]]:
    """When the state that is left is over by itself, by which field, and if it begins anew."""
    if way.entered is None:
        return
    found = [
        (way.entered + duration_us(move.transition.after), move.clause, move.transition.to)
        for move in moves_from(way.config, way.last.origin)
        if move.transition.after is not None
    ]
    if way.config.forget_after is not None:
        forgotten = way.events[-2].at_us + duration_us(way.config.forget_after)
        found.append((forgotten, "forget_after", way.config.start))
    for limit, field, to in sorted(found)[:1]:
        yield limit, field, to == way.last.origin


def _by_time(way: Way, name: str) -> Iterator[Scenario]:
    """An event takes the key elsewhere just before the time, or comes when it is over."""
    after = way.last.transition.after
    other = [
        m
        for m in moves_from(way.config, way.last.origin)
        if m.transition.when is not None and m.transition.to != way.last.origin
    ]
    if not other or after is None or way.entered is None:
        return
    limit = way.entered + duration_us(after)
    holds = (transition_name(way.config, other[0].place),)
    for told, matches, at_us in (
        (f"{other[0].transition.to} comes just before", False, just_before(limit)),
        (f"{other[0].transition.to} comes when the time is over", True, limit),
    ):
        events = (*way.events, Wanted(at_us, holds))
        yield way.story(f"{name}: {told}", way.last.clause, matches, events)
