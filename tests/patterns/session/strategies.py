"""Random configurations of `session`."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, duration, shared_fields

MEASURES = {
    "total": "SUM(event.amount)",
    "whole": "SUM(n)",
    "mean": "AVG(event.amount)",
    "most": "MAX(amount)",
    "least": "MIN(event.amount)",
    "first_note": "FIRST(event.note)",
    "last_day": "LAST(event.day)",
    "known": "COUNT(event.n)",
    "spread": "MAX(event.n) - MIN(event.n)",
    "upper": "UPPER(event.note)",
    "often": "COUNT(*) > 3 AND COUNT(event.flag) = COUNT(event)",
    "last_price": "event.price",
    "until": "LAST(event.at)",
}


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    fields: dict[str, Any] = {
        **shared_fields(draw),
        "gap": draw.choice(("5 minutes", "30 seconds", "7 seconds")),
        "min_events": draw.choice((1, 1, 3)),
        "max_events_per_key": draw.choice((1000, 3)),
        "measures": {m: MEASURES[m] for m in draw.sample(sorted(MEASURES), draw.randrange(6))},
    }
    if draw.random() < 0.5:
        fields["max_duration"] = duration(draw)
    if draw.random() < 0.4:
        fields["where"] = condition(draw)
    if draw.random() < 0.4:
        fields["end"] = condition(draw)
    return fields
