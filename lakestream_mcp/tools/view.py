"""What the canvas shows of a pipeline, in one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from ..arguments import PipelineId
from ..graph.export import cards
from ..graph.model import Finding, Node, PipelineDocument, Position, Status
from ..operations import Answer, operation
from .answers import Counts
from .deployment_news import DeploymentNews
from .discovery import load
from .history import RevisionLine
from .node_status import NodeStatus, NodeStatuses, Tested, fingerprints
from .runs import RunLine

if TYPE_CHECKING:
    from ..graph.validate import Validation
    from ..storage.rows import Stored
    from ..storage.store import Transaction
    from ..workspace import Workspace

HISTORY_MAX = 50
RUNS_MAX = 20


class NodeView(BaseModel):
    """One node as the canvas shows it."""

    id: str
    type: str
    name: str
    category: str
    title: str
    sentence: str
    status: NodeStatus
    config: dict[str, Any]
    defaults: dict[str, Any]
    schema_ref: str
    position: Position | None = None
    columns: list[dict[str, str]] | None = None
    event_time: str | None = None
    findings: list[Finding]


class EdgeView(BaseModel):
    """One edge, with an id that stays the same while it does."""

    id: str
    source: str
    target: str
    source_port: str
    target_port: str


class PipelineView(BaseModel):
    """The pipeline as a whole."""

    id: str
    name: str
    revision: int
    head_revision: int
    status: Status
    description: str
    tags: list[str]
    settings: dict[str, Any]


class View(Answer):
    """Everything the canvas needs."""

    pipeline: PipelineView
    nodes: list[NodeView]
    edges: list[EdgeView]
    findings: list[Finding]
    counts: Counts
    history: list[RevisionLine]
    last_run: RunLine | None = None
    deployment: DeploymentNews | None = None

    def to_json(self) -> dict[str, Any]:
        """`last_run` is always there, since a page asks for it without looking."""
        return super().to_json() | ({} if self.last_run else {"last_run": None})


@operation(
    title="View for the canvas",
    effect="read",
    method="GET",
    path="/api/pipelines/{pipeline_id}/view",
    mcp=False,
    examples=({"pipeline_id": "quakes"},),
)
def get_view(
    ws: Workspace,
    pipeline_id: PipelineId,
    revision: Annotated[int, Field(ge=0, description="0: newest")] = 0,
) -> View:
    """Read what the canvas shows: nodes, edges, findings, history, last run and deployment."""
    stored = load(ws, pipeline_id, revision)
    with ws.reading() as store:
        history = store.revisions(pipeline_id, limit=HISTORY_MAX)
        runs = store.list_runs(pipeline_id=pipeline_id, kind="test", limit=RUNS_MAX)
        tested = {r: store.load(pipeline_id, r).document for r in {run.revision for run in runs}}
        running = _running(store, stored)
        deployment = DeploymentNews.of(store, store.latest_deployment(pipeline_id))
    validation = ws.validate(stored.document)
    nodes = {r: fingerprints(document, ws.catalog) for r, document in tested.items()}
    statuses = NodeStatuses(
        fingerprints(stored.document, ws.catalog),
        [Tested(run, nodes[run.revision]) for run in runs],
        fingerprints(running, ws.catalog) if running else {},
    )
    return View(
        pipeline=_pipeline(stored),
        nodes=_nodes(ws, stored, validation, statuses),
        edges=[_edge(edge) for edge in stored.document.edges],
        findings=validation.findings,
        counts=Counts.of(validation.findings),
        history=[RevisionLine.of(row) for row in history],
        last_run=RunLine.of(runs[0]) if runs else None,
        deployment=deployment,
    )


def _running(store: Transaction, stored: Stored) -> PipelineDocument | None:
    """The document that runs, where this one is of a pipeline that is deployed.

    A document that was imported may say so itself, of a deployment made elsewhere.
    """
    if stored.status != "deployed":
        return None
    made = store.list_deployments(pipeline_id=stored.pipeline_id, status="deployed", limit=1)
    return store.load(stored.pipeline_id, made[0].revision).document if made else stored.document


def _pipeline(stored: Stored) -> PipelineView:
    document = stored.document
    return PipelineView(
        id=stored.pipeline_id,
        name=document.name,
        revision=stored.revision,
        head_revision=stored.head,
        status=stored.status,
        description=document.description,
        tags=document.tags,
        settings=document.settings,
    )


def _edge(edge: Any) -> EdgeView:
    name = f"{edge.source}:{edge.source_port}>{edge.target}:{edge.target_port}"
    return EdgeView(id=name, **edge.model_dump())


def _nodes(
    ws: Workspace, stored: Stored, validation: Validation, statuses: NodeStatuses
) -> list[NodeView]:
    document = stored.document
    said = cards(document, validation, ws.catalog)
    known = set(ws.catalog.types())
    nodes = []
    for node in document.nodes:
        relation = validation.relations.get(node.id)
        title = ws.catalog.get(node.type).title if node.type in known else node.type
        findings = validation.of(node.id)
        nodes.append(
            NodeView(
                id=node.id,
                type=node.type,
                name=node.name,
                category=said[node.id].category,
                title=title,
                sentence=said[node.id].sentence,
                status=statuses.of(node.id, findings),
                config=node.config,
                defaults=_defaults(ws, node) if node.type in known else {},
                schema_ref=f"/api/node-types/{node.type}",
                position=node.position,
                columns=[c._asdict() for c in relation.columns] if relation else None,
                event_time=relation.event_time if relation else None,
                findings=findings,
            )
        )
    return nodes


def _defaults(ws: Workspace, node: Node) -> dict[str, Any]:
    """The values of fields that were not given."""
    fields = ws.catalog.get(node.type).Config.model_json_schema().get("properties", {})
    return {
        name: field["default"]
        for name, field in fields.items()
        if name not in node.config and field.get("default") is not None
    }
