"""The kernel's order of rows against a plain sort, and what it makes of matches."""

from __future__ import annotations

import datetime as dt
import math
import random
from functools import cmp_to_key
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lakestream_mcp.cep import kernel
from lakestream_mcp.cep.kernel import NEVER, Layout, admit, arranged, key_codes, match_columns

from .packed import packed

NAN = math.nan
KEYS: list[tuple[pa.DataType, list[Any]]] = [
    (pa.string(), [None, "", "a", "b"]),
    (pa.int64(), [None, -1, 0, 7]),
    (pa.bool_(), [None, True, False]),
    (pa.date32(), [None, dt.date(2026, 1, 1), dt.date(1970, 1, 1)]),
]
VALUES: list[tuple[pa.DataType, list[Any]]] = [
    (pa.float64(), [None, -1.0, -0.0, 0.0, 2.5, math.inf, NAN]),
    (pa.string(), [None, "", "x"]),
    (pa.int64(), [None, 1, 2]),
]


def table_of(rng: random.Random, size: int, keys: int, values: int) -> pa.Table:
    """Packed rows with equal times and values among them."""
    columns: dict[str, Any] = {}
    for n in range(keys):
        kind, given = KEYS[n]
        columns[f"key_{n}"] = pa.array([rng.choice(given) for _ in range(size)], kind)
    columns["ts"] = pa.array([rng.randrange(1, 4) for _ in range(size)], pa.int64())
    columns["mask"] = pa.array([rng.randrange(2) for _ in range(size)], pa.int64())
    for n in range(values):
        kind, given = VALUES[n]
        columns[f"value_{n}"] = pa.array([rng.choice(given) for _ in range(size)], kind)
    columns["row"] = pa.array(range(size), pa.int64())
    made = pa.table(columns)
    return pa.concat_tables([made.slice(0, size // 2), made.slice(size // 2)])


def before(left: Any, right: Any) -> int:
    """How two values are ordered: NULL, numbers with -0.0 before 0.0, NaN."""
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if isinstance(left, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) - math.isnan(right)
        if left == right == 0.0:
            return int(math.copysign(1, left) - math.copysign(1, right))
    return int(left > right) - int(left < right)


def in_order(names: list[str]) -> Any:
    def compare(left: Any, right: Any) -> int:
        return next((c for n in names if (c := before(left[n], right[n]))), 0)

    return cmp_to_key(compare)


@pytest.mark.parametrize("seed", range(60))
def test_rows_are_played_key_by_key_in_order(seed: int) -> None:
    rng = random.Random(seed)
    keys, values, order_by = rng.randrange(4), rng.randrange(1, 4), rng.randrange(3)
    table = table_of(rng, rng.randrange(1, 60), keys, values)
    layout = Layout("p", keys, min(order_by, values), (), 0, False)
    order, starts, ends, found, occurrences = arranged(layout, table)
    rows = table.to_pylist()
    numbers = occurrences or [0] * len(rows)
    assert starts == [0, *ends[:-1]]
    assert ends[-1] == len(rows)
    names = [f"value_{n}" for n in range(values)]
    by_key: dict[Any, list[Any]] = {}
    for row in rows:
        by_key.setdefault(tuple(row[f"key_{n}"] for n in range(keys)), []).append(row)
    assert sorted(map(repr, found)) == sorted(map(repr, by_key))
    for key, lo, hi in zip(found, starts, ends, strict=True):
        played = [rows[i] for i in order[lo:hi].tolist()]
        wanted = sorted(by_key[key], key=in_order(["ts", *names, "mask"]))
        seen = ["ts", *names, "mask"]
        assert [[repr(r[n]) for n in seen] for r in played] == [
            [repr(r[n]) for n in seen] for r in wanted
        ]
        ties = names[: layout.order_by]
        for at, row in enumerate(played):
            alike = [
                r for r in played[:at]
                if r["ts"] == row["ts"] and all(before(r[n], row[n]) == 0 for n in ties)
            ]  # fmt: skip
            assert numbers[lo + at] == len(alike)


def test_codes_are_equal_where_keys_are() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        table = table_of(rng, 80, 4, 1)
        names = [f"key_{n}" for n in range(rng.randrange(5))]
        codes = key_codes(table, names).tolist()
        keys = [tuple(row[n] for n in names) for row in table.to_pylist()]
        assert len(set(zip(codes, keys))) == len(set(codes)) == len(set(keys)), seed


def test_rows_are_in_time_late_or_without_time() -> None:
    given = [("a", ts, 1, 0, n) for n, ts in enumerate([5, None, 6, 7])]
    table = packed(given)
    in_time, late, untimed = (t["row"].to_pylist() for t in admit(table, 6))
    assert (in_time, late, untimed) == ([3], [0, 2], [1])
    whole = table.slice(2)
    assert [t.num_rows for t in admit(whole, 5)] == [2, 0, 0]
    assert [t.num_rows for t in admit(whole, 6)] == [1, 1, 0]
    assert [t.num_rows for t in admit(table.slice(0, 0), 6)] == [0, 0, 0]


def test_cells_are_plain_values_in_order() -> None:
    order = np.array([2, 0])
    columns: list[tuple[pa.DataType, list[Any]]] = [
        (pa.int64(), [1, 2, 3]),
        (pa.int64(), [1, None, None]),
        (pa.string(), ["a", "b", "c"]),
        (pa.date32(), [dt.date(2026, 1, 1)] * 3),
    ]
    for kind, given in columns:
        cells = kernel.reader(pa.chunked_array([pa.array(given, kind)]))(order)
        assert cells == [given[2], given[0]]
        assert all(type(cell) is type(value) for cell, value in zip(cells, (given[2], given[0])))


def test_matches_become_columns() -> None:
    layout = Layout("p", 2, 1, (2, 0), 2, False)
    bound = ((0, 5, (0, "t", "u", "v", 70)), (1, 6, (1, "t", "w", "x", 71)))
    match = (5, 6, 7, bound, ("m", None), ("s",))
    columns = match_columns(layout, [(("k", 1), match)])
    identity = columns.pop("match_id")
    assert columns == {
        "key_0": ["k"], "key_1": [1], "started_at": [5], "ended_at": [6], "detected_at": [7],
        "steps": [[0, 1]], "times": [[5, 6]],
        "kept_0": [["v", "x"]], "kept_1": [["t", "t"]],
        "measure_0": ["m"], "measure_1": [None],
    }  # fmt: skip
    same = [
        (*match[:4], ("other", 1), ("s",)),
        (9, 9, 9, *match[3:]),
        (*match[:3], tuple((s, t, (*r[:2], "y", "z", 0)) for s, t, r in bound), *match[4:]),
    ]
    other = [
        (*match[:5], ("s2",)),
        (*match[:3], bound[:1], *match[4:]),
        (*match[:3], ((1, *bound[0][1:]), bound[1]), *match[4:]),
        (*match[:3], ((0, 4, bound[0][2]), bound[1]), *match[4:]),
        (*match[:3], ((0, 5, (1, "t", "u", "v", 70)), bound[1]), *match[4:]),
        (*match[:3], ((0, 5, (0, "T", "u", "v", 70)), bound[1]), *match[4:]),
    ]
    for changed in same:
        assert match_columns(layout, [(("k", 1), changed)])["match_id"] == identity
    for changed in other:
        assert match_columns(layout, [(("k", 1), changed)])["match_id"] != identity
    assert match_columns(layout, [(("k", 2), match)])["match_id"] != identity
    elsewhere = layout._replace(pattern="q")
    assert match_columns(elsewhere, [(("k", 1), match)])["match_id"] != identity


def test_tables_go_through_bytes() -> None:
    table = table_of(random.Random(1), 9, 2, 3)
    assert (
        kernel.from_bytes(kernel.to_bytes(table))
        .drop_columns("value_0")
        .equals(table.drop_columns("value_0").combine_chunks())
    )
    assert kernel.to_bytes(None) == b""
    assert kernel.from_bytes(b"") is None


class Clock:
    """A matcher whose state is (timer, end): it emits at the timer, and is over at the end."""

    def next_timer(self, state: Any) -> int | None:
        return state[0]  # type: ignore[no-any-return]

    def expires(self, state: Any) -> int | None:
        return state[1]  # type: ignore[no-any-return]

    def on_time(self, state: Any, now: int, emit: Any) -> Any:
        if state[0] is not None and state[0] <= now:
            emit(("match", state[0]))
            return state[2] if len(state) > 2 else (None, state[1])
        return state


def test_states_are_decided_when_they_are_due() -> None:
    states: dict[Any, Any] = {
        "waits": (11, None),
        "decides": (10, 30),
        "goes on": (10, 30, (20, 25)),
        "over": (None, 10),
        "ends": (5, None, ()),
        "for ever": (None, None),
    }
    out: list[Any] = []
    assert kernel.settle(Clock(), states, 10, out) == 11
    assert out == [("decides", ("match", 10)), ("goes on", ("match", 10)), ("ends", ("match", 5))]
    assert states == {
        "waits": (11, None), "decides": (None, 30), "goes on": (20, 25), "for ever": (None, None),
    }  # fmt: skip
    del states["waits"]
    assert kernel.settle(Clock(), states, 10, out) == 20
    assert kernel.settle(Clock(), {"for ever": (None, None)}, 10, out) == NEVER
