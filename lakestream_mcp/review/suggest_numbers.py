"""Thresholds of patterns, by quantiles of what sample rows would have given."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby, pairwise
from typing import Any

from ..errors import InvalidArgument
from ..graph.duration import duration_us
from .profile import by_key, number_of, numbers_of, profile, quantile
from .suggestion import LATITUDES, LONGITUDES, Seen, Suggestion, last_word, round_up

PER_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
DEVIATION = {
    "zscore": "standard deviations from the mean",
    "mad": "absolute deviations from the median",
    "iqr": "interquartile ranges beyond the quartiles",
}


def counts(seen: Seen) -> Iterator[Suggestion]:
    """How many rows of a key a window has, but for one in a hundred."""
    found = sorted(len(rows) for rows in _windows(seen))
    if not found or seen.fields.get("comparison") not in (">=", ">"):
        return
    usual = int(quantile(found, 0.99))
    wanted = usual + (seen.fields["comparison"] == ">=")
    if wanted != seen.fields.get("threshold"):
        yield seen.setting(
            f"99 % of the windows of {seen.fields['window']} have {usual} rows of a key or fewer "
            f"({_conditions(seen)}).",
            threshold=wanted,
        )


def rates(seen: Seen) -> Iterator[Suggestion]:
    """How many rows a key has per unit of time, or how much of a column."""
    column = seen.fields.get("sum")
    per = PER_S.get(str(seen.fields.get("per")))
    known = column is None or column in seen.numbers
    if seen.fields.get("comparison") != "above" or per is None or not known:
        return
    length = _length(seen)
    amounts = [
        sum(number_of(r.get(column)) or 0 for r in rows) if column else float(len(rows))
        for rows in _windows(seen)
    ]
    if not amounts or not length:
        return
    usual = quantile(sorted(amounts), 0.99) * per / length.total_seconds()
    wanted = round_up(usual)
    if wanted != seen.fields.get("threshold"):
        yield seen.setting(
            f"99 % of the windows have {usual:g} {'of ' + column if column else 'rows'} per "
            f"{seen.fields['per']} and key, or less ({_conditions(seen)}).",
            threshold=wanted,
        )


def outliers(seen: Seen) -> Iterator[Suggestion]:
    """The column looked at, how far is far, and how many values there are to compare with."""
    column = seen.fields.get("value")
    if column not in seen.numbers:
        yield from _value(seen)
        return
    series = _series(seen, column)
    method = str(seen.fields.get("method"))
    far = sorted(d for values in series for d in _deviations(values, method))
    if far and method in DEVIATION:
        wanted = round_up(quantile(far, 0.99))
        if wanted > 0 and wanted != seen.fields.get("threshold"):
            yield seen.setting(
                f"99 % of `{column}` lie {quantile(far, 0.99):.3g} {DEVIATION[method]} of their "
                "key or less.",
                threshold=wanted,
            )
    if not (seen.given("baseline_count") or seen.given("baseline_window")):
        usual = round(statistics.median(len(values) for values in series)) if series else 0
        if usual >= 2:
            yield seen.setting(
                f"Half of the keys have {usual} rows or more in the sample.",
                baseline_count=min(100, usual),
            )


def trends(seen: Seen) -> Iterator[Suggestion]:
    """The column looked at, and how long a run is before it is unusual."""
    column, direction = seen.fields.get("value"), seen.fields.get("direction")
    if column not in seen.numbers:
        yield from _value(seen)
        return
    runs = sorted(r for values in _series(seen, column) for r in _runs(values, str(direction)))
    usual = int(quantile(runs, 0.99))
    if runs and usual + 1 != seen.fields.get("length") and usual >= 2:
        yield seen.setting(
            f"99 % of the runs of `{column}` that go {direction} have {usual} values or fewer.",
            length=usual + 1,
        )


def places(seen: Seen) -> Iterator[Suggestion]:
    """The columns that are positions: by name, and by the range of their numbers."""
    for field, names, most in (("latitude", LATITUDES, 90), ("longitude", LONGITUDES, 180)):
        known = [name for end in names for name in seen.numbers if last_word(name) == end]
        for name in known[:1]:
            values = [abs(value) for value in numbers_of(seen.rows, name)]
            if values and max(values) <= most and not seen.given(field):
                yield seen.setting(
                    f"`{name}` is named like one, and no row is beyond {most}°.", **{field: name}
                )


def identities(seen: Seen) -> Iterator[Suggestion]:
    """The column by which rows are told apart, of which some are there twice."""
    if seen.keys:
        return
    columns = [profile(seen.rows, c.name) for c in seen.relation.columns if c.name != seen.time]
    found = [
        c
        for c in columns
        if c.quantiles is None and c.filled >= 0.95 * c.rows and c.rows / 2 < c.distinct < c.rows
    ]
    for column in sorted(found, key=lambda c: (-c.distinct, c.name))[:1]:
        yield seen.setting(
            f"It has {column.distinct} values in {column.rows} rows: "
            f"{column.rows - column.distinct} rows repeat one.",
            f"Key `{column.name}`",
            key=[column.name],
        )


ADVICE: dict[str, Callable[[Seen], Iterator[Suggestion]]] = {
    "count-threshold": counts,
    "deduplicate": identities,
    "geofence": places,
    "outlier": outliers,
    "trend": trends,
    "velocity": rates,
}


def _conditions(seen: Seen) -> str:
    where = seen.fields.get("where") or "TRUE"
    return "all rows of the sample" if where == "TRUE" else f"whether or not {where}"


def _length(seen: Seen) -> timedelta | None:
    try:
        return timedelta(microseconds=duration_us(str(seen.fields.get("window"))))
    except InvalidArgument:
        return None


def _windows(seen: Seen) -> Iterator[Sequence[Any]]:
    """For each row those of its key in the window that ends with it."""
    length = _length(seen)
    if not (seen.time and length):
        return
    for timed in by_key(seen.rows, seen.keys, seen.time):
        kept: deque[Any] = deque()
        for at, row in timed:
            kept.append((at, row))
            while kept[0][0] <= at - length:
                kept.popleft()
            yield [row for _, row in kept]


def _series(seen: Seen, column: str) -> list[list[float]]:
    """The numbers of a column in the order of time, by key."""
    timed = by_key(seen.rows, seen.keys, seen.time) if seen.time else []
    found = [[number_of(row.get(column)) for _, row in rows] for rows in timed]
    whole = [[value for value in values if value is not None] for values in found]
    return [values for values in whole if values]


def _deviations(values: list[float], method: str) -> Iterator[float]:
    """How far each value is from those of its key, as the method measures it."""
    if len(values) < 4:
        return
    middle = statistics.median(values)
    if method == "iqr":
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        if high > low:
            yield from (max(low - v, v - high, 0) / (high - low) for v in values)
        return
    if method == "mad":
        spread = 1.4826 * statistics.median(abs(v - middle) for v in values)
    else:
        middle, spread = statistics.fmean(values), statistics.stdev(values)
    if spread > 0:
        yield from (abs(v - middle) / spread for v in values)


def _runs(values: list[float], direction: str) -> Iterator[int]:
    """The lengths of runs whose values go one way, the first value included."""
    if direction not in ("up", "down"):
        return
    sign = 1 if direction == "up" else -1
    moves = [sign * (b - a) > 0 for a, b in pairwise(values)]
    for good, run in groupby(moves):
        if good:
            yield len(list(run)) + 1


def _value(seen: Seen) -> Iterator[Suggestion]:
    """The column of numbers that changes most often and is no key."""
    columns = [profile(seen.rows, name) for name in seen.amounts]
    moving = [c for c in columns if c.quantiles and c.distinct > 1]
    if seen.given("value") or not moving:
        return
    best = min(moving, key=lambda c: (-c.distinct, c.name))
    low, high = (f"{m:g}" for m in (best.quantiles or (0, 0, 0))[::2])
    yield seen.setting(
        f"`{best.name}` has {best.distinct} values in {best.rows} rows, half of them up to {low}, "
        f"99 % up to {high}.",
        value=best.name,
    )
