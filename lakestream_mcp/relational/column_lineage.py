"""Column lineage: which columns of the sources each column of each node comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from ..cep.pattern_type import PatternPlan, PatternType
from ..errors import LakestreamError
from ..graph.index import GraphIndex
from ..graph.model import PipelineDocument, Relation
from ..graph.node_reads import Ported, Read, node_reads
from ..graph.node_type import (
    CodeTransformType,
    ColumnResolver,
    NodeType,
    RelationalType,
    SinkType,
    TypeCatalog,
)
from ..graph.validate import Validation
from .query_lineage import Kind, Origin, Trace, after, query_lineage

NOWHERE: Trace = frozenset()


class Source(NamedTuple):
    """A column of a source, or of a table that a node reads beside the stream, and what becomes of
    it on the way."""

    node: str
    column: str
    kind: Kind


class Deciding(NamedTuple):
    """A column of a source that decides which rows come out, and the node that reads it."""

    node: str
    column: str
    read_by: str


class Lineage:
    """The columns of one validated pipeline, each followed to where it comes from."""

    def __init__(
        self,
        document: PipelineDocument,
        validation: Validation,
        catalog: TypeCatalog,
        resolver: ColumnResolver,
    ) -> None:
        self._index = GraphIndex(document, catalog)
        self._relations = validation.relations
        self._configs = validation.configs
        self._resolver = resolver
        self._nodes: dict[str, NodeLineage] = {}
        self._traced: dict[tuple[str, str], frozenset[Source]] = {}
        self._decided: dict[str, frozenset[Deciding]] = {}

    def sources(self, node_id: str, column: str) -> frozenset[Source]:
        """Where a column that a node puts out comes from."""
        known = self._traced.get((node_id, column))
        if known is None:
            known = frozenset(self._followed(node_id, column))
            self._traced[node_id, column] = known
        return known

    def deciding(self, node_id: str) -> frozenset[Deciding]:
        """What decides which rows a node puts out, here and upstream."""
        known = self._decided.get(node_id)
        if known is None:
            known = frozenset(self._deciding(node_id))
            self._decided[node_id] = known
        return known

    def reads(self, node_id: str) -> list[tuple[str, Read]]:
        """The columns that a node's own fields read, each with the node it flows in from."""
        kind, config = self._index.types[node_id], self._configs.get(node_id)
        if kind is None or config is None:
            return []
        feeding = self.feeding(node_id)
        found = node_reads(kind, config, self.ported(node_id))
        return [(feeding[read.input], read) for read in found]

    @cached_property
    def order(self) -> list[str]:
        """The nodes in the order of the flow that are understood so far."""
        return [node_id for node_id in self._index.order if node_id in self._relations]

    def feeding(self, node_id: str) -> list[str]:
        """The nodes that feed a node, in the order of its ports."""
        return [edge.source for edge in self._index.usable_inputs(node_id) or ()]

    def ported(self, node_id: str) -> Ported:
        """What flows into a node; a source reads its own columns."""
        edges = self._index.usable_inputs(node_id) or ()
        return [(e.target_port, self._relations[e.source]) for e in edges]

    def node(self, node_id: str) -> NodeLineage:
        """The lineage within one node."""
        known = self._nodes.get(node_id)
        if known is None:
            kind, config = self._index.types[node_id], self._configs[node_id]
            assert kind is not None
            inputs = self.ported(node_id)
            known = node_lineage(kind, config, inputs, self._relations[node_id], self._resolver)
            self._nodes[node_id] = known
        return known

    def followed(self, node_id: str) -> dict[str, list[str]]:
        """For each column a node puts out: the fields downstream that read it, as `node.field`."""
        reached: dict[str, dict[str, set[str]]] = {
            node_id: {name: {name} for name in self._relations[node_id].names}
        }
        used: dict[str, list[str]] = {name: [] for name in self._relations[node_id].names}
        for below in self.order:
            feeding = self.feeding(below)
            if below == node_id or not any(upstream in reached for upstream in feeding):
                continue
            for upstream, read in self.reads(below):
                for name in reached.get(upstream, {}).get(read.column, ()):
                    used[name].append(f"{below}.{read.field}")
            reached[below] = {
                column: {
                    name
                    for o in trace
                    if (place := input_place(o.relation)) is not None
                    for name in reached.get(feeding[place], {}).get(o.column, ())
                }
                for column, trace in self.node(below).outputs.items()
            }
        return {name: list(dict.fromkeys(places)) for name, places in used.items()}

    def _followed(self, node_id: str, column: str) -> Iterator[Source]:
        feeding = self.feeding(node_id)
        if not feeding:
            yield Source(node_id, column, "copied")
            return
        for origin in self.node(node_id).outputs.get(column, NOWHERE):
            yield from self._before(feeding, origin)

    def _before(self, feeding: Sequence[str], origin: Origin) -> Iterator[Source]:
        place = input_place(origin.relation)
        if place is None:
            yield Source(origin.relation, origin.column, origin.kind)
            return
        for source in self.sources(feeding[place], origin.column):
            yield source._replace(kind=after(source.kind, origin.kind))

    def _deciding(self, node_id: str) -> Iterator[Deciding]:
        feeding = self.feeding(node_id)
        for upstream in dict.fromkeys(feeding):
            yield from self.deciding(upstream)
        if feeding:
            for origin in self.node(node_id).conditions:
                for node, column, _ in self._before(feeding, origin):
                    yield Deciding(node, column, node_id)


