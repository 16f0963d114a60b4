"""Random configurations of `heartbeat`."""

from __future__ import annotations

import random
from typing import Any

from ..events import KEYS, condition, shared_fields

TIMES = (("30 seconds", "5 minutes"), ("90 seconds", "100 seconds"), ("5 minutes", "2 hours"))
STARTS = ("2026-03-01T00:00:00Z", "2026-03-01T00:20:00.0005Z", "1969-12-31T23:00:00Z")


def config(draw: random.Random) -> dict[str, Any]:
    """One configuration."""
    timeout, forget_after = draw.choice(TIMES)
    fields = {
        **shared_fields(draw),
        "where": draw.choice(("TRUE", condition(draw))),
        "timeout": timeout,
        "forget_after": forget_after,
        "emit": draw.choice((["lost", "recovered"], ["lost"], ["recovered"])),
    }
    expected = _expected(fields["key"], draw)
    if expected and draw.random() < 0.7:
        fields |= {"expected_keys": expected, "expected_from": draw.choice(STARTS)}
    return fields


def _expected(key: list[str], draw: random.Random) -> list[Any]:
    """Some keys that occur, and some that never do."""
    names = [name for name in KEYS if name is not None] + ["never"]
    known: dict[tuple[str, ...], list[Any]] = {
        ("key",): [*names],
        ("key", "n"): [[name, n] for name in names for n in (1, 2)],
        ("flag",): [True, False],
    }
    values = known.get(tuple(key), [])
    return draw.sample(values, draw.randint(1, len(values))) if values else []
