"""Rules on edges: who may feed whom, in which direction, and how many."""

from __future__ import annotations

from collections.abc import Iterator

from .facts import Facts, Rule, connecting, disconnecting, quoted
from .model import ChangeData, Edge, Finding, flow_name


def loose_edges(facts: Facts) -> Iterator[Finding]:
    """An edge from or to a node that is not there."""
    for edge in facts.graph.loose:
        missing = [n for n in (edge.source, edge.target) if n not in facts.graph.nodes]
        yield Finding(
            code="EDGE_END_MISSING",
            severity="error",
            message=f"the edge {edge.text()} has no node {quoted(missing)}",
            got=edge.text(),
            expected="two nodes of this pipeline",
            fix=[disconnecting(edge)],
        )


def self_loops(facts: Facts) -> Iterator[Finding]:
    """A node that feeds itself."""
    for edge in facts.graph.loops:
        yield Finding(
            code="SELF_LOOP",
            severity="error",
            message=f"`{edge.source}` feeds itself",
            node=edge.source,
            got=edge.text(),
            expected="an edge to another node",
            fix=[disconnecting(edge)],
        )


def cycles(facts: Facts) -> Iterator[Finding]:
    """Rows that would flow in a circle; the fix removes the edge connected last."""
    for cycle in facts.graph.cycles:
        names = [edge.source for edge in cycle]
        around = " -> ".join([*names, names[0]])
        yield Finding(
            code="CYCLE",
            severity="error",
            message=f"rows would flow in a circle: {around}",
            node=cycle[-1].source,
            got=names,
            expected="a graph without cycles",
            hint=f"the edge {cycle[-1].text()} was connected last",
            fix=[disconnecting(cycle[-1])],
        )


def wrong_way_edges(facts: Facts) -> Iterator[Finding]:
    """Edges into a source or out of a sink, and edges at ports that are not there."""
    for edge in _inner_edges(facts):
        target_type = facts.graph.types[edge.target]
        if facts.graph.category(edge.source) == "sink":
            yield _wrong_edge(
                edge, "EDGE_OUT_OF_SINK", f"nothing flows out of the sink `{edge.source}`"
            )
        elif facts.graph.category(edge.target) == "source":
            yield _wrong_edge(
                edge, "EDGE_INTO_SOURCE", f"nothing flows into the source `{edge.target}`"
            )
        elif target_type and edge.target_port not in target_type.input_ports:
            yield _wrong_edge(
                edge, "UNKNOWN_PORT", f"`{edge.target}` has no input port `{edge.target_port}`"
            )
        elif edge.source_port not in (_output_ports(facts, edge.source) or (edge.source_port,)):
            found = _wrong_edge(
                edge, "UNKNOWN_PORT", f"`{edge.source}` has no output port `{edge.source_port}`"
            )
            yield found.model_copy(update={"fix": _opening(facts, edge) or found.fix})


def _opening(facts: Facts, edge: Edge) -> list[ChangeData] | None:
    """The change that opens an output port, where a switch of the node is named after it."""
    switch = getattr(facts.configs.get(edge.source), edge.source_port, None)
    config: dict[str, object] = {edge.source_port: True}
    return [{"op": "update_node", "id": edge.source, "config": config}] if switch is False else None


def _output_ports(facts: Facts, node_id: str) -> tuple[str, ...] | None:
    """The ports rows leave a node by; None while its configuration is not valid."""
    node_type, config = facts.graph.types[node_id], facts.configs.get(node_id)
    return None if node_type is None or config is None else node_type.output_ports(config)


def port_names(facts: Facts) -> Iterator[Finding]:
    """What leaves by a port is named after node and port in code: no other may have that name."""
    taken = dict.fromkeys(facts.graph.nodes, "a node")
    for node_id in facts.graph.nodes:
        for port in _output_ports(facts, node_id) or ():
            name = flow_name(node_id, port)
            if port != "out" and name in taken:
                yield Finding(
                    code="PORT_NAME_TAKEN",
                    severity="error",
                    message=f"the rows of `{node_id}` at port `{port}` are named `{name}` in code, "
                    f"which is {taken[name]}, too",
                    node=node_id,
                    got=port,
                    expected="a port name that makes no other name",
                    hint="name the port otherwise, or give the node another id",
                )
            taken[name] = "a port of another node"


def _wrong_edge(edge: Edge, code: str, message: str) -> Finding:
    return Finding(
        code=code,
        severity="error",
        message=message,
        node=edge.target,
        got=edge.text(),
        expected="an edge from an output port to an input port",
        fix=[disconnecting(edge)],
    )


def _inner_edges(facts: Facts) -> Iterator[Edge]:
    for edges in facts.graph.into.values():
        yield from edges


def crowded_ports(facts: Facts) -> Iterator[Finding]:
    """More edges into a port than it takes."""
    for node_id, node_type in facts.graph.types.items():
        if node_type is None:
            continue
        for port in node_type.input_ports:
            feeding = [e.source for e in facts.graph.into[node_id] if e.target_port == port]
            if len(feeding) > node_type.max_inputs:
                yield Finding(
                    code="TOO_MANY_INPUTS",
                    severity="error",
                    message=f"port `{port}` of `{node_id}` has {len(feeding)} inputs: "
                    f"{quoted(feeding)}",
                    node=node_id,
                    got=len(feeding),
                    expected=f"at most {node_type.max_inputs}",
                    hint="put a `union-merge` before it",
                )


def missing_inputs(facts: Facts) -> Iterator[Finding]:
    """A port nothing feeds. Where one node alone has an output to spare, that is the fix."""
    spare = [n for n, edges in facts.graph.out_of.items() if not edges and _has_output(facts, n)]
    for node_id, node_type in facts.graph.types.items():
        for port in node_type.input_ports if node_type else ():
            if any(edge.target_port == port for edge in facts.graph.into[node_id]):
                continue
            sink = facts.graph.category(node_id) == "sink"
            at_port = "" if port == "in" else f" at port `{port}`"
            candidates = [n for n in spare if n != node_id]
            if len(candidates) == 1 and candidates[0] in facts.graph.downstream(node_id):
                candidates = []
            yield Finding(
                code="SINK_NOT_CONNECTED" if sink else "MISSING_INPUT",
                severity="error",
                message=f"nothing flows into `{node_id}`{at_port}",
                node=node_id,
                field=port,
                expected="an edge from a source, transform or pattern",
                hint=f"connect one of {quoted(candidates)}" if candidates else None,
                fix=[connecting(candidates[0], node_id, port)] if len(candidates) == 1 else None,
            )


def _has_output(facts: Facts, node_id: str) -> bool:
    return facts.graph.category(node_id) in ("source", "transform", "pattern")


def no_edges(facts: Facts) -> Iterator[Finding]:
    """Several nodes and not one edge."""
    if len(facts.graph.nodes) > 1 and not facts.graph.document.edges:
        yield Finding(
            code="NO_EDGES",
            severity="warning",
            message=f"none of the {len(facts.graph.nodes)} nodes is connected",
            hint="use `connect`, or `after` when creating a node",
        )


EDGE_RULES: tuple[Rule, ...] = (
    loose_edges,
    self_loops,
    cycles,
    wrong_way_edges,
    crowded_ports,
    missing_inputs,
    port_names,
    no_edges,
)
