"""Several sinks that write one table: the table once, and a flow for each sink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import InvalidPipeline
from .plan import Part

if TYPE_CHECKING:
    from ...relational.declarative.statements import Dataset


def shared_tables(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts, with a table that several write declared once. Raises InvalidPipeline."""
    writers: dict[str, list[Part]] = {}
    for part in parts:
        for table in _tables(part):
            writers.setdefault(table.name.lower(), []).append(part)
    shared = {name: them for name, them in writers.items() if len(them) > 1}
    for name, them in shared.items():
        _refuse_differences(name, them)
    first = {name: them[0].node.id for name, them in shared.items()}
    return tuple(_with_flows(part, first) for part in parts)


def _tables(part: Part) -> list[Dataset]:
    from ...relational.declarative.statements import Dataset

    return [s for s in part.statements if isinstance(s, Dataset) and s.kind != "temporary_view"]


def _with_flows(part: Part, first: dict[str, str]) -> Part:
    """This part's query as a flow, and the table's declaration only where it is the first."""
    from ...relational.declarative.statements import Dataset, Flow, Statement

    made: list[Statement] = []
    for statement in part.statements:
        if not isinstance(statement, Dataset) or statement.name.lower() not in first:
            made.append(statement)
            continue
        if first[statement.name.lower()] == part.node.id:
            made.append(statement._replace(query=None))
        if statement.query is not None:
            made.append(Flow(part.node.id, statement.name, statement.query))
    return part._replace(statements=tuple(made))


def _refuse_differences(name: str, writers: Sequence[Part]) -> None:
    one, *others = writers
    for other in others:
        ours, theirs = _tables(one)[0], _tables(other)[0]
        if (ours.query is None) != (theirs.query is None):
            raise _differ(name, one, other, "A table is appended to or merged into, not both")
        if ours._replace(query=None, name=name) != theirs._replace(query=None, name=name):
            raise _differ(name, one, other, "A table has one layout")


def _differ(name: str, one: Part, other: Part, why: str) -> InvalidPipeline:
    return InvalidPipeline(
        f"{why}: `{one.node.id}` and `{other.node.id}` both write {name}.",
        code="TABLE_SHARED",
        where={"node": other.node.id},
        got=other.node.config,
        expected=one.node.config,
        hint="Give both nodes the same mode, partitions and clustering, or two tables.",
    )
