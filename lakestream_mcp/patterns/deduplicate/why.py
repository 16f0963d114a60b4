"""Why a row did not pass: which kept row it repeats, and for how long that one still counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.near_miss import KeyView, Miss, Seen, moment, span
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import DeduplicateConfig


def deduplicate_misses(config: DeduplicateConfig, view: KeyView) -> Iterator[Miss]:
    """Each row that was dropped, with the kept row before it."""
    kept: Seen | None = None
    for seen in view.events:
        if seen.number in view.matched:
            kept = seen
        elif kept is not None:
            yield _repetition(config, kept, seen)


def _repetition(config: DeduplicateConfig, kept: Seen, seen: Seen) -> Miss:
    within = duration_us(config.within)
    until = kept.ts + within
    after, left = span(seen.ts - kept.ts), span(until - seen.ts)
    came = f"came {after} after" if seen.ts > kept.ts else "has the same time as"
    return Miss(
        0.98 * (seen.ts - kept.ts) / within,
        "within",
        f"Event {seen.number} at {moment(seen.ts)} {came} event {kept.number}, which was kept; "
        f"rows of this key are repetitions until {moment(until)}, {left} later than this one.",
        seen.ts,
        seen.number,
        (("kept", kept.number),),
        got=moment(seen.ts),
        expected=f"at {moment(until)} or later",
        distance=left,
    )
