"""The matcher against the definition, written out naively: try every way to bind events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from lakestream_mcp.patterns.sequence.automaton import Condition, Step, compile_steps
from lakestream_mcp.patterns.sequence.matcher import SequenceAfterQuiet, SequenceMatcher

LETTERS = "abcdx"
Bound = tuple[tuple[int, int], ...]  # (step, place of the event)


class Wanted(NamedTuple):
    """A step that binds `count` events of one letter."""

    letter: str
    contiguity: str
    count: int
    more: bool  # any number from `count` on
    inner: str
    optional: bool
    forbidden: str | None  # no such letter may come before the step


def single(step: Wanted, count: int) -> list[tuple[str, str]]:
    """(letter, contiguity) of each event the step binds."""
    return [(step.letter, step.contiguity if n == 0 else step.inner) for n in range(count)]


def ways(steps: list[Wanted], at: int, text: str, bound: Bound) -> Iterator[Bound]:
    """Every way to bind the steps from `at` on."""
    if at == len(steps):
        yield bound
        return
    step = steps[at]
    if step.optional:
        yield from ways(steps, at + 1, text, bound)
    most = len(text) if step.more else step.count
    for count in range(step.count, most + 1):
        for taken in repetitions(step, at, single(step, count), text, bound):
            yield from ways(steps, at + 1, text, taken)


def repetitions(
    step: Wanted, at: int, wanted: list[tuple[str, str]], text: str, bound: Bound
) -> Iterator[Bound]:
    """Every way to bind the events of one step."""
    if not wanted:
        yield bound
        return
    letter, contiguity = wanted[0]
    last = bound[-1][1] if bound else -1
    first = not bound or bound[-1][0] != at
    for place in range(last + 1, len(text)):
        if text[place] == letter:
            yield from repetitions(step, at, wanted[1:], text, (*bound, (at, place)))
            if bound and contiguity != "relaxed-any":
                return
        if bound and contiguity == "strict":
            return
        if first and text[place] == step.forbidden:
            return


def expected(
    steps: list[Wanted], text: str, times: list[int], within: int, after: str, to: int
) -> list[Bound]:
    """The matches, after skipping: earliest first event first."""
    found = [
        way for way in ways(steps, 0, text, ()) if times[way[-1][1]] - times[way[0][1]] < within
    ]
    found.sort(key=lambda way: way[0][1])
    kept: list[Bound] = []
    while found:
        match = found.pop(0)
        kept.append(match)
        places = [place for step, place in match if step == to]
        if after == "skip-past-last":
            found = [way for way in found if way[0][1] > match[-1][1]]
        elif after == "skip-to-next":
            found = [way for way in found if way[0][1] > match[0][1]]
        elif after != "no-skip" and places:
            limit = places[0] if after == "skip-to-first" else places[-1]
            found = [way for way in found if way[0][1] >= limit]
    return kept


def matcher_of(steps: list[Wanted], within: int, after: str, to: int) -> SequenceMatcher:
    """The automaton of the same steps; forbidden letters are steps of their own."""
    built: list[Step] = []
    for step in steps:
        if step.forbidden and built:
            where = Condition(LETTERS.index(step.forbidden))
            built.append(Step(f"n{len(built)}", where, negated=True))
        built.append(
            Step(
                f"s{len(built)}",
                Condition(LETTERS.index(step.letter)),
                step.contiguity,
                step.count,
                None if step.more else step.count,
                inner=step.inner,
                optional=step.optional,
            )
        )
    automaton = compile_steps(tuple(built), within)
    names = [step.name for step in built if not step.negated]
    conditions = tuple((c.bit, None) for c in automaton.conditions)
    target = automaton.steps.index(names[to])
    return SequenceMatcher(
        automaton.nodes, automaton.start, conditions, within, after, target, False, False, 10**6
    )


def found_by(matcher: SequenceMatcher, text: str, times: list[int]) -> list[Any]:
    """What the matcher emits once every deadline has passed."""
    matches: list[Any] = []
    events = [(ts, 1 << LETTERS.index(c), (0, n)) for n, (ts, c) in enumerate(zip(times, text))]
    state = matcher.on_events(matcher.initial(), events, matches.append)
    if state:
        matcher.on_time(state, 1 << 40, matches.append)
    return sorted(tuple(row[1] for _, _, row in match[3]) for match in matches)


CONTIGUITY = st.sampled_from(["strict", "relaxed", "relaxed-any"])


@st.composite
def patterns(draw: Any, repeats: bool) -> list[Wanted]:
    """Steps over letters of their own, so that an event fits one step at most."""
    letters = draw(st.permutations("abcd"))[: draw(st.integers(1, 4))]
    steps: list[Wanted] = []
    for letter in letters:
        more = repeats and draw(st.booleans())
        optional = repeats and draw(st.booleans()) and bool(steps)
        lifted = optional or not steps or steps[-1].optional
        forbidden = None if lifted else draw(st.sampled_from([None, None, "x"]))
        count = draw(st.integers(1, 2 if repeats else 1))
        steps.append(
            Wanted(letter, draw(CONTIGUITY), count, more, draw(CONTIGUITY), optional, forbidden)
        )
    return steps


@st.composite
def streams(draw: Any) -> tuple[str, list[int]]:
    """Events and their times, some equal."""
    text = draw(st.text(st.sampled_from("aaabbbccddx"), max_size=9))
    gaps = draw(st.lists(st.sampled_from([0, 1, 1, 3]), min_size=len(text), max_size=len(text)))
    return text, [sum(gaps[: n + 1]) for n in range(len(text))]


WITHIN = st.sampled_from([2, 4, 7, 100])


@settings(max_examples=250)
@given(steps=patterns(repeats=True), stream=streams(), within=WITHIN)
def test_all_matches(steps: list[Wanted], stream: tuple[str, list[int]], within: int) -> None:
    text, times = stream
    matches = expected(steps, text, times, within, "no-skip", 0)
    wanted = sorted(tuple(place for _, place in match) for match in matches)
    assert found_by(matcher_of(steps, within, "no-skip", 0), text, times) == wanted


SKIPS = st.sampled_from(["skip-past-last", "skip-to-next", "skip-to-first", "skip-to-last"])


@settings(max_examples=250)
@given(
    steps=patterns(repeats=False),
    stream=streams(),
    within=WITHIN,
    after=SKIPS,
    to=st.integers(0, 3),
)
def test_skipping(
    steps: list[Wanted], stream: tuple[str, list[int]], within: int, after: str, to: int
) -> None:
    """Where a first event begins one match at most, so that there are no ties to break."""
    steps = [s._replace(contiguity=s.contiguity.removesuffix("-any")) for s in steps]
    to = min(to, len(steps) - 1)
    text, times = stream
    matches = expected(steps, text, times, within, after, to)
    wanted = sorted(tuple(place for _, place in match) for match in matches)
    assert found_by(matcher_of(steps, within, after, to), text, times) == wanted


class Group(NamedTuple):
    """Two letters that follow each other, `low` to `high` times, as a whole perhaps not at all."""

    letters: str
    contiguity: str  # of the second letter
    before: str  # contiguity of the first round
    between: str  # contiguity of the later rounds
    low: int
    high: int
    optional: bool


def unrolled(group: Group) -> list[list[Wanted]]:
    """The group as plain steps, once for each number of rounds."""
    counts = [*([0] if group.optional else []), *range(group.low, group.high + 1)]
    first, second = group.letters
    return [
        [
            Wanted(letter, contiguity, 1, False, "relaxed", False, None)
            for n in range(count)
            for letter, contiguity in (
                (first, group.between if n else group.before),
                (second, group.contiguity),
            )
        ]
        for count in counts
    ]


@st.composite
def groups(draw: Any) -> Group:
    low = draw(st.integers(1, 2))
    high = low + draw(st.integers(0, 1))
    return Group("bc", draw(CONTIGUITY), draw(CONTIGUITY), draw(CONTIGUITY), low, high,
                 draw(st.booleans()))  # fmt: skip


@settings(max_examples=250)
@given(group=groups(), stream=streams(), within=WITHIN, last=CONTIGUITY)
def test_groups(group: Group, stream: tuple[str, list[int]], within: int, last: str) -> None:
    """`a`, the group, then `d`: as the plain patterns with each number of rounds together.

    Where another round may still come, what it lets pass is let pass before `d`, too, as in Flink:
    that is the same only if `d` lets everything pass. A match may then be found twice, with and
    without having waited for that round, which Flink does as well.
    """
    text, times = stream
    if group.high > group.low:
        last = "relaxed-any"
    begin = Wanted("a", "relaxed", 1, False, "relaxed", False, None)
    end = Wanted("d", last, 1, False, "relaxed", False, None)
    wanted = sorted(
        tuple(place for _, place in match)
        for rounds in unrolled(group)
        for match in expected([begin, *rounds, end], text, times, within, "no-skip", 0)
    )
    inside = (
        Step("b", Condition(LETTERS.index("b"))),
        Step("c", Condition(LETTERS.index("c")), group.contiguity),
    )
    steps = (
        Step("a", Condition(LETTERS.index("a"))),
        Step("g", Condition(), group.before, group.low, group.high, inner=group.between,
             optional=group.optional, group=inside),
        Step("d", Condition(LETTERS.index("d")), last),
    )  # fmt: skip
    automaton = compile_steps(steps, within)
    conditions = tuple((c.bit, None) for c in automaton.conditions)
    matcher = SequenceMatcher(
        automaton.nodes, automaton.start, conditions, within, max_partial_matches=10**6
    )
    found = found_by(matcher, text, times)
    if group.high > group.low:
        found, wanted = sorted(set(found)), sorted(set(wanted))
    assert found == wanted


def after_quiet(text: str, times: list[int], quiet: int, within: int) -> list[Bound]:
    """`a` then `b` after no `x` for a time, wait by wait as the README says it."""
    found: list[Bound] = []
    begin = 0
    while begin < len(text):
        since, place = times[begin], begin + 1
        while place < len(text) and times[place] < since + quiet:
            if text[place] == "x":
                since = times[place]
            place += 1
        over = since + quiet
        end = next((n for n in range(place, len(text)) if times[n] >= over + within), len(text))
        a = text.find("a", place, end)
        b = text.find("b", a + 1, end) if a >= 0 else -1
        if b >= 0:
            found.append(((1, a), (2, b)))
            end = b
        begin = end
    return found


@settings(max_examples=400)
@given(stream=streams(), quiet=st.integers(1, 4), within=WITHIN, cut=st.integers(1, 9))
def test_a_wait_first(stream: tuple[str, list[int]], quiet: int, within: int, cut: int) -> None:
    text, times = stream
    steps = (
        Step("x", Condition(LETTERS.index("x")), waits=True),
        Step("a", Condition(LETTERS.index("a"))),
        Step("b", Condition(LETTERS.index("b"))),
    )
    automaton = compile_steps(steps, within)
    conditions = tuple((c.bit, None) for c in automaton.conditions)
    sequence = SequenceMatcher(automaton.nodes, automaton.start, conditions, within)
    matcher = SequenceAfterQuiet(sequence, quiet, LETTERS.index("x"))
    found: list[Any] = []
    state = matcher.initial()
    for n, (ts, letter) in enumerate(zip(times, text)):
        expires = matcher.expires(state) if state else None
        if expires is not None and expires <= ts and n % cut == 0:
            state = matcher.on_time(state, ts, found.append) and ()
        state = matcher.on_events(state, [(ts, 1 << LETTERS.index(letter), (0, n))], found.append)
    wanted = [
        tuple(place for _, place in match) for match in after_quiet(text, times, quiet, within)
    ]
    assert [tuple(row[1] for _, _, row in match[3]) for match in found] == wanted
    assert all(match[0] == match[3][0][1] for match in found), "it starts with its first event"


def test_a_deadline_behind_a_wait_is_asked_for() -> None:
    steps = (
        Step("x", Condition(0), waits=True),
        Step("a", Condition(1)),
        Step("b", Condition(2), negated=True),
    )
    automaton = compile_steps(steps, 5)
    conditions = tuple((c.bit, None) for c in automaton.conditions)
    sequence = SequenceMatcher(automaton.nodes, automaton.start, conditions, 5)
    matcher = SequenceAfterQuiet(sequence, 3, 0)
    found: list[Any] = []
    state = matcher.on_events(matcher.initial(), [(0, 1, (0, 0))], found.append)
    assert matcher.next_timer(state) is None
    state = matcher.on_events(state, [(4, 2, (0, 1))], found.append)
    assert matcher.next_timer(state) == 8, "the time runs from the end of the wait"
    matcher.on_time(state, 8, found.append)
    assert [[row[1] for _, _, row in match[3]] for match in found] == [[1]]


@settings(max_examples=100)
@given(stream=streams(), within=WITHIN)
def test_final_negation(stream: tuple[str, list[int]], within: int) -> None:
    """`a` then no `b` for the time: one match per `a`, at its deadline."""
    text, times = stream
    steps = (Step("a", Condition(0)), Step("b", Condition(1), negated=True))
    automaton = compile_steps(steps, within)
    conditions = tuple((c.bit, None) for c in automaton.conditions)
    matcher = SequenceMatcher(automaton.nodes, automaton.start, conditions, within)
    wanted = sorted(
        (n,)
        for n, c in enumerate(text)
        if c == "a"
        and not any(d == "b" and times[m] - times[n] < within for m, d in enumerate(text) if m > n)
    )
    assert found_by(matcher, text, times) == wanted
