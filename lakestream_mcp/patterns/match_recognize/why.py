"""Why rows are no match: how far attempts came, and which definition did not hold for the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...cep.near_miss import (
    Bound,
    KeyView,
    Miss,
    Part,
    Partial,
    Seen,
    closeness,
    false_parts,
    moment,
    span,
    told_bound,
)
from .analysis import analyze
from .clause import parse_clause
from .program import compile_pattern
from .ways import Expected, Ways

if TYPE_CHECKING:
    from .node import MatchRecognizeConfig
    from .truth import Definitions

MAX_ATTEMPTS = 40
MAX_FIRST = 300
LIMIT = "more rows or ways to go on than `max_rows_per_match` or `max_partial_matches` allows"


class Reader(NamedTuple):
    """What is asked again and again."""

    view: KeyView
    names: tuple[str, ...]
    ways: Ways
    definitions: Definitions
    within: int | None

    def expected(self, attempt: Partial, seen: Seen | None = None) -> Expected:
        """What could have come next; seen: the first row of an attempt that has none."""
        start = attempt.bound[0].seen if attempt.bound else seen
        variables = [self.names.index(bound.step) for bound in attempt.bound]
        return self.ways.after(variables, start is self.view.events[0])

    def progress(self, left: int, nearness: float = 0.0) -> float:
        """From the rows that are needed and how nearly the next one was one of them."""
        needed = max(self.ways.needed, left, 1)
        return 0.98 * min(1.0, (needed - left + min(nearness, 0.99)) / needed)


def recognize_misses(config: MatchRecognizeConfig, view: KeyView) -> Iterator[Miss]:
    """The attempts that came furthest; where there is none, the rows nearest to a first one."""
    from .truth import Definitions

    clause = parse_clause(config.clause)
    labels = analyze(clause)
    ways = Ways(compile_pattern(clause.pattern, labels.primary))
    definitions = Definitions(clause.define, labels, view)
    on = Reader(view, labels.primary, ways, definitions, clause.within_us)
    attempts = [partial for partial in view.partials if partial.bound]
    still = {frozenset(n for _, n in a.named) for a in attempts if a.reason is None}
    # What fails only because the input is over is told as what it waited for.
    attempts = [a for a in attempts if a.by is None or _longer(a) not in still]
    attempts.sort(key=lambda a: (on.expected(a).left, -len(a.bound), a.at or 0))
    told: set[tuple[str, int | None]] = set()
    for attempt in attempts[:MAX_ATTEMPTS]:
        for miss in _attempt(on, attempt):
            # One row ends many attempts alike; the longest of them comes first.
            if miss.event is None or (miss.clause, miss.event) not in told:
                told.add((miss.clause, miss.event))
                yield miss
    if not attempts and not view.matched:
        for seen in view.events[:MAX_FIRST]:
            yield from _unfit(on, seen, Partial((), None, None, None))


def _longer(attempt: Partial) -> frozenset[int]:
    """The events of an attempt with the one that it ended at."""
    return frozenset(n for _, n in attempt.named) | ({attempt.by.number} if attempt.by else set())


def _none_came(on: Reader) -> str:
    """That no row followed, of those that have been played."""
    view = on.view
    waits = view.decided_to == view.closed_at and view.events[-1].ts <= view.closed_at
    return "no other row of the key came" + (f" by {moment(view.closed_at)}" if waits else "")


def _attempt(on: Reader, attempt: Partial) -> Iterator[Miss]:
    if attempt.reason == "limit":
        yield _given_up(on, attempt)
    elif attempt.reason == "expired":
        yield from _out_of_time(on, attempt)
    elif attempt.reason is None:
        yield _open(on, attempt)
    elif attempt.by is not None:
        yield from _unfit(on, attempt.by, attempt)


def _parts(on: Reader, label: str, seen: Seen, attempt: Partial) -> list[Part]:
    return on.definitions.parts(label, seen, [(b.step, b.seen) for b in attempt.bound])


def _unfit(on: Reader, seen: Seen, attempt: Partial) -> Iterator[Miss]:
    """A row that was none of the variables that could come next: for each, why."""
    expected = on.expected(attempt, seen)
    tried = [(n, _parts(on, on.names[n], seen, attempt)) for n in expected.variables]
    # What reads other rows in ways that are not worked out here has no parts.
    fits = [n for n, parts in tried if _known(on, n, parts) and all(p.holds for p in parts)]
    if fits:
        if attempt.bound:
            yield _no_more(on, seen, attempt, fits[0])
        return
    for number, parts in tried:
        yield _false(on, seen, attempt, number, parts)
    if expected.end and not tried:
        yield Miss(
            on.progress(expected.left, 0.5),
            "clause.PATTERN",
            f"{_after(seen, attempt)} came, where `$` wanted the partition to be over.",
            seen.ts,
            seen.number,
            attempt.named,
        )


def _known(on: Reader, number: int, parts: Sequence[Part]) -> bool:
    """Whether a definition could be evaluated."""
    return bool(parts) or on.definitions.text(on.names[number]) == "TRUE"


def _after(seen: Seen, attempt: Partial) -> str:
    said = f"After {told_bound(attempt)} event" if attempt.bound else "Event"
    return f"{said} {seen.number} at {moment(seen.ts)}"


def _false(on: Reader, seen: Seen, attempt: Partial, number: int, parts: Sequence[Part]) -> Miss:
    """Which part of a definition did not hold for a row."""
    label, false = on.names[number], next((part for part in parts if not part.holds), None)
    text = on.definitions.text(label)
    why = false_parts(parts) if false else f"`{text}` does not hold"
    expected = on.expected(attempt, seen)
    nearness = 0.98 * closeness(parts) if false else 0.5
    return Miss(
        on.progress(expected.left, nearness * (1.0 if number in expected.onward else 0.3)),
        f"clause.DEFINE.{label}",
        f"{_after(seen, attempt)} was no `{label}`: {why}.",
        seen.ts,
        seen.number,
        attempt.named,
        got=false.left if false else None,
        expected=false.sql if false else text,
        distance=false.distance() if false else None,
    )


def _no_more(on: Reader, seen: Seen, attempt: Partial, number: int) -> Miss:
    """The row fits, but nothing could follow it."""
    label = on.names[number]
    longer = Partial((*attempt.bound, Bound(label, seen)), None, None, None)
    last = seen is on.view.events[-1]
    why = (
        _none_came(on) if last else "the partition was over then, or `^` and `$` let nothing follow"
    )
    return Miss(
        on.progress(min(on.expected(longer).left, on.ways.needed)),
        "clause.PATTERN",
        f"{_after(seen, attempt)} was a `{label}`, but {why}.",
        seen.ts,
        seen.number,
        longer.named,
    )


def _out_of_time(on: Reader, attempt: Partial) -> Iterator[Miss]:
    """WITHIN was over: whether the next row would have been one of those that could come."""
    expected = on.expected(attempt)
    wanted = " or ".join(f"`{on.names[n]}`" for n in expected.variables)
    deadline = attempt.bound[0].seen.ts + (on.within or 0)
    place = on.view.events.index(attempt.bound[-1].seen) + 1
    following = on.view.events[place] if place < len(on.view.events) else None
    said = f"{told_bound(attempt)} waited for {wanted} until {moment(deadline)} (WITHIN)"
    if following is None:
        said = f"{said}, but {_none_came(on)}."
        yield Miss(on.progress(expected.left), "clause.WITHIN", said, deadline, None, attempt.named)
        return
    late = span(following.ts - deadline)
    fits = [
        on.names[n]
        for n in expected.variables
        if all(part.holds for part in _parts(on, on.names[n], following, attempt))
    ]
    nearness = 0.97 / (1 + (following.ts - deadline) / max(on.within or 1, 1))
    came = "at exactly that time, which is outside" if late == "0 s" else f"{late} too late"
    yield Miss(
        on.progress(expected.left, nearness if fits else 0.1),
        "clause.WITHIN",
        f"{said}; the next row, event {following.number} at {moment(following.ts)}, came {came}"
        + ("." if fits else ", and would have been none."),
        following.ts,
        following.number,
        attempt.named,
        got=moment(following.ts),
        expected=f"before {moment(deadline)}",
        distance=late,
    )


def _open(on: Reader, attempt: Partial) -> Miss:
    """An attempt that is not decided."""
    expected = on.expected(attempt)
    wanted = [f"`{on.names[n]}`" for n in expected.variables]
    wanted += ["the end of the partition"] if expected.end else []
    until = "" if attempt.at is None else f" until {moment(attempt.at)}"
    waits = "waits" if len(attempt.bound) == 1 else "wait"
    return Miss(
        on.progress(expected.left, 0.0 if expected.left else 0.99),
        "clause.PATTERN",
        f"{told_bound(attempt)} {waits} for {' or '.join(wanted) or 'an earlier attempt'}{until}; "
        f"{_none_came(on)}.",
        attempt.at or attempt.bound[-1].seen.ts,
        None,
        attempt.named,
    )


def _given_up(on: Reader, attempt: Partial) -> Miss:
    return Miss(
        on.progress(on.expected(attempt).left),
        "max_rows_per_match",
        f"The attempt from {told_bound(attempt)} was given up: it had {LIMIT}.",
        attempt.at,
        attempt.by.number if attempt.by else None,
        attempt.named,
    )
