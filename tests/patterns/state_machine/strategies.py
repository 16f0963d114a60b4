"""Random configurations of `state-machine`."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, duration, shared_fields

STATES = ("idle", "open state", "paid", "done")
TIED = ("amount >= paid.amount", "id > LAST(paid.id) AND kind = 'B'", "COUNT(paid) > 1")


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration that is valid: every cycle is broken by `forget_after`."""
    transitions: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for _ in range(draw.randint(3, 9)):
        origin, target = draw.choice(STATES[:-1]), draw.choice(STATES)
        when = draw.choice(TIED) if draw.random() < 0.3 else condition(draw)
        if (origin, when) not in seen:
            seen.add((origin, when))
            transitions.append({"from": origin, "to": target, "when": when})
    for origin in STATES[1:-1]:
        if draw.random() < 0.4:
            target = draw.choice(STATES)
            transitions.append({"from": origin, "to": target, "after": duration(draw)})
    draw.shuffle(transitions)
    return {
        **shared_fields(draw),
        "states": list(STATES),
        "transitions": transitions,
        "terminal": ["done"],
        "emit_on": draw.choice(("transition", "all", "terminal", ["paid", "idle"])),
        "on_unmatched": draw.choice(("ignore", "ignore", "error")),
        "forget_after": draw.choice(("1 hour", "20 minutes", "1 day")),
        "max_events_per_key": draw.choice((100, 2)),
    }
