"""The matchers against the definition: random patterns, rows, definitions, skips and outputs."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lakestream_mcp.patterns.match_recognize import matcher, threads
from lakestream_mcp.patterns.match_recognize.base import ROW_PATTERN_END
from lakestream_mcp.patterns.match_recognize.history import RowHistoryMatcher
from lakestream_mcp.patterns.match_recognize.matcher import RowPatternMatcher
from lakestream_mcp.patterns.match_recognize.output import RowOutput
from lakestream_mcp.patterns.match_recognize.pattern_text import Pattern, parse_pattern
from lakestream_mcp.patterns.match_recognize.program import compile_pattern
from lakestream_mcp.patterns.match_recognize.tokens import Reader, tokenize

from .oracle import LABELS, Path, Rules, SkipFailed, random_pattern, recognize

Event = tuple[int, int, tuple[int, int, int]]  # ts, mask, (occurrence, number of the row, value)


def parsed(text: str) -> Pattern:
    return parse_pattern(Reader(text, tokenize(text)))


class Case:
    """One random clause over random rows, with its parts as the oracle and the matcher want them.

    A label's definition is a bit of the row; for some, also something about the row before, or
    (with `history`) about the sum of the match so far or its first row.
    """

    def __init__(self, draw: random.Random, history: bool) -> None:
        self.text = random_pattern(draw)
        self.pattern = parsed(self.text)
        self.names = self.pattern.labels
        self.history = history
        excluded = any(part.kind == "exclude" for part in self.pattern.walk())
        all_rows = draw.random() < 0.5
        skips = ("past last row", "next row", *(("first", "last") if self.names else ()))
        self.rules = Rules(
            draw.choice(skips),
            frozenset(
                draw.sample(self.names, draw.randint(min(1, len(self.names)), len(self.names)))
            ),
            all_rows,
            draw.random() < 0.7,
            all_rows and not excluded and draw.random() < 0.5,
        )
        if self.rules.unmatched:
            self.rules = self.rules._replace(show_empty=True)
        self.within = draw.choice((None, None, 3, 5, 8))
        self.max_rows = draw.choice((100, 100, 100, 3))
        self.looks = {n: draw.choice((-1, 1)) for n in self.names if draw.random() < 0.2}
        self.tests = {n: draw.choice(("sum", "first")) for n in self.names if draw.random() < 0.4}
        self.events = self._events(draw)

    def _events(self, draw: random.Random) -> list[Event]:
        gap = draw.choice((1, 2))
        ts, events = 0, []
        for number in range(draw.randrange(9)):
            ts += draw.randint(0, gap)
            mask = draw.choice((1, 2, 4, 8, 3, 5, 15, 0, 7))
            events.append((ts, mask, (0, number, draw.randint(0, 3))))
        return events

    def fits(self, start: int, path: Path, _: int) -> bool:
        """Whether the path's last row may have its label."""
        at = start + len(path) - 1
        label = path[-1][0]
        ts, mask, row = self.events[at]
        if len(path) > self.max_rows:
            return False
        if self.within is not None and ts - self.events[start][0] >= self.within:
            return False
        if not mask >> LABELS.index(label) & 1:
            return False
        shift = self.looks.get(label)
        if shift is not None:
            other = at + shift
            if not 0 <= other < len(self.events) or not self.events[other][2][2] <= row[2]:
                return False
        if not self.history or label not in self.tests:
            return True
        same = [self.events[start + k][2][2] for k, (each, _) in enumerate(path) if each == label]
        if self.tests[label] == "sum":
            return sum(same) <= 4
        return same[0] <= row[2]

    def matcher(self) -> Any:
        tests: list[Any] = []
        memory: list[Any] = []
        for n, name in enumerate(self.names):
            look, test = None, None
            if name in self.looks:
                look = look_by(self.looks[name])
            if self.history and name in self.tests:
                kind = self.tests[name]
                argument = (lambda v, i: v.cell(i, 0, 2)) if kind == "sum" else None
                test = test_by(kind, len(memory))
                memory.append((kind, (n,), argument, 1))
            tests.append((LABELS.index(name), look, test))
        output = RowOutput(
            self.names, all_rows=self.rules.all_rows, show_empty=self.rules.show_empty, identity=2
        )
        given: dict[str, Any] = {
            "unmatched": self.rules.unmatched,
            "skip": self.rules.skip,
            "skip_to": tuple(self.names.index(n) for n in self.rules.skip_to),
            "within": self.within,
            "max_rows": self.max_rows,
            "back": int(-1 in self.looks.values()),
            "ahead": int(1 in self.looks.values()),
        }
        program = compile_pattern(self.pattern, self.names)
        if not self.history:
            return RowPatternMatcher(program, self.names, tuple(tests), output, **given)
        return RowHistoryMatcher(
            program, self.names, tuple(tests), output, memory=tuple(memory), **given
        )

    def expected(self) -> list[Any]:
        found = recognize(self.pattern, len(self.events), self.fits, self.rules)
        return sorted(map(repr, map(self._shown, found)))

    def _shown(self, item: tuple[Any, ...]) -> Any:
        """An output row as the numbers of its rows with their labels."""
        kind, at, *rest = item
        if kind in ("empty", "none"):
            return kind, at
        labels = [(name, at + k) for k, (name, _) in enumerate(rest[0])]
        return (kind, labels) if kind == "match" else (kind, at, labels[rest[2]])

    def got(self, cuts: list[int]) -> list[Any]:
        """What the matcher puts out, fed in pieces."""
        out: list[Any] = []
        matcher, state = self.matcher(), None
        for lo, hi in zip([0, *cuts], [*cuts, len(self.events)]):
            if lo < hi:
                state = matcher.on_events(state, self.events[lo:hi], out.append)
        if state is not None:
            state = matcher.on_time(state, ROW_PATTERN_END, out.append)
        assert state is None
        return sorted(map(repr, map(self._read, out)))

    def _read(self, match: Any) -> Any:
        _, _, _, bound, _, scope = match
        labels = [(self.names[label], row[1]) for label, _, row in bound]
        if not bound:
            return ("none" if scope[0] == "unmatched" else "empty"), scope[2][1]
        return ("row", scope[1][1], labels[0]) if self.rules.all_rows else ("match", labels)


