"""How near a rate came to its limit, and what kept it from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ...cep.near_miss import KeyView, Miss, Seen, condition_miss, moment, shown, span
from ...graph.duration import duration_us
from .config import VelocityConfig, empty_answers
from .rates import MAX_NAMED, Rates, Window, reach, rolling

MAX_WINDOWS = 5
PASSING = 0.5
"""Of windows that the next event only adds to."""


def velocity_misses(config: VelocityConfig, view: KeyView) -> Iterator[Miss]:
    """The windows whose rate came nearest to the limit, and events that did not count."""
    rates = Rates(config, view)
    looked = {"above": _above, "below": _below, "changed": _changed}
    yield from looked[config.comparison](rates, view)
    for seen, value in rates.without_value:
        yield Miss(
            0.1,
            "sum",
            f"Event {seen.number} at {moment(seen.ts)} does not count: `{config.sum}` is "
            f"{shown(value)}.",
            seen.ts,
            seen.number,
        )
    if not rates.counted:
        step = "current" if config.comparison == "changed" else "event"
        miss = condition_miss(view, "where", step, config.where, view.events, weight=0.2)
        if miss is not None:
            yield miss


def _above(rates: Rates, view: KeyView) -> Iterator[Miss]:
    """The window up to each counted event; those that grow into a match came to something."""
    windows = list(rolling(rates, rates.length))
    limit = rates.config.threshold or 0
    peaks = []
    for at, (window, following) in enumerate(zip(windows, [*windows[1:], None])):
        if window.rate > limit:
            if not rates.config.repeat and rates.window(window.low, at).rate > limit:
                yield _again(rates, at, f"it was above {shown(limit)} just before, too")
            continue
        if following is None or following.low > window.low or following.rate < window.rate:
            yield _short(rates, window, 1.0)
            peaks.append(window)
        elif following.rate <= limit:
            yield _short(rates, window, PASSING)
    for window in sorted(peaks, key=lambda w: -w.rate)[:MAX_WINDOWS]:
        yield from _uncounted(rates, window, view)


def _short(rates: Rates, window: Window, weight: float) -> Miss:
    """A window whose rate was not above the limit."""
    config, last = rates.config, rates.counted[window.high - 1]
    limit, first = config.threshold or 0, rates.counted[window.low]
    lack = rates.lack(window)
    said = (
        f"The rate reached {rates.told(window.rate)} ({rates.held(window)} in the {config.window} "
        f"up to event {last.number} at {moment(last.ts)}), where more than {shown(limit)} is "
        f"asked: {_needed(config, lack)}"
    )
    clause, event, distance = "threshold", last.number, _amount(config, lack)
    later = rates.counted[window.high] if window.high < len(rates.counted) else None
    late = -1 if later is None else later.ts - first.ts - rates.length
    if later is not None and late >= 0 and rates.window(window.low, window.high + 1).rate > limit:
        clause, event, distance = "window", later.number, span(late)
        said += (
            f"; event {later.number} at {moment(later.ts)} would have been enough, but came "
            f"{'just' if late == 0 else distance} after event {first.number} had left the window"
        )
    return Miss(
        weight * reach(window.rate, limit),
        clause,
        f"{said}.",
        last.ts,
        event,
        rates.named(window),
        got=window.rate,
        expected=f"> {shown(limit)} per {config.per}",
        distance=distance,
    )


def _needed(config: VelocityConfig, lack: float) -> str:
    if config.sum:
        return f"more than {shown(lack)} was missing" if lack else "any more was missing"
    return f"{_amount(config, lack)} more {'was' if lack < 1 else 'were'} missing"


def _amount(config: VelocityConfig, lack: float) -> str:
    """What it takes to pass a limit, given how far from it one is."""
    if config.sum:
        return shown(lack)
    count = math.floor(lack) + 1
    return f"{count} event{'' if count == 1 else 's'}"


def _uncounted(rates: Rates, window: Window, view: KeyView) -> Iterator[Miss]:
    """The event that came nearest to being counted, before the first of a window left it."""
    start = rates.counted[window.low].ts
    inside = [s for s in view.events if start <= s.ts < start + rates.length and not s.mask & 1]
    if inside:
        progress = max(reach(window.rate, rates.config.threshold or 0) - 0.02, 0.0)
        miss = condition_miss(
            view, "where", "event", rates.config.where, inside[:MAX_NAMED], None, progress, 0.02
        )
        if miss is not None:
            yield miss


def _again(rates: Rates, at: int, why: str) -> Miss:
    """An event after which the rate was as asked, as it had been before."""
    seen = rates.counted[at]
    return Miss(
        0.4,
        "repeat",
        f"After event {seen.number} at {moment(seen.ts)} the rate was as asked, but {why}: only "
        "the first is told (`repeat: false`).",
        seen.ts,
        seen.number,
    )


def _below(rates: Rates, view: KeyView) -> Iterator[Miss]:
    """Each aligned window that holds counted events, and times at which a key was forgotten."""
    limit, length = rates.config.threshold or 0, rates.length
    low = 0
    while low < len(rates.counted):
        start = rates.counted[low].ts // length * length
        high = low
        while high < len(rates.counted) and rates.counted[high].ts < start + length:
            high += 1
        window = rates.window(max(low, high - rates.config.max_events_per_key), high)
        if window.rate >= limit:
            yield _not_below(rates, window, start)
        elif rates.counted[high - 1].number not in view.matched:
            yield _undecided(rates, window, start)
        low = high
    if empty_answers(rates.config):
        yield from _forgotten(rates, view.events)


def _not_below(rates: Rates, window: Window, start: int) -> Miss:
    config, limit = rates.config, rates.config.threshold or 0
    more = -rates.lack(window)
    said = f"{shown(more)} too much" if more else "it is exactly that"
    tipped = window.high - 1
    if not config.sum:
        tipped -= math.floor(more)
        said = f"{_amount(config, more)} too many"
    seen = rates.counted[tipped]
    return Miss(
        reach(window.rate, limit),
        "threshold",
        f"The rate was {rates.told(window.rate)} ({rates.held(window)}) in the window from "
        f"{moment(start)} up to, not including, {moment(start + rates.length)}, where less than "
        f"{shown(limit)} is asked: {said}; event {seen.number} at {moment(seen.ts)} "
        f"{'is the last of them' if config.sum else 'brought it to the limit'}.",
        start + rates.length,
        seen.number,
        rates.named(window),
        got=window.rate,
        expected=f"< {shown(limit)} per {config.per}",
        distance=_amount(config, more),
    )


def _undecided(rates: Rates, window: Window, start: int) -> Miss:
    end = start + rates.length
    return Miss(
        0.99,
        "window",
        f"The rate is {rates.told(window.rate)} so far in the window that ends at {moment(end)}, "
        "which the watermark had not reached.",
        end,
        None,
        rates.named(window),
    )


def _forgotten(rates: Rates, events: Sequence[Seen]) -> Iterator[Miss]:
    """Empty windows that no longer answered because the key had been silent for too long."""
    length, forget = rates.length, duration_us(rates.config.forget_after or "0 seconds")
    for seen, following in pairwise(events):
        alive = seen.ts + forget
        end = max(alive // length + 1, seen.ts // length + 2) * length
        if end <= following.ts:
            missed = span(end - alive)
            yield Miss(
                0.3,
                "forget_after",
                f"The empty window from {moment(end - length)} up to, not including, {moment(end)} "
                f"ends {missed} after the key was forgotten: its last event {seen.number} came at "
                f"{moment(seen.ts)}, and `forget_after` is {rates.config.forget_after}. It counts "
                f"again from event {following.number} at {moment(following.ts)} on.",
                end,
                following.number,
                (("event", seen.number),),
                got=span(end - seen.ts),
                expected=f"at most {rates.config.forget_after}",
                distance=missed,
            )


def _changed(rates: Rates, _: KeyView) -> Iterator[Miss]:
    """After each counted event the window up to it against the one before."""
    factor, cut, passed = rates.config.factor or 1.0, 0, False
    for at, both in enumerate(rolling(rates, 2 * rates.length)):
        while rates.counted[cut].ts <= rates.counted[at].ts - rates.length:
            cut += 1
        before, passed = passed, False
        middle = max(both.low, cut)
        previous, current = rates.window(both.low, middle), rates.window(middle, at + 1)
        if previous.amount:
            ratio = current.amount / previous.amount
            passed = ratio > factor if factor > 1 else ratio < factor
            if not passed:
                yield _not_changed(rates, previous, current, ratio)
            elif before and not rates.config.repeat:
                yield _again(rates, at, "it had been so after the event before")
        else:
            yield _from_nothing(rates, current)


def _not_changed(rates: Rates, previous: Window, current: Window, ratio: float) -> Miss:
    config, factor = rates.config, rates.config.factor or 1.0
    seen = rates.counted[current.high - 1]
    side = "more" if factor > 1 else "less"
    return Miss(
        reach(ratio, factor),
        "factor",
        f"After event {seen.number} at {moment(seen.ts)} the rate was "
        f"{rates.told(current.rate)} ({rates.held(current)} in {config.window}), "
        f"{shown(ratio)} times the {shown(previous.rate)} of the {config.window} before, where "
        f"{side} than {shown(factor)} times is asked.",
        seen.ts,
        seen.number,
        (
            *rates.named(previous, "previous"),
            *rates.named(current, "current"),
        ),
        got=ratio,
        expected=f"{'>' if factor > 1 else '<'} {shown(factor)} times",
        distance=f"{shown(abs(ratio - factor))} times",
    )


def _from_nothing(rates: Rates, current: Window) -> Miss:
    seen = rates.counted[current.high - 1]
    nothing = "amounts to 0" if rates.config.sum else "has no events"
    return Miss(
        0.2,
        "factor",
        f"After event {seen.number} at {moment(seen.ts)} the rate was "
        f"{rates.told(current.rate)}, but the {rates.config.window} before {nothing}, and "
        "nothing is a multiple of 0.",
        seen.ts,
        seen.number,
        rates.named(current, "current"),
        got=0,
        expected="a rate before that is not 0",
    )
