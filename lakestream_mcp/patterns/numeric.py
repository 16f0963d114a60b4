"""What patterns over numbers share: the value they read, and names their measures take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..cep.pattern_type import PatternPlan, Value
from ..cep.physical import INTEGERS
from ..errors import InvalidSql
from ..graph.model import Column, Problem, Relation
from ..graph.node_type import ColumnResolver
from .common import (
    PatternConfig,
    current_row_sql,
    event_time_of,
    expression_column,
    packed_values,
)


def numeric_value(text: str, field: str, relation: Relation, resolver: ColumnResolver) -> Value:
    """A number over the current row. Raises InvalidSql.

    It is packed in its own type, decimals as text: the matcher makes it a double, since engines
    round a decimal differently when they do.
    """
    checked, column_type = expression_column(text, field, relation, resolver)
    if column_type not in INTEGERS | {"float", "double"} and column_type[:7] != "decimal":
        raise InvalidSql(
            f"`{text}` is {column_type}, not a number.",
            code="TYPE_MISMATCH",
            where={"field": field},
            got=column_type,
            expected="an integer, float, double or decimal",
            hint=f"Cast it: CAST({text} AS DOUBLE).",
        )
    return Value(field, checked, column_type, "computed")


def value_plan(
    config: Any,
    relation: Relation,
    resolver: ColumnResolver,
    *,
    matcher: str,
    construct: Callable[[int], str],
    step: str,
    measures: Sequence[Column],
) -> PatternPlan:
    """The plan of a pattern that looks at `value` of the events that satisfy `where`.

    construct: the text that builds the matcher, given the place of the value among what is packed.
    """
    where = current_row_sql(config.where, "where", relation, resolver)
    value = numeric_value(config.value, "value", relation, resolver)
    values = packed_values(config, relation, [value])
    return PatternPlan(
        key=config.key,
        event_time=event_time_of(config, relation),
        conditions=(where,),
        values=values,
        all_rows=False,
        arrival=config.ordering == "arrival",
        matcher=matcher,
        construct=construct(len(values)),
        functions="",
        steps=(step,),
        measures=tuple(measures),
    )


def check_measure_names(config: PatternConfig, measures: Sequence[Column]) -> Iterator[Problem]:
    """Key columns named like a measure, which would stand in the match row twice."""
    taken = {measure.name for measure in measures}
    for name in config.key:
        if name.lower() in taken:
            yield Problem(
                "NAME_TAKEN",
                f"A match of this pattern has a measure `{name.lower()}` of its own.",
                "key",
                name,
                None,
                f"Rename the column `{name}` with a rename-cast node before the pattern.",
            )


def packed_number(value: Any) -> float:
    """A packed number, perhaps a decimal as text, as matchers read it; NaN for NULL."""
    return math.nan if value is None else float(value) + 0.0


def said(number: Any) -> str:
    """A measure of a report in a sentence; there, infinity is text."""
    return f"{float(number):g}"


def unused(field: str, got: object, message: str) -> Problem:
    """A field that was given and has no meaning with the others; the fix removes it."""
    return Problem("UNUSED_CONFIG", message, field, got, fix={field: None})
