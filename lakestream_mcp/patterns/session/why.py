"""Why events are not a session of their own, or not one session together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ...cep.near_miss import KeyView, Miss, Seen, closeness, false_parts, moment, span
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import SessionConfig

ENDS = 2
"""The bit of an event that ends its session."""


class Run(NamedTuple):
    """The events of one session."""

    events: tuple[Seen, ...]
    ends_at: int  # microseconds, if nothing more comes

    @property
    def bound(self) -> tuple[tuple[str, int], ...]:
        """Its events as a `Miss` holds them."""
        return tuple(("event", seen.number) for seen in self.events)


def session_misses(config: SessionConfig, view: KeyView) -> Iterator[Miss]:
    """Sessions that were not emitted, the borders between sessions, and what did not count."""
    runs = _sessions(config, view)
    for run, following in zip(runs, [*runs[1:], None]):
        if run.events[-1].number not in view.matched:
            yield from _unmatched(config, run, view)
        if following is not None:
            yield _parted(config, run, following.events[0])
        yield from _joined(config, run)
    yield from _uncounted(config, view)


def _sessions(config: SessionConfig, view: KeyView) -> list[Run]:
    """All sessions of the key; the matcher says where each begins."""
    found: list[list[Seen]] = []
    for seen, after, state in view.states():
        if seen is not None and seen.mask and not after:
            if state is None:
                found.append([])
            found[-1].append(seen)
    return [Run(tuple(events), _end(config, events)) for events in found]


def _end(config: SessionConfig, events: list[Seen]) -> int:
    """When a session ends by time."""
    ends = [events[-1].ts + duration_us(config.gap)]
    if config.max_duration:
        ends.append(events[0].ts + duration_us(config.max_duration))
    return min(ends)


def _unmatched(config: SessionConfig, run: Run, view: KeyView) -> Iterator[Miss]:
    """A session that was not emitted: it has too few events, or has not ended."""
    first, last, count = run.events[0], run.events[-1], len(run.events)
    said = f"The session of {_counted(count)}, {_named(run)},"
    if not last.mask & ENDS and run.ends_at > view.decided_to:
        yield Miss(
            0.99,
            "gap" if run.ends_at == last.ts + duration_us(config.gap) else "max_duration",
            f"{said} is open until {moment(run.ends_at)}, which the watermark has not reached.",
            run.ends_at,
            None,
            run.bound,
            got=moment(view.decided_to),
            expected=f"a watermark of {moment(run.ends_at)}",
            distance=span(run.ends_at - view.decided_to),
        )
    elif count < config.min_events:
        short = config.min_events - count
        yield Miss(
            0.5 + 0.48 * count / config.min_events,
            "min_events",
            f"{said} is too small: `min_events` is {config.min_events}, so {_counted(short)} "
            f"{'is' if short == 1 else 'are'} missing.",
            first.ts,
            last.number,
            run.bound,
            got=count,
            expected=f">= {config.min_events}",
            distance=str(short),
        )


def _parted(config: SessionConfig, run: Run, seen: Seen) -> Miss:
    """Why an event is not in the session before it."""
    first, last, gap = run.events[0], run.events[-1], duration_us(config.gap)
    silence = seen.ts - last.ts
    said = f"Event {seen.number} at {moment(seen.ts)} began another session:"
    if last.mask & ENDS:
        clause, expected, over = "end", f"an event before event {last.number}", silence
        why = f"event {last.number} at {moment(last.ts)} had closed the one before (`{config.end}`)"
    elif silence >= gap:
        clause, expected, over = "gap", f"before {moment(last.ts + gap)}", silence - gap
        why = f"it came {span(silence)} after event {last.number}, {_over(over)} {config.gap}"
    else:
        limit = run.ends_at
        clause, expected, over = "max_duration", f"before {moment(limit)}", seen.ts - limit
        why = (
            f"it came {span(seen.ts - first.ts)} after event {first.number}, the first of the one "
            f"before, {_over(over)} {config.max_duration}"
        )
    return Miss(
        0.75 * _nearness(over, gap),
        clause,
        f"{said} {why}.",
        seen.ts,
        seen.number,
        (("event", last.number),) if clause != "max_duration" else (("event", first.number),),
        got=moment(seen.ts),
        expected=expected,
        distance=span(over),
    )


def _joined(config: SessionConfig, run: Run) -> Iterator[Miss]:
    """Why an event did not begin a session: it came too soon after the one before it."""
    gap = duration_us(config.gap)
    for before, seen in pairwise(run.events):
        silence = seen.ts - before.ts
        short = span(gap - silence)
        yield Miss(
            0.45 * silence / gap,
            "gap",
            f"Event {seen.number} at {moment(seen.ts)} went on with the session: it came "
            f"{span(silence)} after event {before.number}, {short} less than {config.gap}.",
            seen.ts,
            seen.number,
            (("event", before.number),),
            got=span(silence),
            expected=f"at least {config.gap}",
            distance=short,
        )


def _uncounted(config: SessionConfig, view: KeyView) -> Iterator[Miss]:
    """Events that do not count."""
    for seen in view.events:
        if seen.mask or config.where is None:
            continue
        parts = view.parts(config.where, seen, ())
        false = next((part for part in parts if not part.holds), None)
        yield Miss(
            0.4 * closeness(parts),
            "where",
            f"Event {seen.number} at {moment(seen.ts)} does not count: {false_parts(parts)}.",
            seen.ts,
            seen.number,
            got=false.left if false else None,
            expected=false.sql if false else None,
            distance=false.distance() if false else None,
        )


def _nearness(over: int, allowed: int) -> float:
    """1 at the limit, towards 0 the farther beyond."""
    return allowed / (allowed + over)


def _over(over: int) -> str:
    return f"{span(over)} more than" if over else "and a new one begins at exactly"


def _counted(count: int) -> str:
    return f"{count} event" if count == 1 else f"{count} events"


def _named(run: Run) -> str:
    first, last = run.events[0], run.events[-1]
    if first is last:
        return f"event {first.number} at {moment(first.ts)}"
    return f"event {first.number} at {moment(first.ts)} to event {last.number} at {moment(last.ts)}"
