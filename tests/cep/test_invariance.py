"""Nothing depends on the schedule: cuts, order within the delay, and restarts change no match."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lakestream_mcp.cep.kernel import NEVER, Layout, advance, from_bytes, to_bytes
from lakestream_mcp.cep.order_check import found, shuffled_batches
from lakestream_mcp.cep.watermark import WatermarkPoint
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.patterns.absence.matcher import AbsenceMatcher
from lakestream_mcp.patterns.count_threshold.matcher import (
    RollingCountMatcher,
    WindowCountMatcher,
)
from lakestream_mcp.patterns.sequence.automaton import Condition, Step, compile_steps
from lakestream_mcp.patterns.sequence.matcher import SequenceMatcher

from .packed import packed

MS = 1000  # microseconds
LAYOUT = Layout("p", 1, 1, (0,), 0, False)


def absence(rng: random.Random) -> Any:
    tied = (lambda bound, row: bound[0][2][1] == row[1]) if rng.random() < 0.4 else None
    repeat = rng.choice(["keep", "restart", "each"])
    return AbsenceMatcher(rng.randrange(1, 30) * MS, repeat, tied, rng.choice([2, 1000]))


def rolling(rng: random.Random) -> Any:
    return RollingCountMatcher(
        rng.randrange(1, 30) * MS,
        rng.choice([">=", ">", "="]),
        rng.randrange(1, 5),
        rng.random() < 0.3,
        rng.choice([None, 1]),
        rng.choice([4, 1000]),
    )


def windowed(rng: random.Random) -> Any:
    slide = rng.randrange(1, 12) * MS
    return WindowCountMatcher(
        slide + rng.randrange(3) * rng.randrange(8) * MS,
        slide,
        rng.choice([">=", ">", "=", "<", "<="]),
        rng.randrange(1, 4),
        rng.randrange(1, 60) * MS,
        rng.choice([None, 1]),
        rng.choice([4, 1000]),
    )


def sequence(rng: random.Random) -> Any:
    steps = []
    count = rng.randrange(1, 4)
    for n in range(count):
        contiguity = rng.choice(["strict", "relaxed", "relaxed-any"])
        inside = 0 < n < count - 1
        negated = inside and contiguity != "relaxed-any" and rng.random() < 0.4
        low = 1 if negated else rng.randrange(1, 3)
        steps.append(
            Step(
                f"s{n}",
                Condition(rng.randrange(2)),
                contiguity,
                low,
                low if negated else rng.choice([low, low + 1, None]),
                rng.random() < 0.3 and not negated,
                rng.choice(["strict", "relaxed"]),
                optional=not negated and n > 0 and rng.random() < 0.2,
                negated=negated,
            )
        )
    within = rng.randrange(1, 40) * MS
    try:
        automaton = compile_steps(tuple(steps), within)
    except LakestreamError:  # a combination that has no meaning
        return sequence(rng)
    return SequenceMatcher(
        automaton.nodes,
        automaton.start,
        tuple((c.bit, None) for c in automaton.conditions),
        within,
        rng.choice(["no-skip", "skip-to-next", "skip-past-last"]),
        emit_timed_out=rng.random() < 0.3,
        max_partial_matches=rng.choice([3, 1000]),
    )


MAKERS: dict[str, Callable[[random.Random], Any]] = {
    "absence": absence,
    "rolling count": rolling,
    "window count": windowed,
    "sequence": sequence,
}


def random_rows(rng: random.Random) -> list[tuple[Any, ...]]:
    span = rng.choice([20, 100, 400])
    return [
        (
            rng.choice(["a", "b", None]),
            1_000_000 + rng.randrange(span) * MS,
            rng.choice([0, 1, 2, 3]),
            rng.choice([None, 1, 2]),
            n,
        )
        for n in range(rng.randrange(1, 40))
    ]


def play(matcher: Any, batches: list[Any], final: int, restart: bool) -> set[str]:
    states: dict[Any, Any] = {}
    out: list[Any] = []
    waiting = None
    for rows, watermark in [*batches, (packed([]), final), (packed([]), NEVER)]:
        done = advance(LAYOUT, matcher, states, waiting, rows, watermark, out)
        waiting = from_bytes(to_bytes(done.waiting)) if restart else done.waiting
        assert not done.late.num_rows
    assert not states, "nothing stays open once the input is closed"
    assert waiting is None
    return found(out)


def check(kind: str, seed: int) -> None:
    rng = random.Random(f"{kind} {seed}")
    matcher = MAKERS[kind](rng)
    rows = random_rows(rng)
    table = packed(rows)
    expected = play(matcher, [(table, 0)], 0, False)
    times = np.array([r[1] for r in rows])
    delay_ms = rng.choice([0, 1, 5])
    point = WatermarkPoint("source", times, np.arange(len(rows)), delay_ms)
    for restart in (False, True):
        batches, final = shuffled_batches(table, [point], rng)
        got = play(matcher, [tuple(b) for b in batches], final, restart)
        assert got == expected, f"{kind} seed {seed}"


@pytest.mark.parametrize("kind", MAKERS)
def test_schedule_does_not_matter(kind: str) -> None:
    for seed in range(150):
        check(kind, seed)


@pytest.mark.soak
@pytest.mark.parametrize("kind", MAKERS)
def test_schedule_does_not_matter_soak(kind: str) -> None:
    print(f"{kind}: seeds 0..4999")
    for seed in range(5000):
        check(kind, seed)
