"""What one node puts out for given events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from ..arguments import GivenEvents, Json, NodeId, PipelineId
from ..graph.model import PipelineDocument
from ..operations import Answer, operation
from .answers import compact
from .columns_shown import columns_shown
from .discovery import existing, load
from .hosts import host_of
from .templates import rows_for
from .testing import Revision

if TYPE_CHECKING:
    from ..cep.host import Host
    from ..workspace import Workspace

Events = Annotated[
    GivenEvents,
    Json,
    Field(
        description='As for test_pattern; {"sample": 100} or nothing: rows at hand or made up; '
        '{"live": 50, "since": "…"}: the newest rows there are'
    ),
]
# What is wrong with a pipeline that ends at the previewed node, and no obstacle to a preview.
UNFINISHED = {"DEAD_END", "SOURCE_NOT_CONNECTED", "ORPHAN_NODE", "PATTERN_WITHOUT_SINK"}


class PreviewColumn(BaseModel):
    """A column of the previewed rows."""

    name: str
    type: str


class Preview(Answer):
    """What a node puts out for given events."""

    pipeline_id: str
    revision: int
    node: str
    columns: list[PreviewColumn]
    rows: list[dict[str, Any]]
    total: int
    messages: list[Any] | None = Field(
        None, description="What an alert sink would send for these rows; nothing is sent"
    )
    warnings: list[str]
    next: str
    link: str

    def text(self) -> str:
        """A JSON line per row."""
        head = f"{self.node}: {self.total} rows"
        sent = [f"would send: {compact(message)}" for message in self.messages or []]
        rows = [compact(row) for row in self.rows]
        return "\n".join([head, *rows, *sent, *self.warnings, f"Next: {self.next}", self.link])


@operation(
    title="Preview a node",
    effect="read",
    role="author",
    method="POST",
    path="/api/pipelines/{pipeline_id}/nodes/{node}/preview",
    examples=({"pipeline_id": "quakes", "node": "strong", "events": [{"mag": 6.1}, {"mag": 4.0}]},),
)
def preview_node(
    ws: Workspace,
    pipeline_id: PipelineId,
    node: NodeId,
    events: Events = {},  # noqa: B006 - the argument model copies it
    revision: Revision = 0,
    seed: Annotated[int, Field(ge=0, description="Of rows made up")] = 0,
    limit: Annotated[int, Field(ge=1, le=1000)] = 20,
) -> Preview:
    """Show the rows a node puts out for given events; later nodes may still be unfinished."""
    from ..cep.host import Options
    from ..cep.report import jsonable
    from ..cep.sink_messages import messages_of
    from ..cep.testing import read_sources
    from .samples import Asked

    stored = load(ws, pipeline_id, revision)
    existing(stored, node)
    document = upstream(stored.document, node)
    events, elsewhere = _fed(events, stored.document, document)
    host = _host(ws, document, events)
    asked = Asked(ws, host, seed)
    rows = asked.rows(rows_for(ws, events, document))
    sources, warnings = read_sources(host, rows, ws.find_file)
    run = host.run(sources, Options(traced=False))
    columns, table = host.relations[node].columns, run.tables[node]
    shown = table.select([c.name for c in columns]).slice(0, limit).to_pylist()
    return Preview(
        pipeline_id=pipeline_id,
        revision=stored.revision,
        node=node,
        columns=[PreviewColumn(name=c.name, type=c.type) for c in columns],
        rows=jsonable(shown),
        total=table.num_rows,
        messages=messages_of(host, node, table.slice(0, limit)),
        warnings=[*elsewhere, *asked.notes, *warnings, *run.notes],
        next="test_pattern for the whole pipeline, or edit_pipeline",
        link=ws.link(pipeline_id, stored.revision, node=node),
    )


def _host(ws: Workspace, document: PipelineDocument, events: Any) -> Host:
    """The part of a pipeline before it goes on. Raises InvalidPipeline where it cannot run."""
    from ..graph.validate import refuse_errors

    validation = ws.validate(document)
    inside = [f for f in validation.findings if f.node and f.code not in UNFINISHED]
    shown = columns_shown(ws, document, validation, events)
    refuse_errors(replace(validation, findings=inside), shown)
    return host_of(ws, document, validation)


def _fed(events: Any, whole: PipelineDocument, document: PipelineDocument) -> tuple[Any, list[str]]:
    """The events of the sources that feed the node, and whose others were left out."""
    kept = {node.id for node in document.nodes}
    others = [
        n.id for n in whole.nodes if isinstance(events, dict) and n.id in events.keys() - kept
    ]
    if not others:
        return events, []
    fed = {name: rows for name, rows in events.items() if name not in others}
    named = ", ".join(f"`{name}`" for name in others)
    sources: dict[str, Any] = {n.id: [] for n in document.nodes if not document.inputs(n.id)}
    return fed or sources, [f"{named} does not flow into this node: its events are left out"]


def upstream(document: PipelineDocument, node_id: str) -> PipelineDocument:
    """The part of a graph that feeds a node, the node included."""
    feeding: dict[str, list[str]] = {}
    for edge in document.edges:
        feeding.setdefault(edge.target, []).append(edge.source)
    kept, stack = {node_id}, [node_id]
    while stack:
        for source in feeding.get(stack.pop(), ()):
            if source not in kept:
                kept.add(source)
                stack.append(source)
    nodes = [n for n in document.nodes if n.id in kept]
    edges = [e for e in document.edges if e.source in kept and e.target in kept]
    return document.model_copy(update={"nodes": nodes, "edges": edges})
