"""Code is generated in many threads at once, as a server does that has many callers."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from .bench import Bench
from .cases import BASES, document

THREADS = 8
ROUNDS = 3
TYPES = [
    *("absence", "sequence", "session", "trend", "outlier", "velocity", "geofence", "heartbeat"),
]


class Yielding:
    """Garbage that lets other threads run while it is collected, as closing a connection does."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        time.sleep(0)


@contextmanager
def collecting_often() -> Iterator[None]:
    """Garbage that yields is made and collected again and again."""
    before = gc.get_threshold()
    gc.callbacks.append(_litter)
    gc.set_threshold(20, 5, 5)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(_litter)


def _litter(phase: str, _: dict[str, int]) -> None:
    if phase == "stop":
        Yielding()


def test_eight_threads_generate_at_once(bench: Bench) -> None:
    documents = [document(kind, BASES[kind]) for kind in TYPES]
    alone = [bench.make(each).generated.files for each in documents]
    with collecting_often(), ThreadPoolExecutor(THREADS) as threads:
        for _ in range(ROUNDS):
            together = threads.map(lambda each: bench.make(each).generated.files, documents)
            assert list(together) == alone
