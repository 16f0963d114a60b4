"""What flows through a running pipeline, by query and by node, from its batches and totals."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from .progress import LATE, WHOLE_QUERY, Batch

WINDOW_S = 10.0


class QueryLoad(BaseModel):
    """A query's newest batch, and what has added up since its checkpoint began.

    lag_ms: how old the newest event was when its batch had ended. behind: records that its sources
    hold beyond what was read, where they say so. unmeasured: batches that Spark finished but died
    before telling of.
    """

    batch_id: int
    at: dt.datetime
    rows: int
    rows_per_s: float
    input_rate: float | None = None
    processed_rate: float | None = None
    duration_ms: int
    watermark: dt.datetime | None = None
    lag_ms: int | None = None
    behind: int | None = None
    state_rows: int
    total_batches: int
    total_rows: int
    late_rows: int
    unmeasured: int | None = None


class NodeLoad(BaseModel):
    """What flows through a node: rows_per_s now, the others since the checkpoint began."""

    rows_per_s: float | None = None
    rows: int | None = None
    matches: int | None = None
    late_rows: int | None = None
    lag_ms: int | None = None


class Loads:
    """Batches of all queries, oldest first, and totals, seen at a time."""

    def __init__(
        self,
        batches: Sequence[Batch],
        totals: Mapping[tuple[str, str, str], int],
        now: dt.datetime,
    ) -> None:
        self._totals = totals
        self._now = now
        self._batches: dict[str, list[Batch]] = defaultdict(list)
        for batch in batches:
            self._batches[batch.query].append(batch)

    def queries(self) -> dict[str, QueryLoad]:
        """By query, which has its sink's name."""
        return {query: self._query(query, batches) for query, batches in self._batches.items()}

    def _query(self, query: str, batches: list[Batch]) -> QueryLoad:
        newest = batches[-1]
        timed = next((b for b in reversed(batches) if b.lag_ms is not None), newest)

        def total(name: str) -> int:
            return self._totals.get((query, WHOLE_QUERY, name), 0)

        shown = newest.model_dump(exclude={"query", "late_rows", "nodes", "lag_ms"})
        return QueryLoad(
            **shown,
            rows_per_s=self._rate([(b, b.rows) for b in batches]),
            lag_ms=timed.lag_ms,
            total_batches=total("batches"),
            total_rows=total("rows"),
            late_rows=total(LATE),
            unmeasured=total("unmeasured") or None,
        )

    def nodes(self) -> dict[str, NodeLoad]:
        """By node. Queries that pass the same node count the same rows: the most counts."""
        counted: dict[str, dict[str, int]] = defaultdict(dict)
        for (_, node, name), value in self._totals.items():
            counted[node][name] = max(value, counted[node].get(name, 0))
        loads = {
            node: NodeLoad(
                rows=values.get("read", values.get("rows")),
                matches=values.get("matches"),
                late_rows=values.get(LATE),
                rows_per_s=self._node_rate(node),
            )
            for node, values in counted.items()
            if node != WHOLE_QUERY
        }
        for query, load in self.queries().items():
            loads.setdefault(query, NodeLoad()).lag_ms = load.lag_ms
        return loads

    def _node_rate(self, node: str) -> float | None:
        """Rows per second that a node reads, where generated code counts them."""
        rates = []
        for batches in self._batches.values():
            counts = [(b, b.nodes.get(node, {})) for b in batches]
            known = [(b, c.get("read", c.get("rows"))) for b, c in counts]
            if told := [(batch, n) for batch, n in known if n is not None]:
                rates.append(self._rate(told))
        return max(rates, default=None)

    def _rate(self, counted: Sequence[tuple[Batch, int]]) -> float:
        """Rows per second over the last while, which is longer where batches are."""
        if not counted:
            return 0.0
        window_s = max(WINDOW_S, 2 * counted[-1][0].duration_ms / 1000)
        since = self._now - dt.timedelta(seconds=window_s)
        return round(sum(rows for batch, rows in counted if batch.at > since) / window_s, 1)
