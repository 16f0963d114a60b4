"""The statements of a file, gathered by the dataset that they make or fill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ...relational.declarative.pieces import Marker
    from ...relational.declarative.read import Placed
    from ...relational.declarative.statements import AutoCdc, Dataset, Flow


class Filled(NamedTuple):
    """A flow into a dataset, and where it stands."""

    statement: Flow | AutoCdc
    placed: Placed


class Made(NamedTuple):
    """A dataset, and all that fills it; without a declaration it is made elsewhere."""

    name: str
    declared: Dataset | None
    placed: Placed
    flows: list[Filled]

    @property
    def marker(self) -> Marker | None:
        """The node that the declaration is of, in generated code."""
        return self.placed.marker


class Names(NamedTuple):
    """How names without catalog or schema are looked up: `USE` says it, from there on."""

    catalog: str = ""
    schema: str = ""

    def full(self, name: str) -> str:
        """The name with what USE has said."""
        parts = name.split(".")
        if len(parts) == 1 and self.schema:
            parts = [self.schema, *parts]
        if len(parts) == 2 and self.catalog:
            parts = [self.catalog, *parts]
        return ".".join(parts)


def names_in_force(placed: Sequence[Placed]) -> dict[tuple[int, int], Names]:
    """What USE has said before each statement, by the statement's place."""
    from ...relational.declarative.statements import Use

    found: dict[tuple[int, int], Names] = {}
    names = Names()
    for each in placed:
        if isinstance(each.statement, Use):
            names = names._replace(**{each.statement.kind: each.statement.name})
        found[each.line, each.column] = names
    return found


def with_marks(placed: Sequence[Placed]) -> list[Placed]:
    """The statements, each view of a further port under the mark of its node, which stands once."""
    from ...relational.declarative.statements import Dataset

    found: list[Placed] = []
    for each in placed:
        before = found[-1].marker if found else None
        name = each.statement.name if isinstance(each.statement, Dataset) else ""
        own = before is not None and f"{name}_".startswith(f"{before.node}_")
        if each.marker is None and own:
            found.append(each._replace(marker=before))
        else:
            found.append(each)
    return found


def gathered(placed: Sequence[Placed]) -> dict[str, Made]:
    """Datasets by their names in small letters, in the order of the file."""
    from ...relational.declarative.statements import AutoCdc, Dataset, Flow

    found: dict[str, Made] = {}
    for each in placed:
        statement = each.statement
        if isinstance(statement, Dataset):
            name = statement.name.lower()
            before = found.get(name)
            if before is None or before.declared is None:
                flows = before.flows if before else []
                found[name] = Made(statement.name, statement, each, flows)
        elif isinstance(statement, (Flow, AutoCdc)):
            name = statement.target.lower()
            made = found.setdefault(name, Made(statement.target, None, each, []))
            made.flows.append(Filled(statement, each))
    return found


def twice(placed: Sequence[Placed]) -> list[Placed]:
    """Declarations of a name that was declared before."""
    from ...relational.declarative.statements import Dataset

    seen: set[str] = set()
    again: list[Placed] = []
    for each in placed:
        if isinstance(each.statement, Dataset):
            if each.statement.name.lower() in seen:
                again.append(each)
            seen.add(each.statement.name.lower())
    return again
