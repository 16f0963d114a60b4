"""State and timers between batches, against the plainest model; rows against Spark's layout."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lakestream_mcp.cep.processor.store import (
    NEVER,
    Store,
    alive,
    map_order,
    row_bytes,
    timer_order,
)

ONE = (1).to_bytes(8, "little")


def test_timers_are_those_of_a_set() -> None:
    for seed in range(100):
        rng = random.Random(seed)
        store, plain = Store(), set()
        now = 0
        for _ in range(60):
            timer = (rng.randrange(now, now + 20), rng.choice("ab"))
            if rng.random() < 0.5:
                store.register(timer[1], timer[0])
                plain.add(timer)
            elif rng.random() < 0.5:
                store.delete(timer[1], timer[0])
                plain.discard(timer)
            else:
                now += rng.randrange(6)
                due = store.due(now)
                assert sorted(due) == sorted(t for t in plain if t[0] <= now), seed
                assert [at for at, _ in due] == sorted(at for at, _ in due)
                for at, key in due:
                    store.delete(key, at)
                    plain.discard((at, key))
            assert store.next_timer() == min((at for at, _ in plain), default=NEVER)
            assert store.timers.keys() == {key for _, key in plain}


def test_what_has_a_time_to_live_goes_when_it_is_over() -> None:
    store = Store()
    store.of("listed")["k"] = [("x", 5), ("y", 6)]
    store.of("mapped")["k"] = {"a": ("x", 5), "b": ("y", NEVER)}
    store.of("mapped")["gone"] = {"a": ("x", 5)}
    store.expire(5)
    assert len(store.of("listed")["k"]) == 2, "nothing has a time to live"
    store.lives = True
    store.expire(4)
    assert len(store.of("listed")["k"]) == 2
    store.expire(5)
    assert store.values == {"listed": {"k": [("y", 6)]}, "mapped": {"k": {"b": ("y", NEVER)}}}
    assert alive([("x", 5)], 5) == []
    assert alive({"a": ("x", 6)}, 5) == {"a": ("x", 6)}


def test_timers_are_listed_by_the_bytes_of_a_little_endian_long() -> None:
    assert timer_order({1, 256, 257, -1, 2}) == [256, 1, 257, 2, -1]


LAYOUTS: list[tuple[list[tuple[Any, Any]], bytes]] = [
    ([(1, "bigint")], bytes(8) + ONE),
    ([(-1, "tinyint")], bytes(8) + b"\xff" + bytes(7)),
    ([(-2, "int")], bytes(8) + b"\xfe\xff\xff\xff" + bytes(4)),
    ([(True, "boolean")], bytes(8) + ONE),
    ([(-1, "date")], bytes(8) + b"\xff" * 4 + bytes(4)),
    ([(1, "timestamp_ntz")], bytes(8) + ONE),
    ([("1.50", ["decimal", 18, 2])], bytes(8) + (150).to_bytes(8, "little")),
    ([(None, "int"), (1, "int"), (None, "int")], b"\x05" + bytes(7) + bytes(8) + ONE + bytes(8)),
    (
        [("abc", "string"), ("ff", "binary")],
        bytes(8) + b"\3\0\0\0\x18\0\0\0" + b"\1\0\0\0\x20\0\0\0" + b"abc\0\0\0\0\0\xff" + bytes(7),
    ),
    (
        [("0.01", ["decimal", 19, 2]), ("x", "string")],
        bytes(8)
        + b"\1\0\0\0\x18\0\0\0"
        + b"\1\0\0\0\x28\0\0\0"
        + b"\1"
        + bytes(15)
        + b"x"
        + bytes(7),
    ),
    (
        [(None, ["decimal", 19, 2])],
        b"\1" + bytes(7) + b"\0\0\0\0\x10\0\0\0" + bytes(16),
    ),
    (
        [("-1.28", ["decimal", 20, 2])],
        bytes(8) + b"\1\0\0\0\x10\0\0\0" + b"\x80" + bytes(15),
    ),
    (
        [("1.28", ["decimal", 20, 2])],
        bytes(8) + b"\2\0\0\0\x10\0\0\0" + b"\x00\x80" + bytes(14),
    ),
]
"""Values with their types, and the row: bits of NULLs, a slot each, then what is longer."""


@pytest.mark.parametrize("number", range(len(LAYOUTS)))
def test_rows_are_laid_out_as_spark_does(number: int) -> None:
    cells, wanted = LAYOUTS[number]
    values = [value for value, _ in cells]
    fields = [[f"f{n}", tree] for n, (_, tree) in enumerate(cells)]
    assert row_bytes(values, fields) == wanted
    assert map_order(values, fields) == len(wanted).to_bytes(4, "little") + wanted


def test_more_than_64_fields_take_more_bits() -> None:
    fields = [[f"f{n}", "int"] for n in range(65)]
    row = row_bytes([None] * 65, fields)
    assert row[:16] == b"\xff" * 8 + b"\1" + bytes(7)
    assert len(row) == 16 + 65 * 8
    assert len(row_bytes([None] * 64, fields[:64])) == 8 + 64 * 8
