"""State and timers of one operator between batches, in the order in which Spark lists them.

Standard library only: the guarded child loads this file.
"""

import decimal
import struct
from typing import Any

from .values import INTEGER_BITS

NEVER = 1 << 62
ENTRY_LIMIT = 1_000_000


class Store:
    """Every key's state by name, and its timers. Entries are (plain value, expiry in ms)."""

    def __init__(self) -> None:
        self.values: dict[str, dict[Any, Any]] = {}
        self.timers: dict[Any, set[int]] = {}
        self.lives = False  # whether anything has a time to live
        self._earliest = NEVER  # no timer is earlier

    def of(self, name: str) -> dict[Any, Any]:
        """One state variable, by grouping key."""
        return self.values.setdefault(name, {})

    def due(self, now_ms: int) -> list[tuple[int, Any]]:
        """Timers that have expired, by expiry across all keys; each is to be deleted."""
        if now_ms < self._earliest:
            return []
        every = [(t, key) for key, times in self.timers.items() for t in times]
        self._earliest = min((t for t, _ in every if t > now_ms), default=NEVER)
        return sorted((t for t in every if t[0] <= now_ms), key=lambda timer: timer[0])

    def next_timer(self) -> int:
        """The earliest timer there is; NEVER without one."""
        return min((min(times) for times in self.timers.values()), default=NEVER)

    def register(self, key: Any, expiry_ms: int) -> None:
        """Set a timer; twice the same is one."""
        self.timers.setdefault(key, set()).add(expiry_ms)
        self._earliest = min(self._earliest, expiry_ms)

    def delete(self, key: Any, expiry_ms: int) -> None:
        """Remove a timer, if it is there."""
        times = self.timers.get(key, set())
        times.discard(expiry_ms)
        if not times:
            self.timers.pop(key, None)

    def expire(self, now_ms: int) -> None:
        """Forget what its time to live has ended; Spark does so after each batch."""
        for by_key in self.values.values() if self.lives else ():
            for key in list(by_key):
                by_key[key] = alive(by_key[key], now_ms)
                if not by_key[key]:
                    del by_key[key]


def alive(entries: Any, now_ms: int) -> Any:
    """The entries that have not expired: of a list, or of a map by key."""
    if isinstance(entries, dict):
        return {k: entry for k, entry in entries.items() if entry[1] > now_ms}
    return [entry for entry in entries if entry[1] > now_ms]


def timer_order(times: set[int]) -> list[int]:
    """Timers as Spark lists them: by the bytes of a little-endian long."""
    return sorted(times, key=lambda ms: (ms & (1 << 64) - 1).to_bytes(8, "little"))


def map_order(values: Any, fields: Any) -> bytes:
    """What a map's keys are listed by: the size of the row in memory, then its bytes."""
    row = row_bytes(values, fields)
    return struct.pack("<I", len(row)) + row


def row_bytes(values: Any, fields: Any) -> bytes:
    """A row as Spark lays it out in memory."""
    nulls = bytearray((len(fields) + 63) // 64 * 8)
    slots: list[bytes] = []
    tail = b""
    start = len(nulls) + 8 * len(fields)
    for n, (value, (_, tree)) in enumerate(zip(values, fields, strict=True)):
        wide = tree[0] == "decimal" and tree[1] > 18
        if value is None:
            nulls[n // 8] |= 1 << (n % 8)
        if value is None and not wide:
            slots.append(bytes(8))
        elif value is not None and (fixed := _fixed(value, tree)) is not None:
            slots.append(fixed.ljust(8, b"\0"))
        else:
            data = b"" if value is None else _bytes_of(value, tree)
            slots.append(struct.pack("<II", len(data), start + len(tail)))
            # A wide decimal has sixteen bytes even where it is NULL, so that it can be set later.
            tail += data.ljust(16 if wide else (len(data) + 7) // 8 * 8, b"\0")
    return bytes(nulls) + b"".join(slots) + tail


def _fixed(value: Any, tree: Any) -> bytes | None:
    """A value that fits into its slot of eight bytes, or None."""
    if tree == "boolean":
        return bytes([value])
    if isinstance(tree, str) and tree in INTEGER_BITS:
        return int(value).to_bytes(INTEGER_BITS[tree] // 8, "little", signed=True)
    if tree == "date":
        return struct.pack("<i", value)
    if tree == "timestamp_ntz":
        return struct.pack("<q", value)
    if tree[0] == "decimal" and tree[1] <= 18:
        unscaled = int(decimal.Decimal(value).scaleb(tree[2]))
        return struct.pack("<q", unscaled)
    return None


def _bytes_of(value: Any, tree: Any) -> bytes:
    if tree == "binary":
        return bytes.fromhex(value)
    if tree == "string":
        return str(value).encode()
    unscaled = int(decimal.Decimal(value).scaleb(tree[2]))
    # As few bytes as Java needs: -128 is one, for which Python counts eight bits without the sign.
    bits = (~unscaled if unscaled < 0 else unscaled).bit_length()
    return unscaled.to_bytes(bits // 8 + 1, "big", signed=True)
