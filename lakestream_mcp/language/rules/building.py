"""What was found in a text as changes: nodes, and the edges between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .flow import Flow, columns_after
from .names import Columns
from .reader import Found
from .scene import Made
from .sinks import finished
from .talk import Talk


def build(flow: Flow, found: Found, columns: Columns, talk: Talk, start: str | None = None) -> None:
    """What was found as changes: sources, then each step after the one before, then sinks."""
    ids = [flow.add(made) for made in found.sources]
    for steps, sinks in found.branches:
        _branch(flow, steps, sinks, ids[0], columns)
    at = start if start is not None else ids[-1] if ids else None
    types: Mapping[str, str] = columns.types
    ports: dict[str, str] = {}
    for made in found.steps:
        node = flow.catalog.get(made.type)
        waiting = [n for n in ids if not flow.outputs(n)]
        if made.type == "union-merge" or len(node.input_ports) > 1:
            at = _joined(flow, made, waiting or ([at] if at else []), talk)
        else:
            at = flow.add(made, at)
        types = columns_after(made, types, flow.catalog)
        if made.type == "split-router" or made.config.get("quarantine"):
            ports[at] = at
    router = next(iter(ports), None)
    for port, made in found.routes:
        if router is not None:
            flow.add(finished(made, flow.target_of(router, types)), router, port)
    for made in found.sinks:
        if at is not None:
            flow.add(finished(made, flow.target_of(at, types)), at)


def _branch(
    flow: Flow, steps: Sequence[Made], sinks: Sequence[Made], at: str, columns: Columns
) -> None:
    """One of several ways that rows go from a node."""
    types: Mapping[str, str] = columns.types
    for made in steps:
        at = flow.add(made, at)
        types = columns_after(made, types, flow.catalog)
    for made in sinks:
        flow.add(finished(made, flow.target_of(at, types)), at)


def _joined(flow: Flow, made: Made, inputs: list[str], talk: Talk) -> str:
    """A node with several inputs, each fed by a source of its own."""
    node = flow.catalog.get(made.type)
    at = flow.add(made)
    if len(inputs) < 2:
        if made.type == "union-merge":
            talk.ask("Which streams are to be merged? Name at least two.")
        inputs = inputs * 2 if len(node.input_ports) > 1 else inputs
    for place, source in enumerate(inputs[: max(len(node.input_ports), node.max_inputs)]):
        port = node.input_ports[place] if place < len(node.input_ports) else "in"
        flow.connect(source, at, target_port=port)
    return at
