"""Random events that are hard on a pattern: equal times, few keys, NULLs, odd numbers."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
KEYS = ("a", "b", "é'\"\\{}", "", None)
AMOUNTS = (0.0, -0.0, 1.0, 2.5, 1e300, float("nan"), float("inf"), None)
NOTES = ("x", "", 'it\'s {0} \\ "q"', None)


def events(draw: random.Random, count: int = 120, span_s: int = 3600) -> list[dict[str, Any]]:
    """Rows in order of event time; a few have none, some share it."""
    grain = draw.choice((1_000_000, 30_000_000, 1, 1_500))  # microseconds
    stamps = sorted(draw.randrange(span_s * 1_000_000) // grain * grain for _ in range(count))
    keys = draw.sample(KEYS, draw.randint(1, len(KEYS)))
    return [row(draw, number, stamp, keys) for number, stamp in enumerate(stamps)]


def row(draw: random.Random, number: int, stamp: int, keys: list[str | None]) -> dict[str, Any]:
    """One event."""
    untimed = draw.random() < 0.02
    return {
        "id": None if draw.random() < 0.05 else draw.choice((number, 2**60 + number)),
        "key": draw.choice(keys),
        "kind": draw.choice("AAABBBCD"),
        "amount": draw.choice(AMOUNTS) if draw.random() < 0.3 else round(draw.uniform(0, 9), 2),
        "n": draw.choice((None, 1, 2, 3, -7)),
        "flag": draw.choice((True, False, None)),
        "note": draw.choice(NOTES),
        "price": draw.choice(("1.10", "-3.25", None)),
        "day": draw.choice(("2026-03-01", None)),
        "at": None if untimed else START + dt.timedelta(microseconds=stamp),
    }


def shared_fields(draw: random.Random) -> dict[str, Any]:
    """Fields of every pattern: what tells events apart, what is shown."""
    fields: dict[str, Any] = {
        "key": draw.choice((["key"], ["key", "n"], ["flag"], [])),
        "order_by": draw.choice(([], ["id"], ["note", "id"], ["day"])),
    }
    if draw.random() < 0.5:
        fields["keep"] = draw.choice((["id", "amount"], [], ["price", "day", "flag", "note"]))
    return fields


def condition(draw: random.Random) -> str:
    """A condition on the current row; some are never, some rarely, some mostly true."""
    return draw.choice(
        (
            "kind = 'A'",
            "kind = 'B'",
            "kind IN ('A', 'C')",
            "amount > 2.5",
            "amount < 3 AND kind <> 'D'",
            "note = 'it\\'s {0} \\\\ \"q\"' OR kind = 'B'",
            "flag",
            "n IS NULL",
            "price < 0 OR day IS NULL",
        )
    )


def duration(draw: random.Random) -> str:
    """Window lengths from less than the grain of time to more than the span."""
    choices = ("5 minutes", "90 seconds", "10 minutes", "1 minute", "30 seconds", "2 hours")
    return draw.choice(choices)
