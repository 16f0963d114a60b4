"""Random configurations of `trend`."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, shared_fields

VALUES = ("amount", "n", "price", "amount * n", "id % 3")


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    direction = draw.choice(("up", "down", "flat"))
    length = draw.randint(2, 4)
    fields: dict[str, Any] = {
        **shared_fields(draw),
        "value": draw.choice(VALUES),
        "where": draw.choice((condition(draw), "TRUE", "TRUE")),
        "direction": direction,
        "length": length,
        "tolerance": draw.randint(0, length - 2),
        "emit": draw.choice(("first", "each", "end")),
        "within": draw.choice(("2 hours", "10 minutes", "90 seconds")),
        "max_events_per_key": draw.choice((10_000, 3)),
    }
    if direction == "flat":
        fields["tolerance_percent"] = draw.choice((0, 5, 40))
        return fields
    fields["strict"] = draw.random() < 0.5
    if draw.random() < 0.4:
        fields["min_change"] = draw.choice((1, 2.5))
    return fields
