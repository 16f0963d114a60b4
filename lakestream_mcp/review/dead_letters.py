"""Rows that cannot be used: is there a place where they can be found again?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..graph.model import ChangeData, Node
from .facts import Facts, Risk, cutting

QUALITY = "data-quality-expectations"
QUEUE = "dead-letter-queue"
PORT = "quarantine"
ROUTER, READABLE, UNREADABLE = "split-router", "readable", "unreadable"


def dead_letters(facts: Facts) -> Iterator[Risk]:
    """Rows that are dropped, or whose fields all became NULL, and that nobody sees again."""
    for node, config in facts.nodes("transform"):
        if node.type == QUALITY and _drops(config) and not _kept(facts, node):
            yield _risk(
                node,
                f"Rows that `{node.id}` drops are counted, and gone.",
                [
                    {"op": "update_node", "id": node.id, "config": {"quarantine": True}},
                    *_queue(facts, node.id, PORT),
                ],
            )
    for node, config in facts.nodes("source"):
        if getattr(config, "on_malformed", "") == "null" and not _ends_in_queue(facts, node):
            yield _risk(
                node,
                f"A record that `{node.id}` cannot read becomes a row of NULLs, and the record is "
                "seen nowhere.",
                _between(facts, node),
            )


def _risk(node: Node, message: str, fix: list[ChangeData] | None) -> Risk:
    return Risk(
        code="NO_DEAD_LETTER_QUEUE",
        weight="medium",
        node=node.id,
        message=message,
        hint=f"A `{QUEUE}` behind a port for such rows keeps them.",
        fix=fix,
    )


def _drops(config: Any) -> bool:
    return any(expectation.action == "drop" for expectation in config.expectations)


def _kept(facts: Facts, node: Node) -> bool:
    return any(edge.source_port == PORT for edge in facts.document.outputs(node.id))


def _ends_in_queue(facts: Facts, source: Node) -> bool:
    """Whether some rows of the source can end in a queue."""
    behind = [facts.document.node(n) for n in facts.downstream(source.id)]
    return any(n is not None and n.type == QUEUE for n in behind)


def _queue(facts: Facts, node_id: str, port: str, error: str = "") -> list[ChangeData]:
    """A queue behind a port, in the schema where the pipeline keeps its tables."""
    settings = facts.document.settings
    catalog, schema = settings.get("catalog", "main"), settings.get("schema", "default")
    queue = facts.free_id(f"{node_id[:27]}_dead_letters")
    config = {"table": f"{catalog}.{schema}.{queue}"[:200]}
    config |= {"error": error} if error else {}
    return [
        {"op": "add_node", "node": {"id": queue, "type": QUEUE, "config": config}},
        {"op": "connect", "source": node_id, "source_port": port, "target": queue},
    ]


def _between(facts: Facts, source: Node) -> list[ChangeData] | None:
    """A router between a source and what reads it, which changes no columns; None where there is
    no column that every row must have."""
    relation = facts.validation.relations.get(source.id)
    edges = facts.document.outputs(source.id)
    if relation is None or relation.event_time is None or not edges:
        return None
    router = facts.free_id(f"{source.id[:27]}_{READABLE}")  # fixes of one review go together
    time = relation.event_time.replace("`", "``")
    route = {"name": UNREADABLE, "condition": f"`{time}` IS NULL"}
    config = {"routes": [route], "default_route": READABLE}
    return [
        *(cutting(edge) for edge in edges),
        {"op": "add_node", "node": {"id": router, "type": ROUTER, "config": config}},
        {"op": "connect", "source": source.id, "target": router},
        *(
            {"op": "connect", "source": router, "source_port": READABLE}
            | {"target": edge.target, "target_port": edge.target_port}
            for edge in edges
        ),
        *_queue(facts, router, UNREADABLE, "'a record that could not be read'"),
    ]
