"""What a batch costs when each key's state is kept apart: it reads and writes what it touches."""

from __future__ import annotations

import pickle
import random
from typing import Any

from lakestream_mcp.cep.kernel import Layout, advance
from lakestream_mcp.codegen.structured_streaming.key_states import KeyStates, coarse
from lakestream_mcp.patterns.absence.matcher import AbsenceMatcher
from tests.cep.packed import packed

LAYOUT = Layout("p", 1, 1, (0,), 0, False)
SECOND = 1_000_000
TRIGGER, EXPECTED = 1, 2


class Store(dict[Any, bytes]):
    """A map state that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked.append(key)
        return super().get(key, default)

    def put(self, key: Any, data: bytes) -> None:
        self.asked.append(key)
        self[key] = data

    def remove(self, key: Any) -> None:
        self.asked.append(key)
        del self[key]


class Bucket:
    """One bucket's state, batch by batch."""

    def __init__(self, within: int) -> None:
        self.matcher = AbsenceMatcher(within, "keep", None, 1000)
        self.entries, self.due = Store(), Store()
        self.times: set[int] = set()
        self.waiting: Any = None
        self.found: list[Any] = []

    def batch(self, rows: list[tuple[Any, ...]], watermark: int) -> KeyStates:
        for store in (self.entries, self.due):
            store.asked.clear()
        states = KeyStates(self.entries, self.due, self.times)
        states.wake(watermark)
        done = advance(
            LAYOUT, self.matcher, states, self.waiting, packed(rows), watermark, self.found
        )
        states.save(self.matcher, watermark)
        self.waiting, self.times = done.waiting, states.times
        return states


def opened(bucket: Bucket, keys: int) -> None:
    """A trigger for each key, one a millisecond."""
    bucket.batch([(f"k{n}", SECOND + n * 1000, TRIGGER, n, n) for n in range(keys)], 0)
    bucket.batch([], SECOND + keys * 1000)
    assert len(bucket.entries) == keys


def test_a_batch_reads_the_keys_it_has_rows_for() -> None:
    bucket = Bucket(600 * SECOND)
    opened(bucket, 1000)
    bucket.batch([("k7", 20 * SECOND, EXPECTED, 1, 0)], 10 * SECOND)
    assert not bucket.entries.asked, "rows wait for the watermark"
    bucket.batch([], 21 * SECOND)
    assert set(bucket.entries.asked) == {repr(("k7",))}
    assert not bucket.due.asked
    assert len(bucket.entries) == 999


def test_due_keys_are_found_without_looking_at_the_others() -> None:
    bucket = Bucket(600 * SECOND)
    opened(bucket, 1000)
    assert len(bucket.times) < 10
    bucket.batch([], 601 * SECOND + 99 * 1000)
    assert sorted(int(key[0][1:]) for key, _ in bucket.found) == list(range(100))
    bucket.batch([], 700 * SECOND)
    assert len(bucket.found) == 1000
    assert not bucket.entries
    assert not bucket.times
    assert not bucket.due


def test_an_unchanged_state_is_not_written() -> None:
    bucket = Bucket(600 * SECOND)
    opened(bucket, 10)
    bucket.batch([], SECOND * 2)
    bucket.batch([("k3", 3 * SECOND, TRIGGER, 99, 99)], 2 * SECOND)
    bucket.batch([], 4 * SECOND)
    assert bucket.entries.asked == [repr(("k3",))], "`keep` ignores a second trigger"


def test_a_key_that_ended_and_came_back_is_filed_once() -> None:
    bucket = Bucket(600 * SECOND)
    for n in range(50):
        at = 100 * SECOND + n * 2000
        bucket.batch([("k", at, TRIGGER, n, n), ("k", at + 1000, EXPECTED, n, n)], at - 1000)
    bucket.batch([("k", 101 * SECOND, TRIGGER, 0, 0)], 100 * SECOND + 110_000)
    bucket.batch([], 102 * SECOND)
    assert sum(len(pickle.loads(data)) for data in bucket.due.values()) <= len(bucket.due)
    bucket.batch([], 800 * SECOND)
    assert len(bucket.found) == 1
    assert not bucket.entries
    assert not bucket.due


def test_coarse_times_are_early_but_never_past() -> None:
    rng = random.Random(5)
    for _ in range(2000):
        now = rng.randrange(-(1 << 50), 1 << 51)
        due = now + rng.randrange(1, 1 << rng.randrange(1, 50))
        assert now < coarse(due, now) <= due
        assert due - coarse(due, now) <= (due - now) / 16
