"""Adding a node under an id that is taken: once more the same, or what to send instead."""

from __future__ import annotations

from pydantic import JsonValue

from ..errors import InvalidChange
from .changes import AddNode
from .draft import Draft
from .model import ChangeData, Node
from .naming import free_id


def feeding(change: AddNode) -> list[tuple[str, str | None]]:
    """The nodes that shall feed a new one, each with its port if one is named."""
    after = [change.after] if isinstance(change.after, str) else change.after or []
    parts = [text.replace(".", ":").partition(":") for text in after]
    return [(source, port or None) for source, _, port in parts]


def same_node(
    draft: Draft, existing: Node, type_name: str, change: AddNode, config: dict[str, JsonValue]
) -> None:
    """Adding a node twice is adding it once; another node under the id is refused."""
    new = change.node
    differing = [
        field
        for field, differs in (
            ("type", existing.type != type_name),
            ("name", new.name is not None and existing.name != new.name),
            ("config", existing.config != config),
        )
        if differs
    ]
    if not differing:
        draft.notes.append(f"`{existing.id}` is there already, with the same content")
        return
    # An update is offered only where it takes nothing from the node that is there.
    kept = all(key in config and config[key] == held for key, held in existing.config.items())
    if kept and "type" not in differing:
        fix = _as_update(existing.id, change, config)
        hint = "the fix changes it; leave `id` out to add a second one"
    else:
        free = free_id(existing.id, draft.nodes)
        fix = [_under(change, free)]
        hint = f"the fix adds it as `{free}`, which later changes must name then; "
        hint += f"use `update_node` to change `{existing.id}`"
    raise InvalidChange(
        f"there is a node `{existing.id}` already, with another {' and '.join(differing)}",
        where={"node": existing.id, "field": "id"},
        got=existing.id,
        expected="an id that is free, or none",
        hint=hint,
        fix=fix,
    )


def _under(change: AddNode, node_id: str) -> ChangeData:
    """The same change with another id."""
    given = change.model_dump(exclude_unset=True)
    return given | {"node": given["node"] | {"id": node_id}}


def _as_update(node_id: str, change: AddNode, config: dict[str, JsonValue]) -> list[ChangeData]:
    """What the change would add to a node that is there, its inputs too."""
    update: ChangeData = {"op": "update_node", "id": node_id, "config": config}
    update |= {"name": change.node.name} if change.node.name else {}
    links: list[ChangeData] = [
        {"op": "connect", "source": source, "target": node_id}
        | ({"source_port": port} if port else {})
        for source, port in feeding(change)
    ]
    return [update, *links]
