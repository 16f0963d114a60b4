"""What one configured node reads of the columns that flow in, and the node with other names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, JsonValue

from ..errors import LakestreamError
from .model import Relation
from .node_type import NodeType
from .reads import Inputs, Leaf, Renames, Use, leaves, replaced

Ported = Sequence[tuple[str, Relation]]
"""What flows in, with the port of each, in the order of the node's ports."""


class Read(NamedTuple):
    """A column that a field of a node reads.

    input: the place of its input. output: the output column it is read for, where the field says
    it. aggregated: whether by an aggregate.
    """

    input: int
    column: str
    field: str
    use: Use
    output: str | None
    aggregated: bool


def node_reads(kind: NodeType, config: BaseModel, inputs: Ported) -> list[Read]:
    """Every column that the fields of a node read; texts that cannot be read are left out."""
    found = []
    labels = _labels(kind, config)
    for leaf in leaves(kind.spelled_out(config)):
        seen, places = _seen_by(kind, leaf, inputs, labels)
        try:
            named = list(leaf.mark.form.named(leaf.text, seen))
        except LakestreamError:
            continue
        for each in named:
            output = each.output or _measure(leaf)
            place = places[each.input]
            found.append(
                Read(place, each.column, leaf.field, leaf.mark.use, output, each.aggregated)
            )
    return found


def renamed_config(
    kind: NodeType, config: BaseModel, inputs: Ported, renames: Renames, within: str = ""
) -> dict[str, JsonValue]:
    """The fields of a node that change when columns of its inputs are renamed, as a patch.

    within: the path of the only place that shall change.
    """
    spelled = kind.spelled_out(config)
    labels = _labels(kind, config)
    texts = {}
    for leaf in leaves(spelled):
        if within and not f"{leaf.field}.".startswith(f"{within}."):
            continue
        seen, places = _seen_by(kind, leaf, inputs, labels)
        mine = {at: renames[place] for at, place in enumerate(places) if place in renames}
        try:
            text = leaf.mark.form.renamed(leaf.text, seen, mine)
        except LakestreamError:
            continue
        if text != leaf.text:
            texts[leaf.path] = text
    if not texts:
        return {}
    before = replaced(config, {})
    return {name: v for name, v in replaced(spelled, texts).items() if before.get(name) != v}


def _labels(kind: NodeType, config: BaseModel) -> tuple[str, ...]:
    try:
        return kind.labels(config)
    except LakestreamError:
        return ()


def _seen_by(
    kind: NodeType, leaf: Leaf, inputs: Ported, labels: tuple[str, ...]
) -> tuple[Inputs, list[int]]:
    """The inputs that a text may name columns of, and their places among all."""
    field = ".".join(part for part in leaf.path if isinstance(part, str))
    port = kind.field_ports.get(field) or kind.field_ports.get(str(leaf.path[0]))
    places = [at for at, (name, _) in enumerate(inputs) if port in (None, name)]
    rows = tuple(inputs[at] for at in places)
    return Inputs(rows, labels, qualified=len(kind.input_ports) > 1), places


def _measure(leaf: Leaf) -> str | None:
    """The output column that a text makes: a measure is named by its key."""
    return str(leaf.path[1]) if leaf.path[0] == "measures" and len(leaf.path) == 2 else None
