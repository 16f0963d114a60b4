"""What a benchmark measured at one rate, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

PERCENTILES = {"p50": 50, "p95": 95, "p99": 99}


class Percentiles(BaseModel):
    """Milliseconds that half, 95 % and 99 % stay below."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float] | Any) -> Percentiles | None:
        """None where nothing was measured."""
        import numpy as np

        if not len(values):
            return None
        found = np.percentile(values, list(PERCENTILES.values()))
        return cls(**dict(zip(PERCENTILES, (round(float(v), 3) for v in found), strict=True)))


class State(BaseModel):
    """What was kept when the stream ended: keys, bytes of their states and of rows that wait.

    On Spark only the bytes are known, all together, as its state store counts them.
    """

    keys: int | None
    bytes: int
    waiting: int | None
    waiting_bytes: int | None


class Step(BaseModel):
    """One rate.

    interval_ms: from the begin of a micro-batch to that of the next, where it keeps up.
    latency_ms: from the arrival of the event that decides a match (or from the deadline that does)
    to the match. batch_ms: what a micro-batch took. lag_ms: from the newest event to the watermark.
    busy: work by time; from 1 on the backlog grows. matches: with those that the end of the stream
    decides. matches_sha256: of their ids in order.
    """

    rate: float
    interval_ms: float
    events: int
    batches: int
    matches: int
    matches_sha256: str
    latency_ms: Percentiles | None
    batch_ms: Percentiles | None
    lag_ms: Percentiles | None
    busy: float
    backlog: int
    saturated: bool
    cpu_us_per_event: float
    prepare_us_per_event: float
    events_per_second: float
    state: State
    over_limit: int = 0
