"""A row costs the same however many came before it, and what a key holds stays bounded."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import pytest

from lakestream_mcp.patterns.match_recognize.base import ROW_PATTERN_END
from lakestream_mcp.patterns.match_recognize.history import RowHistoryMatcher
from lakestream_mcp.patterns.match_recognize.matcher import RowPatternMatcher
from lakestream_mcp.patterns.match_recognize.output import RowOutput
from lakestream_mcp.patterns.match_recognize.program import compile_pattern

from .test_engine import parsed

A, B, C, AB = 1, 2, 4, 3
SECOND = 1_000_000


def matcher(text: str, **given: Any) -> Any:
    """A is bit 0, B bit 1, C bit 2."""
    pattern = parsed(text)
    names = pattern.labels
    tests = tuple(("ABC".index(name), None, None) for name in names)
    given = {"max_rows": 1_000_000, **given}
    return RowPatternMatcher(
        compile_pattern(pattern, names), names, tests, RowOutput(names), **given
    )


def summing(limit: int) -> Any:
    """`A B* C` where C asks for more than the sum of the Bs can be."""
    pattern = parsed("A B* C")
    tests = ((0, None, None), (1, None, None), (None, None, lambda v, m: (m[0] or 0) > limit))
    memory = (("sum", (1,), lambda v, i: 1, 1),)
    program = compile_pattern(pattern, pattern.labels)
    output = RowOutput(pattern.labels)
    return RowHistoryMatcher(
        program, pattern.labels, tests, output, memory=memory, max_rows=1_000_000
    )


def events(masks: list[int]) -> list[Any]:
    return [(n * SECOND, mask, (0, n)) for n, mask in enumerate(masks)]


def steps(made: Any, masks: list[int]) -> int:
    """How many functions are called to play rows one by one."""
    called = [0]

    def count(_: Any, what: str, __: Any) -> None:
        called[0] += what in ("call", "c_call")

    state, rows = None, events(masks)
    sys.setprofile(count)
    try:
        for row in rows:
            state = made.on_events(state, (row,), lambda match: None)
    finally:
        sys.setprofile(None)
    return called[0]


CASES: dict[str, tuple[Any, list[int]]] = {
    "a tail that never ends": (lambda: matcher("(A | B)* C"), [A, B]),
    "a bounded tail": (lambda: matcher("A B{1,50} C"), [A, *[B] * 60]),
    "a bounded tail of rows that are both": (lambda: matcher("A B{1,50} C"), [AB]),
    "an open greedy tail": (lambda: matcher("A+"), [A]),
    "every start": (lambda: matcher("A+ C", skip="next row"), [A]),
    "within a time": (lambda: matcher("(A | B)* C", within=100 * SECOND), [A, B]),
    "a preferred way that never comes": (lambda: matcher("(A+ C) | A", within=50 * SECOND), [A]),
    "all in one group": (lambda: matcher("(A | B | A B)* C"), [AB, A, B]),
    "matches": (lambda: matcher("A B+ C"), [A, B, B, C]),
    "a sum": (lambda: summing(1 << 40), [A, *[B] * 40_000]),
}


@pytest.mark.parametrize("name", CASES)
def test_cost_is_linear(name: str) -> None:
    made, unit = CASES[name]
    masks = (unit * 4_000)[:4_000]
    half, whole = steps(made(), masks[:2_000]), steps(made(), masks)
    assert whole < 2.3 * half, (half, whole)


def test_what_is_held_is_bounded_by_time() -> None:
    made = matcher("(A | B)* C", within=100 * SECOND)
    state = made.on_events(None, events([A, B] * 1_000), lambda match: None)
    assert len(pickle.dumps(state)) < 10_000
    assert made.on_time(state, 2_200 * SECOND, lambda match: None) is None


def test_time_lets_rows_go() -> None:
    made = matcher("A+ C", within=10 * SECOND)
    state = made.on_events(None, events([A] * 10), lambda match: None)
    state = made.on_time(state, 12 * SECOND, lambda match: None)
    assert [ts // SECOND for ts, *_ in state[0]] == [3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("made", [matcher("A B* C"), summing(1 << 40)], ids=["row", "history"])
def test_open_attempts_are_shown_while_they_are_short(made: Any) -> None:
    made.observer = lambda *told: None
    state, shown = None, []
    for event in events([A, *[B] * 100]):
        state = made.on_events(state, [event], lambda match: None)
        shown.append([len(bound) for bound, _ in state[-1]])
    assert shown == [*([n] for n in range(1, 101)), []]


def test_what_is_held_is_bounded_by_rows() -> None:
    made = matcher("A+ C", max_rows=10)
    found: list[Any] = []
    state = made.on_events(None, events([A] * 1_000), found.append)
    assert len(state[0]) <= 11
    assert not found
    assert made.dropped == 990, "attempts that could not go on are counted"


def test_a_match_ends_at_the_most_rows() -> None:
    made = matcher("A+", max_rows=3)
    found: list[Any] = []
    state = made.on_events(None, events([A] * 7), found.append)
    made.on_time(state, ROW_PATTERN_END, found.append)
    assert [len(match[3]) for match in found] == [3, 3, 1]


def test_too_many_ways_at_once_are_given_up() -> None:
    pattern = parsed("(A | B)* C")
    names = pattern.labels
    tests = ((0, None, None), (1, None, None), (2, None, lambda v, m: False))
    memory = (("list", (0, 1), lambda v, i: v.name(i, 0), 1),)
    program = compile_pattern(pattern, names)
    made = RowHistoryMatcher(
        program, names, tests, RowOutput(names), memory=memory, max_threads=100
    )
    state = made.on_events(None, events([AB] * 40), lambda match: None)
    assert made.dropped > 0
    assert len(state[3][1]) <= 100


def test_idle_keys_hold_nothing() -> None:
    made = matcher("A B+ C")
    assert made.on_events(None, events([B, C, A, B, C, B]), lambda match: None) is None


def test_a_silent_partition_is_over() -> None:
    made = matcher("A+ $", forget_after=10 * SECOND)
    found: list[Any] = []
    rows = [(0, A, (0, 0)), (5 * SECOND, A, (0, 1)), (15 * SECOND, A, (0, 2))]
    state = made.on_events(None, rows, found.append)
    assert [(match[2], len(match[3])) for match in found] == [(15 * SECOND, 2)]
    assert made.next_timer(state) == 25 * SECOND
    assert made.on_time(state, 25 * SECOND, found.append) is None
    assert found[1][2:4] == (25 * SECOND, ((0, 15 * SECOND, (0, 2)),))
