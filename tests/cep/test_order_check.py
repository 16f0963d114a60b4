"""What the order check compares, and the streams it plays."""

from __future__ import annotations

import random

import numpy as np
import pytest

from lakestream_mcp.cep.host import final_watermark
from lakestream_mcp.cep.order_check import found, shuffled_batches
from lakestream_mcp.cep.watermark import WatermarkPoint

from .packed import packed
from .test_watermark import naive

MATCH = (1, 2, 3, ((0, 1, ("o", 5, 70)), (1, 2, ("o", 6, 71))), ("m",), ("s",))
OTHER = [
    ("k2", MATCH),
    *(("k", (*MATCH[:n], "other", *MATCH[n + 1 :])) for n in (0, 1, 2, 4, 5)),
    ("k", (*MATCH[:3], ((0, 1, ("o", 5, 70)), (2, 2, ("o", 6, 71))), *MATCH[4:])),
    ("k", (*MATCH[:3], ((0, 1, ("o", 5, 70)), (1, 9, ("o", 6, 71))), *MATCH[4:])),
    ("k", (*MATCH[:3], ((0, 1, ("o", 5, 70)), (1, 2, ("o", 9, 71))), *MATCH[4:])),
    ("k", (*MATCH[:3], MATCH[3][:1], *MATCH[4:])),
]


def test_matches_differ_by_all_but_the_numbers_of_their_rows() -> None:
    same = ("k", (*MATCH[:3], ((0, 1, ("o", 5, 90)), (1, 2, ("o", 6, 91))), *MATCH[4:]))
    assert found([("k", MATCH)]) == found([same])
    for other in OTHER:
        assert len(found([("k", MATCH), other])) == 2, other


@pytest.mark.parametrize("places", [1, 2])
def test_streams_hold_every_row_once_and_none_late(places: int) -> None:
    cut = moved = 0
    for seed in range(150):
        rng = random.Random(seed)
        count = rng.randrange(1, 25)
        grain = rng.choice([1, 1000])
        times = [rng.randrange(1, 40) * grain + 1_000_000 for _ in range(count)]
        of = [rng.randrange(places) for _ in range(count)]
        points = [
            WatermarkPoint(
                str(place),
                np.array([t for t, at in zip(times, of) if at == place], dtype=np.int64),
                np.array([n for n, at in enumerate(of) if at == place], dtype=np.int64),
                rng.randrange(8),
            )
            for place in range(places)
        ]
        table = packed([("k", ts, 1, 0, n) for n, ts in enumerate(times)])
        batches, final = shuffled_batches(table, points, rng)
        rows = [row for batch in batches for row in batch.rows.to_pylist()]
        assert sorted(row["row"] for row in rows) == list(range(count)), seed
        assert final == final_watermark(points), seed
        arrived, newest = 0, 0
        delay_us = min(point.delay_ms for point in points) * 1000
        order = {row["row"]: n for n, row in enumerate(rows)}
        for batch in batches:
            streams = [[(order[n], times[n]) for n in point.arrivals.tolist()] for point in points]
            delays = [point.delay_ms for point in points]
            assert batch.watermark == naive(streams, delays, arrived), seed
            assert all(row["ts"] > batch.watermark for row in batch.rows.to_pylist()), seed
            assert all(row["ts"] >= newest - delay_us for row in batch.rows.to_pylist()), seed
            newest = max([newest, *batch.rows["ts"].to_pylist()])
            arrived += batch.rows.num_rows
        cut += len(batches) > 1
        moved += [row["row"] for row in rows] != list(range(count))
    assert cut > 30
    assert moved > 100
