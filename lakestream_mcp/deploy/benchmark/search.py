"""The rate from which on a backlog grows, by steps and then by halves."""

from __future__ import annotations

import math
from collections.abc import Callable

from pydantic import BaseModel

from .figures import Step

MAX_RATE = 1_000_000.0
PROBES = 8
CLOSE_ENOUGH = 1.15


class Saturation(BaseModel):
    """sustained: the highest rate that left no growing backlog; saturated: the lowest that did,
    None where even the highest rate possible did not."""

    sustained: float
    saturated: float | None
    probes: list[Step]


def saturation(run: Callable[[float], Step], known: list[Step]) -> Saturation:
    """Look for the rate between two that are close, beginning with what has been measured."""
    probes: list[Step] = []
    low = max((s.rate for s in known if not s.saturated), default=0.0)
    high = min((s.rate for s in known if s.saturated), default=None)
    guess = max((s.rate / max(s.busy, 0.01) for s in known), default=1_000.0)
    while len(probes) < PROBES and (high is None or high > low * CLOSE_ENOUGH):
        if high is None and low >= MAX_RATE:
            break
        step = run(_next(low, high, guess))
        probes.append(step)
        if step.saturated:
            high = step.rate
        else:
            low = step.rate
            guess = max(step.rate / max(step.busy, 0.01), low * 2)
    return Saturation(sustained=low, saturated=high, probes=probes)


def _next(low: float, high: float | None, guess: float) -> float:
    """The rate to try: the one expected, as long as none was too high; then the middle."""
    if high is None:
        return min(max(guess, low * 1.5, 1.0), MAX_RATE)
    return max(math.sqrt(max(low, high / 16) * high), 0.1)
