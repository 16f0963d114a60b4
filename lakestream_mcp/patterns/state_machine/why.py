"""Why a key was not moved on: the state it was in, and what came nearest to moving it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cep.near_miss import (
    Bound,
    KeyView,
    Miss,
    Part,
    Partial,
    Seen,
    closeness,
    false_parts,
    moment,
    span,
    told_bound,
)
from ...graph.duration import duration_us
from .checks import timeout_of
from .reach import Move, is_emitted, moves_from, steps_to_emitted

if TYPE_CHECKING:
    from .config import StateMachineConfig

MAX_EVENTS = 300
"""Conditions that read the path are evaluated event by event, so not for more than these."""


class Standing(NamedTuple):
    """The state a key is in, since when (None: initial), and the events that led there."""

    state: str
    since: int | None
    path: tuple[Bound, ...]

    @property
    def named(self) -> tuple[tuple[str, int], ...]:
        """The events as a `Miss` holds them."""
        return tuple((b.step, b.seen.number) for b in self.path)

    def told(self) -> str:
        """Where the key was, in words."""
        if self.since is None:
            return f"In `{self.state}`, where every key begins,"
        return f"In `{self.state}`, entered at {moment(self.since)},"


class Step(NamedTuple):
    """An event, and where it found the key and left it; before: where the one before it left it."""

    seen: Seen
    before: Standing
    found: Standing
    left: Standing

    @property
    def moved(self) -> bool:
        """Whether the event is seen to have moved the key."""
        entered = self.left.path and self.left.path[-1].seen.number == self.seen.number
        return bool(entered) or (self.found.since is not None and self.left.since is None)


def machine_misses(config: StateMachineConfig, view: KeyView) -> Iterator[Miss]:
    """Events that moved nothing or came too late, what is awaited, and runs that were forgotten."""
    reach = Reach(config)
    steps, last = _played(config, view)
    unmoved = sorted((s for s in steps if not s.moved), key=lambda s: -reach.of(s.found.state))
    for step in unmoved[:MAX_EVENTS]:
        yield from _unmoved(config, reach, step, view)
    timed_out = [s for s in steps if s.before.since is not None and s.before.state != s.found.state]
    for step in timed_out[:MAX_EVENTS]:
        yield from _too_late(config, reach, step, view)
    for step in [s for s in steps if s.moved and s.found.since is not None][:MAX_EVENTS]:
        yield from _left_early(config, reach, step, view)
    yield from _awaited(config, reach, last, view)
    for partial in view.partials:
        if partial.reason == "expired" and partial.bound:
            yield _forgotten(config, reach, partial)


class Reach:
    """How far a state is on the way to what is emitted: 0 at the farthest, 1 where it is."""

    def __init__(self, config: StateMachineConfig) -> None:
        self._steps = steps_to_emitted(config)
        self._most = max(self._steps.values(), default=1)

    def of(self, state: str, nearness: float = 0.0) -> float:
        """nearness: how nearly the next transition happened."""
        done = self._most - self._steps.get(state, self._most)
        return 0.98 * (done + nearness) / self._most


def _played(config: StateMachineConfig, view: KeyView) -> tuple[list[Step], Standing]:
    """What each event did, as the matcher did it, and where the key stood at last."""
    events = {seen.number: seen for seen in view.events}
    steps: list[Step] = []
    left = found = Standing(config.start, None, ())
    for seen, after, state in view.states():
        before, standing = left, _standing(config, state, events)
        if seen is not None and after:
            left = standing
            steps.append(Step(seen, before, found, left))
        else:
            found = standing
    return steps, found


def _standing(config: StateMachineConfig, state: Any, events: Mapping[int, Seen]) -> Standing:
    if not state:
        return Standing(config.start, None, ())
    _, at, entered, _, path, _ = state
    bound = tuple(Bound(config.states[n], events[row[-1]]) for n, _, row in path if row is not None)
    return Standing(config.states[at], entered, bound)


def _by_event(config: StateMachineConfig, state: str) -> list[Move]:
    return [move for move in moves_from(config, state) if move.transition.when is not None]


def _parts(view: KeyView, move: Move, seen: Seen, path: Sequence[Bound]) -> list[Part]:
    return view.parts(move.transition.when or "TRUE", seen, path)


def _unmoved(config: StateMachineConfig, reach: Reach, step: Step, view: KeyView) -> Iterator[Miss]:
    """For each transition that was open to an event: what of its condition was false."""
    seen, found = step.seen, step.found
    moves = _by_event(config, found.state)
    tried = [(move, _parts(view, move, seen, found.path)) for move in moves]
    if any(all(part.holds for part in parts) for _, parts in tried):
        return
    for move, parts in tried:
        false = next(part for part in parts if not part.holds)
        yield Miss(
            reach.of(found.state, 0.95 * closeness(parts)),
            move.clause,
            f"{found.told()} event {seen.number} at {moment(seen.ts)} did not move the key to "
            f"`{move.transition.to}`: {false_parts(parts)}.",
            seen.ts,
            seen.number,
            found.named,
            got=false.left,
            expected=false.sql,
            distance=false.distance(),
        )
    if not tried:
        yield Miss(
            reach.of(found.state),
            "transitions",
            f"{found.told()} event {seen.number} at {moment(seen.ts)} moved nothing: only time "
            "leaves this state.",
            seen.ts,
            seen.number,
            found.named,
        )


def _too_late(
    config: StateMachineConfig, reach: Reach, step: Step, view: KeyView
) -> Iterator[Miss]:
    """What an event would have done, had time not moved the key or made it forgotten before."""
    seen, before = step.seen, step.before
    timeout = next((m for m in moves_from(config, before.state) if m.transition.after), None)
    if before.since is None or timeout is None or timeout.transition.after is None:
        return
    allowed = duration_us(timeout.transition.after)
    late = seen.ts - before.since - allowed
    would = (
        move
        for move in _by_event(config, before.state)
        if late >= 0 and all(part.holds for part in _parts(view, move, seen, before.path))
    )
    for move in would:
        deadline = before.since + allowed
        came = f"came {span(late)} after" if late else "came no sooner than"
        yield Miss(
            reach.of(before.state, 0.98 * allowed / (allowed + late)),
            timeout.clause,
            f"Event {seen.number} at {moment(seen.ts)} would have moved the key from "
            f"`{before.state}` to `{move.transition.to}`, but {came} {moment(deadline)}, when "
            f"{timeout.transition.after} had passed and it moved to `{timeout.transition.to}`.",
            seen.ts,
            seen.number,
            before.named,
            got=moment(seen.ts),
            expected=f"before {moment(deadline)}",
            distance=span(late),
        )
        return


def _left_early(
    config: StateMachineConfig, reach: Reach, step: Step, view: KeyView
) -> Iterator[Miss]:
    """An event that took the key out of a state before the time that would have been a match."""
    seen, found = step.seen, step.found
    timeout = next((m for m in moves_from(config, found.state) if m.transition.after), None)
    if found.since is None or timeout is None or not is_emitted(config, timeout):
        return
    tried = ((m, _parts(view, m, seen, found.path)) for m in _by_event(config, found.state))
    taken = next((m for m, parts in tried if all(p.holds for p in parts)), None)
    if taken is None or is_emitted(config, taken):
        return
    allowed, stayed = duration_us(timeout.transition.after or ""), seen.ts - found.since
    yield Miss(
        reach.of(found.state, 0.98 * stayed / allowed),
        timeout.clause,
        f"{found.told()} event {seen.number} at {moment(seen.ts)} moved the key to "
        f"`{taken.transition.to}` {span(allowed - stayed)} before {timeout.transition.after} had "
        f"passed, when it would have moved to `{timeout.transition.to}`.",
        seen.ts,
        seen.number,
        found.named,
        got=moment(seen.ts),
        expected=f"no such event before {moment(found.since + allowed)}",
        distance=span(allowed - stayed),
    )


def _awaited(
    config: StateMachineConfig, reach: Reach, last: Standing, view: KeyView
) -> Iterator[Miss]:
    """Where the key stands at last, and what it waits for: a time, or an event."""
    if last.since is None:
        return
    timeout = timeout_of(config, last.state)
    due = last.since + duration_us(timeout.after) if timeout and timeout.after else None
    if timeout is not None and due is not None and due > view.decided_to:
        yield Miss(
            reach.of(last.state, 0.99),
            next(m.clause for m in moves_from(config, last.state) if m.transition is timeout),
            f"{last.told()} the key moves to `{timeout.to}` at {moment(due)} if nothing comes, "
            "which the watermark has not reached.",
            due,
            None,
            last.named,
            got=moment(view.decided_to),
            expected=f"a watermark of {moment(due)}",
            distance=span(due - view.decided_to),
        )
    for move in _by_event(config, last.state):
        if not last.path or last.path[-1].seen is not view.events[-1]:
            return
        yield Miss(
            reach.of(last.state, 0.01 * is_emitted(config, move)),
            move.clause,
            f"{last.told()} the key waits to move to `{move.transition.to}` "
            f"(`{move.transition.when}`); no other event of the key came.",
            last.since,
            None,
            last.named,
        )


def _forgotten(config: StateMachineConfig, reach: Reach, partial: Partial) -> Miss:
    """A run that ended because the key was silent."""
    at = partial.at or 0
    return Miss(
        reach.of(partial.bound[-1].step, 0.5),
        "forget_after",
        f"The key, moved by {told_bound(partial)}, was forgotten at {moment(at)}, when no event of "
        f"it had come for {config.forget_after}.",
        partial.at,
        None,
        partial.named,
    )
