"""Where the columns of a pipeline come from, as an agent reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import NotFound, nearest
from .discovery import existing

if TYPE_CHECKING:
    from ..relational.column_lineage import Lineage, Source
    from ..storage.rows import Stored
    from ..workspace import Workspace


def lineage_of(ws: Workspace, stored: Stored, node_id: str, column: str) -> dict[str, Any]:
    """Lineage by node: of one, or of all that feed no other. Raises NotFound."""
    from ..relational.column_lineage import Lineage

    document = stored.document
    validation = ws.validate(document)
    lineage = Lineage(document, validation, ws.catalog, ws.resolver)
    if node_id:
        nodes = [existing(stored, node_id).id]
    else:
        feeding = {edge.source for edge in document.edges}
        nodes = [node.id for node in document.nodes if node.id not in feeding]
    found = {}
    for each in nodes:
        relation = validation.relations.get(each)
        if relation is None:
            found[each] = {"unknown": "its columns are not known: validate_pipeline says why"}
            continue
        names = [column] if column else list(relation.names)
        if column and (not node_id or column in relation.names):
            names = [name for name in names if name in relation.names]
        elif column:
            raise _no_column(column, each, relation.names)
        found[each] = _node(lineage, each, names, downstream=bool(node_id))
    return found


def _node(lineage: Lineage, node: str, names: list[str], downstream: bool) -> dict[str, Any]:
    sources = {name: _sources(lineage.sources(node, name)) for name in names}
    deciding: dict[str, list[str]] = {}
    for found in sorted(lineage.deciding(node)):
        deciding.setdefault(f"{found.node}.{found.column}", []).append(found.read_by)
    reads: dict[str, list[str]] = {}
    for upstream, read in lineage.reads(node):
        reads.setdefault(read.field, []).append(f"{upstream}.{read.column}")
    said: dict[str, Any] = {"columns": sources, "rows_decided_by": deciding, "reads": reads}
    if downstream:
        used = lineage.followed(node)
        said["used_by"] = {name: used[name] for name in names if used.get(name)}
    return {key: value for key, value in said.items() if value}


def _sources(found: Iterable[Source]) -> list[str]:
    """`orders.amount aggregated`; a copy needs no word."""
    return [
        f"{each.node}.{each.column}" + ("" if each.kind == "copied" else f" {each.kind}")
        for each in sorted(found)
    ]


def _no_column(column: str, node: str, known: tuple[str, ...]) -> NotFound:
    near = nearest(column, known)
    return NotFound(
        f"`{node}` puts out no column `{column[:80]}`.",
        where={"argument": "column", "node": node},
        got=column[:80],
        expected=list(known)[:50],
        hint=f"Did you mean `{near}`?" if near else None,
    )


def lineage_lines(found: dict[str, Any]) -> str:
    """A line per column, then what decides which rows there are, and who reads the column."""
    lines = []
    for node, said in found.items():
        lines.append(f"{node}:")
        lines += [
            f"  {name} <- {', '.join(sources) or 'nothing that flows in'}"
            for name, sources in said.get("columns", {}).items()
        ]
        deciding = [
            f"{column} ({', '.join(nodes)})"
            for column, nodes in said.get("rows_decided_by", {}).items()
        ]
        if deciding:
            lines.append(f"  rows decided by: {'; '.join(deciding)}")
        lines += [
            f"  {name} is read by: {', '.join(fields)}"
            for name, fields in said.get("used_by", {}).items()
        ]
        if "unknown" in said:
            lines.append(f"  {said['unknown']}")
    return "\n".join(lines)
