"""Random configurations of `temporal-correlation`; both inputs have the same columns."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, duration, shared_fields

TIED = (
    "left.n = right.n",
    "left.amount < right.amount + 1",
    "left.note IS NOT NULL OR upper(right.kind) = 'A'",
    "unix_micros(right.at) - unix_micros(left.at) > -1000000",
    "left.n <=> right.n AND left.flag",
)


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    fields: dict[str, Any] = {
        **shared_fields(draw),
        "left": draw.choice(("TRUE", condition(draw))),
        "right": draw.choice(("TRUE", condition(draw))),
        "within": duration(draw),
        "order": draw.choice(("any", "left-first", "right-first")),
        "pairing": draw.choice(("each", "first", "nearest")),
        "unpaired_left": draw.random() < 0.5,
        "max_events_per_key": draw.choice((10_000, 5)),
    }
    if fields["key"] == ["flag"] and draw.random() < 0.5:
        fields["right_key"] = ["flag"]
    if draw.random() < 0.4:
        fields["right_keep"] = draw.choice((["id"], [], ["note", "amount"]))
    if draw.random() < 0.6:
        fields["on"] = draw.choice(TIED)
    return fields
