"""The edits a pipeline can take: a typed union whose schema is its documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError, WithJsonSchema

from ..errors import InvalidChange, nearest
from .model import ID_PATTERN, PipelineDocument, Position, Status, Strict
from .plain import shown

_DocumentField = Annotated[
    PipelineDocument,
    WithJsonSchema({"type": "object", "description": "A pipeline document, as exported"}),
]

_Position = Annotated[
    Position, WithJsonSchema({"type": "object", "description": "{x, y}; else placed automatically"})
]
_Feeding = Annotated[
    str | list[str],
    WithJsonSchema({"type": "string", "description": "Node that feeds it, or a list; `id:port`"}),
]
_Title = Annotated[str, Field(min_length=1, max_length=120)]


class NewNode(Strict):
    """A node to add. Without `id` one is made from name or type."""

    id: str | None = Field(None, pattern=ID_PATTERN, description="Short id, e.g. `big_orders`")
    type: str = Field(description="Node type, see `describe_node_types`")
    name: _Title | None = Field(None, description="Title on the canvas")
    config: dict[str, JsonValue] = Field(default_factory=dict, description="Fields of the type")
    position: _Position | None = None


class AddNode(Strict):
    """Add a node, and connect it if `after` is given. Twice is the same as once."""

    op: Literal["add_node"]
    node: NewNode
    after: _Feeding | None = None


class UpdateNode(Strict):
    """Change a node's config, name or position."""

    op: Literal["update_node"]
    id: str
    config: dict[str, JsonValue] | None = Field(None, description="Merged; null removes a key")
    name: _Title | None = None
    position: _Position | None = None
    replace_config: bool = Field(False, description="Replace all of `config`")


class RenameNode(Strict):
    """Give a node another title; its id stays."""

    op: Literal["rename_node"]
    id: str
    name: _Title


class RemoveNode(Strict):
    """Remove a node with its edges."""

    op: Literal["remove_node"]
    id: str


class Connect(Strict):
    """Connect two nodes; without a port the first free one is taken."""

    op: Literal["connect"]
    source: str
    target: str
    source_port: str | None = None
    target_port: str | None = Field(None, description="`in`, `left` or `right`")


class Disconnect(Strict):
    """Remove edges between two nodes: all, or those of the named ports."""

    op: Literal["disconnect"]
    source: str
    target: str
    source_port: str | None = None
    target_port: str | None = None


class SetPipeline(Strict):
    """Change the pipeline itself; what is not given stays."""

    op: Literal["set_pipeline"]
    name: _Title | None = None
    description: str | None = Field(None, max_length=4000)
    tags: list[str] | None = Field(None, max_length=32, description="Replaces all tags")
    status: Status | None = None
    settings: dict[str, JsonValue] | None = Field(None, description="Keys to set; null removes")


class ReplaceDocument(Strict):
    """Replace the whole pipeline by a document."""

    op: Literal["replace_document"]
    document: _DocumentField


class Tidy(Strict):
    """Lay out all nodes afresh."""

    op: Literal["tidy"]


Change = Annotated[
    AddNode
    | UpdateNode
    | RenameNode
    | RemoveNode
    | Connect
    | Disconnect
    | SetPipeline
    | ReplaceDocument
    | Tidy,
    Field(discriminator="op"),
]

_MODELS: dict[str, type[Strict]] = {
    "add_node": AddNode,
    "update_node": UpdateNode,
    "rename_node": RenameNode,
    "remove_node": RemoveNode,
    "connect": Connect,
    "disconnect": Disconnect,
    "set_pipeline": SetPipeline,
    "replace_document": ReplaceDocument,
    "tidy": Tidy,
}
OPS = tuple(_MODELS)
_ADAPTER: TypeAdapter[Change] = TypeAdapter(Change)
MAX_CHANGES = 5000


def parse_changes(changes: Sequence[Change | Mapping[str, object]]) -> list[Change]:
    """The typed changes. Raises InvalidChange naming the change, the field and what is expected."""
    if len(changes) > MAX_CHANGES:
        raise InvalidChange(
            f"{len(changes)} changes in one call; the limit is {MAX_CHANGES}",
            got=len(changes),
            expected=f"at most {MAX_CHANGES}",
        )
    return [_parse(index, change) for index, change in enumerate(changes)]


def _parse(index: int, change: Change | Mapping[str, object]) -> Change:
    if isinstance(change, Strict):
        return change
    if not isinstance(change, Mapping):
        raise InvalidChange(
            f"a change is an object with an `op`, not {type(change).__name__}",
            where={"change": index},
            got=shown(change),
            expected={"op": list(OPS)},
        )
    op = change.get("op")
    if not isinstance(op, str) or op not in _MODELS:
        raise _unknown_op(index, op)
    try:
        return _ADAPTER.validate_python(dict(change))
    except ValidationError as error:
        raise _invalid(index, op, error) from None
    except RecursionError:
        raise InvalidChange("the change is nested too deeply", where={"change": index}) from None


def _unknown_op(index: int, op: object) -> InvalidChange:
    near = nearest(op, OPS) if isinstance(op, str) else None
    said = "has no `op`" if op is None else f"has the unknown op {shown(op)}"
    return InvalidChange(
        f"change {index} {said}",
        where={"change": index, "field": "op"},
        got=shown(op),
        expected=list(OPS),
        hint=f"did you mean `{near}`?" if near else None,
    )


def _invalid(index: int, op: str, error: ValidationError) -> InvalidChange:
    """The first thing wrong with one change, in the product's words.

    A misspelt key is also a missing one: the misspelling is named.
    """
    errors = error.errors(include_url=False)
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    path = [str(part) for part in first["loc"] if part != op]
    field = ".".join(path)
    where: dict[str, object] = {"change": index, "field": field}
    if first["type"] == "extra_forbidden":
        return _unknown_key(op, path, where)
    if first["type"] == "missing":
        return InvalidChange(
            f"`{op}` needs `{field}`", where=where, expected=sorted(_keys(op, path[:-1]))
        )
    hint = None
    if first["type"] == "string_pattern_mismatch" and path[-1] == "id":
        hint = "ids are lower case letters, digits and _, start with a letter, at most 48 long"
    said = first["msg"].removeprefix("Value error, ")
    return InvalidChange(
        f"`{field}` of `{op}`: {said}",
        where=where,
        got=shown(first["input"]),
        expected=said,
        hint=hint,
    )


def _keys(op: str, parents: Sequence[str]) -> set[str]:
    """The keys allowed at a place of a change; empty where the place has no fixed keys."""
    if not parents:
        return set(_MODELS[op].model_fields)
    nested: dict[str, type[Strict]] = {"node": NewNode, "document": PipelineDocument}
    model = nested.get(".".join(parents))
    return set(model.model_fields) if model else set()


def _unknown_key(op: str, path: Sequence[str], where: dict[str, object]) -> InvalidChange:
    *parents, key = path
    known = _keys(op, parents)
    near = nearest(key, known)
    hint = f"did you mean `{near}`?" if near else None
    if op == "add_node" and not parents and key in NewNode.model_fields:
        hint = f"`{key}` belongs into `node`: " + '{"op": "add_node", "node": {"type": …}}'
    if (op, key) == ("update_node", "type"):
        hint = "a node keeps its type: remove_node, add_node with the same id, and connect it"
    return InvalidChange(
        f"`{op}` has no `{'.'.join(path)}`",
        where=where,
        got=shown(key),
        expected=sorted(known) or None,
        hint=hint,
    )
