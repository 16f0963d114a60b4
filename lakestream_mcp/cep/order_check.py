"""Does the answer depend on how the stream was cut, ordered or restarted?

The rows a pattern saw are replayed in random orders in which no row is later than the watermark
delay, in random batches, and through a restart between all batches.
"""

from __future__ import annotations

import random
from typing import Any

from .host import Host, Options, PatternRun
from .replay import FAR, Batch, replay
from .watermark import WatermarkPoint, watermark_before

ROUNDS = 6


def order_check(host: Host, run: Any, node_id: str, options: Options, seed: int) -> dict[str, Any]:
    """Replay shuffled and cut, and compare the matches with the run's.

    Returns {depends_on_order, rounds, seed, reason?, missing?, extra?}.
    """
    pattern: PatternRun = run.patterns[node_id]
    points = host.watermark_points(node_id, run.tables, options)
    expected = found(pattern.outcome.matches)
    rng = random.Random(seed)
    for number in range(ROUNDS):
        batches, final = shuffled_batches(pattern.packed, points, rng)
        again = replay(pattern.text, node_id, batches, final, FAR, restarts=number % 2 == 1)
        got = found(again.matches)
        if got != expected:
            return {
                "depends_on_order": True,
                "rounds": number + 1,
                "seed": seed,
                "reason": _reason(pattern),
                "missing": len(expected - got),
                "extra": len(got - expected),
            }
    return {"depends_on_order": False, "rounds": ROUNDS, "seed": seed}


def found(matches: list[Any]) -> set[str]:
    """Matches as comparable text, without the tester's row references."""
    return {
        repr((key, m[0], m[1], m[2], [(s, t, r[:-1]) for s, t, r in m[3]], m[4], m[5]))
        for key, m in matches
    }


def _reason(pattern: PatternRun) -> str:
    if pattern.plan.arrival:
        return "`ordering: arrival` plays rows as they come"
    if len(pattern.late_rows):
        return "some rows are later than the watermark delay; the cut decides which are kept"
    return "the matcher's answer depends on the cut; please report this"


def shuffled_batches(
    packed: Any, points: list[WatermarkPoint], rng: random.Random
) -> tuple[list[Batch], int]:
    """The packed rows in another order and random batches, with the watermarks Spark would know.

    Each place that declares a watermark lets its rows come up to its delay out of order.
    """
    import numpy as np
    import pyarrow as pa

    arrivals, times, movable = _arrived(points)
    delay_us = min(p.delay_ms for p in points) * 1000 if movable else 0
    noise = np.array([rng.randrange(max(delay_us, 1)) for _ in arrivals], dtype=np.int64)
    order = np.argsort(times + noise if movable else arrivals, kind="stable")
    place = dict(zip(arrivals[order].tolist(), range(len(order)), strict=True))
    moved = [
        WatermarkPoint(p.node, p.times, _places(place, p.arrivals), p.delay_ms) for p in points
    ]
    rows = _places(place, packed["row"].to_numpy())
    cuts = _safe_cuts(moved, times[order], rng)
    marks = watermark_before(moved, np.array([*cuts, len(order)], dtype=np.int64)).tolist()
    batches = []
    for lo, hi, mark in zip(cuts, [*cuts[1:], len(order)], marks, strict=False):
        inside = np.flatnonzero((rows >= lo) & (rows < hi)).tolist()
        rng.shuffle(inside)
        batches.append(Batch(packed.take(pa.array(inside, type=pa.int64())), mark))
    return batches, int(marks[-1])


def _arrived(points: list[WatermarkPoint]) -> tuple[Any, Any, bool]:
    """Rows by arrival number with their earliest times, and whether they may come in other orders.

    A row that passes two watermarks with different times could be late for one of them.
    """
    import numpy as np

    times = np.concatenate([p.times for p in points])
    arrivals, row = np.unique(np.concatenate([p.arrivals for p in points]), return_inverse=True)
    earliest = np.full(len(arrivals), FAR, dtype=np.int64)
    np.minimum.at(earliest, row, times)
    return arrivals, earliest, bool((earliest[row] == times).all())


def _places(place: dict[int, int], arrivals: Any) -> Any:
    import numpy as np

    return np.array([place[a] for a in arrivals.tolist()], dtype=np.int64)


def _safe_cuts(points: list[WatermarkPoint], times: Any, rng: random.Random) -> list[int]:
    """Random batch starts, without those that would make a later row late."""
    import numpy as np

    total = len(times)
    wanted = sorted({rng.randrange(total) for _ in range(rng.randrange(8))} - {0}) if total else []
    marks = watermark_before(points, np.array(wanted, dtype=np.int64)) if wanted else []
    earliest_after = np.minimum.accumulate(times[::-1])[::-1] if total else times
    return [0, *(c for c, mark in zip(wanted, marks, strict=True) if earliest_after[c] > mark)]
