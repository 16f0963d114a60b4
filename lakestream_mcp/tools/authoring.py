"""Making and changing pipelines."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ..arguments import (
    ChangeOrMore,
    ExpectRevision,
    NodeId,
    Object,
    OneOrMore,
    PipelineId,
    Reason,
    SchemaOf,
)
from ..errors import InvalidArgument
from ..graph.apply import apply
from ..graph.changes import Change
from ..graph.model import PipelineDocument
from ..graph.secrets import refuse_secrets
from ..operations import Answer, operation
from .answers import Changed, EditAnswer
from .edits import described, edit
from .origins import origin
from .preferences import preferred_places
from .templates import all_templates

if TYPE_CHECKING:
    from ..storage.rows import Stored
    from ..workspace import Workspace

PIPELINE_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}")
Changes = Annotated[
    list[Any],
    ChangeOrMore,
    SchemaOf(list[Change]),
    Field(min_length=1, description="Applied in order, all or none"),
]


@operation(
    title="Create a pipeline",
    effect="edit",
    method="POST",
    path="/api/pipelines",
    idempotent=True,
    examples=(
        {"name": "Earthquakes", "id": "quakes", "tags": ["demo"]},
        {"template": "impossible-travel"},
    ),
)
def create_pipeline(
    ws: Workspace,
    name: Annotated[
        str, Field(max_length=120, description="Title; may be left out with `document`")
    ] = "",
    id: Annotated[str, Field(max_length=64, description="Made from the name if left out")] = "",
    description: Annotated[str, Field(max_length=4000)] = "",
    tags: Annotated[list[str], OneOrMore, Field(max_length=32)] = [],  # noqa: B006 - the argument model copies it
    document: Annotated[
        Object,
        Field(description="An exported document to import; else blank"),
    ] = {},  # noqa: B006
    template: Annotated[str, Field(max_length=64, description="Or a pipeline to copy")] = "",
    code: Annotated[str, Field(max_length=1_000_000, description="Or Lakeflow SQL to parse")] = "",
    reason: Reason = "",
) -> EditAnswer:
    """Create a pipeline, blank, from a template, an exported document or code.

    The same twice is the same as once.
    """
    named = {"name": name, "description": description, "tags": tags}
    given = {k: v for k, v in named.items() if v}
    # A document that is imported stays what it was where it was exported.
    places = {} if document else preferred_places(ws)
    document, said_of_origin = origin(ws, document, template, code, name or id or "Pipeline")
    title = str(given.get("name") or document.get("name") or "")
    _check_title(title)
    pipeline_id = id or (template if template and not name else slug(title))
    _check_id(pipeline_id)
    changes = _first_changes(document, given, places)
    start = PipelineDocument(name=title[:120])
    applied = apply(start, changes, ws.catalog)
    findings = [*said_of_origin, *ws.validate(applied.document).findings]
    refuse_secrets(pipeline_id, start, applied.document, findings)
    stored = stored_new(ws, pipeline_id, applied.document, reason)
    changed = Changed(added=[n.id for n in applied.document.nodes] if stored.created else [])
    said = described(ws, pipeline_id, stored.head, applied.document, findings, changed)
    before = f"`{pipeline_id}` was created before with the same content"
    said.notes = ["created", *applied.notes] if stored.created else [before]
    if template and template in all_templates(ws):
        said.next = (
            f'test_pattern(pipeline_id="{pipeline_id}", events={{"template": "{template}"}})'
        )
    return said


def _first_changes(
    document: dict[str, Any], given: dict[str, Any], places: dict[str, str]
) -> list[dict[str, Any]]:
    """What makes the pipeline of nothing; its own settings count before those preferred."""
    own = document.get("settings") or {}
    settings = {key: value for key, value in places.items() if key not in own}
    start = [{"op": "replace_document", "document": document}] if document else []
    return [*start, {"op": "set_pipeline", **given, **({"settings": settings} if settings else {})}]


def stored_new(ws: Workspace, pipeline_id: str, document: PipelineDocument, reason: str) -> Stored:
    """The first revision of a pipeline; the same document twice is the same as once."""
    with ws.writing(pipeline_id) as store:
        stored = store.create_pipeline(
            pipeline_id,
            document,
            actor=ws.identity.name,
            operation=ws.call.operation,
            reason=reason,
        )
        ws.call.revision = stored.revision
    if stored.created:
        ws.notify("revision", pipeline_id, {"revision": stored.revision})
    return stored


def slug(name: str) -> str:
    """An id from a title: `Größte Beben!` becomes `grosste-beben`."""
    plain = (
        unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    )
    words = re.findall(r"[a-z0-9]+", plain.lower())
    text = "-".join(words)[:48].strip("-")
    return text if text[:1].isalpha() else f"pipeline-{text}".strip("-")


def _check_title(title: str) -> None:
    if not title:
        raise InvalidArgument(
            "A pipeline needs a name.", where={"argument": "name"}, expected="a short title"
        )


def _check_id(pipeline_id: str) -> None:
    if not PIPELINE_ID.fullmatch(pipeline_id):
        raise InvalidArgument(
            "This cannot be a pipeline id.",
            where={"argument": "id"},
            got=pipeline_id[:80],
            expected="a letter, then letters, digits, - and _, all lower case, at most 64",
            hint=f"`{slug(pipeline_id)}` would do.",
        )


@operation(
    title="Add a node",
    effect="edit",
    method="POST",
    path="/api/pipelines/{pipeline_id}/nodes",
    idempotent=True,
    examples=(
        {
            "pipeline_id": "quakes",
            "type": "filter",
            "id": "strong",
            "config": {"condition": "mag >= 5"},
            "after": "feed",
        },
    ),
)
def create_node(
    ws: Workspace,
    pipeline_id: PipelineId,
    type: Annotated[
        str, Field(max_length=64, description="Node type; describe_node_types lists them")
    ],
    config: Annotated[Object, Field(description="Fields of the type")] = {},  # noqa: B006
    id: Annotated[str, Field(max_length=48, description="Made from name or type if left out")] = "",
    name: Annotated[str, Field(max_length=120, description="Title on the canvas")] = "",
    after: Annotated[
        str, Field(max_length=64, description="Node whose output feeds this one")
    ] = "",
    expect_revision: ExpectRevision = 0,
    reason: Reason = "",
) -> EditAnswer:
    """Add one node, connected by `after`. For several use edit_pipeline: one revision."""
    node = {"type": type, "config": config, "id": id, "name": name}
    change: dict[str, Any] = {"op": "add_node", "node": {k: v for k, v in node.items() if v}}
    if after:
        change["after"] = after
    return edit(ws, pipeline_id, [change], reason=reason, expect_revision=expect_revision)


@operation(
    title="Connect two nodes",
    effect="edit",
    method="POST",
    path="/api/pipelines/{pipeline_id}/edges",
    idempotent=True,
    examples=({"pipeline_id": "quakes", "source": "feed", "target": "strong"},),
)
def connect(
    ws: Workspace,
    pipeline_id: PipelineId,
    source: NodeId,
    target: NodeId,
    source_port: Annotated[str, Field(max_length=32)] = "",
    target_port: Annotated[
        str, Field(max_length=32, description="in, left or right; the first free one if left out")
    ] = "",
    expect_revision: ExpectRevision = 0,
    reason: Reason = "",
) -> EditAnswer:
    """Let rows flow from one node to another."""
    change = {"op": "connect", "source": source, "target": target}
    ports = {"source_port": source_port, "target_port": target_port}
    change |= {k: v for k, v in ports.items() if v}
    return edit(ws, pipeline_id, [change], reason=reason, expect_revision=expect_revision)


@operation(
    title="Edit a pipeline",
    effect="edit",
    method="PATCH",
    path="/api/pipelines/{pipeline_id}",
    examples=(
        {
            "pipeline_id": "quakes",
            "changes": [{"op": "update_node", "id": "strong", "config": {"condition": "mag >= 6"}}],
            "reason": "Only major shocks",
        },
    ),
)
def edit_pipeline(
    ws: Workspace,
    pipeline_id: PipelineId,
    changes: Changes,
    dry_run: Annotated[bool, Field(description="Answer as if, and store nothing")] = False,
    expect_revision: ExpectRevision = 0,
    reason: Reason = "",
) -> EditAnswer:
    """Apply a batch of changes as one revision: all of them, or none and the reason.

    Answers with what changed, the findings that remain (send a `fix` back) and the next step.
    """
    return edit(
        ws, pipeline_id, changes, reason=reason, expect_revision=expect_revision, dry_run=dry_run
    )


class Deleted(Answer):
    """A pipeline is out of sight; nothing of it is lost."""

    pipeline_id: str
    revision: int
    deleted_at: str
    next: str

    def text(self) -> str:
        """What happened, and the way back."""
        return f"{self.pipeline_id} is deleted\nNext: {self.next}"


@operation(
    title="Delete a pipeline",
    effect="destroy",
    method="DELETE",
    path="/api/pipelines/{pipeline_id}",
    idempotent=True,
    examples=({"pipeline_id": "quakes"},),
)
def delete_pipeline(
    ws: Workspace, pipeline_id: PipelineId, expect_revision: ExpectRevision = 0
) -> Deleted:
    """Delete a pipeline. Its history and runs stay; restore_revision brings it back."""
    from .discovery import instant

    with ws.writing(pipeline_id) as store:
        row = store.delete_pipeline(
            pipeline_id, actor=ws.identity.name, expect_revision=expect_revision or None
        )
        ws.call.revision = row.head
    ws.notify("deleted", pipeline_id, {})
    return Deleted(
        pipeline_id=pipeline_id,
        revision=row.head,
        deleted_at=instant(row.deleted_at),
        next=f'restore_revision(pipeline_id="{pipeline_id}", mode="restore") brings it back',
    )
