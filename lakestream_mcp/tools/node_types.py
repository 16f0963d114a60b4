"""Finding out which node types there are, and what each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ..arguments import OneOrMore
from ..errors import NotFound
from ..graph.model import Category
from ..operations import Answer, operation
from .answers import compact

if TYPE_CHECKING:
    from ..workspace import Workspace

ADD_NODE = "edit_pipeline with add_node"
FOUND_MOST = 8
"""Of the types that some words fit: a sentence fits nearly all of them a little."""


class NodeTypes(Answer):
    """Node types: a line each, or in full where some were asked for."""

    types: list[dict[str, Any]]
    next: str

    def text(self) -> str:
        """A line each; with fields, a line for each field; in full as JSON."""
        if any("readme" in t for t in self.types):
            return super().text()
        if any("fields" in t for t in self.types):
            return "\n".join([*map(_told, self.types), f"Next: {self.next}"])
        lines = [f"- {t['type']} ({t['category']}): {t['summary']}" for t in self.types]
        return "\n".join([*lines, f"Next: {self.next}"])

    def resource_text(self, file: str | None) -> str:
        """The README of the type."""
        del file
        return str(self.types[0].get("readme", self.types[0]["summary"]))


@operation(
    title="Describe node types",
    effect="read",
    method="GET",
    path="/api/node-types",
    examples=({}, {"types": ["sequence", "filter"]}, {"search": "silence"}),
)
def describe_node_types(
    ws: Workspace,
    types: Annotated[
        list[str],
        OneOrMore,
        Field(max_length=20, description="Describe these: fields, ports, example"),
    ] = [],  # noqa: B006 - the argument model copies it
    category: Literal["", "source", "transform", "pattern", "sink"] = "",
    search: Annotated[str, Field(max_length=200, description="Words to find a type by")] = "",
    detail: Annotated[Literal["", "full"], Field(description="full: with README")] = "",
) -> NodeTypes:
    """List node types in a line each, or give `types` to get their fields and an example."""
    if types:
        from .node_brief import brief_types

        if detail == "full":
            return NodeTypes(types=[_described(ws, name) for name in types], next=ADD_NODE)
        known, unknown = _known(ws, types)
        made = brief_types([ws.catalog.describe(name) for name in known])
        rest = known[len(made) :]
        following = f"describe_node_types(types={compact(rest)}) for the rest" if rest else ADD_NODE
        return NodeTypes(types=made, next="; ".join([*unknown, following]))
    names = _found(ws, search) if search else list(ws.catalog.types())
    lines = [_line(ws, name) for name in names]
    if category:
        lines = [line for line in lines if line["category"] == category]
    shown = lines[:FOUND_MOST] if search else lines
    further = ['describe_node_types(types=["…"]) for fields and examples'] if shown else []
    if len(shown) < len(lines) or not shown:
        further.append("describe_node_types() lists all")
    return NodeTypes(types=shown, next="; ".join(further))


def _known(ws: Workspace, types: list[str]) -> tuple[list[str], list[str]]:
    """The types that there are, and what to say of the others. Raises NotFound where none is."""
    known, errors = [], []
    for name in types:
        try:
            known.append(ws.catalog.get(name).type)
        except NotFound as error:
            errors.append(error)
    if errors and not known:
        raise errors[0]
    return known, [f"{error.message} ({error.hint})" for error in errors]


def _told(described: dict[str, Any]) -> str:
    """A brief description as lines."""
    head = f"## {described['type']} ({described['category']}): {described['summary']}"
    made = f"ports: {described['ports']}; code: {', '.join(described['targets'])}"
    fields = [f"- {name}: {said}" for name, said in described["fields"].items()]
    example = [f"example: {compact(described['example'])}"] if "example" in described else []
    about = [described["about"]] if "about" in described else []
    return "\n".join([head, made, *fields, *example, *about])


def _described(ws: Workspace, name: str) -> dict[str, Any]:
    """Without the JSON Schema, which says in more words what `fields` says."""
    description = ws.catalog.describe(name)
    return description.model_dump(mode="json", exclude={"json_schema"}, exclude_defaults=True)


def _found(ws: Workspace, search: str) -> list[str]:
    return [kind.type for kind in ws.catalog.search(search)]


def _line(ws: Workspace, name: str) -> dict[str, Any]:
    kind = ws.catalog.get(name)
    category: Category = kind.category
    return {"type": kind.type, "category": category, "title": kind.title, "summary": kind.summary}


@operation(
    title="Describe one node type",
    effect="read",
    method="GET",
    path="/api/node-types/{type}",
    mcp=False,
    examples=({"type": "sequence"},),
)
def get_node_type(
    ws: Workspace, type: Annotated[str, Field(max_length=64, description="Type or alias")]
) -> NodeTypes:
    """Describe one node type in full, with the JSON Schema of its configuration."""
    described = _described(ws, type) | {"config_schema": ws.catalog.describe(type).json_schema}
    return NodeTypes(types=[described], next=ADD_NODE)
