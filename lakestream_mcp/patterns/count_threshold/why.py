"""How near a count came to its threshold, and which event was missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cep.near_miss import KeyView, Miss, Seen, condition_miss, moment, span
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .node import CountThresholdConfig


class Window(NamedTuple):
    """Counted events from start (inclusive) to end (exclusive), and how they are counted."""

    start: int
    end: int
    events: tuple[Seen, ...]
    total: int


def count_misses(config: CountThresholdConfig, view: KeyView) -> Iterator[Miss]:
    """The windows whose count came nearest, with the event that came too late or did not count."""
    counted = [s for s in view.events if view.holds(config.where, s)]
    place = view.places.get("distinct")
    if place is not None:
        counted = [s for s in counted if s.values[place] is not None]
    windows = _rolling if config.windows == "rolling" else _aligned
    best = [w for w in windows(config, counted, place) if not _fits(config, w.total)]
    best.sort(key=lambda w: (abs(w.total - config.threshold), w.start))
    for window in best[:5]:
        yield _short(config, window, counted)
        near = _uncounted(config, window, view, counted)
        if near is not None:
            yield near
    if not counted:
        miss = condition_miss(view, "where", "event", config.where, view.events, weight=0.2)
        if miss is not None:
            yield miss


def _fits(config: CountThresholdConfig, count: int) -> bool:
    asked: dict[str, bool] = {
        ">=": count >= config.threshold,
        ">": count > config.threshold,
        "=": count == config.threshold,
        "<": count < config.threshold,
        "<=": count <= config.threshold,
    }
    return asked[config.comparison]


def _rolling(
    config: CountThresholdConfig, counted: Sequence[Seen], place: int | None
) -> Iterator[Window]:
    """The window up to each counted event."""
    length, first = duration_us(config.window), 0
    for at, seen in enumerate(counted):
        while counted[first].ts <= seen.ts - length:
            first += 1
        events = tuple(counted[first : at + 1])
        yield Window(counted[first].ts, counted[first].ts + length, events, _count(events, place))


def _aligned(
    config: CountThresholdConfig, counted: Sequence[Seen], place: int | None
) -> Iterator[Window]:
    """Each aligned window that holds a counted event."""
    length = duration_us(config.window)
    slide = length if config.windows == "tumbling" else duration_us(config.slide or config.window)
    starts: dict[int, list[Seen]] = {}
    for seen in counted:
        start = seen.ts // slide * slide
        while start > seen.ts - length:
            starts.setdefault(start, []).append(seen)
            start -= slide
    for start, events in sorted(starts.items()):
        yield Window(start, start + length, tuple(events), _count(events, place))


def _count(events: Sequence[Seen], place: int | None) -> int:
    return len(events) if place is None else len({_plain(s.values[place]) for s in events})


def _plain(value: Any) -> Any:
    return repr(value) if isinstance(value, float) else value


def _short(config: CountThresholdConfig, window: Window, counted: Sequence[Seen]) -> Miss:
    last = window.events[-1]
    said = (
        f"{window.total} where `{config.comparison} {config.threshold}` is asked, in the "
        f"{config.window} from {moment(window.start)} to event {last.number} at {moment(last.ts)}"
    )
    later = next((s for s in counted if s.ts >= window.end), None)
    distance = None
    if later is not None and window.total < config.threshold:
        distance = span(later.ts - window.end)
        said += (
            f"; the next one, event {later.number} at {moment(later.ts)}, came "
            f"{_late(distance)} after event {window.events[0].number} had left the window"
        )
    return Miss(
        _reach(config, window.total),
        "threshold" if distance is None else "window",
        f"{said}.",
        last.ts,
        later.number if later and distance else last.number,
        tuple(("event", s.number) for s in window.events),
        got=window.total,
        expected=f"{config.comparison} {config.threshold}",
        distance=distance,
    )


def _late(distance: str) -> str:
    return "just" if distance == "0 s" else distance


def _reach(config: CountThresholdConfig, count: int) -> float:
    most = max(count, config.threshold, 1)
    return 0.98 * (1 - abs(count - config.threshold) / (most + 1))


def _uncounted(
    config: CountThresholdConfig, window: Window, view: KeyView, counted: Sequence[Seen]
) -> Miss | None:
    """An event in the window that nearly counted."""
    if window.total >= config.threshold:
        return None
    others = {s.number for s in counted}
    inside = [
        s for s in view.events if window.start <= s.ts < window.end and s.number not in others
    ]
    progress = _reach(config, window.total)
    weight = 0.02
    return condition_miss(
        view, "where", "event", config.where, inside, None, progress - weight, weight
    )
