"""A pipeline as it grows while a text is read: changes, and what is known of each node's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...graph.changes import AddNode, Connect, Disconnect, NewNode, RemoveNode
from ...graph.naming import free_id, slug
from .nested_types import element_of, fields_of
from .scene import Made
from .sink_words import Target

if TYPE_CHECKING:
    from ...catalog import Catalog
    from ...graph.changes import Change
    from ...graph.model import PipelineDocument

Edge = tuple[str, str, str, str]
"""Source, target, and the ports of both."""
MATCH_TIMES = ("started_at", "ended_at", "detected_at")


class FlowState(NamedTuple):
    """A flow at some time."""

    types: dict[str, str]
    edges: list[Edge]
    changes: list[Change]
    made: dict[str, Made]


class Flow:
    """Nodes that are there and those that are added, by id."""

    def __init__(self, document: PipelineDocument, catalog: Catalog) -> None:
        self.document = document
        self.catalog = catalog
        self.types = {node.id: node.type for node in document.nodes}
        self.edges = [(e.source, e.target, e.source_port, e.target_port) for e in document.edges]
        self.changes: list[Change] = []
        self.made: dict[str, Made] = {}

    def state(self) -> FlowState:
        """What there is, to come back to."""
        return FlowState(dict(self.types), list(self.edges), list(self.changes), dict(self.made))

    def restore(self, state: FlowState) -> None:
        """Come back to what there was."""
        self.types, self.edges = dict(state.types), list(state.edges)
        self.changes, self.made = list(state.changes), dict(state.made)

    def category(self, node_id: str) -> str:
        """What a node is; unknown types are nothing."""
        from ...errors import NotFound

        try:
            return self.catalog.get(self.types[node_id]).category
        except NotFound:
            return ""

    def of(self, category: str) -> list[str]:
        """The nodes of a category, in order."""
        return [node_id for node_id in self.types if self.category(node_id) == category]

    def title(self, node_id: str) -> str:
        """What a node is called; '' where nobody gave it a name."""
        node = self.document.node(node_id)
        return node.name if node else self.made[node_id].name if node_id in self.made else ""

    def config(self, node_id: str) -> dict[str, Any]:
        """How a node was stored, or made; edits of it stand in the changes."""
        node = self.document.node(node_id)
        made = self.made.get(node_id)
        return dict(node.config) if node else dict(made.config) if made else {}

    def joins_anew(self, first: str, second: str) -> bool:
        """Whether a change made so far leads from one of two nodes to the other."""
        pair = {first, second}
        return any(c.op == "connect" and {c.source, c.target} == pair for c in self.changes)

    def add(self, made: Made, after: str | None = None, port: str = "out") -> str:
        """A new node, fed by another."""
        wanted = slug(made.name) or slug(made.type)
        node_id = free_id(wanted, self.types)
        self.types[node_id] = made.type
        self.made[node_id] = made
        title = self._free_title(made.name) or None
        node = NewNode(id=node_id, type=made.type, config=made.config, name=title)
        self.changes.append(AddNode(op="add_node", node=node))
        if after is not None:
            self.connect(after, node_id, port)
        return node_id

    def _free_title(self, name: str) -> str:
        """A title that no node of the stored pipeline has."""
        taken, number = {node.name for node in self.document.nodes}, 2
        title = name
        while title and title in taken:
            title, number = f"{name} {number}", number + 1
        return title

    def connect(self, source: str, target: str, port: str = "out", target_port: str = "in") -> None:
        """Let rows flow from one node to another; a change names no port that every node has."""
        self.edges.append((source, target, port, target_port))
        change = Connect(
            op="connect",
            source=source,
            target=target,
            source_port=None if port == "out" else port,
            target_port=None if target_port == "in" else target_port,
        )
        self.changes.append(change)

    def disconnect(self, source: str, target: str) -> None:
        """Let no rows flow from one node to another."""
        self.edges = [e for e in self.edges if e[:2] != (source, target)]
        self.changes.append(Disconnect(op="disconnect", source=source, target=target))

    def forget(self, node_id: str) -> None:
        """Take a node out with all its edges."""
        self.changes.append(RemoveNode(op="remove_node", id=node_id))
        self.types.pop(node_id, None)
        self.edges = [e for e in self.edges if node_id not in e[:2]]

    def bridge(self, inputs: Sequence[Edge], outputs: Sequence[Edge]) -> None:
        """Let what fed a node, by its first input, feed what the node fed."""
        for source, _, port, _ in inputs[:1]:
            for _, target, _, target_port in outputs:
                self.connect(source, target, port, target_port)

    def inputs(self, node_id: str) -> list[Edge]:
        """Edges into a node."""
        return [e for e in self.edges if e[1] == node_id]

    def outputs(self, node_id: str) -> list[Edge]:
        """Edges out of a node."""
        return [e for e in self.edges if e[0] == node_id]

    def before(self, made: Made, target: str) -> str:
        """A new node between one and what feeds it."""
        feeding = self.inputs(target)
        node_id = self.add(made)
        for source, _, source_port, target_port in feeding:
            self.disconnect(source, target)
            self.connect(source, node_id, source_port)
            self.connect(node_id, target, target_port=target_port)
        return node_id

    def after(self, made: Made, source: str) -> str:
        """A new node between one and what it feeds."""
        fed = self.outputs(source)
        for _, target, *_ in fed:
            self.disconnect(source, target)
        node_id = self.add(made, source)
        for _, target, _, target_port in fed:
            self.connect(node_id, target, target_port=target_port)
        return node_id

    def between(self, made: Made, source: str, target: str) -> str:
        """A new node on the way from one to another."""
        port, target_port = next(e[2:] for e in self.edges if e[:2] == (source, target))
        self.disconnect(source, target)
        node_id = self.add(made)
        self.connect(source, node_id, port)
        self.connect(node_id, target, target_port=target_port)
        return node_id

    def tails(self) -> list[str]:
        """Nodes whose rows go nowhere yet, or only into sinks."""
        return [
            n
            for n in self.types
            if self.category(n) != "sink"
            and all(self.category(t) == "sink" for _, t, *_ in self.outputs(n))
        ]

    def target_of(self, node_id: str, columns: Mapping[str, str]) -> Target:
        """What a sink after a node can say of its rows."""
        node_type = self.catalog.get(self.types[node_id])
        title = self.title(node_id) or node_type.title
        if node_type.category == "pattern" and not node_type.passes_through:
            return Target(title, tuple(self.config(node_id).get("key") or ()), True, "detected_at")
        times = [name for name, kind in columns.items() if kind.lower().startswith("timestamp")]
        ended = "window_end" if "window_end" in columns else times[0] if len(times) == 1 else ""
        return Target(title, tuple(columns), False, ended)


def columns_after(made: Made, columns: Mapping[str, str], catalog: Catalog) -> dict[str, str]:
    """The columns that leave a new node, as far as its configuration says."""
    node_type = catalog.get(made.type)
    if node_type.category == "pattern" and not node_type.passes_through:
        keys = {name: columns.get(name, "string") for name in made.config.get("key") or ()}
        return {
            "match_id": "string",
            "pattern": "string",
            **keys,
            **dict.fromkeys(MATCH_TIMES, "timestamp"),
        }
    if made.type == "window-aggregate":
        return _windowed(made.config, columns)
    if made.type == "rename-cast":
        return _renamed(made.config["columns"], columns)
    if made.type == "map-select":
        return _selected(made.config["columns"], columns)
    added: Mapping[str, str] = {}
    if made.type in ("lookup-enrichment", "stream-static-join"):
        told = (c.split(" ", 1) for c in str(made.config.get("static_columns", "")).split(", "))
        types = {pair[0].strip("`"): pair[-1] for pair in told}
        added = {name: types.get(name, "string") for name in made.config.get("select") or ()}
    if made.type == "flatten-explode":
        column = str(made.config["column"])
        inner = element_of(columns.get(column, "string"))
        columns = {n: k for n, k in columns.items() if n != column}
        flat = fields_of(inner) if made.config.get("flatten", True) else {}
        added = flat or {str(made.config.get("alias") or column): inner}
    if made.type == "ml-model-endpoint":
        added = {made.config.get("output_column", "prediction"): "double"}
    return {**columns, **added}


def _windowed(config: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, str]:
    counted = {
        a["name"]: "bigint" if a["function"].startswith("count") else "double"
        for a in config["aggregations"]
    }
    keys = {name: columns.get(name, "string") for name in config["group_by"]}
    return {"window_start": "timestamp", "window_end": "timestamp", **keys, **counted}


def _renamed(renamed: Sequence[Mapping[str, str]], columns: Mapping[str, str]) -> dict[str, str]:
    by_name = {c["column"]: c for c in renamed}
    return {
        by_name.get(name, {}).get("name", name): by_name.get(name, {}).get("type", kind)
        for name, kind in columns.items()
    }


def _selected(text: str, columns: Mapping[str, str]) -> dict[str, str]:
    from sqlglot import exp

    from ...relational.sql import parse_projections

    made: dict[str, str] = {}
    for item in parse_projections(text, "columns"):
        if isinstance(item, exp.Star):
            made |= columns
        elif isinstance(item, exp.Alias):
            made[item.alias] = "double"
        else:
            made[item.name] = columns.get(item.name, "string")
    return made
