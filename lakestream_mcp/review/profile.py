"""What sample rows say of their columns: how many values, how often, how large, how late."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from .facts import Rows

KEY_WORDS = ("id", "key", "user", "customer", "account", "card", "device", "sensor", "session")


class ColumnProfile(NamedTuple):
    """One column of a sample."""

    name: str
    rows: int
    filled: int
    distinct: int
    top: Any
    top_share: float
    quantiles: tuple[float, float, float] | None
    """Of numbers: the median, and what 95 % and 99 % do not exceed."""


def profile(rows: Rows, name: str) -> ColumnProfile:
    """The profile of one column."""
    values = [row.get(name) for row in rows]
    filled = [value for value in values if value is not None]
    counts = Counter(_hashable(value) for value in filled)
    top, times = counts.most_common(1)[0] if counts else (None, 0)
    numbers = numbers_of(rows, name)
    enough = bool(numbers) and len(numbers) == len(filled)
    marks = (quantile(numbers, 0.5), quantile(numbers, 0.95), quantile(numbers, 0.99))
    return ColumnProfile(
        name,
        len(values),
        len(filled),
        len(counts),
        top,
        times / len(filled) if filled else 0.0,
        marks if enough else None,
    )


def numbers_of(rows: Rows, name: str) -> list[float]:
    """The numbers of one column, in order of size."""
    found = (number_of(row.get(name)) for row in rows)
    return sorted(number for number in found if number is not None)


def number_of(value: Any) -> float | None:
    """A value as a number; files of text have them as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value that this part of the ordered numbers does not exceed; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def key_share(rows: Rows, keys: Sequence[str]) -> tuple[tuple[Any, ...], float]:
    """The most frequent key of a sample, and its share; 0 where the columns are not in it."""
    if not rows or not keys or not all(key in rows[0] for key in keys):
        return (), 0.0
    counts = Counter(tuple(_hashable(row.get(key)) for key in keys) for row in rows)
    value, times = counts.most_common(1)[0]
    return value, times / len(rows)


def key_candidates(rows: Rows, names: Sequence[str], time: str | None) -> list[ColumnProfile]:
    """Columns that may tell rows apart as keys do: there in nearly all rows, each value in
    several, none in nearly all; the likeliest first."""
    found = []
    for name in names:
        column = profile(rows, name)
        repeated = 2 <= column.distinct <= len(rows) / 2
        whole = column.quantiles is None or all(m == int(m) for m in column.quantiles)
        if name != time and whole and repeated and column.filled >= 0.95 * len(rows):
            found.append(column)
    return sorted(found, key=lambda c: (not _named_like_key(c.name), c.top_share, c.name))


def times_of(rows: Rows, name: str) -> list[datetime]:
    """The times of a column in the order of rows; rows without one are left out."""
    found = (_moment(row.get(name)) for row in rows)
    return [at for at in found if at is not None]


def latest_by(times: Sequence[datetime]) -> float:
    """By how many seconds the latest row of a sample came after one with a greater time."""
    worst, newest = 0.0, None
    for at in times:
        newest = at if newest is None or at > newest else newest
        worst = max(worst, (newest - at).total_seconds())
    return worst


def by_key(rows: Rows, keys: Sequence[str], time: str) -> list[list[tuple[datetime, Any]]]:
    """The rows of each key in the order of time; rows without a time are left out."""
    found: dict[tuple[Any, ...], list[tuple[datetime, Any]]] = {}
    for row in rows:
        at = _moment(row.get(time))
        if at is not None:
            found.setdefault(tuple(_hashable(row.get(k)) for k in keys), []).append((at, row))
    return [sorted(timed, key=lambda t: t[0]) for timed in found.values()]


def gaps(rows: Rows, keys: Sequence[str], time: str) -> list[float]:
    """Seconds between rows of one key that follow each other, in order of size."""
    return sorted(
        (later - at).total_seconds()
        for timed in by_key(rows, keys, time)
        for (at, _), (later, _) in pairwise(timed)
    )


def _named_like_key(name: str) -> bool:
    words = name.lower().replace("-", "_").split("_")
    return any(word in words or name.lower().endswith(word) for word in KEY_WORDS)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        at = value
    elif isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return None
    else:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _hashable(value: Any) -> Any:
    return json.dumps(value, default=str) if isinstance(value, (dict, list)) else value
