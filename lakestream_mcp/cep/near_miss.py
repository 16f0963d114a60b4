"""What came close to a match and why it was none: the words patterns use to say it.

A pattern's `misses` looks at the events of one key, and at the partial matches that ended, and
says for each what was missing, and by how much. `lakestream_mcp.explain` makes the view and ranks.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from .physical import EPOCH

FAILED = {">": "≤", ">=": "<", "<": "≥", "<=": ">", "=": "≠", "<>": "="}
"""What holds instead where a comparison is false."""
UNITS = ((86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"))


class Seen(NamedTuple):
    """An event of one key. `values` is the row as the matcher gets it; `row` has its columns."""

    number: int  # of its arrival
    ts: int  # microseconds
    mask: int
    values: tuple[Any, ...]
    row: dict[str, Any]


class Part(NamedTuple):
    """A part of a condition (between ANDs) on one event; of a comparison also both sides."""

    sql: str
    holds: bool | None  # None: NULL
    reads: dict[str, Any]
    operator: str | None = None
    left: Any = None
    right: Any = None

    def told(self) -> str:
        """`amount > 500` is false: 480 ≤ 500."""
        verdict = {True: "true", False: "false", None: "unknown"}[self.holds]
        said = f"`{self.sql}` is {verdict}"
        if self.holds is False and self.operator in FAILED:
            return f"{said}: {shown(self.left)} {FAILED[self.operator]} {shown(self.right)}"
        if not self.reads:
            return said
        return f"{said} ({', '.join(f'{k} = {shown(v)}' for k, v in self.reads.items())})"

    def closeness(self) -> float:
        """1 where it holds, else how near a comparison of numbers came to it (below 1)."""
        if self.holds:
            return 1.0
        if is_number(self.left) and is_number(self.right):
            left, right = float(self.left), float(self.right)
            size = max(abs(left), abs(right))
            return 0.9 * (1 - min(1.0, abs(left - right) / size)) if size else 0.9
        return 0.0

    def distance(self) -> str | None:
        """By how much a comparison of numbers failed."""
        if self.holds is False and is_number(self.left) and is_number(self.right):
            return shown(abs(float(self.left) - float(self.right)))
        return None


class Miss(NamedTuple):
    """Something that could have become a match.

    progress: 0 … 1, how far it came. clause: the field of the configuration that was not satisfied.
    events: the events it had, as (step, arrival number). distance: by how much it was missed.
    """

    progress: float
    clause: str
    sentence: str
    at: int | None = None  # microseconds
    event: int | None = None
    events: tuple[tuple[str, int], ...] = ()
    got: Any = None
    expected: Any = None
    distance: str | None = None


class Bound(NamedTuple):
    """An event that a partial match had bound."""

    step: str
    seen: Seen


class Partial(NamedTuple):
    """A partial match: its events, and why and when it ended; reason None: it is still open.

    at: microseconds of the end, or the deadline of an open one. by: the event that ended it.
    """

    bound: tuple[Bound, ...]
    reason: str | None
    at: int | None
    by: Seen | None

    @property
    def named(self) -> tuple[tuple[str, int], ...]:
        """Its events as a `Miss` holds them."""
        return tuple((b.step, b.seen.number) for b in self.bound)


class Instant(NamedTuple):
    """The matcher's state just before an event, what was due by then decided, or just after it."""

    seen: Seen | None  # None: when the input ended
    after: bool
    state: Any


Asked = Callable[[str, Seen, Sequence[Bound]], list[Part]]


