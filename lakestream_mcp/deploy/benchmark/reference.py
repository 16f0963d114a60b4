"""A fixed piece of Python work: what it costs says how fast a machine is.

Figures divided by it are comparable between machines.
"""

from __future__ import annotations

import time

ROUNDS = 5
EVENTS = 40_000


def reference_us() -> float:
    """Processor microseconds of one turn of the reference loop, the best of a few rounds."""
    return min(_round() for _ in range(ROUNDS)) * 1e6 / EVENTS


def _round() -> float:
    """Seconds for tuples that go through a dictionary by key, much as events do."""
    states: dict[int, tuple[int, int]] = {}
    began = time.thread_time()
    for number in range(EVENTS):
        key = number * 7919 % 1009
        seen, last = states.get(key, (0, 0))
        states[key] = (seen + 1, number) if number - last < 5_000 else (1, number)
    return time.thread_time() - began
