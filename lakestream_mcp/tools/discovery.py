"""Finding pipelines and reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from ..arguments import PipelineId
from ..errors import InvalidArgument, NotFound, nearest
from ..graph.export import cards, to_mermaid, to_svg
from ..graph.model import Finding, Node, Status
from ..operations import Answer, operation
from .answers import Counts, finding_lines, next_step, worst

if TYPE_CHECKING:
    from ..graph.model import PipelineDocument
    from ..storage.rows import Pipeline, Stored
    from ..workspace import Workspace

Detail = Literal["summary", "node", "lineage", "full", "document", "mermaid", "svg", "code"]


class PipelineLine(BaseModel):
    """One pipeline in a list."""

    id: str
    name: str
    revision: int
    status: Status
    description: str
    tags: list[str]
    nodes: int
    updated_at: str
    updated_by: str
    deleted: bool | None = None

    @classmethod
    def of(cls, row: Pipeline) -> PipelineLine:
        """The line of a stored row."""
        return cls(
            id=row.id,
            name=row.name,
            revision=row.head,
            status=row.status,
            description=row.description[:200],
            tags=row.tags,
            nodes=row.nodes,
            updated_at=instant(row.updated_at),
            updated_by=row.updated_by,
            deleted=True if row.deleted_at else None,
        )


class PipelineList(Answer):
    """Pipelines, the latest changed first."""

    pipelines: list[PipelineLine]
    next: str

    def text(self) -> str:
        """One line each."""
        lines = [
            f"{p.id}@{p.revision} {p.status}, {p.nodes} nodes: {p.name}" for p in self.pipelines
        ] or ["no such pipelines"]
        return "\n".join([*lines, f"Next: {self.next}"])


@operation(
    title="List pipelines",
    effect="read",
    method="GET",
    path="/api/pipelines",
    examples=({"text": "quake", "limit": 5},),
)
def list_pipelines(
    ws: Workspace,
    text: Annotated[
        str, Field(max_length=200, description="Part of id, name, description or tag")
    ] = "",
    tag: Annotated[str, Field(max_length=60)] = "",
    status: Literal["", "draft", "deployed", "paused", "archived"] = "",
    deleted: Annotated[bool, Field(description="Deleted ones instead")] = False,
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> PipelineList:
    """List pipelines, the latest changed first."""
    with ws.reading() as store:
        rows = store.list_pipelines(
            tag=tag or None, status=status or None, text=text or None, deleted=deleted, limit=limit
        )
    following = "get_pipeline" if rows else "create_pipeline"
    return PipelineList(pipelines=[PipelineLine.of(row) for row in rows], next=following)


class NodeLine(BaseModel):
    """One node in a summary."""

    id: str
    type: str
    name: str
    sentence: str | None = None
    inputs: list[str]
    columns: list[str] | None = None


NEXT = {
    "node": 'edit_pipeline with {{"op":"update_node","id":"{node}","config":{{…}}}}',
    "lineage": "preview_node shows the rows of a node; get_history what changed them",
    "document": "create_pipeline(document=…) makes a pipeline of it, here or elsewhere",
    "mermaid": "show it to the user; edit_pipeline changes what it shows",
    "svg": "show it to the user; edit_pipeline changes what it shows",
    "code": 'generate_code(pipeline_id="{pipeline}", content=true) shows all files',
}
"""By detail: the call that helps next."""


class PipelineAnswer(Answer):
    """A pipeline in the detail asked for; what was not asked for is absent."""

    pipeline_id: str
    revision: int
    head_revision: int
    name: str
    status: Status
    description: str | None = None
    tags: list[str] | None = None
    nodes: list[NodeLine] | None = None
    node: dict[str, Any] | None = None
    document: dict[str, Any] | None = None
    lineage: dict[str, Any] | None = None
    shown: str | None = None
    counts: Counts | None = None
    findings: list[Finding] | None = None
    next: str | None = None
    link: str

    def text(self) -> str:
        """Diagrams and code as they are; the rest in lines or JSON."""
        if self.shown is not None:
            return f"{self.shown}\nNext: {self.next}" if self.lineage else self.shown
        if self.document is not None or self.node is not None:
            return super().text()
        lines = [f"{self.pipeline_id}@{self.revision} {self.status}: {self.name}"]
        for n in self.nodes or []:
            fed = f" <- {', '.join(n.inputs)}" if n.inputs else ""
            lines.append(f"- {n.id} ({n.type}){fed}: {n.sentence or n.name}")
        lines += finding_lines(self.counts or Counts(), self.findings or [])
        return "\n".join([*lines, f"Next: {self.next}", self.link])

    def resource_text(self, file: str | None) -> str:
        """The document alone: what can be imported again."""
        del file
        import json

        return json.dumps(self.document or self.to_json(), ensure_ascii=False, indent=1)


@operation(
    title="Read a pipeline",
    effect="read",
    method="GET",
    path="/api/pipelines/{pipeline_id}",
    examples=({"pipeline_id": "quakes"}, {"pipeline_id": "quakes", "detail": "mermaid"}),
)
def get_pipeline(
    ws: Workspace,
    pipeline_id: PipelineId,
    detail: Annotated[
        Detail,
        Field(
            description="summary: a line per node; node: one node with config and columns; "
            "lineage: where columns come from; full: all configs; document: for import; a diagram; "
            "or code"
        ),
    ] = "summary",
    node: Annotated[
        str, Field(max_length=64, description="Which node: for detail=node, lineage, code")
    ] = "",
    column: Annotated[str, Field(max_length=255, description="For detail=lineage")] = "",
    revision: Annotated[int, Field(ge=0, description="0: newest")] = 0,
) -> PipelineAnswer:
    """Read a pipeline: a short summary, one node, everything, a diagram, or the generated code."""
    stored = load(ws, pipeline_id, revision)
    answer = PipelineAnswer(
        pipeline_id=pipeline_id,
        revision=stored.revision,
        head_revision=stored.head,
        name=stored.document.name,
        status=stored.status,
        next=NEXT[detail].format(node=node, pipeline=pipeline_id) if detail in NEXT else None,
        link=ws.link(pipeline_id, stored.revision, node=node),
    )
    if detail in ("summary", "full"):
        _describe(ws, answer, stored)
    if detail in ("full", "document"):
        answer.document = stored.document.model_dump(mode="json", exclude_none=True)
    elif detail == "node":
        answer.node = _details(ws, stored, node)
    elif detail == "lineage":
        answer.lineage, answer.shown = _lineage(ws, stored, node, column)
    elif detail == "code":
        answer.shown = _code(ws, stored, node)
    elif detail in ("mermaid", "svg"):
        answer.shown = _diagram(ws, stored, detail)
    return answer


def _code(ws: Workspace, stored: Stored, node: str) -> str:
    from .code_shown import code_shown

    return code_shown(ws, stored, node)


def _details(ws: Workspace, stored: Stored, node: str) -> dict[str, Any]:
    from .node_details import details

    return details(ws, stored, node)


def _lineage(ws: Workspace, stored: Stored, node: str, column: str) -> tuple[dict[str, Any], str]:
    from .lineage import lineage_lines, lineage_of

    found = lineage_of(ws, stored, node, column)
    return found, lineage_lines(found)


def load(ws: Workspace, pipeline_id: str, revision: int = 0) -> Stored:
    """A revision of a pipeline, 0 for the newest. Raises NotFound."""
    with ws.reading() as store:
        return store.load(pipeline_id, revision or None)


def instant(at: Any) -> str:
    """A time as every answer writes it: UTC, ISO 8601."""
    return str(at.isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def _describe(ws: Workspace, answer: PipelineAnswer, stored: Stored) -> None:
    document, validation = stored.document, ws.validate(stored.document)
    answer.description = document.description or None
    answer.tags = document.tags or None
    answer.counts = Counts.of(validation.findings)
    answer.findings = worst(validation.findings)
    answer.next = next_step(
        stored.pipeline_id,
        answer.counts,
        answer.findings,
        len(document.nodes),
        count_patterns(ws, document),
    )
    answer.nodes = []
    said = cards(document, validation, ws.catalog)
    for n in document.nodes:
        relation = validation.relations.get(n.id)
        answer.nodes.append(
            NodeLine(
                id=n.id,
                type=n.type,
                name=n.name,
                sentence=said[n.id].sentence,
                inputs=[e.text().partition(" -> ")[0] for e in document.inputs(n.id)],
                columns=[f"{c.name} {c.type}" for c in relation.columns] if relation else None,
            )
        )


def existing(stored: Stored, node_id: str) -> Node:
    """The node, or NotFound with the nearest id."""
    if not node_id:
        raise InvalidArgument(
            "Say which node.",
            where={"argument": "node"},
            expected=[n.id for n in stored.document.nodes],
        )
    node = stored.document.node(node_id)
    if node is None:
        known = [n.id for n in stored.document.nodes]
        near = nearest(node_id, known)
        raise NotFound(
            f"There is no node `{node_id[:64]}` in this pipeline.",
            where={"pipeline": stored.pipeline_id, "argument": "node"},
            got=node_id[:64],
            expected=known[:50],
            hint=f"Did you mean `{near}`?" if near else None,
        )
    return node


def count_patterns(ws: Workspace, document: PipelineDocument) -> int:
    """How many nodes are patterns; a type that is not known any more is none."""
    known = set(ws.catalog.types())
    return sum(
        n.type in known and ws.catalog.get(n.type).category == "pattern" for n in document.nodes
    )


def _diagram(ws: Workspace, stored: Stored, kind: str) -> str:
    said = cards(stored.document, ws.validate(stored.document), ws.catalog)
    draw = to_mermaid if kind == "mermaid" else to_svg
    return draw(stored.document, said)
