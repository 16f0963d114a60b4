"""An edit of one node's code, as a change of its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import NotFound, nearest
from ...graph.model import ChangeData, Node, PipelineDocument, flow_name
from ...graph.node_type import ColumnResolver, NodeType, RelationalType, SinkType, SourceType
from ...graph.validate import Validation
from .draft import Draft, Place, Port
from .findings import ParsedCode, ReadStatement
from .marked import marked_source, marked_transform
from .tables import unsaid

if TYPE_CHECKING:
    from ...relational.declarative.read import Placed


def parse_node(
    text: str,
    node_id: str,
    document: PipelineDocument,
    catalog: Any,
    resolver: ColumnResolver,
    validation: Validation,
) -> tuple[ParsedCode, list[ChangeData]]:
    """The change of a node's configuration that its edited code says; none where it says nothing
    this type can do, or nothing new. Raises NotFound, LimitExceeded.
    """
    from ...relational.declarative.read import read_placed
    from ...relational.declarative.statements import Unknown

    node = _node(document, node_id)
    draft = Draft(catalog, resolver, document)
    draft.relations.update(validation.relations)
    whole = read_placed(text)
    placed = _of_node(whole, node_id)
    for each in placed:
        if isinstance(each.statement, Unknown):
            place = Place(each.statement.line, each.statement.column)
            draft.say("STATEMENT_NOT_READ", each.statement.reason, place, "error", node=node_id)
    config = None if draft.findings else _config(draft, node, placed)
    if config is None and not draft.findings:
        place = Place(placed[0].line, placed[0].column) if placed else Place(1, 1)
        draft.say(
            "NOT_THIS_TYPE",
            f"a `{node.type}` node cannot say this",
            place,
            "error",
            node=node_id,
            hint="parse the code of the whole pipeline: then the node may become another type",
        )
    changes: list[ChangeData] = []
    if config is not None and config != node.config:
        changes = [{"op": "update_node", "id": node_id, "config": config, "replace_config": True}]
    statements = [_read(each, node_id, each in placed) for each in whole]
    return ParsedCode(document, draft.findings, statements), changes


def _read(each: Placed, node_id: str, own: bool) -> ReadStatement:
    nodes = [node_id] if own else []
    return ReadStatement(line=each.line, column=each.column, text=each.text[:80], nodes=nodes)


def _of_node(placed: Sequence[Placed], node_id: str) -> list[Placed]:
    """The statements under the node's mark; all, where none has it: then they are its code."""
    found, under = [], None
    for each in placed:
        under = each.marker.node if each.marker is not None else under
        if under == node_id:
            found.append(each)
    return found or list(placed)


def _node(document: PipelineDocument, node_id: str) -> Node:
    node = document.node(node_id)
    if node is None:
        known = [n.id for n in document.nodes]
        near = nearest(node_id, known)
        raise NotFound(
            f"there is no node `{node_id}`",
            where={"argument": "node"},
            got=node_id,
            expected=known,
            hint=f"did you mean `{near}`?" if near else None,
        )
    return node


def _config(draft: Draft, node: Node, placed: Sequence[Placed]) -> dict[str, Any] | None:
    """The configuration that the statements say; None where that cannot be told."""
    from ...relational.declarative.pieces import Marker
    from ...relational.declarative.statements import Dataset

    kind: NodeType = draft.catalog.get(node.type)
    statements = [each.statement for each in placed]
    if isinstance(kind, SinkType):
        reading = kind.read(statements)
        if reading is None or _read_names(statements) != _fed_by(draft, node):
            return None
        return unsaid(kind, node.config) | reading.config
    declared = statements[0] if len(statements) == 1 else None
    if not isinstance(declared, Dataset) or declared.query is None:
        return None
    marker = Marker(node.id, node.type, node.name)
    if isinstance(kind, SourceType):
        port = marked_source(draft, kind, marker, declared.query)
    elif isinstance(kind, RelationalType):
        port = marked_transform(draft, kind, marker, declared, _datasets(draft))
    else:
        return None
    fed = sorted(flow_name(e.source, e.source_port) for e in draft.edges)
    if port is None or fed != _fed_by(draft, node):
        return None
    return draft.nodes[node.id].config


def _fed_by(draft: Draft, node: Node) -> list[str]:
    """Names of the datasets that the node's edges come from."""
    assert draft.known is not None
    return sorted(flow_name(e.source, e.source_port) for e in draft.known.inputs(node.id))


def _read_names(statements: Sequence[Any]) -> list[str] | None:
    """Names of the datasets that a sink's statements read whole; None where one is read in part."""
    from ...relational.declarative.functions import only_star
    from ...relational.declarative.statements import AutoCdc
    from .shapes import dotted

    names: list[str] = []
    for statement in statements:
        if isinstance(statement, AutoCdc):
            names.append(statement.source)
            continue
        query = statement.query
        if query is None:
            continue
        start = query.tree.args.get("from_")
        if not only_star(query.tree) or query.watermarks or not hasattr(start.this, "this"):
            return None
        names.append(dotted(start.this.this))
    return sorted(names)


def _datasets(draft: Draft) -> Any:
    """Every node of the pipeline is a dataset by its id, and what leaves by its further ports."""

    assert draft.known is not None
    nodes = draft.known.nodes
    known: dict[str, Port] = {node.id: (node.id, "out") for node in nodes}
    for edge in draft.known.edges:
        known[flow_name(edge.source, edge.source_port)] = (edge.source, edge.source_port)

    def port(name: str) -> Port | None:
        return known.get(name)

    return port
