"""The rates of a key's windows in plain arithmetic, and how they are told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from ...cep.near_miss import KeyView, shown
from ...graph.duration import duration_us
from ..numeric import packed_number
from .config import UNITS_US, VelocityConfig
from .matcher import rounded_total

MAX_NAMED = 20


class Window(NamedTuple):
    """Counted events by place, from `low` up to, not including, `high`; what they amount to."""

    low: int
    high: int
    amount: float
    rate: float


class Rates:
    """What counts of a key, in order, and how fast that is."""

    def __init__(self, config: VelocityConfig, view: KeyView) -> None:
        self.config = config
        self.length = duration_us(config.window)
        shared = math.gcd(UNITS_US[config.per], self.length)
        self.scale = (UNITS_US[config.per] // shared, self.length // shared)
        place = view.places["sum"] if config.sum else None
        chosen = [s for s in view.events if s.mask & 1]
        known = [(s, 1.0 if place is None else packed_number(s.values[place])) for s in chosen]
        self.counted = [s for s, value in known if math.isfinite(value)]
        self.values = [value for _, value in known if math.isfinite(value)]
        self.without_value = [(s, s.values[place]) for s, v in known
                              if place is not None and not math.isfinite(v)]  # fmt: skip

    def window(self, low: int, high: int) -> Window:
        """The window that holds these places."""
        amount = rounded_total(self.values[low:high]) if self.config.sum else high - low
        return Window(low, high, amount, self.rate(amount))

    def rate(self, amount: float) -> float:
        """An amount in a window, per unit of time."""
        return amount * self.scale[0] / self.scale[1]

    def lack(self, window: Window) -> float:
        """How much more (or less, where negative) the window needed to stand at the limit."""
        limit = (self.config.threshold or 0) * self.scale[1] / self.scale[0]
        return limit - window.amount

    def told(self, rate: float) -> str:
        """`8 events per minute`, `950 of amount per hour`."""
        if self.config.sum:
            return f"{shown(rate)} of `{self.config.sum}` per {self.config.per}"
        return f"{shown(rate)} event{'' if rate == 1 else 's'} per {self.config.per}"

    def held(self, window: Window) -> str:
        """`3 events`, `950 in 3 events`."""
        count = window.high - window.low
        events = f"{count} event{'' if count == 1 else 's'}"
        return f"{shown(window.amount)} in {events}" if self.config.sum else events

    def named(self, window: Window, step: str = "event") -> tuple[tuple[str, int], ...]:
        """The events of a window as a `Miss` holds them: of many the first and the last."""
        events = self.counted[window.low : window.high]
        if len(events) > MAX_NAMED:
            events = [*events[: MAX_NAMED // 2], *events[-MAX_NAMED // 2 :]]
        return tuple((step, s.number) for s in events)


def rolling(rates: Rates, length: int) -> Iterator[Window]:
    """For each counted event the window of a length up to it."""
    low = 0
    for at, seen in enumerate(rates.counted):
        while rates.counted[low].ts <= seen.ts - length:
            low += 1
        low = max(low, at - rates.config.max_events_per_key)
        yield rates.window(low, at + 1)


def reach(got: float, limit: float) -> float:
    """1 at the limit, towards 0 the further away."""
    size = abs(got) + abs(limit)
    if not math.isfinite(size):
        return 0.0
    return 0.98 * (1 - abs(got - limit) / size) if size else 0.98
