"""Why a key was not lost, or did not recover: how long its silences were."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ...cep.near_miss import KeyView, Miss, Seen, closeness, false_parts, moment, span
from ...cep.report import jsonable
from ...graph.duration import duration_us
from .expected import microseconds

if TYPE_CHECKING:
    from .node import HeartbeatConfig


class Silence(NamedTuple):
    """From when a silence counts, and the heartbeats around it, as far as there are any."""

    since: int
    last: Seen | None
    following: Seen | None

    def told(self) -> str:
        """`The silence after event 3 at …`."""
        if self.last is None or self.since > self.last.ts:
            return f"The silence since {moment(self.since)} (`expected_from`)"
        return f"The silence after event {self.last.number} at {moment(self.last.ts)}"

    @property
    def events(self) -> tuple[tuple[str, int], ...]:
        """The heartbeat before it as a `Miss` holds it."""
        return () if self.last is None else (("last", self.last.number),)


def heartbeat_misses(config: HeartbeatConfig, view: KeyView) -> Iterator[Miss]:
    """Silences that were too short, not told, or too long; events that are no heartbeats."""
    beats = [s for s in view.events if s.mask & 1]
    others = [s for s in view.events if not s.mask & 1]
    silences = list(_silences(config, view, beats))
    in_time = {p.by.number for p in view.partials if p.by and p.reason == "forbidden event"}
    for silence in silences:
        following = silence.following
        if following is None:
            yield from _last(config, silence, view)
        elif following.number in in_time:
            yield _ended_in_time(config, silence, following)
        else:
            yield from _ended_late(config, silence, following)
    lost_at = silences[-1].since + duration_us(config.timeout) if silences else None
    for seen in others:
        back = lost_at is not None and lost_at <= seen.ts and "recovered" in config.emit
        yield _no_heartbeat(config, view, seen, 0.3 if back else 0.0)


def _no_heartbeat(config: HeartbeatConfig, view: KeyView, seen: Seen, progress: float) -> Miss:
    parts = view.parts(config.where, seen, ())
    false = next((part for part in parts if not part.holds), None)
    return Miss(
        progress + 0.1 * closeness(parts),
        "where",
        f"Event {seen.number} at {moment(seen.ts)} is no heartbeat: {false_parts(parts)}.",
        seen.ts,
        seen.number,
        got=false.left if false else None,
        expected=false.sql if false else None,
        distance=false.distance() if false else None,
    )


def _silences(config: HeartbeatConfig, view: KeyView, beats: list[Seen]) -> Iterator[Silence]:
    """The time before each heartbeat, and after the last."""
    expected = _expected_from(config, view)
    if expected is not None and beats and beats[0].ts > expected:
        yield Silence(expected, None, beats[0])
    for last, following in pairwise([*beats, None]):
        if last is not None:
            yield Silence(max(last.ts, expected or last.ts), last, following)


def _expected_from(config: HeartbeatConfig, view: KeyView) -> int | None:
    """Since when this key is expected; None where it is not."""
    if not (config.expected_keys and config.expected_from and view.events):
        return None
    own = [str(jsonable(view.events[0].row[name])) for name in config.key]
    listed = [key if isinstance(key, list) else [key] for key in config.expected_keys]
    if own not in [[str(part) for part in key] for key in listed]:
        return None
    return microseconds(config.expected_from)


def _ended_in_time(config: HeartbeatConfig, silence: Silence, following: Seen) -> Miss:
    timeout, length = duration_us(config.timeout), following.ts - silence.since
    missing = span(timeout - length)
    return Miss(
        0.98 * max(length, 0) / timeout,
        "timeout",
        f"{silence.told()} lasted {span(max(length, 0))}, until event {following.number} at "
        f"{moment(following.ts)}: {missing} less than the {config.timeout} after which the key is "
        "lost.",
        following.ts,
        following.number,
        silence.events,
        got=span(max(length, 0)),
        expected=f"at least {config.timeout}",
        distance=missing,
    )


def _ended_late(config: HeartbeatConfig, silence: Silence, following: Seen) -> Iterator[Miss]:
    """The key was lost before the next heartbeat came: what of it is not told."""
    length, forget = following.ts - silence.since, duration_us(config.forget_after)
    lost_at = moment(silence.since + duration_us(config.timeout))
    said = f"{silence.told()} lasted {span(length)}"
    if length >= forget:
        missed = span(length - forget)
        when = "exactly when" if length == forget else f"{missed} after"
        yield Miss(
            0.6,
            "forget_after",
            f"{said}, until event {following.number} at {moment(following.ts)}, {when} the key was "
            f"forgotten (`forget_after` {config.forget_after}): the event starts anew and is no "
            "recovery.",
            following.ts,
            following.number,
            silence.events,
            got=span(length),
            expected=f"less than {config.forget_after}",
            distance=missed,
        )
    elif "recovered" not in config.emit:
        told = f"{said}; event {following.number} at {moment(following.ts)} recovered the key"
        yield _not_emitted(config, silence, told, "recovered", following)
    if "lost" not in config.emit:
        told = f"{said}: the key was lost at {lost_at}"
        yield _not_emitted(config, silence, told, "lost", following)


def _not_emitted(
    config: HeartbeatConfig, silence: Silence, told: str, status: str, by: Seen | None
) -> Miss:
    return Miss(
        0.5,
        "emit",
        f"{told}, but `emit` does not ask for `{status}`.",
        silence.since + duration_us(config.timeout),
        by.number if by else None,
        silence.events,
        got=list(config.emit),
        expected=status,
    )


def _last(config: HeartbeatConfig, silence: Silence, view: KeyView) -> Iterator[Miss]:
    """The time after the last heartbeat."""
    due = silence.since + duration_us(config.timeout)
    waits = [p for p in view.partials if p.reason is None and p.at == due]
    over = any(p.reason == "expired" and p.named == silence.events for p in view.partials)
    if waits and not over and not (silence.last and silence.last.number in view.matched):
        yield Miss(
            0.97,
            "timeout",
            f"{silence.told()} is decided at {moment(due)}, which the watermark had not reached "
            f"({moment(view.closed_at)}).",
            due,
            None,
            silence.events,
            distance=span(max(due - view.closed_at, 0)),
        )
    elif "lost" not in config.emit:
        told = f"{silence.told()} did not end: the key was lost at {moment(due)}"
        yield _not_emitted(config, silence, told, "lost", None)
