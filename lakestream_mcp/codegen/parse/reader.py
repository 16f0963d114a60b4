"""Statements as a graph: generated ones by their marks, hand-written ones by what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import NotFound
from ...graph.naming import slug
from ...graph.node_type import NodeType, RelationalType, SinkType, SourceType
from .datasets import Filled, Made, gathered, names_in_force, twice, with_marks
from .draft import Draft, Place, Port, Unreadable
from .marked import marked_ports, marked_source, marked_transform
from .split import Splitter
from .tables import add_sink, check_names, expectations_config, is_marked_apart

if TYPE_CHECKING:
    from ...relational.declarative.pieces import Marker
    from ...relational.declarative.read import Placed
    from ...relational.declarative.statements import AutoCdc, Flow, Query

TABLE_SINK = "delta-table-sink"
EXPECTATIONS = "data-quality-expectations"


class Reader:
    """Builds the graph, dataset by dataset, each after those it reads."""

    def __init__(self, draft: Draft, placed: Sequence[Placed]) -> None:
        self.draft = draft
        self.placed = placed = with_marks(placed)
        self.made = gathered(placed)
        self.names = names_in_force(placed)
        self.ports: dict[str, Port | None] = {}
        self.building: list[str] = []
        self.of_ports: dict[str, Port] = {}
        self.nodes: dict[tuple[int, int], list[str]] = {}
        draft.datasets |= {slug(name.rpartition(".")[2]) for name in self.made}
        flows = (flow.statement.name for made in self.made.values() for flow in made.flows)
        draft.datasets |= {slug(name.rpartition(".")[2]) for name in flows}
        draft.reserved |= {p.marker.node for p in placed if p.marker is not None}

    def read(self) -> None:
        """All datasets of the file."""
        for again in twice(self.placed):
            self.draft.say(
                "DATASET_TWICE",
                "a dataset of this name was made before; this statement is not read",
                Place(again.line, again.column),
                "error",
            )
        for name in self.made:
            self.port(name)

    def port(self, name: str) -> Port | None:
        """The node that gives a dataset's rows; None where the file makes no such dataset."""
        key = name.lower()
        if key not in self.made:
            return None
        if key in self.building:
            place = self._place(self.made[key].placed)
            self.draft.say("CYCLE", f"`{name}` reads itself", place, "error", got=self.building)
            return None
        if key not in self.ports:
            self.building.append(key)
            before = len(self.draft.nodes)
            self.ports[key] = self._built(self.made[key])
            added = list(self.draft.nodes)[before:]
            self.nodes[self._place(self.made[key].placed)] = added
            self.building.pop()
        return self.ports[key]

    def _place(self, placed: Placed) -> Place:
        return Place(placed.line, placed.column)

    def _built(self, made: Made) -> Port | None:
        kind = self._kind(made)
        if isinstance(kind, SinkType):
            return self._sink(made, kind)
        if isinstance(kind, (SourceType, RelationalType)):
            port = self._marked(made, kind)
            if port is not None:
                return port
        return self._hand_written(made)

    def _kind(self, made: Made) -> NodeType | None:
        """The type that generated code names; None for hand-written code."""
        marker = made.marker
        if marker is None or marker.type is None:
            return None
        try:
            return self.draft.catalog.get(marker.type)
        except NotFound as error:
            self.draft.say(
                error.code, error.message, self._place(made.placed), "error", hint=error.hint
            )
            return None

    def _marked(self, made: Made, kind: NodeType) -> Port | None:
        """The node that generated code is of; None where it says something else by now."""
        marker = made.marker
        assert marker is not None
        if made.declared is None or made.declared.query is None:
            return None
        siblings = [m for m in self.made.values() if m.marker and m.marker.node == marker.node]
        ports = kind.category == "transform" and made.name.lower() != marker.node
        if isinstance(kind, RelationalType) and (ports or len(siblings) > 1):
            return self._marked_ports(made, siblings, kind)
        if marker.node in self.draft.nodes:
            self._say_twice(made, marker)
            return None
        if isinstance(kind, SourceType):
            port = marked_source(self.draft, kind, marker, made.declared.query)
        else:
            assert isinstance(kind, RelationalType)
            port = marked_transform(self.draft, kind, marker, made.declared, self.port)
        if port is None:
            self._say_other_type(made, kind)
        return port

    def _marked_ports(
        self, made: Made, siblings: Sequence[Made], kind: RelationalType
    ) -> Port | None:
        """The port that a dataset is of, of a node with several."""
        marker = made.marker
        assert marker is not None
        if marker.node not in self.draft.nodes:
            declared = {m.name.lower(): m.declared for m in siblings if m.declared is not None}
            whole = {name: d for name, d in declared.items() if d.query is not None}
            found = marked_ports(self.draft, kind, marker, whole, self.port)
            if found is None:
                self._say_other_type(made, kind)
            self.of_ports.update(found or {})
        return self.of_ports.get(made.name.lower())

    def _say_other_type(self, made: Made, kind: NodeType) -> None:
        self.draft.say(
            "NOT_THIS_TYPE",
            f"this is no `{kind.type}` any more: it is read like hand-written SQL",
            self._place(made.placed),
            "warning",
            node=made.marker.node if made.marker else None,
        )

    def _say_twice(self, made: Made, marker: Marker) -> None:
        self.draft.say(
            "DUPLICATE_ID",
            f"two statements are marked as node `{marker.node}`",
            self._place(made.placed),
            node=marker.node,
        )

    def _hand_written(self, made: Made) -> Port | None:
        """A view as nodes; a table as nodes and the sink that writes it."""
        declared = made.declared
        if declared is not None and declared.kind in ("temporary_view", "private_table"):
            return self._rows(made)
        return self._sink(made, self.draft.catalog.get(TABLE_SINK))

    def _wanted(self, made: Made) -> str:
        marker = made.marker
        if marker is not None and marker.node not in self.draft.nodes:
            self.draft.reserved.discard(marker.node)
            return marker.node
        return made.name.rpartition(".")[2]

    def _rows(self, made: Made) -> Port | None:
        """The rows of a dataset: of its query, or of all its flows together."""
        declared = made.declared
        wanted = self._wanted(made)
        if declared is not None and declared.query is not None:
            self._say_kind(made)
            port: Port | None = self._split(declared.query, wanted, made.placed)
        else:
            ports = [self._flow(flow, wanted) for flow in made.flows]
            found = [p for p in ports if p is not None]
            port = found[0] if len(found) == 1 else None
            if len(found) > 1:
                port = self.draft.add(self.draft.id(wanted), "union-merge", {}, found), "out"
        if port is not None and declared is not None:
            check_names(self.draft, made, declared, port, self._place(made.placed))
        return self._expected(made, port, wanted)

    def _say_kind(self, made: Made) -> None:
        if made.declared is not None and made.declared.kind == "materialized_view":
            self.draft.say(
                "COMPUTED_ANEW",
                f"the materialized view `{made.name}` is computed anew when what it reads changes; "
                "here each row is computed once, as it comes",
                self._place(made.placed),
            )

    def _split(self, query: Query, wanted: str, placed: Placed) -> Port | None:
        full = self.names[self._place(placed)].full
        mark = self.draft.mark()
        try:
            return Splitter(self.draft, self.port, query, self._place(placed), full).rows(wanted)
        except Unreadable as refusal:
            self.draft.back_to(mark)
            self.draft.say(
                "STATEMENT_NOT_READ",
                refusal.reason,
                self._place(placed),
                "error",
                got=refusal.got[:200],
            )
            return None

    def _flow(self, flow: Filled, wanted: str) -> Port | None:
        from ...relational.declarative.statements import Flow, Query
        from ...relational.declarative.trees import rows_of

        statement = flow.statement
        if isinstance(statement, Flow):
            port = self._split(statement.query, statement.name.rpartition(".")[2], flow.placed)
        else:
            query = Query(rows_of(statement.source))
            port = self._split(query, f"{wanted}_changes", flow.placed)
        if port is not None:
            self.nodes.setdefault(self._place(flow.placed), []).append(port[0])
        return port

    def _expected(self, made: Made, port: Port | None, wanted: str) -> Port | None:
        """The rows behind the dataset's expectations."""
        declared = made.declared
        if port is None or declared is None or not declared.expectations:
            return port
        if EXPECTATIONS not in self.draft.catalog.types():
            self.draft.say(
                "CLAUSE_NOT_KEPT",
                f"expectations of `{made.name}` have no node: "
                f"{', '.join(e.name for e in declared.expectations)}",
                self._place(made.placed),
                "error",
            )
            return port
        config = expectations_config(declared.expectations)
        node_id = self.draft.id(f"{wanted}_expectations")
        return self.draft.add(node_id, EXPECTATIONS, config, [port]), "out"

    def _sink(self, made: Made, kind: NodeType) -> Port | None:
        """The rows of a table, and the sinks that write them: one for each flow in marked code."""
        assert isinstance(kind, SinkType)
        if any(is_marked_apart(made, flow) for flow in made.flows):
            return self._flow_sinks(made, kind)
        config = self._sink_config(made, kind, [flow.statement for flow in made.flows])
        if config is None:
            return None
        wanted = self._wanted(made)
        sink_id = wanted if made.marker is not None else ""
        if sink_id:
            self.draft.reserved.add(sink_id)
        port = self._rows(made._replace(placed=made.placed._replace(marker=None)))
        if port is not None:
            self.draft.reserved.discard(sink_id)
            moved = add_sink(self.draft, kind, config, port, made.marker, sink_id or wanted)
            return self._moved(port, *moved)
        return port

    def _moved(self, port: Port, old: str, new: str) -> Port:
        """The port, when a sink has taken its node's id; others that know that id are told too."""
        known: dict[str, Port | None]
        for known in (self.ports, self.of_ports):  # type: ignore[assignment]
            known.update({n: (new, p[1]) for n, p in known.items() if p and p[0] == old})
        for nodes in self.nodes.values():
            nodes[:] = [new if node == old else node for node in nodes]
        return (new, port[1]) if port[0] == old else port

    def _sink_config(
        self, made: Made, kind: SinkType, flows: Sequence[Flow | AutoCdc]
    ) -> dict[str, Any] | None:
        reading = kind.read([*([made.declared] if made.declared else []), *flows])
        if reading is not None:
            table = self.names[self._place(made.placed)].full(str(reading.config["table"]))
            return {**reading.config, "table": table}
        places = [made.placed, *(flow.placed for flow in made.flows)]
        self.draft.say(
            "STATEMENT_NOT_READ",
            f"no node writes `{made.name}` as this says",
            self._place(places[-1]),
            "error",
            got=places[-1].text[:200],
            hint="parts of AUTO CDC beside keys, sequence, deletions, EXCEPT and SCD type have no "
            "counterpart",
        )
        return None

    def _flow_sinks(self, made: Made, kind: SinkType) -> Port | None:
        """Several sinks of generated code that write one table."""
        port: Port | None = None
        for flow in made.flows:
            config = self._sink_config(made, kind, [flow.statement])
            port = self._flow(flow, made.name)
            if config is not None and port is not None:
                marker = flow.placed.marker
                wanted = marker.node if marker else flow.statement.name
                self.draft.reserved.discard(wanted)
                port = self._moved(port, *add_sink(self.draft, kind, config, port, marker, wanted))
        return port
