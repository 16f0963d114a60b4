"""Random configurations of `absence`."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, duration, shared_fields

TIED = ("amount >= trigger.amount", "id > trigger.id AND kind = 'B'", "note = trigger.note")


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    tied = draw.random() < 0.4
    return {
        **shared_fields(draw),
        "trigger": condition(draw),
        "expected": draw.choice(TIED) if tied else condition(draw),
        "within": duration(draw),
        "on_repeat": draw.choice(("keep", "restart", "each")),
        "max_waiting": draw.choice((1000, 2)),
    }
