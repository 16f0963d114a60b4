"""Random configurations of `count-threshold`."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, duration, shared_fields


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    windows = draw.choice(("rolling", "tumbling", "sliding"))
    fields: dict[str, Any] = {
        **shared_fields(draw),
        "where": condition(draw),
        "windows": windows,
        "window": draw.choice(("5 minutes", "10 minutes", "90 seconds")),
        "threshold": draw.randint(1, 5),
    }
    if draw.random() < 0.4:
        fields["distinct"] = draw.choice(("n", "id % 3", "note"))
    if windows == "rolling":
        fields["comparison"] = draw.choice((">=", ">", "="))
        fields["repeat"] = draw.random() < 0.5
        fields["max_events_per_key"] = draw.choice((10_000, 6))
        return fields
    fields["comparison"] = draw.choice((">=", ">", "=", "<", "<="))
    if fields["comparison"] in ("<", "<="):
        fields["forget_after"] = duration(draw)
    if windows == "sliding":
        fields["slide"] = draw.choice(("1 minute", "45 seconds"))
    return fields
