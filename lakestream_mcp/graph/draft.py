"""A document under change: the steps each change is made of, refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pydantic import JsonValue

from ..errors import InvalidChange, LakestreamError, LimitExceeded, nearest
from . import config as configs
from .config_places import Config
from .model import Edge, Node, PipelineDocument, Position
from .naming import free_id, free_title, slug
from .node_type import NodeType, TypeCatalog
from .plain import MAX_CONFIG_CHARACTERS, shown, unfit
from .type_words import meant

MAX_NODES = 2000
MAX_COORDINATE = 1_000_000
EdgeKey = tuple[str, str, str, str]


def edge_key(edge: Edge) -> EdgeKey:
    """What makes an edge the same edge."""
    return (edge.source, edge.source_port, edge.target, edge.target_port)


class Draft:
    """Nodes and edges by key. Nodes are replaced, never altered: revisions share them."""

    def __init__(self, document: PipelineDocument, catalog: TypeCatalog) -> None:
        self.document = document
        self.catalog = catalog
        self.nodes = {node.id: node for node in document.nodes}
        self.edges = {edge_key(edge): edge for edge in document.edges}
        self.notes: list[str] = []
        self.fed: set[str] = set()

    def tell(self, note: str) -> None:
        """Note something once, however often it was so."""
        if note not in self.notes:
            self.notes.append(note)

    def node(self, node_id: str) -> Node:
        """The node with this id. Raises InvalidChange with the nearest id."""
        found = self.nodes.get(node_id)
        if found is not None:
            return found
        near = nearest(node_id, self.nodes)
        raise InvalidChange(
            f"there is no node `{shown(node_id)}`",
            where={"node": shown(node_id)},
            got=shown(node_id),
            expected=sorted(self.nodes)[:50],
            hint=f"did you mean `{near}`?" if near else "`get_pipeline` lists the nodes",
        )

    def node_type(self, name: str, fed: bool = False) -> NodeType:
        """The type of this name or alias. Raises InvalidChange with the nearest name."""
        try:
            return meant(self.catalog, name, fed)
        except LakestreamError as error:
            raise InvalidChange(
                error.message,
                got=error.got,
                expected=error.expected,
                hint=error.hint or "`describe_node_types` lists them",
            ) from None

    def config(self, node_type: NodeType, given: Mapping[str, JsonValue], node_id: str) -> Config:
        """The config as it is stored. Raises InvalidChange if it cannot be kept."""
        check_plain(given, {"node": node_id, "field": "config"}, "config")
        with _refusing(node_id):
            read = configs.read_config(node_type, given)
        for told in read.told:
            self.tell(f"{told} in `{node_id}`")
        return read.config

    def own_names(
        self, node_type: NodeType, given: Mapping[str, JsonValue], node_id: str
    ) -> Config:
        """The keys under our names, nulls kept. Raises InvalidChange where two names collide."""
        with _refusing(node_id):
            read = configs.own_words(node_type, given)
        for told in read.told:
            self.tell(f"{told} in `{node_id}`")
        return read.config

    def new_id(self, node_type: NodeType, wanted: str | None, name: str | None) -> str:
        """An id that is free: the wanted one, or one made of the name or the type."""
        if wanted is None:
            return free_id(slug(name or "") or slug(node_type.type), self.nodes)
        return wanted

    def add(self, node: Node) -> None:
        """Put a node in. Raises LimitExceeded."""
        if len(self.nodes) >= MAX_NODES:
            raise LimitExceeded(
                f"a pipeline has at most {MAX_NODES} nodes",
                got=len(self.nodes) + 1,
                expected=f"at most {MAX_NODES}",
            )
        self.nodes[node.id] = node

    def title(self, node_type: NodeType, name: str | None) -> str:
        """The given title, or the type's, numbered if it is in use."""
        if name is not None:
            return name
        return free_title(node_type.title, {node.name for node in self.nodes.values()})

    def connect(self, edge: Edge) -> bool:
        """Put an edge in; False if it is there. Raises InvalidChange if the graph forbids it."""
        if edge_key(edge) in self.edges:
            return False
        source, target = self.node(edge.source), self.node(edge.target)
        source_type, target_type = self.node_type(source.type), self.node_type(target.type)
        where = {"edge": edge.text()}
        _check_ends(edge, source_type, target_type, self.output_ports(edge.source), where)
        self._check_room(edge, target_type, where)
        self.edges[edge_key(edge)] = edge
        return True

    def free_port(self, source: str, target: str) -> str:
        """The input port an edge takes when none is named: the one it has, or the first free."""
        ports = self.node_type(self.node(target).type).input_ports
        into = [edge for edge in self.edges.values() if edge.target == target]
        for edge in into:
            if edge.source == source:
                return edge.target_port
        taken = {edge.target_port for edge in into}
        return next((port for port in ports if port not in taken), ports[0] if ports else "in")

    def output_ports(self, node_id: str) -> tuple[str, ...] | None:
        """The ports rows leave a node by; None while its configuration is not valid."""
        node = self.node(node_id)
        node_type = self.node_type(node.type)
        config = configs.parse(node_type, node.config).config
        return None if config is None else node_type.output_ports(config)

    def usual_port(self, source: str) -> str:
        """The output port an edge takes when none is named: `out`, or the first nobody reads."""
        ports = self.output_ports(source) or ("out",)
        read = {edge.source_port for edge in self.edges.values() if edge.source == source}
        if "out" in ports:
            return "out"
        return next((port for port in ports if port not in read), ports[0])

    def _check_room(self, edge: Edge, target_type: NodeType, where: dict[str, str]) -> None:
        feeding = [
            other.source
            for other in self.edges.values()
            if other.target == edge.target and other.target_port == edge.target_port
        ]
        if len(feeding) < target_type.max_inputs:
            return
        limit = target_type.max_inputs
        inputs = "one input" if limit == 1 else f"{limit} inputs"
        raise InvalidChange(
            f"port `{edge.target_port}` of `{edge.target}` takes {inputs}, and has "
            f"{', '.join(f'`{name}`' for name in feeding)}",
            where=where,
            got=len(feeding) + 1,
            expected=f"at most {limit}",
            hint="put a `union-merge` before it, or disconnect the other input first",
        )

    def remove(self, node_id: str) -> None:
        """Take a node out, with its edges."""
        node = self.node(node_id)
        touching = [k for k, e in self.edges.items() if node_id in (e.source, e.target)]
        for key in touching:
            del self.edges[key]
        del self.nodes[node_id]
        edges = "edge" if len(touching) == 1 else "edges"
        also = f", and its {len(touching)} {edges}" if touching else ""
        self.notes.append(f"removed `{node.id}`{also}")

    def finished(self) -> PipelineDocument:
        """The document as it stands."""
        return self.document.model_copy(
            update={"nodes": list(self.nodes.values()), "edges": list(self.edges.values())}
        )


