"""The graph that code becomes, node by node, with what flows out of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import EngineFailed, LakestreamError
from ...graph.model import Edge, Node, PipelineDocument, Relation, Severity
from ...graph.naming import free_id, slug
from ...graph.node_type import ColumnResolver, TypeCatalog
from ..filters import sql_comment
from .accept import typed
from .findings import CodeFinding

Port = tuple[str, str]
"""A node and the output port that rows leave by."""


class Place(NamedTuple):
    """A line and a column, counted from 1."""

    line: int
    column: int


class Unreadable(Exception):
    """A query that becomes no nodes; says why."""

    def __init__(self, reason: str, got: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.got = got


class Draft:
    """Nodes, edges and findings so far. `known` is the pipeline that the code may be of."""

    def __init__(
        self, catalog: TypeCatalog, resolver: ColumnResolver, known: PipelineDocument | None
    ) -> None:
        self.catalog = catalog
        self.resolver = resolver
        self.known = known
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.findings: list[CodeFinding] = []
        self.relations: dict[str, Relation | None] = {}
        self.reserved: set[str] = set()
        self.datasets: set[str] = set()

    def id(self, wanted: str) -> str:
        """A free id like the wanted one; ids that generated code names are kept for it."""
        return free_id(slug(wanted), {*self.nodes, *self.reserved})

    def known_node(self, node_id: str, node_type: str | None = None) -> Node | None:
        """The node of the known pipeline, if it is of that type."""
        node = self.known.node(node_id) if self.known else None
        return node if node is not None and node_type in (None, node.type) else None

    def add(
        self,
        node_id: str,
        node_type: str,
        config: Mapping[str, Any],
        inputs: Sequence[Port],
        name: str | None = None,
    ) -> str:
        """A new node behind its inputs, in the order of its ports."""
        known = self.known_node(node_id)
        if known is not None and name in (None, sql_comment(known.name)):
            name = known.name
        title = name or _title(node_id)
        position = known.position if known else None
        self.nodes[node_id] = Node(
            id=node_id, type=node_type, name=title[:120], config=dict(config), position=position
        )
        ports = self.catalog.get(node_type).input_ports or ("in",)
        for at, (source, port) in enumerate(inputs):
            target_port = ports[min(at, len(ports) - 1)]
            self.edges.append(
                Edge(source=source, target=node_id, source_port=port, target_port=target_port)
            )
        self.relations[node_id] = self._relation(node_id, [self.relations[n] for n, _ in inputs])
        return node_id

    def rename(self, old: str, new: str) -> None:
        """Another id for a node, which keeps its place among the others."""
        moved = {old: new}
        self.nodes = {moved.get(n, n): node for n, node in self.nodes.items()}
        node = self.nodes[new]
        node.id, node.name = new, _title(new) if node.name == _title(old) else node.name
        self.relations[new] = self.relations.pop(old)
        self.edges = [
            edge.model_copy(
                update={
                    "source": moved.get(edge.source, edge.source),
                    "target": moved.get(edge.target, edge.target),
                }
            )
            for edge in self.edges
        ]
        self.findings = [
            found.model_copy(update={"node": new}) if found.node == old else found
            for found in self.findings
        ]

    def update(self, node_id: str, config: Mapping[str, Any]) -> None:
        """Further fields of a node that has no input."""
        node = self.nodes[node_id]
        node.config = {**node.config, **config}
        self.relations[node_id] = self._relation(node_id, [])

    def _relation(self, node_id: str, inputs: Sequence[Relation | None]) -> Relation | None:
        """What flows out, as far as it can be worked out; validation says what is wrong."""
        kind = self.catalog.get(self.nodes[node_id].type)
        config = typed(kind, self.nodes[node_id].config)
        known = [relation for relation in inputs if relation is not None]
        if config is None or len(known) < len(inputs):
            return None
        if not inputs and kind.category != "source":
            return None
        try:
            return kind.relation(config, known, self.resolver)
        except EngineFailed:
            raise  # it says nothing about the columns
        except LakestreamError:
            return None

    def mark(self) -> tuple[int, int]:
        """How much there is, to go back to."""
        return len(self.nodes), len(self.edges)

    def back_to(self, mark: tuple[int, int]) -> None:
        """Drop the nodes and edges that were added since a mark."""
        for node_id in list(self.nodes)[mark[0] :]:
            del self.nodes[node_id]
        del self.edges[mark[1] :]

    def say(
        self,
        code: str,
        message: str,
        place: Place,
        severity: Severity = "warning",
        **more: Any,
    ) -> None:
        """Add a finding."""
        self.findings.append(
            CodeFinding(
                code=code,
                severity=severity,
                message=message,
                line=place.line,
                column=place.column,
                **more,
            )
        )


def _title(node_id: str) -> str:
    """The name of a node that nobody gave one."""
    return node_id.replace("_", " ").capitalize()
