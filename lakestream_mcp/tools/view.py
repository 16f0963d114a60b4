"""What the canvas shows of a pipeline, in one answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from ..arguments import PipelineId
from ..graph.export import cards
from ..graph.model import Finding, Node, PipelineDocument, Position, Status
from ..operations import Answer, operation
from .answers import Counts
from .deployment_news import DeploymentNews
from .discovery import load
from .history import RevisionLine
from .runs import RunLine

if TYPE_CHECKING:
    from ..graph.validate import Validation
    from ..storage.rows import Run, Stored
    from ..workspace import Workspace

HISTORY_MAX = 50
RUNS_MAX = 20
State = Literal["error", "unconfigured", "missing_input", "untested", "stale", "tested", "deployed"]
LABELS: dict[State, str] = {
    "error": "Error",
    "unconfigured": "Not configured",
    "missing_input": "Input missing",
    "untested": "Not tested",
    "stale": "Changed since test",
    "tested": "Tested",
    "deployed": "Deployed",
}
# Findings that say that something is not there yet, rather than wrong.
UNCONFIGURED = frozenset({"MISSING_CONFIG", "MISSING_FIELD"})
MISSING_INPUT = frozenset({"MISSING_INPUT", "SINK_NOT_CONNECTED"})


class NodeStatus(BaseModel):
    """The one badge of a node."""

    state: State
    label: str
    detail: str | None = None


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


class Tested(NamedTuple):
    """A test and the document it ran on."""

    run: Run
    document: PipelineDocument


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
    revision: Annotated[int, Field(ge=0, description="0: the newest")] = 0,
) -> View:
    """Read what the canvas shows: nodes, edges, findings, history, last run and deployment."""
    stored = load(ws, pipeline_id, revision)
    with ws.reading() as store:
        history = store.revisions(pipeline_id, limit=HISTORY_MAX)
        runs = store.list_runs(pipeline_id=pipeline_id, kind="test", limit=RUNS_MAX)
        documents = {r: store.load(pipeline_id, r).document for r in {run.revision for run in runs}}
        deployed = DeploymentNews.of(store, store.latest_deployment(pipeline_id))
    validation = ws.validate(stored.document)
    tests = [Tested(run, documents[run.revision]) for run in runs]
    return View(
        pipeline=_pipeline(stored),
        nodes=_nodes(ws, stored, validation, tests),
        edges=[_edge(edge) for edge in stored.document.edges],
        findings=validation.findings,
        counts=Counts.of(validation.findings),
        history=[RevisionLine.of(row) for row in history],
        last_run=RunLine.of(runs[0]) if runs else None,
        deployment=deployed,
    )


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
    ws: Workspace, stored: Stored, validation: Validation, tests: Sequence[Tested]
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
                status=status(document, node, findings, tests),
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


def status(
    document: PipelineDocument, node: Node, findings: Sequence[Finding], tests: Sequence[Tested]
) -> NodeStatus:
    """The first state that holds, in the order in which they matter."""
    errors = [f for f in findings if f.severity == "error"]
    for state, codes in (("unconfigured", UNCONFIGURED), ("missing_input", MISSING_INPUT)):
        wrong = next((f for f in errors if f.code not in UNCONFIGURED | MISSING_INPUT), None)
        if wrong is not None:
            return _status("error", wrong.message)
        absent = next((f for f in findings if f.code in codes), None)
        if absent is not None:
            return _status(
                "unconfigured" if state == "unconfigured" else "missing_input", absent.message
            )
    if not tests:
        return _status("untested")
    now = fingerprint(document, node.id)
    same = next((t for t in tests if fingerprint(t.document, node.id) == now), None)
    if same is None:
        known = any(t.document.node(node.id) for t in tests)
        return _status("stale" if known else "untested")
    if document.status == "deployed":
        return _status("deployed")
    return _status("tested", f"{same.run.counts.get('matches', 0)} matches in {same.run.id}")


def _status(state: State, detail: str | None = None) -> NodeStatus:
    return NodeStatus(state=state, label=LABELS[state], detail=detail)


def fingerprint(document: PipelineDocument, node_id: str) -> str:
    """What decides a node's rows: its configuration and all that feeds it, not titles or places."""
    from .preview import upstream

    part = upstream(document, node_id)
    nodes = sorted((n.id, n.type, json.dumps(n.config, sort_keys=True)) for n in part.nodes)
    return json.dumps([nodes, sorted(e.text() for e in part.edges)])
