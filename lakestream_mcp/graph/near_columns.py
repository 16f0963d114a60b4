"""The fix of a column that is not there: the nearest name in its place, and no other change."""

from __future__ import annotations

from ..errors import nearest
from .model import Column, Problem, Relation
from .node_reads import Ported, renamed_config
from .node_type import NodeConfig, NodeType
from .reads import declared

UNKNOWN = "UNKNOWN_COLUMN"


def with_near_name(
    kind: NodeType, config: NodeConfig, inputs: tuple[Relation, ...], problem: Problem
) -> Problem:
    """The problem with the fix of a misspelt column, where it has none and there is one."""
    got, known = problem.got, problem.expected
    if problem.code != UNKNOWN or problem.fix or not isinstance(got, str):
        return problem
    if known is None:  # An engine says no more than that it is not there.
        known = list(dict.fromkeys(name for rows in inputs for name in rows.names))
        problem = problem._replace(expected=known)
    names = [name for name in known if isinstance(name, str)] if isinstance(known, list) else []
    near = nearest(got, names)
    if near is None:
        return problem
    patch = _patch(kind, config, inputs, (got, near), problem.field or "")
    if not patch:
        return problem
    hint, field = problem.hint or f"did you mean `{near}`?", problem.field or next(iter(patch))
    return problem._replace(fix=patch, hint=hint, field=field)


def _patch(
    kind: NodeType,
    config: NodeConfig,
    inputs: tuple[Relation, ...],
    name: tuple[str, str],
    field: str,
) -> dict[str, object]:
    """The fields that name the column, with the other name; as narrow a place as it is told."""
    got, near = name
    ports = kind.input_ports if len(kind.input_ports) == len(inputs) else ("in",) * len(inputs)
    ported: list[tuple[str, Relation]] = []
    renames: dict[int, dict[str, str]] = {}
    for place, (port, rows) in enumerate(zip(ports, inputs, strict=True)):
        column_type, columns = rows.type_of(near), rows.columns
        if column_type is not None and declared(rows, got) is None:
            # As if it were there: then whatever reads it is found as a reader of any column is.
            columns = (*columns, Column(got, column_type))
            renames[place] = {got: near}
        ported.append((port, rows._replace(columns=columns)))
    if not renames:
        return {}
    return dict(_renamed(kind, config, ported, renames, field))


def _renamed(
    kind: NodeType,
    config: NodeConfig,
    inputs: Ported,
    renames: dict[int, dict[str, str]],
    field: str,
) -> dict[str, object]:
    for within in dict.fromkeys([field, field.partition(".")[0]]):
        patch = renamed_config(kind, config, inputs, renames, within)
        if patch:
            return dict(patch)
    return {}
