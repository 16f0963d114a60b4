"""A column's new name followed through a pipeline: which nodes name the old one, and their changes.

Columns of a node whose configuration was edited are paired by their places. From there each node is
taken in the order of the flow: its fields are written anew, or, where that does not do, a
rename-cast node before it gives the old name back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..graph.analysis import Analysis, AnalysisCache, analyse
from ..graph.facts import connecting, disconnecting
from ..graph.index import GraphIndex
from ..graph.model import ChangeData, Column, Edge, PipelineDocument, Relation
from ..graph.naming import free_id
from ..graph.node_reads import Ported, node_reads, renamed_config
from ..graph.node_type import ColumnResolver, NodeType, TypeCatalog
from ..graph.validate import Validation
from .column_lineage import Lineage

ADAPTER = "rename-cast"
Names = dict[str, str]
"""Old name → new name."""


class Known(NamedTuple):
    """A document and what validation knows of it."""

    document: PipelineDocument
    validation: Validation
    graph: GraphIndex


class Given(NamedTuple):
    """What following needs beside the documents."""

    catalog: TypeCatalog
    resolver: ColumnResolver
    cache: AnalysisCache


class Renamed(NamedTuple):
    """edited: columns of edited nodes, by node. broken: fields that name old ones, by node.
    changes: what makes the pipeline whole again, as far as it can be told."""

    edited: dict[str, Names]
    broken: dict[str, list[str]]
    changes: list[ChangeData]


class Follower:
    """Follows the renames that lead from one document to another."""

    def __init__(self, before: Known, after: Known, given: Given) -> None:
        self._before = before
        self._after = after
        self._given = given
        self._lineage = Lineage(after.document, after.validation, given.catalog, given.resolver)
        self._relations: dict[str, Relation] = {}
        self._names: dict[str, Names] = {}
        self._taken = set(after.graph.nodes)
        self.found = Renamed({}, {}, [])

    def follow(self) -> Renamed:
        """Every node of the flow, in order."""
        for node_id in self._after.graph.order:
            kind = self._after.graph.types[node_id]
            config = self._after.validation.configs.get(node_id)
            if kind is not None and config is not None:
                self._node(node_id, kind, config)
        return self.found

    def _node(self, node_id: str, kind: NodeType, config: Any) -> None:
        edges = self._after.graph.usable_inputs(node_id)
        if edges is None or any(edge.source not in self._relations for edge in edges):
            return
        inputs = [(edge.target_port, self._relations[edge.source]) for edge in edges]
        incoming = self._incoming(node_id, edges)
        old = self._before.validation.relations.get(node_id)
        edited = config != self._before.validation.configs.get(node_id)
        analysis = self._analysed(node_id, kind, inputs, {})
        if edited and old is not None and analysis.relation is not None:
            self._names[node_id] = paired(old.columns, analysis.relation.columns)
            if self._names[node_id]:
                self.found.edited[node_id] = self._names[node_id]
            if not edges:  # A source's own fields name its columns.
                incoming = {0: self._names[node_id]}
        if any(incoming.values()) and not (edited and _right(analysis) and edges):
            analysis = self._mended(node_id, kind, config, edges, incoming, analysis)
        if analysis.relation is not None:
            self._relations[node_id] = analysis.relation
            if old is not None and not edited:
                self._names[node_id] = paired(old.columns, analysis.relation.columns)

    def _mended(
        self,
        node_id: str,
        kind: NodeType,
        config: Any,
        edges: list[Edge],
        incoming: dict[int, Names],
        analysis: Analysis,
    ) -> Analysis:
        """The node as it is once it knows the new names; what it takes is added to the changes."""
        old = self._before.validation.relations.get(node_id)
        was = self._inputs_before(edges, incoming) if edges else [("", old or Relation(()))]
        reads = [r for r in node_reads(kind, config, was) if r.column in incoming.get(r.input, {})]
        fields = list(dict.fromkeys(read.field for read in reads))
        patch = renamed_config(kind, config, was, incoming) if fields else {}
        inputs = [(edge.target_port, self._relations[edge.source]) for edge in edges]
        mended = self._analysed(node_id, kind, inputs, patch) if patch else analysis
        if _right(mended) and _alike(old, mended.relation):
            if patch:
                self.found.broken[node_id] = fields
                self.found.changes.append({"op": "update_node", "id": node_id, "config": patch})
            return mended
        if not edges:
            return analysis
        return self._adapted(node_id, kind, edges, incoming, fields)

    def _adapted(
        self,
        node_id: str,
        kind: NodeType,
        edges: list[Edge],
        incoming: dict[int, Names],
        fields: list[str],
    ) -> Analysis:
        """The node behind nodes that give the old names back."""
        inputs = []
        for place, edge in enumerate(edges):
            rows = self._relations[edge.source]
            if incoming.get(place):
                rows = _under(rows, incoming[place])
                self._put_between(edge, incoming[place])
            inputs.append((edge.target_port, rows))
        self.found.broken[node_id] = fields
        return self._analysed(node_id, kind, inputs, {})

    def _put_between(self, edge: Edge, names: Names) -> None:
        adapter = free_id(f"{edge.source}_names", self._taken)
        self._taken.add(adapter)
        columns = [{"column": new, "name": old} for old, new in names.items()]
        node = {"id": adapter, "type": ADAPTER, "config": {"columns": columns}}
        into = connecting(edge.source, adapter, "in")
        if edge.source_port != "out":
            into["source_port"] = edge.source_port
        self.found.changes.extend(
            [
                disconnecting(edge),
                {"op": "add_node", "node": node},
                into,
                connecting(adapter, edge.target, edge.target_port),
            ]
        )

    def _analysed(self, node_id: str, kind: NodeType, inputs: Ported, patch: Any) -> Analysis:
        config = self._after.graph.nodes[node_id].config | patch
        relations = tuple(relation for _, relation in inputs)
        given = self._given
        return analyse(kind, config, relations, given.resolver, given.cache)

    def _incoming(self, node_id: str, edges: list[Edge]) -> dict[int, Names]:
        """By input: the names its columns had before, and what they are called now."""
        was = self._before_edges(node_id)
        found: dict[int, Names] = {}
        for place, edge in enumerate(edges):
            before = was[place].source if was and len(was) == len(edges) else edge.source
            if before == edge.source:
                found[place] = self._names.get(edge.source, {})
            else:
                found[place] = self._carried(before, edge.source)
        return found

    def _before_edges(self, node_id: str) -> list[Edge]:
        if node_id not in self._before.graph.nodes:
            return []
        return self._before.graph.usable_inputs(node_id) or []

    def _carried(self, first: str, last: str) -> Names:
        """Under which names the columns of a node come out of one that now stands behind it."""
        old = self._before.validation.relations.get(first)
        rows = self._relations[last]
        if old is None or first not in self._relations:
            return {}
        found: dict[str, list[str]] = {}
        for column in rows.names:
            origin = self._origin(first, last, column)
            if origin is not None:
                found.setdefault(origin, []).append(column)
        names = {name: self._names.get(first, {}).get(name, name) for name in old.names}
        return {
            name: found[new][0]
            for name, new in names.items()
            if name not in rows.names and len(found.get(new, ())) == 1
        }

    def _origin(self, first: str, node_id: str, column: str) -> str | None:
        """The column of a node upstream that this one is a copy of."""
        while node_id != first:
            feeding = self._lineage.feeding(node_id)
            trace = self._lineage.node(node_id).outputs.get(column, frozenset()) if feeding else ()
            if len(feeding) != 1 or len(trace) != 1:
                return None
            (origin,) = trace
            if origin.kind not in ("copied", "cast"):
                return None
            node_id, column = feeding[0], origin.column
        return column

    def _inputs_before(self, edges: list[Edge], incoming: Mapping[int, Names]) -> Ported:
        """What flows in now, with its columns under their old names."""
        return [
            (edge.target_port, _under(self._relations[edge.source], incoming.get(place, {})))
            for place, edge in enumerate(edges)
        ]


def paired(old: tuple[Column, ...], new: tuple[Column, ...]) -> Names:
    """Which new column took the place of which old one, as far as that is plain.

    Places are told by the columns that stayed: those between the same two belong together.
    """
    kept = {c.name for c in old} & {c.name for c in new}
    gone, come = _between(old, kept), _between(new, kept)
    if [c.name for c in old if c.name in kept] != [c.name for c in new if c.name in kept]:
        gone, come = ({0: [c for part in found.values() for c in part]} for found in (gone, come))
    names: Names = {}
    for place, columns in come.items():
        was = gone.get(place, [])
        if len(was) == len(columns):
            pairs = zip(was, columns, strict=True)
            names |= {one.name: other.name for one, other in pairs if one.type == other.type}
        elif len(columns) == 1:
            alike = [c for c in was if c.type == columns[0].type]
            names |= {alike[0].name: columns[0].name} if len(alike) == 1 else {}
    return names


def _between(columns: tuple[Column, ...], kept: set[str]) -> dict[int, list[Column]]:
    """The columns that did not stay, by how many of those that did stand before them."""
    found: dict[int, list[Column]] = {}
    before = 0
    for column in columns:
        if column.name in kept:
            before += 1
        else:
            found.setdefault(before, []).append(column)
    return found


def _under(rows: Relation, names: Names) -> Relation:
    """A relation with old names in the place of new ones."""
    old = {new: was for was, new in names.items()}
    columns = tuple(Column(old.get(c.name, c.name), c.type) for c in rows.columns)
    time = rows.event_time
    return rows._replace(columns=columns, event_time=time and old.get(time, time))


def _right(analysis: Analysis) -> bool:
    wrong = any(problem.severity == "error" for problem in analysis.problems)
    return analysis.relation is not None and not wrong


def _alike(old: Relation | None, new: Relation | None) -> bool:
    """Whether a node puts out as many columns as before; what they are called may differ."""
    return old is None or new is None or len(old.columns) == len(new.columns)
