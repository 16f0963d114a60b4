"""Documents for the tests of the store."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from lakestream_mcp.graph.model import Edge, Node, PipelineDocument, Position
from lakestream_mcp.storage.store import Store


def document(name: str = "Orders", nodes: int = 2, **fields: Any) -> PipelineDocument:
    """A chain of filters."""
    return PipelineDocument(
        name=name,
        nodes=[
            Node(
                id=f"node_{n}",
                type="filter",
                name=f"Filter {n}",
                config={"condition": f"amount > {n}"},
                position=Position(x=n * 200.0, y=0.5),
            )
            for n in range(nodes)
        ],
        edges=[Edge(source=f"node_{n}", target=f"node_{n + 1}") for n in range(nodes - 1)],
        **fields,
    )


def configured(value: JsonValue, name: str = "Orders") -> PipelineDocument:
    """A document whose one node has this in its configuration."""
    node = Node(id="node", type="filter", name="Filter", config={"value": value})
    return PipelineDocument(name=name, nodes=[node])


def create(
    store: Store, pipeline_id: str = "orders", stored: PipelineDocument | None = None
) -> None:
    """Create a pipeline."""
    with store.transaction(write=True) as tx:
        tx.create_pipeline(pipeline_id, stored or document(), actor="ann")


def edit(store: Store, stored: PipelineDocument, pipeline_id: str = "orders", **given: Any) -> int:
    """Append a revision."""
    with store.transaction(write=True) as tx:
        return tx.append_revision(
            pipeline_id, stored, **{"actor": "ann", "operation": "edit_pipeline", **given}
        )


def head(store: Store, pipeline_id: str = "orders") -> PipelineDocument:
    """The newest document."""
    with store.transaction() as tx:
        return tx.load(pipeline_id).document
