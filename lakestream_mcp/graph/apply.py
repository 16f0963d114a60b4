"""Changes applied to a document: all of them, or none and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from ..errors import LakestreamError
from . import layout
from .changes import Change, Connect, ReplaceDocument, parse_changes
from .diff import settings_changed
from .draft import Draft, edge_key
from .model import PipelineDocument
from .node_type import TypeCatalog
from .spelling import as_declared
from .steps import check_ids, take


class Changed(BaseModel):
    """Ids of nodes, by what happened to them; `moved` ones changed their place only."""

    added: list[str] = Field(default_factory=list)
    updated: list[str] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)
    moved: list[str] = Field(default_factory=list)


class Applied(BaseModel):
    """What changes did. `edges_changed` reads `+ a -> b` and `- a -> b`; `settings_changed` names
    fields of the pipeline, such as `settings.deploy`; `notes` say what went along or was so."""

    document: PipelineDocument
    changed: Changed
    edges_changed: list[str] = Field(default_factory=list)
    settings_changed: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)

    @property
    def unchanged(self) -> bool:
        """Whether the document is the same as before."""
        nodes = self.changed
        touched = nodes.added or nodes.updated or nodes.removed or nodes.moved
        return not (touched or self.edges_changed or self.settings_changed)


def apply(
    document: PipelineDocument,
    changes: Sequence[Change | Mapping[str, object]],
    catalog: TypeCatalog,
) -> Applied:
    """Apply the changes in order, or none of them. Raises InvalidChange naming the change."""
    declared, told = as_declared(changes)
    typed = parse_changes(declared)
    draft = _opened(document, typed, catalog)
    draft.fed = {change.target for change in typed if isinstance(change, Connect)}
    draft.notes += told
    for index, change in enumerate(typed):
        try:
            take(draft, change)
        except LakestreamError as error:
            error.where = {"change": index, "op": change.op} | error.where
            raise
    finished = draft.finished()
    placed = _placed(finished)
    return _summary(document, placed, draft.notes)


def _opened(document: PipelineDocument, changes: Sequence[Change], catalog: TypeCatalog) -> Draft:
    """A draft; a damaged document (from elsewhere) can only be replaced."""
    replaced = bool(changes) and isinstance(changes[0], ReplaceDocument)
    if not replaced:
        check_ids(document)
    return Draft(document, catalog)


def _placed(document: PipelineDocument) -> PipelineDocument:
    positions = layout.place(document.nodes, document.edges)
    if not positions:
        return document
    nodes = [
        node.model_copy(update={"position": positions[node.id]}) if node.id in positions else node
        for node in document.nodes
    ]
    return document.model_copy(update={"nodes": nodes})


def _summary(old: PipelineDocument, new: PipelineDocument, notes: list[str]) -> Applied:
    before = {node.id: node for node in old.nodes}
    after = {node.id: node for node in new.nodes}
    changed = Changed(
        added=[node_id for node_id in after if node_id not in before],
        removed=[node_id for node_id in before if node_id not in after],
    )
    for node_id, node in after.items():
        was = before.get(node_id)
        if was is None or was is node or was == node:
            continue
        same = (was.type, was.name, was.config) == (node.type, node.name, node.config)
        (changed.moved if same else changed.updated).append(node_id)
    edges_before = {edge_key(edge): edge for edge in old.edges}
    edges_after = {edge_key(edge): edge for edge in new.edges}
    gone = [f"- {edge.text()}" for key, edge in edges_before.items() if key not in edges_after]
    come = [f"+ {edge.text()}" for key, edge in edges_after.items() if key not in edges_before]
    return Applied.model_construct(
        document=new,
        changed=changed,
        edges_changed=gone + come,
        settings_changed=[field.path for field in settings_changed(old, new)],
        notes=notes,
    )
