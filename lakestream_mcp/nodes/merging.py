"""Sinks that write rows by key: which keys, and which of two rows with one key is the newer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..graph.model import Problem, Relation

MATCH_ID = "match_id"
"""The column that identifies a match, and so its row."""

DETECTED_AT = "detected_at"
"""When a match was found: of two matches with one key the later is the newer."""


def merge_keys(given: list[str] | None, rows: Relation) -> list[str]:
    """The key columns as given; by default the match's id, where there is one."""
    if given is not None:
        return given
    return [MATCH_ID] if MATCH_ID in rows.names else []


def merge_problems(
    keys: Sequence[str], sequence_by: str | None, rows: Relation, *, updates: bool = True
) -> Iterator[Problem]:
    """Keys that are missing, and where rows are updated a missing order of them.

    Rows of one match are all equal, so that they need none.
    """
    if not keys:
        yield Problem(
            "MISSING_CONFIG",
            "`merge_keys` is required: the rows have no `match_id`",
            field="merge_keys",
            expected="columns that identify a row",
        )
    elif updates and [key.lower() for key in keys] != [MATCH_ID] and sequence_by is None:
        yield order_missing(rows, "a column that grows with time")


def order_missing(rows: Relation, expected: str) -> Problem:
    """`sequence_by` is not given, though rows with one key may differ."""
    time = rows.event_time or (DETECTED_AT if DETECTED_AT in rows.names else None)
    return Problem(
        "MISSING_CONFIG",
        "`sequence_by` is required: it says which of two rows with one key is the newer",
        field="sequence_by",
        expected=expected,
        hint=time,
        fix={"sequence_by": time} if time else None,
    )
