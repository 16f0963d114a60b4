"""How far a state is from what is emitted, and how large and old a path can become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...graph.duration import duration_us
from .checks import reachable, resting, silent_path, timeout_of
from .config import StateMachineConfig, Transition


class Move(NamedTuple):
    """A transition out of one state, with its place in the configuration."""

    place: int
    origin: str
    transition: Transition

    @property
    def clause(self) -> str:
        """The field that says when it happens."""
        return f"transitions.{self.place}.{'when' if self.transition.after is None else 'after'}"


def moves_from(config: StateMachineConfig, state: str) -> list[Move]:
    """The transitions that leave a state, in declared order."""
    if state in config.terminal:
        return []
    return [
        Move(place, state, transition)
        for place, transition in enumerate(config.transitions)
        if state in transition.origins
    ]


def transition_name(config: StateMachineConfig, place: int) -> str:
    """`new or held > paid`; with its place where another one is called the same."""
    names = [f"{' or '.join(each.origins)} > {each.to}" for each in config.transitions]
    name = names[place]
    return name if names.count(name) == 1 else f"{name} ({place})"


def is_emitted(config: StateMachineConfig, move: Move) -> bool:
    """Whether taking a transition is a match."""
    target = move.transition.to
    if config.emit_on == "transition":
        return target != move.origin
    if config.emit_on == "terminal":
        return target in config.terminal
    return config.emit_on == "all" or target in config.emit_on


def steps_to_emitted(config: StateMachineConfig) -> dict[str, int]:
    """For each reachable state the least number of transitions up to one that is emitted."""
    states = reachable(config)
    moves = [move for state in states for move in moves_from(config, state)]
    found = {move.origin: 1 for move in moves if is_emitted(config, move)}
    for steps in range(2, len(states) + 1):
        for move in moves:
            if found.get(move.transition.to) == steps - 1:
                found.setdefault(move.origin, steps)
    return found


def shortest_path(config: StateMachineConfig, last: Move) -> list[Move]:
    """The fewest transitions from the initial state that end with this one."""
    before: dict[str, list[Move]] = {config.start: []}
    todo = [config.start]
    for state in todo:
        for move in moves_from(config, state):
            if move.transition.to not in before:
                before[move.transition.to] = [*before[state], move]
                todo.append(move.transition.to)
    return [*before[last.origin], last]


def longest_path(config: StateMachineConfig) -> int | None:
    """The most transitions from rest to rest; None where a key can go round."""
    known: dict[str, int] = {}

    def longest(state: str, path: Sequence[str]) -> int | None:
        if state in path:
            return None
        if state not in known:
            most = 0
            for move in moves_from(config, state):
                target = move.transition.to
                rest = 0 if target in resting(config) else longest(target, (*path, state))
                if rest is None:
                    return None
                most = max(most, 1 + rest)
            known[state] = most
        return known[state]

    return longest(config.start, ())


def longest_silence(config: StateMachineConfig) -> int | None:
    """The longest time that a key without events takes to rest, in microseconds; None: for ever."""
    longest = 0
    for state in reachable(config) - resting(config):
        path = silent_path(config, state)
        if path[-1] not in resting(config):
            return None
        timeouts = (timeout_of(config, name) for name in path[:-1])
        longest = max(longest, sum(duration_us(t.after) for t in timeouts if t and t.after))
    return longest