def look_by(shift: int) -> Any:
    """The value of the neighbouring row is not greater."""

    def look(v: Any) -> Any:
        other = v.cell(v.at, shift, 2)
        return None if other is None else other <= v.cell(v.at, 0, 2)

    return look


def test_by(kind: str, slot: int) -> Any:
    """At most 4 in sum, or at least the first value."""
    if kind == "sum":
        return lambda v, m: m[slot] <= 4
    return lambda v, m: v.cell(m[slot][0], 0, 2) <= v.cell(v.at, 0, 2)


test_by.__test__ = False  # type: ignore[attr-defined]


def check(seed: int, history: bool) -> str:
    draw = random.Random(f"{seed} {history}")
    case = Case(draw, history)
    cuts = sorted(draw.randrange(len(case.events) + 1) for _ in range(draw.choice((0, 1, 8))))
    try:
        expected = case.expected()
    except SkipFailed:
        with pytest.raises(RuntimeError, match="AFTER MATCH SKIP failed"):
            case.got(cuts)
        return "skip failed"
    shown = (seed, case.text, case.events, case.rules, case.within, case.looks, case.tests)
    assert case.got(cuts) == expected, shown
    return "matched" if expected else "nothing"


@pytest.mark.parametrize("history", [False, True])
def test_agrees_with_the_definition(history: bool) -> None:
    told = [check(seed, history) for seed in range(3000)]
    assert told.count("matched") > 1000
    assert told.count("skip failed") > 100


@pytest.mark.parametrize("history", [False, True])
def test_what_was_learned_is_bounded_and_may_be_forgotten(
    history: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    learn = threads.RowThreads._learn

    def watched(self: Any, *arguments: Any) -> Any:
        sizes.append(len(self._moves))
        return learn(self, *arguments)

    monkeypatch.setattr(threads.RowThreads, "_learn", watched)
    for module in (threads, matcher):
        monkeypatch.setattr(module, "ROW_PATTERN_LEARNED", 2)
    for seed in range(300):
        check(seed, history)
    assert max(sizes, default=1) == 1


@pytest.mark.soak
@pytest.mark.parametrize("history", [False, True])
def test_agrees_with_the_definition_at_length(history: bool) -> None:
    for seed in range(3000, 60_000):
        check(seed, history)
