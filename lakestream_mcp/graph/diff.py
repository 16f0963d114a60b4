"""What differs between two documents, for people and as changes from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from .draft import edge_key
from .facts import disconnecting
from .model import ChangeData, Edge, Node, PipelineDocument

_SETTINGS = ("name", "description", "tags", "status", "settings")


class FieldChange(BaseModel):
    """One value that differs. `path` reads `config.steps.0.condition`."""

    path: str
    kind: Literal["added", "removed", "changed"]
    old: JsonValue = None
    new: JsonValue = None


class NodeChange(BaseModel):
    """A node that is in both documents, and differs."""

    id: str
    fields: list[FieldChange]


class Diff(BaseModel):
    """The difference between two documents. `nodes_moved` changed their place only."""

    nodes_added: list[Node] = Field(default_factory=list)
    nodes_removed: list[Node] = Field(default_factory=list)
    nodes_changed: list[NodeChange] = Field(default_factory=list)
    nodes_moved: list[str] = Field(default_factory=list)
    edges_added: list[Edge] = Field(default_factory=list)
    edges_removed: list[Edge] = Field(default_factory=list)
    settings: list[FieldChange] = Field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether the documents are the same."""
        return not any(getattr(self, name) for name in type(self).model_fields)

    def summary(self) -> str:
        """`2 nodes added, 1 edge removed`, or `no difference`."""
        parts = [
            _counted(len(self.nodes_added), "node", "added"),
            _counted(len(self.nodes_removed), "node", "removed"),
            _counted(len(self.nodes_changed), "node", "changed"),
            _counted(len(self.nodes_moved), "node", "moved"),
            _counted(len(self.edges_added), "edge", "added"),
            _counted(len(self.edges_removed), "edge", "removed"),
            _counted(len(self.settings), "setting", "changed"),
        ]
        return ", ".join(part for part in parts if part) or "no difference"


def diff(old: PipelineDocument, new: PipelineDocument) -> Diff:
    """What has to happen to `old` to become `new`, in the order of `new`."""
    before = {node.id: node for node in old.nodes}
    after = {node.id: node for node in new.nodes}
    old_edges = {edge_key(edge): edge for edge in old.edges}
    new_edges = {edge_key(edge): edge for edge in new.edges}
    found = Diff(
        nodes_added=[node for node_id, node in after.items() if node_id not in before],
        nodes_removed=[node for node_id, node in before.items() if node_id not in after],
        edges_added=[edge for key, edge in new_edges.items() if key not in old_edges],
        edges_removed=[edge for key, edge in old_edges.items() if key not in new_edges],
        settings=settings_changed(old, new),
    )
    for node_id, node in after.items():
        was = before.get(node_id)
        if was is None or was is node:
            continue
        fields = list(_fields("", _content(was), _content(node)))
        if fields:
            found.nodes_changed.append(NodeChange(id=node_id, fields=fields))
        elif was.position != node.position:
            found.nodes_moved.append(node_id)
    return found


def settings_changed(old: PipelineDocument, new: PipelineDocument) -> list[FieldChange]:
    """What differs beside nodes and edges."""
    return list(_fields("", _pipeline(old), _pipeline(new)))


def as_changes(old: PipelineDocument, new: PipelineDocument) -> list[ChangeData]:
    """Changes that turn `old` into `new`, apart from the order in which nodes are listed."""
    before = {node.id: node for node in old.nodes}
    after = {node.id: node for node in new.nodes}
    gone = {
        node_id
        for node_id, node in before.items()
        if node_id not in after or after[node_id].type != node.type
    }
    kept_edges = _kept_edges(old, new, gone)
    changes: list[ChangeData] = [
        disconnecting(edge)
        for edge in old.edges
        if edge_key(edge) not in kept_edges and not gone & {edge.source, edge.target}
    ]
    changes += [{"op": "remove_node", "id": node_id} for node_id in sorted(gone)]
    for node in new.nodes:
        if node.id not in before or node.id in gone:
            changes.append({"op": "add_node", "node": node.model_dump(exclude_none=True)})
        elif before[node.id] != node:
            changes.append(_update(before[node.id], node))
    changes += [
        {"op": "connect", **edge.model_dump()}
        for edge in new.edges
        if edge_key(edge) not in kept_edges
    ]
    return changes + _set_pipeline(old, new)


def _kept_edges(
    old: PipelineDocument, new: PipelineDocument, gone: set[str]
) -> set[tuple[str, str, str, str]]:
    """Edges that can stay. Inputs are ordered: from the first that differs, a node's are redone."""
    kept: set[tuple[str, str, str, str]] = set()
    for node in new.nodes:
        for was, now in zip(old.inputs(node.id), new.inputs(node.id), strict=False):
            if was != now or gone & {now.source, now.target}:
                break
            kept.add(edge_key(now))
    return kept


def _update(was: Node, node: Node) -> ChangeData:
    change: ChangeData = {"op": "update_node", "id": node.id}
    if was.config != node.config:
        change |= {"config": node.config, "replace_config": True}
    if was.name != node.name:
        change["name"] = node.name
    if was.position != node.position and node.position is not None:
        change["position"] = node.position.model_dump()
    return change


def _set_pipeline(old: PipelineDocument, new: PipelineDocument) -> list[ChangeData]:
    change: ChangeData = {
        field: getattr(new, field)
        for field in ("name", "description", "tags", "status")
        if getattr(old, field) != getattr(new, field)
    }
    if old.settings != new.settings:
        change["settings"] = dict.fromkeys(old.settings) | new.settings
    return [{"op": "set_pipeline", **change}] if change else []


def _counted(count: int, noun: str, verb: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'} {verb}" if count else ""


def _pipeline(document: PipelineDocument) -> dict[str, JsonValue]:
    return {field: getattr(document, field) for field in _SETTINGS}


def _content(node: Node) -> dict[str, JsonValue]:
    return {"type": node.type, "name": node.name, "config": node.config}


def _fields(path: str, old: JsonValue, new: JsonValue) -> Iterator[FieldChange]:
    """The values that differ, as deep inside as they can be told apart."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            place = f"{path}.{key}" if path else key
            if key not in new:
                yield FieldChange(path=place, kind="removed", old=old[key])
            elif key not in old:
                yield FieldChange(path=place, kind="added", new=new[key])
            else:
                yield from _fields(place, old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (was, now) in enumerate(zip(old, new, strict=True)):
            yield from _fields(f"{path}.{at}", was, now)
    elif type(old) is not type(new) or old != new:
        yield FieldChange(path=path, kind="changed", old=old, new=new)
