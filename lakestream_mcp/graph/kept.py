"""Values by key, as many as there is room for."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """What was worked out before, by all that it depends on. Safe in threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._known: dict[K, V] = {}
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value, or None."""
        return self._known.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value; the oldest quarter goes when there are too many."""
        with self._lock:
            if len(self._known) >= self._capacity:
                for old in list(self._known)[: max(1, self._capacity // 4)]:
                    del self._known[old]
            self._known[key] = value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known = {}

    def __len__(self) -> int:
        return len(self._known)
