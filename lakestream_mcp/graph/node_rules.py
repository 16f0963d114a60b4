"""Rules on nodes: what must be there, what leads nowhere, what is there twice."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .facts import Facts, Rule, connecting, quoted
from .model import ChangeData, Edge, Finding, Node
from .naming import titles

MANY_NODES = 50


def unknown_types(facts: Facts) -> Iterator[Finding]:
    """A node of a type that is not in the catalogue."""
    for node_id, node_type in facts.graph.types.items():
        if node_type is not None:
            continue
        node = facts.graph.nodes[node_id]
        near = facts.graph.nearest_type(node.type)
        hint = f"did you mean `{near}`?" if near else "`describe_node_types` lists them"
        yield Finding(
            code="UNKNOWN_TYPE",
            severity="error",
            message=f"there is no node type `{node.type}`",
            node=node_id,
            field="type",
            got=node.type,
            expected=near or "a known node type",
            hint=hint,
            fix=_retyped(facts, node, near) if near else None,
        )


def _retyped(facts: Facts, node: Node, type_name: str) -> list[ChangeData]:
    """Changes that put a node of another type in the place of this one."""
    new = {"id": node.id, "type": type_name, "name": node.name, "config": node.config}
    into, out_of = facts.graph.into[node.id], facts.graph.out_of[node.id]
    return [
        {"op": "remove_node", "id": node.id},
        {"op": "add_node", "node": new},
        *(_connecting_again(edge) for edge in [*into, *out_of]),
    ]


def _connecting_again(edge: Edge) -> ChangeData:
    return connecting(edge.source, edge.target, edge.target_port, edge.source_port)


def duplicate_ids(facts: Facts) -> Iterator[Finding]:
    """Two nodes with one id."""
    for node_id in dict.fromkeys(facts.graph.duplicates):
        yield Finding(
            code="DUPLICATE_ID",
            severity="error",
            message=f"two nodes have the id `{node_id}`",
            node=node_id,
            field="id",
            got=node_id,
            expected="an id of its own for each node",
            hint="replace the document by one with unique ids",
        )


def sources_and_sinks(facts: Facts) -> Iterator[Finding]:
    """A pipeline reads from somewhere and writes to somewhere."""
    for category, code, ends in (
        ("source", "NO_SOURCE", "no source: nothing flows in"),
        ("sink", "NO_SINK", "no sink: its results go nowhere"),
    ):
        if facts.graph.of(category):
            continue
        yield Finding(
            code=code,
            severity="error",
            message=f"the pipeline has {ends}",
            expected=f"at least one {category}",
            hint=f"`describe_node_types` lists the {category}s; add one with `create_node`",
        )


def idle_outputs(facts: Facts) -> Iterator[Finding]:
    """Sources and transforms whose rows nobody takes, and nodes connected to nothing."""
    for node_id, edges in facts.graph.out_of.items():
        category = facts.graph.category(node_id)
        if edges or category in ("sink", None):
            continue
        if category == "source":
            yield Finding(
                code="SOURCE_NOT_CONNECTED",
                severity="error",
                message=f"nothing reads from the source `{node_id}`",
                node=node_id,
                hint="connect it, or remove it",
            )
        elif not facts.graph.into[node_id]:
            yield Finding(
                code="ORPHAN_NODE",
                severity="warning",
                message=f"`{node_id}` is connected to nothing",
                node=node_id,
                hint="connect it, or remove it",
            )
        elif category == "transform":
            yield Finding(
                code="DEAD_END",
                severity="warning",
                message=f"the rows of `{node_id}` go nowhere",
                node=node_id,
                hint="connect it to a sink or another node",
            )


def patterns_without_sink(facts: Facts) -> Iterator[Finding]:
    """A pattern whose matches reach no sink."""
    reaches: dict[str, bool] = {}
    for node_id in reversed(facts.graph.order):
        reaches[node_id] = facts.graph.category(node_id) == "sink" or any(
            reaches.get(edge.target, False) for edge in facts.graph.out_of[node_id]
        )
    for node_id in facts.graph.of("pattern"):
        if not reaches.get(node_id, True):
            yield Finding(
                code="PATTERN_WITHOUT_SINK",
                severity="info",
                message=f"the matches of `{node_id}` reach no sink",
                node=node_id,
                hint="connect it to a sink, e.g. a `delta-table-sink`",
            )


def many_nodes(facts: Facts) -> Iterator[Finding]:
    """A pipeline too large to look at."""
    count = len(facts.graph.nodes)
    if count > MANY_NODES:
        yield Finding(
            code="MANY_NODES",
            severity="warning",
            message=f"the pipeline has {count} nodes; over {MANY_NODES} it is hard to follow",
            got=count,
            expected=f"at most {MANY_NODES}",
            hint="split it at a table into several pipelines",
        )


def duplicate_sinks(facts: Facts) -> Iterator[Finding]:
    """Two sinks that write the same rows to the same place, or different ones over each other."""
    first: dict[tuple[str, str], str] = {}
    for node_id in facts.graph.of("sink"):
        node = facts.graph.nodes[node_id]
        key = (node.type, json.dumps(node.config, sort_keys=True))
        other = first.setdefault(key, node_id)
        if other == node_id or not node.config:
            continue
        feeding = [
            sorted((e.source, e.target_port) for e in facts.graph.into[n]) for n in (other, node_id)
        ]
        same = feeding[0] == feeding[1]
        yield Finding(
            code="DUPLICATE_SINK",
            severity="warning",
            message=f"`{node_id}` writes to the same place as `{other}`",
            node=node_id,
            expected="one sink for each destination",
            hint=None if same else "merge their inputs with `union-merge`, or change one",
            fix=[{"op": "remove_node", "id": node_id}] if same else None,
        )


def duplicate_names(facts: Facts) -> Iterator[Finding]:
    """Two nodes with one title: allowed, but hard to tell apart."""
    taken = {node.name for node in facts.graph.nodes.values()}
    seen: dict[str, str] = {}
    others: dict[str, Iterator[str]] = {}
    for node in facts.graph.nodes.values():
        other = seen.setdefault(node.name, node.id)
        if other == node.id:
            continue
        wanted = node.name[:110]
        further = others.setdefault(wanted, titles(wanted))
        free = next(title for title in further if title not in taken)
        taken.add(free)
        yield Finding(
            code="DUPLICATE_NAME",
            severity="info",
            message=f"`{node.id}` has the same name as `{other}`",
            node=node.id,
            field="name",
            got=node.name,
            fix=[{"op": "rename_node", "id": node.id, "name": free}],
        )


def single_target(facts: Facts) -> Iterator[Finding]:
    """Nodes that only one of the code targets can express."""
    for target, other, said in (
        ("sss", "sdp", "Structured Streaming code (SSS)"),
        ("sdp", "sss", "a declarative pipeline (SDP)"),
    ):
        only = [
            node_id
            for node_id, node_type in facts.graph.types.items()
            if node_type and node_type.targets == {target}
        ]
        if only:
            yield Finding(
                code=f"{target.upper()}_ONLY",
                severity="info",
                message=f"only {said} can express {quoted(only)}",
                got=only[:20],
                expected=f"`{other}` is not available for this pipeline as one piece",
            )


NODE_RULES: tuple[Rule, ...] = (
    unknown_types,
    duplicate_ids,
    sources_and_sinks,
    idle_outputs,
    patterns_without_sink,
    many_nodes,
    duplicate_sinks,
    duplicate_names,
    single_target,
)
