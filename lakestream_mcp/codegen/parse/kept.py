"""Nodes of a known pipeline that declarative SQL does not say: they stay."""

from __future__ import annotations

from ...graph.draft import edge_key
from ...graph.model import Node, PipelineDocument
from .draft import Draft


def keep_unsaid(draft: Draft, known: PipelineDocument) -> None:
    """Keep the nodes that SQL has no form for, and the edges at them whose other ends are there."""
    kept = {node.id: node for node in known.nodes if _has_no_sql(draft, node)}
    for node in kept.values():
        if node.id not in draft.nodes:
            draft.nodes[node.id] = node
    present = {edge_key(edge) for edge in draft.edges}
    for edge in known.edges:
        at_kept = edge.source in kept or edge.target in kept
        there = edge.source in draft.nodes and edge.target in draft.nodes
        if at_kept and there and edge_key(edge) not in present:
            draft.edges.append(edge)


def _has_no_sql(draft: Draft, node: Node) -> bool:
    """Whether generated SQL never has a statement of this node."""
    if node.type not in draft.catalog.types():
        return True
    kind = draft.catalog.get(node.type)
    return "sdp" not in kind.targets or kind.category == "pattern"
