"""What Spark reports of a micro-batch, as the numbers that are kept."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

OBSERVED = "lakestream_"
LATE = "late_rows"
WHOLE_QUERY = ""
"""The node of totals that are a query's own."""


class Batch(BaseModel):
    """One micro-batch of one query.

    lag_ms: how old the newest event was when the batch ended. behind: records that the sources hold
    beyond what was read, where a source says so. nodes: what generated code counted, by node.
    skipped: its rows were written before Spark died, so nothing is read or counted again.
    """

    query: str
    batch_id: int
    at: dt.datetime
    rows: int
    input_rate: float | None = None
    processed_rate: float | None = None
    duration_ms: int
    watermark: dt.datetime | None = None
    lag_ms: int | None = None
    behind: int | None = None
    state_rows: int
    late_rows: int
    nodes: dict[str, dict[str, int]]
    skipped: bool | None = None

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """What adds up over batches: by node and name."""
        own = {"batches": 1, "rows": self.rows, LATE: self.late_rows}
        counts = {(WHOLE_QUERY, name): value for name, value in own.items()}
        for node, values in self.nodes.items():
            counts |= {(node, name): value for name, value in values.items()}
        return counts


def batch_of(progress: Mapping[str, Any]) -> Batch:
    """The numbers of one `StreamingQueryProgress` in its JSON form."""
    began = dt.datetime.fromisoformat(progress["timestamp"])
    duration_ms = int(progress.get("durationMs", {}).get("triggerExecution", 0))
    ended = began + dt.timedelta(milliseconds=duration_ms)
    times = progress.get("eventTime") or {}
    newest, watermark = _moment(times.get("max")), _moment(times.get("watermark"))
    states, nodes = progress.get("stateOperators") or [], _observed(progress)
    dropped = sum(int(s.get("numRowsDroppedByWatermark", 0)) for s in states)
    return Batch(
        query=progress["name"],
        batch_id=int(progress["batchId"]),
        at=ended,
        rows=int(progress.get("numInputRows", 0)),
        input_rate=_rate(progress.get("inputRowsPerSecond")),
        processed_rate=_rate(progress.get("processedRowsPerSecond")),
        duration_ms=duration_ms,
        watermark=watermark,
        lag_ms=None if newest is None else round((ended - newest).total_seconds() * 1000),
        behind=_behind(progress.get("sources") or []),
        state_rows=sum(max(0, int(s.get("numRowsTotal", 0))) for s in states),
        late_rows=dropped + sum(values.get(LATE, 0) for values in nodes.values()),
        nodes=nodes,
        skipped=_is_skipped(progress) or None,
    )


def _is_skipped(progress: Mapping[str, Any]) -> bool:
    """Whether a batch that has rows was not computed, since its sink has written it already."""
    sources = progress.get("sources") or []
    if any(int(s.get("numInputRows") or 0) for s in sources):
        return False
    states = progress.get("stateOperators") or []
    touched = any(int(s.get("numStateStoreInstances", 1)) for s in states)
    return not touched and any(s.get("startOffset") != s.get("endOffset") for s in sources)


def _observed(progress: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """What generated code observes, by node: `lakestream_<node>` and `lakestream_<node>: rows`."""
    found: dict[str, dict[str, int]] = {}
    for name, values in (progress.get("observedMetrics") or {}).items():
        if name.startswith(OBSERVED):
            node = found.setdefault(name.removeprefix(OBSERVED).partition(": ")[0], {})
            node |= {metric: int(value or 0) for metric, value in values.items()}
    return found


def _rate(value: Any) -> float | None:
    """A rate; none where Spark has not measured one yet."""
    rate = float(value) if isinstance(value, int | float | str) else math.nan
    return round(rate, 3) if math.isfinite(rate) else None


def _moment(text: Any) -> dt.datetime | None:
    """A time; none where it is the beginning of time, which stands for no watermark yet."""
    moment = dt.datetime.fromisoformat(text) if text else None
    return moment if moment is not None and moment.timestamp() > 0 else None


def _behind(sources: Sequence[Mapping[str, Any]]) -> int | None:
    """Kafka's and Delta's sources say how far the newest offset is from what was read."""
    known = [
        int(float(value))
        for source in sources
        for name, value in (source.get("metrics") or {}).items()
        if name in {"maxOffsetsBehindLatest", "numFilesOutstanding"}
    ]
    return max(known) if known else None
