"""What nodes have in common that compute one column from others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import nearest
from ..graph.model import Problem, Relation

NESTED = ("array", "map", "struct")
_READABLE = """boolean tinyint smallint int bigint float double decimal string binary date
timestamp timestamp_ntz array map struct"""
READABLE = tuple(_READABLE.split())
"""The types whose values can be handed to Python."""


def word_of(column_type: str) -> str:
    """The first word of a type: `decimal`, `array` …"""
    return column_type.partition("(")[0].partition("<")[0]


def column_problems(
    relation: Relation, inputs: Sequence[str], output: str, output_field: str = "output_column"
) -> Iterator[Problem]:
    """Input columns that are not there or cannot be read, and an output that is there already."""
    for name in inputs:
        kind = relation.type_of(name)
        if kind is None:
            near = nearest(name, relation.names)
            yield Problem(
                "UNKNOWN_COLUMN",
                f"There is no column `{name}`.",
                "input_columns",
                name,
                list(relation.names),
                f"Did you mean `{near}`?" if near else None,
                {"input_columns": [near if n == name else n for n in inputs]} if near else None,
            )
        elif word_of(kind) not in READABLE:
            yield Problem(
                "UNSUPPORTED_TYPE",
                f"Column `{name}` of type {kind} cannot be handed to Python.",
                "input_columns",
                kind,
                list(READABLE),
                "Cast it with a map-select node before.",
            )
    known = {name.lower() for name in relation.names}
    if output.lower() in known:
        yield Problem(
            "DUPLICATE_COLUMN",
            f"There is a column `{output}` already.",
            output_field,
            output,
            "a new name",
            fix={output_field: _free_name(output, known)},
        )


def _free_name(name: str, known: set[str]) -> str:
    number = 2
    while f"{name}_{number}".lower() in known:
        number += 1
    return f"{name}_{number}"
