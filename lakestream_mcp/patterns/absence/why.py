"""Why an absence was not reported: what answered the trigger, or that there was none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.near_miss import Bound, KeyView, Miss, Partial, condition_miss, moment, span
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import AbsenceConfig

REASONS = {
    "restarted": ("on_repeat", "a later trigger started the wait anew"),
    "limit": ("max_waiting", "more triggers waited than are kept"),
}


def absence_misses(config: AbsenceConfig, view: KeyView) -> Iterator[Miss]:
    """Triggers that were answered, given up, or ignored; else what came near to a trigger."""
    within = duration_us(config.within)
    waited = {b.seen.number for p in view.partials for b in p.bound} | view.matched
    for partial in view.partials:
        yield _ended(config, partial, within)
    yield from _too_late(config, view, within)
    ignored = [s for s in view.events if s.number not in waited and view.holds(config.trigger, s)]
    for seen in ignored:
        yield Miss(
            0.3,
            "on_repeat",
            f"Event {seen.number} at {moment(seen.ts)} is a trigger, but another one was waiting "
            f"(`on_repeat: {config.on_repeat}`).",
            seen.ts,
            seen.number,
        )
    if not waited and not ignored:
        miss = condition_miss(view, "trigger", "trigger", config.trigger, view.events, weight=0.2)
        if miss is not None:
            yield miss


def _too_late(config: AbsenceConfig, view: KeyView, within: int) -> Iterator[Miss]:
    """Events that would have answered a trigger, had they come before its deadline."""
    for trigger in [seen for seen in view.events if seen.number in view.matched]:
        deadline, bound = trigger.ts + within, (Bound("trigger", trigger),)
        near = (s for s in view.events if deadline <= s.ts < deadline + within)
        late = next((s for s in near if view.holds(config.expected, s, bound)), None)
        if late is None:
            continue
        over = late.ts - deadline
        came = f"{span(over)} after" if over else "exactly at"
        outside = "" if over else ", which is outside"
        yield Miss(
            0.2 / (1 + over / within),
            "within",
            f"Event {late.number} at {moment(late.ts)} came {came} the deadline of the trigger "
            f"(event {trigger.number} at {moment(trigger.ts)}){outside}: its absence was reported.",
            late.ts,
            late.number,
            (("trigger", trigger.number),),
            got=moment(late.ts),
            expected=f"before {moment(deadline)}",
            distance=span(over),
        )


def _ended(config: AbsenceConfig, partial: Partial, within: int) -> Miss:
    trigger = partial.bound[0].seen
    deadline = trigger.ts + within
    said = f"The trigger (event {trigger.number} at {moment(trigger.ts)})"
    if partial.reason is None:
        return Miss(
            0.99,
            "within",
            f"{said} is decided at {moment(deadline)}, which the watermark had not reached.",
            deadline,
            None,
            partial.named,
        )
    if partial.by is not None and partial.reason == "forbidden event":
        left = span(deadline - partial.by.ts)
        return Miss(
            0.5 + 0.48 * (partial.by.ts - trigger.ts) / within,
            "expected",
            f"{said} was answered by event {partial.by.number} at {moment(partial.by.ts)}, "
            f"{span(partial.by.ts - trigger.ts)} after it and {left} before the deadline.",
            partial.by.ts,
            partial.by.number,
            partial.named,
            got=moment(partial.by.ts),
            expected=f"no `{config.expected}` before {moment(deadline)}",
            distance=left,
        )
    clause, why = REASONS.get(partial.reason, ("", partial.reason))
    at = partial.at or trigger.ts
    return Miss(0.4, clause, f"{said} ended at {moment(at)}: {why}.", at, None, partial.named)