class NodeLineage(NamedTuple):
    """Where a node's columns come from: relations are `in_0`, `in_1` … or tables by name."""

    outputs: Mapping[str, Trace]
    conditions: Trace


def input_place(relation: str) -> int | None:
    """The number of the input that a relation's name stands for; None for a table."""
    number = relation.removeprefix("in_")
    return int(number) if number != relation and number.isdecimal() else None


def node_lineage(
    kind: NodeType, config: Any, inputs: Ported, output: Relation, resolver: ColumnResolver
) -> NodeLineage:
    """The lineage within one configured node. Code of authors may read every column."""
    relations = [relation for _, relation in inputs]
    if isinstance(kind, RelationalType):
        return _relational(kind, config, relations, output)
    if isinstance(kind, CodeTransformType):
        return _with_added(kind, config, inputs, output)
    if isinstance(kind, SinkType):
        return NodeLineage({n: frozenset({_origin(0, n)}) for n in output.names}, NOWHERE)
    if isinstance(kind, PatternType):
        try:
            plan = kind.plan(config, relations, resolver)
        except LakestreamError:
            return _opaque(kind, inputs, output)
        return _pattern(kind, config, plan, inputs, output)
    return _opaque(kind, inputs, output)


def _origin(place: int, column: str, kind: Kind = "copied") -> Origin:
    return Origin(f"in_{place}", column, kind)


def _relational(
    kind: RelationalType, config: Any, inputs: Sequence[Relation], output: Relation
) -> NodeLineage:
    query = kind.query(config, inputs)
    found = query_lineage(query, {f"in_{i}": relation for i, relation in enumerate(inputs)})
    tables = kind.static_tables(config)

    def named(trace: Trace) -> Trace:
        return frozenset(o._replace(relation=tables.get(o.relation, o.relation)) for o in trace)

    outputs = dict(zip(output.names, map(named, found.outputs.values()), strict=False))
    return NodeLineage(outputs, named(found.conditions))


def _with_added(kind: NodeType, config: Any, inputs: Ported, output: Relation) -> NodeLineage:
    """The input as it is, and columns that are computed of what the node's fields read."""
    made = _all(_origin(r.input, r.column, "computed") for r in node_reads(kind, config, inputs))
    came = inputs[0][1].names
    outputs = {n: frozenset({_origin(0, n)}) if n in came else made for n in output.names}
    return NodeLineage(outputs, NOWHERE)


def _opaque(kind: NodeType, inputs: Ported, output: Relation) -> NodeLineage:
    """What is made by code: of anything, but for columns that pass through."""
    every = frozenset(
        _origin(place, name, "computed") for place, (_, r) in enumerate(inputs) for name in r.names
    )
    outputs = {}
    for name, column_type in output.columns:
        same = [i for i, (_, r) in enumerate(inputs) if r.type_of(name) == column_type]
        passed = kind.passes_through and bool(same)
        outputs[name] = frozenset(_origin(i, name) for i in same) if passed else every
    return NodeLineage(outputs, every)


def _pattern(
    kind: PatternType, config: Any, plan: PatternPlan, inputs: Ported, output: Relation
) -> NodeLineage:
    reads = node_reads(kind, config, inputs)
    times = [_origin(i, part.event_time) for i, part in enumerate(plan.parts())]
    keys = [
        [_origin(i, part.key[n]) for i, part in enumerate(plan.parts())]
        for n in range(len(plan.key))
    ]
    outputs: dict[str, Trace] = dict.fromkeys(output.names, NOWHERE)
    outputs["match_id"] = _all(_computed([*times, *(o for key in keys for o in key)]))
    outputs |= {name: _all(key) for name, key in zip(plan.key, keys, strict=True)}
    outputs |= {"started_at": _all(times), "ended_at": _all(times)}
    outputs["detected_at"] = _all(_computed(times))
    outputs["events"] = _all([*times, *_kept(plan, inputs)])
    for measure in plan.measures:
        outputs[measure.name] = _measure(kind, measure.name, reads, times, inputs)
    return NodeLineage(outputs, _all([*_values(reads), *_computed(times)]))


def _all(origins: Iterable[Origin]) -> Trace:
    return frozenset(origins)


def _computed(origins: Iterable[Origin]) -> list[Origin]:
    return [origin._replace(kind="computed") for origin in origins]


def _kept(plan: PatternPlan, inputs: Ported) -> Iterator[Origin]:
    """The columns that a match's events show."""
    for place, (_, relation) in enumerate(inputs):
        for value in plan.values:
            if value.role == "keep" and value.name in relation.names:
                yield _origin(place, value.name)


def _values(reads: Sequence[Read]) -> list[Origin]:
    """What a pattern measures, beside what it only shows or sorts by."""
    shown = ("order_by", "keep", "right_keep", "event_time", "right_event_time")
    return [
        _origin(read.input, read.column, "computed")
        for read in reads
        if read.output is None and read.field.split(".")[0] not in shown
    ]


def _measure(
    kind: PatternType, name: str, reads: Sequence[Read], times: Sequence[Origin], inputs: Ported
) -> Trace:
    """A measure with an expression comes from what that reads, any other from all that is read."""
    own = [read for read in reads if read.output == name]
    if own:
        return _all(
            _origin(r.input, r.column, "aggregated" if r.aggregated else "computed") for r in own
        )
    if kind.passes_through:
        copied = [i for i, (_, r) in enumerate(inputs) if name in r.names]
        if copied:
            return _all(_origin(i, name) for i in copied)
    return _all([*_values(reads), *_computed(times)])
