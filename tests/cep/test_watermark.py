"""The watermark that vectorised code computes is the one Spark's rule gives batch by batch."""

from __future__ import annotations

import random

import numpy as np

from lakestream_mcp.cep.host import on_time_rows
from lakestream_mcp.cep.kernel import Layout, advance
from lakestream_mcp.cep.watermark import WatermarkPoint, holding_back, watermark_before
from lakestream_mcp.patterns.absence.matcher import AbsenceMatcher

from .packed import packed


def naive(points: list[list[tuple[int, int]]], delays_ms: list[int], before: int) -> int:
    """Smallest over the points of (greatest time in whole ms - delay), never below 0."""
    marks = []
    for rows, delay in zip(points, delays_ms):
        seen = [ts for arrival, ts in rows if arrival < before]
        marks.append(max(max(seen) // 1000 - delay, 0) * 1000 if seen else 0)
    return min(marks)


def test_agrees_with_the_rule() -> None:
    for seed in range(300):
        rng = random.Random(seed)
        n = rng.randrange(1, 30)
        points: list[list[tuple[int, int]]] = [[] for _ in range(rng.randrange(1, 3))]
        for arrival in range(n):
            rng.choice(points).append((arrival, rng.randrange(-5_000, 100_000)))
        delays = [rng.randrange(20) for _ in points]
        arrays = [
            WatermarkPoint(
                str(i),
                np.array([t for _, t in rows], dtype=np.int64),
                np.array([a for a, _ in rows], dtype=np.int64),
                delay,
            )
            for i, (rows, delay) in enumerate(zip(points, delays))
        ]
        bounds = np.array(sorted(rng.randrange(n + 1) for _ in range(5)), dtype=np.int64)
        got = watermark_before(arrays, bounds).tolist()
        assert got == [naive(points, delays, b) for b in bounds.tolist()], seed


def test_a_point_without_rows_holds_the_watermark_back_and_is_named() -> None:
    rows = WatermarkPoint("a", np.array([10**9]), np.array([0]), 0)
    none = WatermarkPoint("b", np.array([], dtype=np.int64), np.array([], dtype=np.int64), 0)
    assert watermark_before([rows, none], np.array([5])).tolist() == [0]
    assert holding_back([rows, none]) == ["b"]
    assert holding_back([rows]) == []


def test_late_rows_are_those_the_kernel_drops_batch_by_batch() -> None:
    layout = Layout("p", 1, 0, (0,), 0, False)
    for seed in range(200):
        rng = random.Random(seed)
        rows = [("k", rng.randrange(1, 60) * 1000, 1, 0, n) for n in range(rng.randrange(1, 30))]
        table, size, delay = packed(rows), rng.choice([1, 2, 5]), rng.randrange(10)
        times = np.array([r[1] for r in rows], dtype=np.int64)
        point = WatermarkPoint("s", times, np.arange(len(rows)), delay)
        _, late = on_time_rows(table, [point], size)
        dropped: list[int] = []
        states: dict[object, object] = {}
        waiting, matcher = None, AbsenceMatcher(1000)
        for lo in range(0, len(rows), size):
            mark = int(watermark_before([point], np.array([lo]))[0])
            done = advance(layout, matcher, states, waiting, table.slice(lo, size), mark, [])
            waiting = done.waiting
            dropped += done.late["row"].to_pylist()
        assert sorted(late.tolist()) == sorted(dropped), seed
