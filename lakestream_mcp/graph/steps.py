"""What each kind of change does to a draft."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from pydantic import JsonValue

from ..errors import InvalidChange
from . import layout
from .changes import (
    AddNode,
    Change,
    Connect,
    Disconnect,
    RemoveNode,
    RenameNode,
    ReplaceDocument,
    SetPipeline,
    Tidy,
    UpdateNode,
)
from .draft import Draft, check_plain, check_position, check_text
from .model import Edge, Node, PipelineDocument
from .taken import feeding, same_node
from .type_words import with_implied

MAX_TAG_CHARACTERS = 60


def take(draft: Draft, change: Change) -> None:
    """Let one change happen to the draft. Raises InvalidChange, LimitExceeded."""
    match change:
        case AddNode():
            _add_node(draft, change)
        case UpdateNode():
            _update_node(draft, change)
        case RenameNode():
            _rename_node(draft, change)
        case RemoveNode():
            draft.remove(change.id)
        case Connect():
            _link(draft, change.source, change.target, change.source_port, change.target_port)
        case Disconnect():
            _disconnect(draft, change)
        case SetPipeline():
            _set_pipeline(draft, change)
        case ReplaceDocument():
            _replace_document(draft, change)
        case Tidy():
            _tidy(draft)
        case _:
            assert_never(change)


def check_ids(document: PipelineDocument) -> None:
    """Refuse a document in which two nodes have one id."""
    seen: set[str] = set()
    for node in document.nodes:
        if node.id in seen:
            raise InvalidChange(
                f"two nodes have the id `{node.id}`",
                where={"node": node.id},
                got=node.id,
                expected="an id of its own for each node",
                hint="replace the document by one with unique ids",
            )
        seen.add(node.id)


def _add_node(draft: Draft, change: AddNode) -> None:
    new = change.node
    node_type = draft.node_type(new.type, bool(change.after) or new.id in draft.fed)
    if new.type != node_type.type:
        draft.tell(f"read type `{new.type}` as `{node_type.type}`")
    check_text(new.name, "name")
    check_position(new.position)
    node_id = draft.new_id(node_type, new.id, new.name)
    config = draft.config(node_type, with_implied(node_type, new.type, new.config), node_id)
    existing = draft.nodes.get(node_id)
    if existing is not None:
        same_node(draft, existing, node_type.type, change, config)
    else:
        title = draft.title(node_type, new.name)
        node = Node.model_construct(
            id=node_id, type=node_type.type, name=title, config=config, position=new.position
        )
        draft.add(node)
    for source, port in feeding(change):
        _link(draft, source, node_id, port, None, said=existing is not None)


def _update_node(draft: Draft, change: UpdateNode) -> None:
    node = draft.node(change.id)
    update: dict[str, object] = {}
    if change.name is not None:
        check_text(change.name, "name")
        update["name"] = change.name
    if change.position is not None:
        check_position(change.position)
        update["position"] = change.position
    if change.config is not None or change.replace_config:
        update["config"] = _merged(draft, node, change)
    _replace(draft, node, update)


def _merged(draft: Draft, node: Node, change: UpdateNode) -> dict[str, JsonValue]:
    given = change.config or {}
    node_type = draft.node_type(node.type)
    if change.replace_config:
        return draft.config(node_type, given, node.id)
    check_plain(given, {"node": node.id, "field": "config"}, "config")
    stored = draft.own_names(node_type, node.config, node.id)
    patch = draft.own_names(node_type, given, node.id)
    return draft.config(node_type, stored | patch, node.id)


def _rename_node(draft: Draft, change: RenameNode) -> None:
    check_text(change.name, "name")
    _replace(draft, draft.node(change.id), {"name": change.name})


def _replace(draft: Draft, node: Node, update: dict[str, object]) -> None:
    if all(getattr(node, field) == value for field, value in update.items()):
        draft.notes.append(f"`{node.id}` is so already")
        return
    draft.nodes[node.id] = node.model_copy(update=update)


def _link(
    draft: Draft,
    source: str,
    target: str,
    source_port: str | None,
    target_port: str | None,
    said: bool = True,
) -> None:
    draft.node(source)
    port = target_port or draft.free_port(source, target)
    leaving = source_port or draft.usual_port(source)
    edge = Edge(source=source, target=target, source_port=leaving, target_port=port)
    if not draft.connect(edge) and said:
        draft.notes.append(f"{edge.text()} is connected already")


def _disconnect(draft: Draft, change: Disconnect) -> None:
    found = [
        key
        for key, edge in draft.edges.items()
        if (edge.source, edge.target) == (change.source, change.target)
        and change.source_port in (None, edge.source_port)
        and change.target_port in (None, edge.target_port)
    ]
    if found:
        for key in found:
            del draft.edges[key]
        return
    draft.node(change.source)
    draft.node(change.target)
    into = [edge.text() for edge in draft.edges.values() if edge.target == change.target]
    raise InvalidChange(
        f"there is no such edge from `{change.source}` to `{change.target}`",
        where={"node": change.target},
        expected=into or "no edge leads there",
    )


def _set_pipeline(draft: Draft, change: SetPipeline) -> None:
    check_text(change.name, "name")
    check_text(change.description, "description")
    update: dict[str, object] = {
        field: value
        for field in ("name", "description", "status")
        if (value := getattr(change, field)) is not None
    }
    if change.tags is not None:
        update["tags"] = _tags(change.tags)
    if change.settings is not None:
        check_plain(change.settings, {"field": "settings"}, "setting")
        merged = draft.document.settings | change.settings
        update["settings"] = {key: value for key, value in merged.items() if value is not None}
    draft.document = draft.document.model_copy(update=update)


def _tags(tags: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for tag in dict.fromkeys(tag.strip() for tag in tags):
        check_text(tag, "tags")
        if not 0 < len(tag) <= MAX_TAG_CHARACTERS:
            raise InvalidChange(
                f"a tag has 1 to {MAX_TAG_CHARACTERS} characters",
                where={"field": "tags"},
                got=len(tag),
                expected=f"1 to {MAX_TAG_CHARACTERS} characters",
            )
        kept.append(tag)
    return kept


def _replace_document(draft: Draft, change: ReplaceDocument) -> None:
    """Build the new document from nothing by the same steps, so that the same rules hold."""
    new = change.document
    check_ids(new)
    for field in ("name", "description"):
        check_text(getattr(new, field), field)
    check_plain(new.settings, {"field": "settings"}, "setting")
    fresh = Draft(new.model_copy(update={"tags": _tags(new.tags)}), draft.catalog)
    fresh.nodes, fresh.edges = {}, {}
    fed = {edge.target for edge in new.edges}
    for node in new.nodes:
        node_type = fresh.node_type(node.type, node.id in fed)
        check_text(node.name, "name")
        check_position(node.position)
        given = with_implied(node_type, node.type, node.config)
        config = fresh.config(node_type, given, node.id)
        fresh.add(node.model_copy(update={"type": node_type.type, "config": config}))
    for edge in new.edges:
        fresh.connect(_with_port(fresh, edge))
    draft.document, draft.nodes, draft.edges = fresh.document, fresh.nodes, fresh.edges
    draft.notes += fresh.notes


def _with_port(draft: Draft, edge: Edge) -> Edge:
    """An edge that names no port leads to the first free one where the node has several."""
    target = draft.nodes.get(edge.target)
    if target is None or "target_port" in edge.model_fields_set:
        return edge
    ports = draft.node_type(target.type).input_ports
    if not ports or edge.target_port in ports:
        return edge
    return edge.model_copy(update={"target_port": draft.free_port(edge.source, edge.target)})


def _tidy(draft: Draft) -> None:
    document = draft.finished()
    for node_id, position in layout.tidy(document.nodes, document.edges).items():
        node = draft.nodes[node_id]
        if node.position != position:
            draft.nodes[node_id] = node.model_copy(update={"position": position})
