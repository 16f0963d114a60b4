"""Input rows as measures, for patterns whose matches are rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..cep.expression import PackedValues
from ..cep.match_row import MATCH_COLUMNS, quoted
from ..cep.physical import is_packable
from ..graph.model import Column, Problem, Relation
from .common import PatternConfig, event_time_of, name_taken


class RowMeasures(NamedTuple):
    """An input row as measures. `places`: where each value is in a packed row; None: its time."""

    columns: tuple[Column, ...]
    places: tuple[int | None, ...]


def row_columns(config: PatternConfig, relation: Relation) -> tuple[Column, ...]:
    """The input's columns that measures can show again; the match row has the key as it is."""
    return tuple(c for c in relation.columns if c.name not in config.key and is_packable(c.type))


def row_measures(config: PatternConfig, relation: Relation, values: PackedValues) -> RowMeasures:
    """The measures of a pattern whose matches are rows; what they need is packed into `values`."""
    time = event_time_of(config, relation)
    columns = row_columns(config, relation)
    return RowMeasures(
        columns,
        tuple(
            None if c.name == time else values.place(quoted(c.name), c.type, c.name)
            for c in columns
        ),
    )


def check_row(config: PatternConfig, relation: Relation) -> Iterator[Problem]:
    """Problems of showing input rows as measures: names that are taken, types that are left out."""
    for column in row_columns(config, relation):
        if column.name.lower() in MATCH_COLUMNS:
            yield name_taken(None, column.name)
    nested = [c.name for c in relation.columns if not is_packable(c.type)]
    if nested:
        yield Problem(
            "COLUMNS_LEFT_OUT",
            f"Nested columns do not pass a pattern, so the rows will not have {', '.join(nested)}.",
            got=nested,
            hint="Project the fields you need with a map-select node before the pattern.",
            severity="warning",
        )
