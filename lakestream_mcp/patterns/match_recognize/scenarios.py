"""Stories of a row pattern: the shortest match, and what breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...cep.scenario import Scenario, Wanted, just_before, replaced, spread, without
from .analysis import analyze
from .clause import parse_clause
from .program import compile_pattern
from .ways import Ways

if TYPE_CHECKING:
    from .node import MatchRecognizeConfig

MOST = 50


def recognize_scenarios(
    config: MatchRecognizeConfig, conditions: dict[str, str]
) -> Iterator[Scenario]:
    """The rows of the shortest match; of more than 50 there is no example.

    conditions: of variables, as far as they read the row alone.
    """
    clause = parse_clause(config.clause)
    labels = analyze(clause).primary
    rows = [labels[n] for n in Ways(compile_pattern(clause.pattern, labels)).shortest()]
    if not rows:
        yield Scenario("any row, where no rows match", "", True, (Wanted(0),))
    if not 0 < len(rows) <= MOST:
        return
    times = spread(len(rows), clause.within_us)
    events = tuple(
        Wanted(at, (label,) if label in conditions else ())
        for at, label in zip(times, rows, strict=True)
    )
    yield Scenario("every row in order", "", True, events)
    for label, at in {label: at for at, label in enumerate(rows)}.items():
        yield Scenario(f"without {label}", "clause.PATTERN", False, without(events, at))
        if label in conditions:
            failed = Wanted(times[at], (), (label,))
            clause_of = f"clause.DEFINE.{label}"
            yield Scenario(f"{label} fails", clause_of, False, replaced(events, at, failed))
    if all(label in conditions for label in labels) and len(rows) > 1:
        stray = Wanted((times[-2] + times[-1]) // 2, (), labels)
        mixed = (*events[:-1], stray, events[-1])
        yield Scenario(f"another row before {rows[-1]}", "clause.PATTERN", False, mixed)
    if clause.within_us is not None and len(rows) > 1:
        for name, at_us, matches in (
            ("the last row just in time", just_before(clause.within_us), True),
            ("the last row when the time is over", clause.within_us, False),
        ):
            moved = events[-1]._replace(at_us=at_us)
            late = replaced(events, len(rows) - 1, moved)
            yield Scenario(name, "clause.WITHIN", matches, late)
