"""What a backtest is asked for, and what comes out of it, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .keys import Pairs
from .slices import Slice

Tell = Callable[[float, str], None]
Rows = list[dict[str, Any]]


class Asked(NamedTuple):
    """What a backtest is to do.

    slices: by source. files: the place of each slice's history, unless a broker has it. patterns:
    the nodes whose matches are wanted. keys: of each, its key columns by source; none where rows
    cannot be found again. limit: how many matches are kept; rows: how many rows of the sources.
    place: catalog and schema of tables that do not say theirs.
    """

    slices: Mapping[str, Slice]
    files: Mapping[str, Path]
    patterns: list[str]
    keys: Mapping[str, dict[str, Pairs]]
    limit: int
    rows: int
    place: tuple[str, ...] = ()


class Found(NamedTuple):
    """What came out: events read, matches by pattern, the rows of those kept, and source rows.

    events: None where a source declares no watermark, so that Spark does not count its rows. rows:
    None of a source whose rows were not kept.
    """

    events: int | None
    counts: dict[str, int]
    matches: dict[str, Rows]
    rows: dict[str, Rows | None]

    @classmethod
    def of(cls, answer: Mapping[str, Any], matches: Any, rows: Any) -> Found:
        """What a backtest tells, with what it gave."""
        events = [answer["passed"].get(f"lakestream_{name}") for name in rows]
        return cls(_total(events), answer["counts"], matches, rows)


def _total(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
