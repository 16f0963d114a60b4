"""Matches as rows, as the pattern's output relation has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InvalidEvents
from ..graph.model import Relation
from ..relational.arrow_types import arrow_type
from .events import ROW
from .kernel_layout import TIMES, layout_of
from .physical import python_value

if TYPE_CHECKING:
    from .host import PatternRun


def match_table(run: PatternRun, relation: Relation) -> Any:
    """Matches as rows of the pattern's output relation, in order of detection."""
    import pyarrow as pa

    rows = [row for row, _ in run.found]
    arrays = [
        pa.array([row[c.name] for row in rows], type=arrow_type(c.type)) for c in relation.columns
    ]
    table = pa.table(arrays, names=list(relation.names))
    return table.append_column(ROW, pa.array(range(len(rows)), type=pa.int64()))


def match_rows(run: PatternRun, node_id: str) -> list[tuple[dict[str, Any], Any]]:
    """Match rows as plain dictionaries with their matches, ordered by detection.

    Raises InvalidEvents where a match has a time that no Python can hold.
    """
    from .carried import load

    kernel, _, layout = load(run.text, node_id)
    columns = kernel.match_columns(layout, run.outcome.matches)
    try:
        found = [
            (_match_row(run, node_id, columns, i), match)
            for i, (_, match) in enumerate(run.outcome.matches)
        ]
    except OverflowError:
        raise InvalidEvents(
            "A time of a match lies outside of the years 1 to 9999.",
            code="TIME_OUT_OF_RANGE",
            where={"node": node_id},
            hint="such times often mean “never”: keep their rows out with a filter",
        ) from None
    return sorted(found, key=lambda pair: _place(pair[0]))


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """By detection, then by the last event, so that the rows of one match come in their order."""
    last = row["events"][-1]["event_time"] if row["events"] else row["ended_at"]
    return row["detected_at"], last, row["match_id"]


def _match_row(
    run: PatternRun, node_id: str, columns: dict[str, list[Any]], i: int
) -> dict[str, Any]:
    plan = run.plan
    row: dict[str, Any] = {"match_id": columns["match_id"][i], "pattern": node_id}
    row |= key_values(run, [columns[f"key_{n}"][i] for n in range(len(plan.key))])
    for name in TIMES:
        row[name] = python_value(columns[name][i], "timestamp")
    row["events"] = [_event(run, columns, i, n) for n in range(len(columns["steps"][i]))]
    for n, measure in enumerate(plan.measures):
        row[measure.name] = python_value(columns[f"measure_{n}"][i], measure.type)
    return row


def key_values(run: PatternRun, key: Sequence[Any]) -> dict[str, Any]:
    """A key as the matcher sees it, as values of the key columns."""
    names, relation = run.plan.key, run.relations[0]
    return {
        name: python_value(value, relation.type_of(name) or "string")
        for name, value in zip(names, key, strict=True)
    }


def _event(run: PatternRun, columns: dict[str, list[Any]], i: int, n: int) -> dict[str, Any]:
    plan = run.plan
    event = {
        "step": plan.steps[columns["steps"][i][n]],
        "event_time": python_value(columns["times"][i][n], "timestamp"),
    }
    for k, value in enumerate(layout_of(plan, "").kept):
        kept = plan.values[value]
        event[kept.name] = python_value(columns[f"kept_{k}"][i][n], kept.type)
    return event
