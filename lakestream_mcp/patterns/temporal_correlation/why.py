"""Why an event found no partner: the one that came nearest, and what kept the two apart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from ...cep.near_miss import (
    Bound,
    KeyView,
    Miss,
    Part,
    Seen,
    closeness,
    condition_miss,
    false_parts,
    moment,
    span,
)
from ...graph.duration import duration_us
from .node import PORTS, TemporalCorrelationConfig, read_from

MAX_NEAR = 5
MAX_ASKED = 300
MAX_BETWEEN = 20


class Candidate(NamedTuple):
    """An event that wants a partner, the other one, and which of the two are left and right."""

    own: Seen
    other: Seen
    left: Seen
    right: Seen

    @property
    def apart(self) -> int:
        """Microseconds between the two."""
        return abs(self.left.ts - self.right.ts)

    def told(self) -> str:
        """Both, with their inputs and times."""
        left, right = self.left, self.right
        return (
            f"`left` event {left.number} at {moment(left.ts)} and `right` event {right.number} at "
            f"{moment(right.ts)}"
        )


class Pairs:
    """The events of a key by input, and who is whose partner."""

    def __init__(self, config: TemporalCorrelationConfig, view: KeyView) -> None:
        self.config = config
        self.view = view
        self.within = duration_us(config.within)
        self.order = {(self.port(s), s.number): n for n, s in enumerate(view.events)}
        self.counted = tuple(
            [s for s in view.events if s.mask & 1 << port and self.port(s) == port]
            for port in (0, 1)
        )
        self.partners: dict[int, list[int]] = {}
        left, right = ({s.number for s in side} for side in self.counted)
        for match in view.matches:
            for number in match:  # one that comes through both inputs may be its own partner
                others = match - {number} or match & left & right
                if others:
                    self.partners.setdefault(number, []).extend(others)
        self.asked = 0

    def port(self, seen: Seen) -> int:
        """The input an event came through."""
        return int(seen.values[self.view.places[""]])

    def near(self, seen: Seen) -> list[Candidate]:
        """The events of the other input nearest in time, those near enough first."""
        port = self.port(seen)
        others = self.counted[1 - port]
        at = bisect_left(others, seen.ts, key=_time)
        around = others[max(at - MAX_NEAR, 0) : at + MAX_NEAR]
        around = sorted(around, key=lambda s: abs(s.ts - seen.ts))[:MAX_NEAR]
        pairs = [(seen, s) if port == 0 else (s, seen) for s in around]
        return [Candidate(seen, s, *pair) for s, pair in zip(around, pairs)]

    def in_order(self, pair: Candidate) -> bool:
        """Whether the two come in the order that is asked for."""
        left, right = pair.left, pair.right
        tie = slice(1, 1 + len(self.config.order_by))
        if self.config.order == "any" or (
            left.ts == right.ts and left.values[tie] == right.values[tie]
        ):
            return True
        left_later = self.order[0, left.number] > self.order[1, right.number]
        return left_later == (self.config.order == "right-first")

    def on(self, pair: Candidate) -> list[Part]:
        """The parts of the condition on both; none after very many questions."""
        if self.config.on is None or self.asked >= MAX_ASKED:
            return []
        self.asked += 1
        condition = read_from(self.config.on, "left")
        return self.view.parts(condition, pair.left, (Bound("right", pair.right),))


def correlation_misses(config: TemporalCorrelationConfig, view: KeyView) -> Iterator[Miss]:
    """Each event without a partner, with the one that came nearest."""
    pairs = Pairs(config, view)
    counted = [{s.number for s in side} for side in pairs.counted]
    for seen in view.events:
        port = pairs.port(seen)
        if seen.number not in counted[port]:
            yield _not_counted(config, view, seen, PORTS[port])
        elif seen.number not in pairs.partners:
            yield from _alone(pairs, seen)


def _not_counted(config: TemporalCorrelationConfig, view: KeyView, seen: Seen, port: str) -> Miss:
    """An event that does not satisfy its input's condition, or has no key."""
    parts = view.parts(getattr(config, port), seen, ())
    said = f"`{port}` event {seen.number} at {moment(seen.ts)} does not count"
    if all(part.holds for part in parts):
        why = f"{said}: its key is NULL, which pairs with nothing."
        clause = "right_key" if port == "right" and config.right_key else "key"
        return Miss(0.1, clause, why, seen.ts, seen.number)
    false = next(part for part in parts if not part.holds)
    return Miss(
        0.2 * closeness(parts),
        port,
        f"{said}: {false_parts(parts)}.",
        seen.ts,
        seen.number,
        got=false.left,
        expected=false.sql,
        distance=false.distance(),
    )


