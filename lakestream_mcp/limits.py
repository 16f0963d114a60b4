"""How often one caller may do something: token buckets, in this process.

A bucket holds as many calls as a minute allows, and fills evenly.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Literal

from .errors import RateLimited
from .security import Security

Kind = Literal["edits", "runs", "failures"]
MINUTE_S = 60.0
BUCKETS_MAX = 10_000


class Limits:
    """Buckets by kind and caller. Threads may share it."""

    def __init__(self, security: Security, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute: dict[Kind, int] = {
            "edits": security.edits_per_minute,
            "runs": security.runs_per_minute,
            "failures": security.failures_per_minute,
        }
        self._clock = clock
        self._lock = threading.Lock()
        # Until when a bucket would be empty, had it no depth: full buckets need no entry.
        self._busy_until: dict[tuple[Kind, str], float] = {}

    def take(self, kind: Kind, who: str) -> None:
        """Count one. Raises RateLimited when this caller has used up what a minute allows."""
        limit = self._per_minute[kind]
        if limit == 0:
            return
        now, each = self._clock(), MINUTE_S / limit
        with self._lock:
            until = max(self._busy_until.get((kind, who), now), now) + each
            wait = until - now - MINUTE_S
            if wait <= each * 1e-6:
                self._forget(now)
                self._busy_until[kind, who] = until
                return
        raise RateLimited(
            f"Too many {kind} in a short time.",
            where={"retry_after_s": math.ceil(wait)},
            expected=f"at most {limit} a minute",
            hint=f"Wait {math.ceil(wait)} s. Put several changes into one edit_pipeline.",
        )

    def _forget(self, now: float) -> None:
        """Drop full buckets once there are many; then the oldest, so that memory is bounded."""
        if len(self._busy_until) < BUCKETS_MAX:
            return
        self._busy_until = {k: until for k, until in self._busy_until.items() if until > now}
        while len(self._busy_until) >= BUCKETS_MAX:
            del self._busy_until[next(iter(self._busy_until))]
