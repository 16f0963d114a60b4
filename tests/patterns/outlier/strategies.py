"""Random configurations of `outlier`."""

from __future__ import annotations

import random
from typing import Any

from ..events import condition, duration, shared_fields


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    fields: dict[str, Any] = {
        **shared_fields(draw),
        "value": draw.choice(("amount", "amount", "n", "price", "amount * n")),
        "where": draw.choice((condition(draw), "TRUE", "amount < 10")),
        "method": draw.choice(("zscore", "iqr", "mad")),
        "threshold": draw.choice((0.5, 1, 2.5)),
        "min_samples": draw.choice((2, 4)),
        "exclude_outliers": draw.random() < 0.5,
    }
    if draw.random() < 0.5:
        fields["baseline_window"] = duration(draw)
        fields["max_events_per_key"] = draw.choice((10_000, 6))
    else:
        fields["baseline_count"] = draw.choice((4, 20))
        fields["forget_after"] = duration(draw)
    return fields