@contextmanager
def _refusing(node_id: str) -> Iterator[None]:
    """What a node type says against a configuration, as the refusal of a change."""
    try:
        yield
    except LakestreamError as error:
        raise InvalidChange(
            error.message,
            code=None if error.code == "INVALID_ARGUMENT" else error.code,
            where={"node": node_id} | error.where,
            got=error.got,
            expected=error.expected,
            hint=error.hint,
        ) from None


def _check_ends(
    edge: Edge,
    source_type: NodeType,
    target_type: NodeType,
    output_ports: Sequence[str] | None,
    where: dict[str, str],
) -> None:
    if edge.source == edge.target:
        raise InvalidChange(
            f"`{edge.source}` cannot feed itself",
            where=where,
            hint="a pipeline has no cycles; connect it to another node",
        )
    if source_type.category == "sink":
        raise InvalidChange(
            f"`{edge.source}` is a sink (`{source_type.type}`): nothing flows out of it",
            where=where,
            got=edge.source,
            expected="a source, transform or pattern",
            hint="connect the node that feeds the sink instead",
        )
    if target_type.category == "source":
        raise InvalidChange(
            f"`{edge.target}` is a source (`{target_type.type}`): nothing flows into it",
            where=where,
            got=edge.target,
            expected="a transform, pattern or sink",
            hint="swap `source` and `target` if the edge was meant the other way round",
        )
    if output_ports is not None:
        _check_port(edge.source_port, output_ports, edge.source, "output", where)
    _check_port(edge.target_port, target_type.input_ports, edge.target, "input", where)


def _check_port(
    port: str, ports: Sequence[str], node_id: str, kind: str, where: dict[str, str]
) -> None:
    if port in ports:
        return
    near = nearest(port, ports)
    raise InvalidChange(
        f"`{node_id}` has no {kind} port `{shown(port)}`",
        where=where,
        got=shown(port),
        expected=list(ports),
        hint=f"did you mean `{near}`?" if near else None,
    )


def check_plain(value: Mapping[str, JsonValue], where: dict[str, str], kind: str) -> None:
    """Refuse what a database or a browser would not give back as it was."""
    for reason in unfit(dict(value)):
        raise InvalidChange(f"this {kind} cannot be stored: {reason}", where=where, got=reason)
    size = len(json.dumps(value))
    if size > MAX_CONFIG_CHARACTERS:
        raise LimitExceeded(
            f"this {kind} is {size} characters of JSON; the limit is {MAX_CONFIG_CHARACTERS}",
            where=where,
            got=size,
            expected=f"at most {MAX_CONFIG_CHARACTERS}",
            hint="keep data in a file and name its path",
        )


def check_text(text: str | None, field: str) -> None:
    """Refuse characters that some database would refuse later."""
    for reason in unfit(text):
        raise InvalidChange(
            f"`{field}` cannot be stored: {reason}", where={"field": field}, got=reason
        )


def check_position(position: Position | None) -> None:
    """Refuse places no canvas can show."""
    if position is None:
        return
    for axis in (position.x, position.y):
        if abs(axis) > MAX_COORDINATE:
            raise InvalidChange(
                f"a position lies within ±{MAX_COORDINATE}",
                where={"field": "position"},
                got=shown(axis),
                expected=f"±{MAX_COORDINATE}",
            )
