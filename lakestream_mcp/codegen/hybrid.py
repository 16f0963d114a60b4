"""A graph cut where its sides meet: each stage is a pipeline of its own.

What flows over a cut is written to a Delta table by a sink of the one stage and read by a source of
the other, which declares event time and watermark again. Both are ordinary nodes, so that a stage's
code is made like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..graph.model import Edge, Node, PipelineDocument, Target, flow_name
from ..graph.naming import free_id
from ..graph.validate import Validation
from ..relational.column_types import ddl
from .settings import CodeSettings

READER, WRITER = "delta-table-source", "delta-table-sink"


class Stage(NamedTuple):
    """The nodes of one side that run together, after the stages whose tables they read."""

    number: int
    target: Target
    document: PipelineDocument
    validation: Validation
    after: tuple[int, ...]


class _Cuts:
    """The tables between stages, and the nodes that write and read them."""

    def __init__(
        self, document: PipelineDocument, validation: Validation, catalog: Any, pipeline_id: str
    ) -> None:
        self.catalog, self.relations = catalog, validation.relations
        settings = CodeSettings.of(document, pipeline_id)
        self.prefix = f"{settings.catalog}.{settings.schema}.{pipeline_id}_"
        self.ids = {node.id for node in document.nodes}
        self.writers: dict[str, str] = {}

    def writer(self, edge: Edge) -> tuple[Node, Any]:
        """The sink that writes what leaves by an edge's port."""
        flow = flow_name(edge.source, edge.source_port)
        if flow not in self.writers:
            self.writers[flow] = free_id(f"{flow[:36]}_table", self.ids)
            self.ids.add(self.writers[flow])
        config = {"table": self.prefix + flow}
        node = Node(id=self.writers[flow], type=WRITER, name=f"Table of {flow}", config=config)
        return node, self.catalog.get(WRITER).Config.model_validate(config)

    def reader(self, edge: Edge) -> tuple[Node, Any]:
        """The source that reads it, under the name of what it stands for."""
        flow = flow_name(edge.source, edge.source_port)
        rows = self.relations[edge.source]
        config = {"table": self.prefix + flow, "columns": ddl(rows.columns)}
        if rows.event_time is not None:
            config["event_time"] = rows.event_time
        if rows.delay_ms is not None:
            config["watermark_delay"] = f"{rows.delay_ms} milliseconds"
        node = Node(id=flow, type=READER, name=f"Table of {flow}", config=config)
        return node, self.catalog.get(READER).Config.model_validate(config)


def cut(
    document: PipelineDocument,
    validation: Validation,
    catalog: Any,
    pipeline_id: str,
    stages: Mapping[str, int],
) -> list[Stage]:
    """The stages in the order in which they run."""
    cuts = _Cuts(document, validation, catalog, pipeline_id)
    return [
        _stage(number, document, validation, cuts, stages)
        for number in sorted(set(stages.values()))
    ]


def _stage(
    number: int,
    document: PipelineDocument,
    validation: Validation,
    cuts: _Cuts,
    stages: Mapping[str, int],
) -> Stage:
    own = [n for n in validation.order if stages[n] == number]
    edges: list[Edge] = []
    readers: dict[str, tuple[Node, Any]] = {}
    writers: dict[str, tuple[Node, Any]] = {}
    relations = {n: validation.relations[n] for n in own}
    after: set[int] = set()
    for edge in document.edges:
        source, target = stages[edge.source], stages[edge.target]
        if source == target == number:
            edges.append(edge)
        elif target == number:
            node, config = cuts.reader(edge)
            readers[node.id] = node, config
            relations[node.id] = validation.relations[edge.source]
            edges.append(Edge(source=node.id, target=edge.target, target_port=edge.target_port))
            after.add(source)
        elif source == number:
            node, config = cuts.writer(edge)
            if node.id not in writers:
                edges.append(edge.model_copy(update={"target": node.id, "target_port": "in"}))
            writers[node.id] = node, config
            relations[node.id] = validation.relations[edge.source]
    made = {**readers, **writers}
    kept = set(own)
    nodes = [made[n][0] for n in readers] + [n for n in document.nodes if n.id in kept]
    nodes += [made[n][0] for n in writers]
    configs = {n: validation.configs[n] for n in own} | {n: c for n, (_, c) in made.items()}
    part = document.model_copy(update={"nodes": nodes, "edges": edges})
    order = [*readers, *own, *writers]
    known = Validation([], relations, configs, order)
    return Stage(number, "sss" if number % 2 else "sdp", part, known, tuple(sorted(after)))