def _alone(pairs: Pairs, seen: Seen) -> Iterator[Miss]:
    """An event without partner: the nearest that counts, else what does not count."""
    port = pairs.port(seen)
    found = [_kept_apart(pairs, candidate) for candidate in pairs.near(seen)]
    if found:
        yield max(found, key=lambda miss: miss.progress)
    if found and max(miss.progress for miss in found) >= 0.5:
        return
    other = PORTS[1 - port]
    near = [
        s
        for s in pairs.view.events[_around(pairs, seen)]
        if pairs.port(s) != port and not s.mask & 2 >> port
    ]
    own = f"`{PORTS[port]}` event {seen.number} at {moment(seen.ts)}"
    miss = condition_miss(
        pairs.view, other, other, getattr(pairs.config, other), near[:MAX_BETWEEN], None, 0.1, 0.2
    )
    if miss is not None:
        yield miss._replace(
            sentence=f"{own} has no partner. {miss.sentence}", events=((PORTS[port], seen.number),)
        )
    elif not found:
        said = f"{own} has no partner: no `{other}` event of the key came at all."
        yield Miss(0.05, "key", said, seen.ts, seen.number)


def _around(pairs: Pairs, seen: Seen) -> slice:
    """The places of events near enough in time."""
    events = pairs.view.events
    return slice(
        bisect_right(events, seen.ts - pairs.within, key=_time),
        bisect_left(events, seen.ts + pairs.within, key=_time),
    )


def _kept_apart(pairs: Pairs, pair: Candidate) -> Miss:
    """Why two events are no pair."""
    if pair.apart >= pairs.within:
        return _too_far(pairs, pair)
    if not pairs.in_order(pair):
        first = pairs.config.order.removesuffix("-first")
        return _miss(
            0.6,
            "order",
            pair,
            f"{pair.told()} are {span(pair.apart)} apart, but the `{first}` one came later "
            f"(`order: {pairs.config.order}`).",
            distance=span(pair.apart),
        )
    parts = pairs.on(pair)
    false = next((p for p in parts if not p.holds), None)
    if false is not None:
        return _miss(
            0.5 + 0.4 * closeness(parts),
            "on",
            pair,
            f"{pair.told()} are near enough ({span(pair.apart)} apart), but {false_parts(parts)}.",
            got=false.left,
            expected=false.sql,
            distance=false.distance(),
        )
    return _taken(pairs, pair)


def _too_far(pairs: Pairs, pair: Candidate) -> Miss:
    missed = pair.apart - pairs.within
    nearness = 1 / (1 + missed / pairs.within)
    by = f"{span(missed)} too far" if missed else "exactly that is too far"
    said = f"{pair.told()} are {span(pair.apart)} apart"
    also = ""
    if not pairs.in_order(pair):
        nearness *= 0.5
        also = f", and in the wrong order (`order: {pairs.config.order}`)"
    parts = pairs.on(pair) if nearness > 0.1 else []
    if any(not part.holds for part in parts):
        nearness *= 0.5
        also += f", and {false_parts(parts)}"
    return _miss(
        0.9 * nearness,
        "within",
        pair,
        f"{said}, where less than {pairs.config.within} is asked: {by}{also}.",
        got=span(pair.apart),
        expected=f"less than {pairs.config.within}",
        distance=span(missed),
    )


def _taken(pairs: Pairs, pair: Candidate) -> Miss:
    """They fit, but one of them has another partner, was dropped, or is not decided yet."""
    config, said = pairs.config, f"{pair.told()} fit"
    partners = pairs.partners.get(pair.other.number, [])
    nearest = config.pairing == "nearest"
    if partners and (config.pairing == "first" or (nearest and pair.own is pair.right)):
        taken = ", ".join(str(n) for n in sorted(partners)[:MAX_NEAR])
        why = "is as near or nearer" if nearest else "was there first"
        said += f", but event {pair.other.number} is paired with event {taken}, which {why}"
        return _miss(0.95, "pairing", pair, f"{said} (`pairing: {config.pairing}`).")
    dropped = {n for p in pairs.view.partials if p.reason == "limit" for _, n in p.named}
    if dropped & {pair.left.number, pair.right.number}:
        said += f", but more than {config.max_events_per_key} events waited and one was dropped"
        return _miss(0.95, "max_events_per_key", pair, f"{said}.")
    if nearest:
        at = moment(pair.left.ts + pairs.within)
        said += f"; which is nearest is decided at {at}, which the watermark had not reached"
        return _miss(0.97, "within", pair, f"{said}.")
    if config.on is None:
        return _miss(0.4, "pairing", pair, f"{said}, and are no pair of those that were looked at.")
    return _miss(0.4, "on", pair, f"{pair.told()} are near enough, but `{config.on}` is not true.")


def _miss(
    progress: float,
    clause: str,
    pair: Candidate,
    sentence: str,
    got: object = None,
    expected: object = None,
    distance: str | None = None,
) -> Miss:
    """A miss of two events: what the later one came too late for, or did not fit."""
    step, earlier, later = PORTS[0], pair.left, pair.right
    if pair.right.ts < pair.left.ts:
        step, earlier, later = PORTS[1], pair.right, pair.left
    named = ((step, earlier.number),)
    return Miss(progress, clause, sentence, later.ts, later.number, named, got, expected, distance)


def _time(seen: Seen) -> int:
    return seen.ts
