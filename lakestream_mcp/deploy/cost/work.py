"""Processor time of events, micro-batches and state on Spark, as the calibration measured it.

`benchmarks/calibrate_cost.py` writes the calibration. Its figures hold for one core of its machine;
`core_speed` says how much faster another one is.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

CALIBRATION = Path(__file__).with_name("calibration.json")


@lru_cache(maxsize=1)
def calibration() -> dict[str, Any]:
    """The measured figures."""
    found: dict[str, Any] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return found


def measured_on() -> str:
    """The day of the calibration."""
    day: str = calibration()["measured_on"]
    return day


def event_us(kind: str) -> float:
    """Microseconds per event that a pattern of this type has a use for, shuffle included."""
    return _figure(kind, "spark_us")


def batch_ms() -> float:
    """Milliseconds that each input of a pattern adds to a micro-batch, whatever is in it.

    It is Spark's work, not the matcher's: one figure for all types, the median of what they took.
    """
    figures = calibration()
    added: float = max(figures["batch_ms"] - figures["read_batch_ms"], 0.0)
    return added


def read_us() -> float:
    """Microseconds to read an event from a Parquet file."""
    figure: float = calibration()["read_us"]
    return figure


def read_batch_ms() -> float:
    """Milliseconds per micro-batch of a query without state."""
    figure: float = calibration()["read_batch_ms"]
    return figure


def key_us(kept: float = 1.0) -> float:
    """Microseconds that a key with so many events kept costs each micro-batch.

    Spark runs the same Python as the host, so it is never taken to be less than here.
    """
    state = calibration()["state"]
    one: float = max(state["key_us_spark"], state["key_us_host"])
    each: float = state["kept_event_us_host"] * one / state["key_us_host"]
    return one + (kept - 1) * each


def bytes_per_event(kind: str) -> float:
    """Bytes that a pattern of this type keeps of an event."""
    return _figure(kind, "bytes_per_event")


def kept_bytes(kind: str, kept: float) -> float:
    """Bytes of a key with so many events kept; the first one costs the key's own entry too."""
    each = bytes_per_event(kind)
    return max(each, bytes_per_event("absence")) + (kept - 1) * each


def spark_event_us(kind: str, wanted: float, events: int, keys: int) -> float:
    """Microseconds per event of a query with one pattern, in batches of so many events."""
    fixed = read_batch_ms() + batch_ms() + keys * key_us() / 1000
    return read_us() + wanted * event_us(kind) + fixed * 1000 / events


def measured_kinds() -> frozenset[str]:
    """The types of patterns that were measured."""
    return frozenset(calibration()["patterns"])


def _figure(kind: str, name: str) -> float:
    """Of a type that was not measured, the median of the others."""
    patterns = calibration()["patterns"]
    found = [figures[name] for figures in patterns.values() if name in figures]
    value: float = patterns.get(kind, {}).get(name, median(found))
    return value
