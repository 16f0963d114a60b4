"""What a review knows: the graph, what validation says, samples, and whether it was tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from ..graph.model import ChangeData, Edge, Node, PipelineDocument

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..graph.node_type import NodeType
    from ..graph.validate import Validation

Weight = Literal["error", "high", "medium", "low"]
Rows = Sequence[Mapping[str, Any]]


class Risk(BaseModel):
    """Something that may go wrong, what it would lead to, and the change that mends it."""

    code: str
    weight: Weight
    message: str
    node: str | None = None
    hint: str | None = None
    fix: list[dict[str, Any]] | None = Field(None, description="Changes for edit_pipeline")


class Facts(NamedTuple):
    """One pipeline under review. `samples` are rows by source; `tested` says of this revision;
    `judge` validates another document, such as one with a fix."""

    document: PipelineDocument
    validation: Validation
    catalog: Catalog
    samples: Mapping[str, Rows]
    tested: bool
    judge: Callable[[PipelineDocument], Validation]

    def nodes(self, category: str) -> Iterator[tuple[Node, Any]]:
        """The nodes of a category with their configurations, those that are right so far."""
        for node in self.document.nodes:
            config = self.validation.configs.get(node.id)
            if config is not None and self.kind(node).category == category:
                yield node, config

    def kind(self, node: Node) -> NodeType:
        """The type of a node."""
        return self.catalog.get(node.type)

    def upstream(self, node_id: str) -> list[str]:
        """The node and everything that flows into it, nearest first."""
        return self._reached(node_id, lambda at: [e.source for e in self.document.inputs(at)])

    def downstream(self, node_id: str) -> list[str]:
        """The node and everything that it flows into, nearest first."""
        return self._reached(node_id, lambda at: [e.target for e in self.document.outputs(at)])

    def _reached(self, start: str, step: Any) -> list[str]:
        found = [start]
        for at in found:
            found += [n for n in step(at) if n not in found]
        return found

    def free_id(self, wanted: str) -> str:
        """An id that no node has."""
        from ..graph.naming import free_id

        return free_id(wanted[:40], {node.id: node for node in self.document.nodes})


def updating(node: Node, **config: Any) -> list[ChangeData]:
    """The change that sets fields of one node."""
    return [{"op": "update_node", "id": node.id, "config": config}]


def cutting(edge: Edge) -> ChangeData:
    """The change that removes one edge."""
    return {"op": "disconnect", **edge.model_dump()}
