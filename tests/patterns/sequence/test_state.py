"""State: plain data, independent of cuts, schedules and the instance; bounded; observed."""

from __future__ import annotations

import pickle
import random
from typing import Any

import pytest

from lakestream_mcp.patterns.sequence.automaton import Condition, Step, compile_steps
from lakestream_mcp.patterns.sequence.matcher import SequenceMatcher
from lakestream_mcp.relational.local import LocalEngine

from . import cases

RANDOM = cases.read("sequence_flink.jsonl")


@pytest.fixture(scope="module")
def built() -> list[tuple[dict[str, Any], cases.Built]]:
    """Every recorded case, planned and packed once."""
    engine = LocalEngine()
    made = [(case, cases.build(engine, case)) for case in RANDOM]
    engine.close()
    return made


def play(built: cases.Built, draw: random.Random | None, end: int) -> list[Any]:
    """All that is emitted; with `draw`, in random cuts, with pickled state and extra timers."""
    matcher, found = built.new(), []
    state = matcher.initial()
    events = built.packed
    at = 0
    while at < len(events):
        size = len(events) if draw is None else draw.randint(1, 4)
        part = events[at : at + size]
        at += size
        state = matcher.on_events(state, part, found.append)
        if draw is not None:
            matcher, state = built.new(), pickle.loads(pickle.dumps(state))
            now = part[-1][0] if at >= len(events) else draw.randint(part[-1][0], events[at][0])
            due = matcher.next_timer(state)
            if state and due is not None and due <= now and draw.random() < 0.7:
                state = matcher.on_time(state, now, found.append)
            expires = matcher.expires(state) if state else None
            if expires is not None and expires <= now and matcher.next_timer(state) is None:
                state = matcher.initial()
    while state and (due := matcher.next_timer(state)) is not None and due <= end:
        state = matcher.on_time(state, due if draw is not None else end, found.append)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_cuts_change_nothing(built: list[tuple[Any, cases.Built]], seed: int) -> None:
    draw = random.Random(seed)
    for case, one in built:
        whole = play(one, None, 10**9)
        assert play(one, draw, 10**9) == whole, case["id"]


def simple(**given: Any) -> SequenceMatcher:
    steps = (Step("a", Condition(0)), Step("b", Condition(1), given.pop("contiguity", "relaxed")))
    automaton = compile_steps(steps, given.get("within"))
    conditions = tuple((c.bit, given.pop("test", None)) for c in automaton.conditions)
    return SequenceMatcher(automaton.nodes, automaton.start, conditions, **given)


def feed(matcher: SequenceMatcher, text: str, state: Any = ()) -> tuple[Any, list[Any]]:
    found: list[Any] = []
    masks = {"a": 1, "b": 2, "x": 0}
    events = [(n * 10, masks[c], (0, n)) for n, c in enumerate(text)]
    return matcher.on_events(state, events, found.append), found


def test_oldest_goes_at_the_limit() -> None:
    matcher = simple(max_partial_matches=2, after_match="no-skip")
    seen: list[Any] = []
    matcher.observer = lambda *told: seen.append(told)
    _, found = feed(matcher, "aaaab")
    assert [m[3][0][2] for m in found] == [(0, 2), (0, 3)]
    assert matcher.dropped == 2
    assert [(reason, bound[0][2]) for reason, bound, _, _ in seen] == [
        ("limit", (0, 0)),
        ("limit", (0, 1)),
    ]


@pytest.mark.parametrize(
    ("given", "text", "reasons"),
    [
        ({"within": 15}, "axxb", [("expired", 15, None)]),
        ({"contiguity": "strict"}, "axb", [("contiguity broken", 10, (10, (0, 1)))]),
        ({"after_match": "skip-past-last"}, "aab", [("skipped after match", 20, None)]),
    ],
)
def test_observer(given: dict[str, Any], text: str, reasons: list[Any]) -> None:
    matcher = simple(**given)
    seen: list[Any] = []
    matcher.observer = lambda *told: seen.append(told)
    feed(matcher, text)
    assert [(reason, at, event) for reason, _, at, event in seen] == reasons


