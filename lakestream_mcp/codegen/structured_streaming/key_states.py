"""States kept key by key, of which a batch reads and writes those it touches.

All that follows the mark below is carried into generated code.
"""
# ruff: noqa: I001

from lakestream_mcp.cep.kernel import (  # the kernel is carried before this text
    NEVER,
    due_times,
)

# --- carried ---
import pickle
from typing import Any

FINE_BITS = 5


class KeyStates(dict[Any, Any]):
    """The states that a batch has read, by key: what `advance` takes for a dict of all states.

    entries: text of a key → pickled (key, state, time it is filed under). due: time → pickled texts
    of keys, to be looked at once the watermark has reached it; `times` are its keys. Both have
    `get`, `put` and `remove`, each of which may cost as much as some hundred events.
    """

    def __init__(self, entries: Any, due: Any, times: Any) -> None:
        super().__init__()
        self.entries = entries
        self.due = due
        self.times: set[int] = set(times)
        self.known: dict[str, tuple[Any, bytes | None, int | None]] = {}

    def pop(self, key: Any, *default: Any) -> Any:
        """The state of a key, read from its entry unless it was read before."""
        self.read(repr(key), key)
        return super().pop(key, *default)

    def read(self, text: str, key: Any = None) -> None:
        """Read an entry into this dictionary, unless it was read before.

        key: None where only its text is known; its entry may be gone.
        """
        if text in self.known:
            return
        stored, filed = self.entries.get(text), None
        if stored is not None:
            key, state, filed = pickle.loads(stored)
            self[key] = state
        elif key is None:
            return
        self.known[text] = key, stored, filed

    def wake(self, watermark: int) -> None:
        """Read all keys that may be due by the watermark; they are to be filed anew."""
        for time in sorted(t for t in self.times if t <= watermark):
            for text in pickle.loads(self.due.get(time)):
                self.read(text)
                key, stored, filed = self.known.get(text, (None, None, None))
                if filed == time:
                    self.known[text] = key, stored, None
            self.due.remove(time)
            self.times.remove(time)

    def save(self, matcher: Any, watermark: int) -> None:
        """Write the entries that have changed, and file each key under its next deadline."""
        filings: dict[int, list[str]] = {}
        for text, (key, stored, before) in self.known.items():
            if key not in self:
                if stored is not None:
                    self.entries.remove(text)
                continue
            due, _ = due_times(matcher, self[key])
            filed = before
            if due < NEVER and (before is None or due < before):
                filed = coarse(due, watermark)
                filings.setdefault(filed, []).append(text)
            data = pickle.dumps((key, self[key], filed), 5)
            if data != stored:
                self.entries.put(text, data)
        for time, texts in filings.items():
            there = pickle.loads(self.due.get(time)) if time in self.times else ()
            self.due.put(time, pickle.dumps(list(dict.fromkeys([*there, *texts])), 5))
        self.times |= filings.keys()


def coarse(due: int, watermark: int) -> int:
    """A time at or before a deadline, the rounder the further it is away.

    So the deadlines of any number of keys share a few dozen times. A key that is looked at too
    early is filed again, closer by.
    """
    bits = max((due - watermark).bit_length() - FINE_BITS, 0)
    return due >> bits << bits
