"""Counts and durations of calls in this process, as Prometheus reads them."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator

SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HELP = {
    "lakestream_calls_total": "Calls of operations by outcome (ok, or an error's code)",
    "lakestream_refusals_total": "Requests that were refused before any operation, by code",
    "lakestream_call_seconds": "How long calls of operations took",
}
Labels = tuple[tuple[str, str], ...]


class Metrics:
    """What this process has done. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, Labels]] = Counter()
        self._seconds: dict[Labels, Counter[float]] = {}
        self._sums: defaultdict[Labels, float] = defaultdict(float)

    def call(self, operation: str, surface: str, outcome: str, seconds: float) -> None:
        """One call of an operation."""
        labels = (("operation", operation), ("surface", surface), ("outcome", outcome))
        timed = (("operation", operation),)
        with self._lock:
            self._counts["lakestream_calls_total", labels] += 1
            buckets = self._seconds.setdefault(timed, Counter())
            buckets[next((bound for bound in SECONDS if seconds <= bound), float("inf"))] += 1
            self._sums[timed] += seconds

    def refused(self, code: str) -> None:
        """One request that came to no operation."""
        with self._lock:
            self._counts["lakestream_refusals_total", (("code", code),)] += 1

    def text(self) -> str:
        """The exposition format of Prometheus."""
        with self._lock:
            return "\n".join([*self._counters(), *self._histogram()]) + "\n"

    def _counters(self) -> Iterator[str]:
        for name in ("lakestream_calls_total", "lakestream_refusals_total"):
            yield from _head(name, "counter")
            for (counted, labels), count in sorted(self._counts.items()):
                if counted == name:
                    yield f"{name}{_shown(labels)} {count}"

    def _histogram(self) -> Iterator[str]:
        name = "lakestream_call_seconds"
        yield from _head(name, "histogram")
        for labels, buckets in sorted(self._seconds.items()):
            total = 0
            for bound in (*SECONDS, float("inf")):
                total += buckets[bound]
                le = "+Inf" if bound == float("inf") else f"{bound:g}"
                yield f"{name}_bucket{_shown((*labels, ('le', le)))} {total}"
            yield f"{name}_sum{_shown(labels)} {self._sums[labels]:.6f}"
            yield f"{name}_count{_shown(labels)} {total}"


def _head(name: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {HELP[name]}"
    yield f"# TYPE {name} {kind}"


def _shown(labels: Labels) -> str:
    """Label values are names and codes of our own: nothing in them needs an escape."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}"
