"""The heartbeat matcher against the definition, written out naively."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lakestream_mcp.patterns.heartbeat.matcher import HeartbeatMatcher

Found = tuple[str, int, int | None, tuple[int, ...]]  # status, when, last seen, events


def definition(
    times: list[int], timeout: int, forget_after: int, expected_from: int | None
) -> list[Found]:
    """Silences between neighbours, and after the last; one more before the first if expected."""
    found: list[Found] = []
    for i in range(-1, len(times)):
        last = times[i] if i >= 0 else None
        if last is None and expected_from is None:
            continue
        begun = max(t for t in (last, expected_from) if t is not None)
        after = times[i + 1] if i + 1 < len(times) else None
        bound = () if last is None else (i,)
        if after is None or after >= begun + timeout:
            found.append(("lost", begun + timeout, last, bound))
            if after is not None and after < begun + forget_after:
                found.append(("recovered", after, last, (*bound, i + 1)))
    return found


def run(times: list[int], matcher: HeartbeatMatcher, expected_from: int | None) -> list[Found]:
    out: list[Any] = []
    state = matcher.initial() if expected_from is None else matcher.seed(expected_from)
    state = matcher.on_events(state, [(t, 1, (n,)) for n, t in enumerate(times)], out.append)
    if state:
        assert matcher.on_time(state, 1 << 60, out.append) is None
    return [(m[4][0], m[2], m[4][2], tuple(row[0] for _, _, row in m[3])) for m in out]


@pytest.mark.parametrize("expected", [False, True])
def test_agrees_with_the_definition(expected: bool) -> None:
    for seed in range(3000):
        rng = random.Random(f"{seed} {expected}")
        times = sorted(rng.randrange(-20, 60) for _ in range(rng.randrange(8)))
        timeout = rng.randrange(1, 12)
        forget_after = timeout + rng.randrange(1, 20)
        since = rng.randrange(-20, 60) if expected else None
        wanted = definition(times, timeout, forget_after, since)
        for emitted in ({"lost", "recovered"}, {"lost"}, {"recovered"}):
            matcher = HeartbeatMatcher(
                timeout, forget_after, "lost" in emitted, "recovered" in emitted
            )
            assert run(times, matcher, since) == [f for f in wanted if f[0] in emitted], seed


def test_an_event_at_the_deadline_is_lost_then_recovered() -> None:
    assert run([0, 10], HeartbeatMatcher(10, 100), None) == [
        ("lost", 10, 0, (0,)),
        ("recovered", 10, 0, (0, 1)),
        ("lost", 20, 10, (1,)),
    ]


def test_an_event_when_the_key_is_forgotten_starts_anew() -> None:
    assert run([0, 30], HeartbeatMatcher(10, 30), None) == [
        ("lost", 10, 0, (0,)),
        ("lost", 40, 30, (1,)),
    ]


def test_silence_is_in_whole_milliseconds_since_the_last_event() -> None:
    out: list[Any] = []
    matcher = HeartbeatMatcher(2_000_000, 9_000_000)
    matcher.on_events(matcher.initial(), [(500, 1, (0,)), (3_001_999, 1, (1,))], out.append)
    assert [(m[0], m[1], m[4]) for m in out] == [
        (500, 2_000_500, ("lost", 2000, 500)),
        (500, 3_001_999, ("recovered", 3001, 500)),
    ]