def test_observed_and_unobserved_agree() -> None:
    draw = random.Random(5)
    for _ in range(200):
        text = "".join(draw.choice("aabx") for _ in range(12))
        for after in ("skip-past-last", "skip-to-next", "no-skip"):
            watched = simple(within=40, after_match=after)
            watched.observer = lambda *told: None
            assert feed(watched, text)[1] == feed(simple(within=40, after_match=after), text)[1]


def test_times_and_expiry() -> None:
    matcher = simple(within=15)
    state, _ = feed(matcher, "a")
    assert matcher.expires(state) == 15
    assert matcher.next_timer(state) is None
    assert matcher.on_time(state, 15, print) == ()
    assert matcher.initial() == () and not matcher.initial()


def test_long_runs_pickle() -> None:
    """A loop of thousands of events pickles, and its limit keeps the loop that goes on."""
    loop = Step("a", Condition(0), min=1, max=None)
    automaton = compile_steps((Step("s", Condition(1)), loop, Step("z", Condition(2))), None)
    conditions = tuple((c.bit, None) for c in automaton.conditions)
    matcher = SequenceMatcher(automaton.nodes, automaton.start, conditions, max_partial_matches=9)
    events = [(0, 2, (0, 0))] + [(n, 1, (0, n)) for n in range(1, 5001)]
    state = matcher.on_events((), events, print)
    again = pickle.loads(pickle.dumps(state))
    assert again == state
    found: list[Any] = []
    matcher.on_events(again, [(9999, 4, (0, 1))], found.append)
    assert max(len(match[3]) for match in found) == 5002
    assert len(state[1]) == 9 and matcher.dropped > 4000


def test_a_greedy_step_that_may_be_left_out_and_ends() -> None:
    """Two greedy steps ended by a condition, the first left out or taken with the same events."""
    first = Step("a", Condition(0), max=None, greedy=True, optional=True, until=Condition(3))
    second = Step("b", Condition(1), max=None, greedy=True, until=Condition(3))
    automaton = compile_steps((first, second), None)
    matcher = SequenceMatcher(
        nodes=automaton.nodes,
        start=automaton.start,
        conditions=tuple((c.bit, c.test) for c in automaton.conditions),
        within=None,
        after_match="no-skip",
        max_partial_matches=1000,
    )
    out: list[Any] = []
    matcher.on_events(matcher.initial(), [(1, 3, ()), (2, 8, ()), (3, 3, ())], out.append)
    assert [[(step, ts) for step, ts, _ in match[3]] for match in out] == [[(0, 1), (1, 3)]]


def test_a_greedy_step_with_until_behind_what_may_be_nothing_is_refused() -> None:
    steps = (
        Step("a", Condition(0), max=None, greedy=True, negated=True),
        Step("b", Condition(1), min=0, max=3, negated=True),
        Step(
            "c", Condition(2), "relaxed-any", 2, None, True, "strict", Condition(5), optional=True
        ),
        Step("d", Condition(3), "strict", max=3, inner="relaxed-any"),
    )
    with pytest.raises(ValueError, match="`c` cannot be greedy, optional and have `until`"):
        compile_steps(steps, None)


def test_without_a_time_limit_nothing_is_due() -> None:
    waits = simple(emit_timed_out=True)
    state, _ = feed(waits, "a")
    assert (waits.next_timer(state), waits.expires(state)) == (None, None)
    steps = (Step("a", Condition(0)), Step("b", Condition(1)), Step("c", Condition(2), gap=30))
    automaton = compile_steps(steps, None)
    conditions = tuple((c.bit, None) for c in automaton.conditions)
    gapped = SequenceMatcher(automaton.nodes, automaton.start, conditions)
    state, _ = feed(gapped, "a")
    assert (gapped.next_timer(state), gapped.expires(state)) == (None, None)
    state, _ = feed(gapped, "ab")
    assert (gapped.next_timer(state), gapped.expires(state)) == (None, 40)