class KeyView(NamedTuple):
    """All that is known about one key in a run, for `PatternType.misses`.

    events: all its rows that were in time, in the order of the matcher, also those no condition
    wants. matches: event numbers by match; matched: of all. parts(condition, event, bound before
    it): its truth. places: positions of the plan's values in `Seen.values`, by name. states(): the
    matcher's states around each event and before the input was closed, without those of expected
    keys; each is good until the next one is asked for. matcher: measures as the run did.
    """

    events: tuple[Seen, ...]
    partials: tuple[Partial, ...]
    matches: frozenset[frozenset[int]]
    matched: frozenset[int]
    parts: Asked
    places: dict[str, int]
    closed_at: int  # microseconds; where the watermark stood before the input was closed
    decided_to: int  # where it stood when the run ended
    states: Callable[[], Iterator[Instant]]
    matcher: Any

    def holds(self, condition: str, seen: Seen, before: Sequence[Bound] = ()) -> bool:
        """Whether a condition is true for an event."""
        return all(part.holds for part in self.parts(condition, seen, before))

    def nearest(
        self, condition: str, events: Sequence[Seen], before: Sequence[Bound] = ()
    ) -> tuple[Seen, list[Part]] | None:
        """The event that came nearest to a condition, and the parts of it; the first of equals."""
        best: tuple[Seen, list[Part]] | None = None
        most = -1.0
        for seen in events:
            parts = self.parts(condition, seen, before)
            score = closeness(parts)
            if score > most:
                best, most = (seen, parts), score
        return best


def closeness(parts: Sequence[Part]) -> float:
    """How nearly a condition held: the mean over its parts."""
    return sum(p.closeness() for p in parts) / len(parts) if parts else 1.0


def false_parts(parts: Sequence[Part]) -> str:
    """The parts that did not hold, in words."""
    return " and ".join(p.told() for p in parts if not p.holds) or "its condition holds"


def condition_miss(
    view: KeyView,
    clause: str,
    step: str,
    condition: str,
    events: Sequence[Seen],
    partial: Partial | None = None,
    progress: float = 0.0,
    weight: float = 1.0,
) -> Miss | None:
    """The event that came nearest to being `step`, and what of its condition was false."""
    bound = partial.bound if partial else ()
    found = view.nearest(condition, events, bound)
    if found is None:
        return None
    seen, parts = found
    false = next((p for p in parts if not p.holds), None)
    return Miss(
        progress + weight * closeness(parts),
        clause,
        f"Event {seen.number} at {moment(seen.ts)} came nearest to `{step}`: {false_parts(parts)}.",
        seen.ts,
        seen.number,
        partial.named if partial else (),
        got=false.left if false else None,
        expected=false.sql if false else None,
        distance=false.distance() if false else None,
    )


def moment(microseconds: int) -> str:
    """A time as ISO text in UTC, as reports write it."""
    try:
        at = EPOCH + dt.timedelta(microseconds=microseconds)
    except OverflowError:
        return "the end of time"
    return time_text(at)


def time_text(at: dt.datetime) -> str:
    """ISO 8601 with no more digits than needed: seconds, milliseconds or microseconds."""
    fine = "microseconds" if at.microsecond % 1000 else "milliseconds"
    return at.isoformat(timespec=fine if at.microsecond else "seconds").replace("+00:00", "Z")


def span(microseconds: int) -> str:
    """A length of time: `4.2 s`, `3 min 5 s`, `2 h 10 min`."""
    left, said = abs(microseconds), []
    for size, unit in UNITS:
        if left >= size:
            said.append(f"{left // size} {unit}")
            left %= size
    if left or not said:
        said.append(f"{left / 1_000_000:.6f}".rstrip("0").rstrip(".") + " s")
    return " ".join(said[:3])


def shown(value: Any) -> str:
    """A value in a sentence."""
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, decimal.Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dt.datetime):
        return time_text(value)
    return repr(value) if isinstance(value, str) else str(value)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | decimal.Decimal):
        return False
    return abs(float(value)) < 1e308


def ended_misses(view: KeyView) -> Iterator[Miss]:
    """What every pattern can say: where partial matches ended, and how many events they had."""
    most = max((len(p.bound) for p in view.partials), default=1)
    for partial in view.partials:
        if partial.at is None:
            continue
        by = f" by event {partial.by.number}" if partial.by else ""
        reason = partial.reason or "it still waits"
        yield Miss(
            0.5 * len(partial.bound) / max(most, 1),
            "",
            f"{told_bound(partial)} ended{by} at {moment(partial.at)}: {reason}.",
            partial.at,
            partial.by.number if partial.by else None,
            partial.named,
        )


def told_bound(partial: Partial) -> str:
    """`small` (event 3) and `large` (event 5)."""
    listed = [f"`{b.step}` (event {b.seen.number})" for b in partial.bound]
    if len(listed) > 4:
        listed = [*listed[:2], f"{len(listed) - 3} more", listed[-1]]
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed) or (
        "A partial match"
    )
