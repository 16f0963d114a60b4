"""Spark's watermark, computed for given rows: what is known before each batch.

Greatest event time seen (whole milliseconds) minus the delay, per place where a watermark is
declared; the smallest of them counts; it starts at 1970 and never goes back. A place without rows
holds it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

CLOSING_US = 4_000_000_000_000_999
"""Event time of the row that closes a source: later than any event, and still a date."""


class WatermarkPoint(NamedTuple):
    """Rows passing one watermark declaration: event times (µs) and arrival numbers, in order."""

    node: str
    times: Any  # numpy int64
    arrivals: Any  # numpy int64
    delay_ms: int


def watermark_before(points: Sequence[WatermarkPoint], bounds: Any) -> Any:
    """The watermark (µs) known to rows whose batch starts at arrival number `bounds[i]`.

    points: at least one. bounds: numpy int64, ascending; a batch sees the rows that arrived
    before it.
    """
    import numpy as np

    lowest = None
    for point in points:
        order = np.argsort(point.arrivals, kind="stable")
        arrivals, times = point.arrivals[order], point.times[order]
        seen = np.searchsorted(arrivals, bounds, side="left")
        marks = np.zeros(len(bounds), dtype=np.int64)
        if len(times):
            greatest = np.maximum.accumulate(times)
            known = (greatest[np.maximum(seen, 1) - 1] // 1000 - point.delay_ms) * 1000
            marks = np.where(seen > 0, np.maximum(known, 0), 0)
        lowest = marks if lowest is None else np.minimum(lowest, marks)
    assert lowest is not None
    return lowest


def holding_back(points: Sequence[WatermarkPoint]) -> list[str]:
    """The nodes without rows, which keep the watermark at its start."""
    return [point.node for point in points if not len(point.times)] if len(points) > 1 else []
