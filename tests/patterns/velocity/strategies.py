"""Random configurations of `velocity`."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, duration, shared_fields


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    comparison = draw.choice(("above", "below", "changed"))
    fields: dict[str, Any] = {
        **shared_fields(draw),
        "where": draw.choice((condition(draw), "TRUE")),
        "comparison": comparison,
        "window": draw.choice(("5 minutes", "10 minutes", "90 seconds")),
        "per": draw.choice(("second", "minute", "hour")),
        "max_events_per_key": draw.choice((10_000, 10_000, 40)),
    }
    summed = draw.random() < 0.5
    if summed:
        fields["sum"] = draw.choice(("amount", "n", "price", "amount * n", "id % 3"))
    if comparison == "changed":
        fields["factor"] = draw.choice((1.5, 3, 0.5))
    else:
        per_hour = draw.choice((6, 12.5, 40))
        parts = {"second": 3600, "minute": 60, "hour": 1}[fields["per"]]
        fields["threshold"] = per_hour / parts
    if comparison == "below":
        fields["forget_after"] = duration(draw)
    else:
        fields["repeat"] = draw.random() < 0.5
    return fields
