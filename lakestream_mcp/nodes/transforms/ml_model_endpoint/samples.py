"""Predictions that a configuration gives for local tests: nothing is made up, nothing is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ....cep.events import table_of
from ....errors import InvalidPipeline
from ....graph.model import Column, Relation

if TYPE_CHECKING:
    import pyarrow as pa

Sample = tuple[dict[str, Any], Any]


def typed(values: Sequence[Any], column: Column) -> pa.Array:
    """Values of JSON as a column has them. Raises InvalidEvents."""
    rows = [{column.name: value} for value in values]
    table, _ = table_of(rows, Relation((column,)), column.name)
    return table.column(0).combine_chunks()


def predicted(
    table: pa.Table,
    relation: Relation,
    output: Column,
    samples: Sequence[Sample],
    fallback: tuple[Any, ...],
    node_id: str,
) -> tuple[pa.Array, str]:
    """An answer for each row, and where the answers came from.

    fallback: its value, if there is one. Raises InvalidPipeline for a row without answer.
    """
    conditions = [_typed_values(when, relation) for when, _ in samples]
    answers: list[Any] = []
    by_sample = 0
    for number, row in enumerate(table.select(list(relation.names)).to_pylist()):
        place = next((n for n, when in enumerate(conditions) if _fits(row, when)), None)
        if place is None and not fallback:
            raise _unanswered(number, row, node_id)
        by_sample += place is not None
        answers.append(fallback[0] if place is None else samples[place][1])
    rest = len(answers) - by_sample
    note = f"the endpoint was not called: {by_sample} rows answered from sample_predictions"
    return typed(answers, output), f"{note}, {rest} by fallback_value"


def _typed_values(when: dict[str, Any], relation: Relation) -> dict[str, Any]:
    return {
        name: typed([value], Column(name, relation.type_of(name) or "string")).to_pylist()[0]
        for name, value in when.items()
    }


def _fits(row: dict[str, Any], when: dict[str, Any]) -> bool:
    return all(row[name] == value for name, value in when.items())


def _unanswered(number: int, row: dict[str, Any], node_id: str) -> InvalidPipeline:
    return InvalidPipeline(
        "A local test calls no endpoint, and `sample_predictions` has no answer for this row.",
        code="NO_SAMPLE_PREDICTION",
        where={"node": node_id, "field": "sample_predictions", "row": number},
        got={name: str(value)[:80] for name, value in list(row.items())[:10]},
        expected='[{"when": {…}, "prediction": …}]; without `when` it is for every row',
    )
