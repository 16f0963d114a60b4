"""Everything about one node of a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..cep.stateful import StatefulRelationalType
from ..graph.export import cards
from .discovery import existing
from .pattern_node import PatternNode

if TYPE_CHECKING:
    from ..storage.rows import Stored
    from ..workspace import Workspace


def details(ws: Workspace, stored: Stored, node_id: str) -> dict[str, Any]:
    """Its configuration, columns, edges, state and findings. Raises NotFound."""
    node = existing(stored, node_id)
    validation = ws.validate(stored.document)
    relation = validation.relations.get(node_id)
    shown: dict[str, Any] = node.model_dump(mode="json", exclude_none=True)
    shown["sentence"] = cards(stored.document, validation, ws.catalog)[node_id].sentence
    shown["inputs"] = [e.text() for e in stored.document.inputs(node_id)]
    shown["outputs"] = [e.text() for e in stored.document.outputs(node_id)]
    shown["columns"] = [c._asdict() for c in relation.columns] if relation else None
    shown["event_time"] = relation.event_time if relation else None
    pattern = PatternNode.of(ws, stored, validation, node)
    kind, config = ws.catalog.get(node.type), validation.configs.get(node.id)
    if isinstance(kind, StatefulRelationalType) and config is not None and relation:
        shown["state"] = {"kept": kind.state_bound(config), "late_rows": "dropped and counted"}
    elif pattern:
        shown["state"] = pattern.state()
    shown["batch_sql"] = pattern and pattern.batch_sql()
    shown["findings"] = [
        f.model_dump(mode="json", exclude_none=True)
        for f in validation.findings
        if f.node == node_id
    ]
    return {k: v for k, v in shown.items() if v is not None}
