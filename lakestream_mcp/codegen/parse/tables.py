"""Tables that a file writes: their sinks, and what fills them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...graph.naming import free_id, slug
from ...graph.node_type import SinkType
from .datasets import Filled, Made
from .draft import Draft, Place, Port

if TYPE_CHECKING:
    from ...relational.declarative.pieces import Marker
    from ...relational.declarative.statements import Dataset


def unsaid(kind: SinkType, config: Mapping[str, Any]) -> dict[str, Any]:
    """Of a known configuration what SQL never says; where it may, its silence means a default."""
    fields = kind.unsaid_by_sql(config)
    return {name: value for name, value in config.items() if name in fields}


def add_sink(
    draft: Draft,
    kind: SinkType,
    config: Mapping[str, Any],
    port: Port,
    marker: Marker | None,
    wanted: str,
) -> tuple[str, str]:
    """The node that writes a table; what SQL does not say is as it was, or as a remark says.

    A table and a view of rows cannot share a name: the rows give it up. Returns the old and the
    new id of the node that did.
    """
    name = renamed = slug(wanted)
    namesake = draft.nodes.get(name) if marker is None else None
    if namesake is not None and draft.catalog.get(namesake.type).category != "sink":
        renamed = draft.id(f"{name}_rows")
        draft.rename(name, renamed)
        port = (renamed, port[1]) if port[0] == name else port
    node_id = draft.id(wanted)
    hint = dict(marker.config or {}) if marker else {}
    known = draft.known_node(node_id, kind.type)
    full = {**unsaid(kind, known.config if known else {}), **hint, **config}
    draft.add(node_id, kind.type, full, [port], marker.name if marker else None)
    return name, renamed


def is_marked_apart(made: Made, flow: Filled) -> bool:
    """Whether a flow is of another node than the declaration, or one of several marked ones."""
    marker = flow.placed.marker
    if marker is None:
        return False
    return made.marker is None or made.marker.node != marker.node or len(made.flows) > 1


def expectations_config(expectations: Sequence[Any]) -> dict[str, Any]:
    """The configuration of a data-quality node."""
    from ...relational.sql import sql

    names: list[str] = []
    for expectation in expectations:
        names.append(free_id(slug(expectation.name), names))
    return {
        "expectations": [
            {"name": name, "constraint": sql(e.condition), "action": e.action}
            for name, e in zip(names, expectations, strict=True)
        ]
    }


def check_names(draft: Draft, made: Made, declared: Dataset, port: Port, place: Place) -> None:
    """A column list may give columns other names, by their order: that is not kept."""
    relation = draft.relations[port[0]]
    given = [column.name.lower() for column in declared.columns]
    known = [name.lower() for name in relation.names] if relation is not None else given
    untyped = relation is None and any(column.type is None for column in declared.columns)
    if given and (given != known or untyped):
        draft.say(
            "CLAUSE_NOT_KEPT",
            f"the column list of `{made.name}` gives columns other names: write them with AS",
            place,
            "error",
            got=given,
            expected=known,
        )
