"""A document looked at as a graph: types resolved, edges by end, nodes in flow order."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cached_property

from ..errors import LakestreamError, nearest
from .model import Edge, Node, PipelineDocument
from .node_type import NodeType, TypeCatalog

MAX_CYCLES = 20


class GraphIndex:
    """What rules and analysis ask about a document again and again, worked out once."""

    def __init__(self, document: PipelineDocument, catalog: TypeCatalog) -> None:
        self.document = document
        self.catalog = catalog
        self.nodes: dict[str, Node] = {}
        self.duplicates: list[str] = []
        for node in document.nodes:
            if node.id in self.nodes:
                self.duplicates.append(node.id)
            self.nodes.setdefault(node.id, node)
        self.into: dict[str, list[Edge]] = {node_id: [] for node_id in self.nodes}
        self.out_of: dict[str, list[Edge]] = {node_id: [] for node_id in self.nodes}
        self.loose: list[Edge] = []
        self.loops: list[Edge] = []
        for edge in document.edges:
            if edge.source == edge.target:
                self.loops.append(edge)
            elif edge.source in self.nodes and edge.target in self.nodes:
                self.into[edge.target].append(edge)
                self.out_of[edge.source].append(edge)
            else:
                self.loose.append(edge)

    @cached_property
    def types(self) -> dict[str, NodeType | None]:
        """The type of each node; None where the catalogue has none of this name."""
        known: dict[str, NodeType | None] = {}
        for node in self.nodes.values():
            if node.type not in known:
                try:
                    known[node.type] = self.catalog.get(node.type)
                except LakestreamError:
                    known[node.type] = None
        return {node_id: known[node.type] for node_id, node in self.nodes.items()}

    def category(self, node_id: str) -> str | None:
        """The category of a node, or None if its type is unknown."""
        node_type = self.types[node_id]
        return node_type.category if node_type else None

    def of(self, category: str) -> list[str]:
        """Ids of the nodes of one category, in document order."""
        return [node_id for node_id in self.nodes if self.category(node_id) == category]

    @cached_property
    def order(self) -> list[str]:
        """Nodes after what feeds them, document order otherwise; none that a cycle feeds."""
        return self._ordered(())

    @cached_property
    def cycles(self) -> list[list[Edge]]:
        """Cycles as edges in flow order, the edge connected last at the end of each."""
        age = {id(edge): index for index, edge in enumerate(self.document.edges)}
        cycles: list[list[Edge]] = []
        while len(cycles) < MAX_CYCLES:
            found = self._cycle([cycle[-1] for cycle in cycles])
            if not found:
                break
            last = max(range(len(found)), key=lambda at: age[id(found[at])])
            cycles.append(found[last + 1 :] + found[: last + 1])
        return cycles

    def _ordered(self, without: Sequence[Edge]) -> list[str]:
        left_out = {id(edge) for edge in without}
        waiting = {
            node_id: sum(id(edge) not in left_out for edge in edges)
            for node_id, edges in self.into.items()
        }
        queue = deque(node_id for node_id, count in waiting.items() if count == 0)
        order: list[str] = []
        while queue:
            order.append(queue.popleft())
            for edge in self.out_of[order[-1]]:
                if id(edge) in left_out:
                    continue
                waiting[edge.target] -= 1
                if waiting[edge.target] == 0:
                    queue.append(edge.target)
        return order

    def _cycle(self, without: Sequence[Edge]) -> list[Edge]:
        ordered = set(self._ordered(without))
        left_out = {id(edge) for edge in without}
        current = next((node_id for node_id in self.nodes if node_id not in ordered), None)
        if current is None:
            return []
        # Every node here is fed by another one that is not ordered either, so walking against
        # the flow comes back to a node already seen.
        walked: list[Edge] = []
        seen: dict[str, int] = {}
        while current not in seen:
            seen[current] = len(walked)
            walked.append(
                next(
                    edge
                    for edge in self.into[current]
                    if edge.source not in ordered and id(edge) not in left_out
                )
            )
            current = walked[-1].source
        return walked[seen[current] :][::-1]

    def usable_inputs(self, node_id: str) -> list[Edge] | None:
        """Edges into a node, port by port as its type lists them; None if any port lacks one."""
        node_type = self.types[node_id]
        if node_type is None:
            return None
        edges: list[Edge] = []
        for port in node_type.input_ports:
            feeding = [edge for edge in self.into[node_id] if edge.target_port == port]
            if not feeding:
                return None
            edges += feeding[: node_type.max_inputs]
        return edges

    def downstream(self, node_id: str) -> set[str]:
        """All nodes that rows of this one can reach."""
        reached: set[str] = set()
        stack = [node_id]
        while stack:
            for edge in self.out_of[stack.pop()]:
                if edge.target not in reached:
                    reached.add(edge.target)
                    stack.append(edge.target)
        return reached

    def known_types(self) -> tuple[str, ...]:
        """Names of all node types there are."""
        return tuple(self.catalog.types())

    def nearest_type(self, name: str) -> str | None:
        """The type name most like a given one."""
        return nearest(name, self.catalog.types())
