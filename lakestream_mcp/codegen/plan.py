"""What a notebook contains, decided before any text is rendered."""

from __future__ import annotations

import builtins
import hashlib
import json
import keyword
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..cep.carried import Carried, carried
from ..cep.pattern_type import PatternPlan, PatternType
from ..cep.processor_type import ProcessorPlan, ProcessorType
from ..cep.stateful import StatefulRelationalType
from ..errors import InvalidPipeline, Unsupported
from ..graph.kept import Kept
from ..graph.model import Column, Edge, Node, PipelineDocument, Relation, flow_name
from ..graph.node_type import CodeTransformType, ColumnResolver, NodeType
from ..graph.validate import Validation
from .generated import Checkpoint
from .settings import AVAILABLE_NOW, CodeSettings

STATE_FORMAT = 1
"""Layout of what spark_host.py keeps, and keyed_host.py."""


class Step(NamedTuple):
    """One node of the graph, in order. `frame` is its Python name, `inputs` those it reads.

    ports: the frames of what leaves by ports other than `out`; without `out`, `frame` has no rows.
    """

    node: Node
    type: NodeType
    config: Any
    frame: str
    inputs: tuple[str, ...]
    input_relations: tuple[Relation, ...]
    relation: Relation
    ports: dict[str, str]
    has_out: bool

    @property
    def key(self) -> tuple[Any, ...]:
        """All that code of this node is made of; its config follows from its type and JSON."""
        config = json.dumps(self.node.config)
        said = hashlib.sha256(config.encode("utf-8", "surrogatepass")).digest()
        ports = tuple(self.ports.items())
        return (self.node.id, self.node.name, said, self.type, ports, *self[3:7], self.has_out)

    def frames(self) -> dict[str, str]:
        """The frames of what leaves this node, by the name that other code gives the rows."""
        own = {self.node.id: self.frame} if self.has_out else {}
        return own | {flow_name(self.node.id, port): frame for port, frame in self.ports.items()}


class PatternStep(NamedTuple):
    """What a pattern's cell needs beyond its step."""

    plan: PatternPlan
    text: Carried
    packed: tuple[Column, ...]
    matches: tuple[Column, ...]


class NotebookPlan(NamedTuple):
    """Everything the templates are given."""

    document: PipelineDocument
    pipeline_id: str
    revision: int
    settings: CodeSettings
    steps: tuple[Step, ...]
    patterns: dict[str, PatternStep]
    processors: dict[str, ProcessorPlan]

    @property
    def hashes(self) -> dict[str, str]:
        """sha256 of what each stateful node carries, by node id."""
        carried_text = {node_id: p.text.sha256 for node_id, p in self.patterns.items()}
        carried_text |= {node_id: p.sha256 for node_id, p in self.processors.items()}
        authored = [(s.node.id, s.type.authored_hash(s.config)) for s in self.steps]
        return carried_text | {node_id: found for node_id, found in authored if found}

    @property
    def runs_python(self) -> bool:
        """Whether values go through Python, which must see times as UTC."""
        return bool(self.processors) or any(
            isinstance(step.type, CodeTransformType) or step.type.authored_hash(step.config)
            for step in self.steps
        )

    @property
    def queries(self) -> dict[str, str]:
        """SQL of each relational node that Spark keeps state for, by node id."""
        from ..relational.build import node_query
        from ..relational.sql import sql

        return {
            s.node.id: sql(node_query(s.type, s.config, s.input_relations, s.relation))
            for s in self.steps
            if isinstance(s.type, StatefulRelationalType)
        }

    @property
    def layouts(self) -> dict[str, list[Any]]:
        """How each stateful node's state is laid out, by node id."""
        found: dict[str, list[Any]] = {
            node_id: [
                STATE_FORMAT,
                self.settings.buckets,
                *(["keys"] if self.settings.state_layout == "keys" else []),
                p.packed,
                p.plan.key,
                [(value.name, value.role) for value in p.plan.values],
                p.plan.matcher,
                p.plan.construct.partition("(")[0],
                p.plan.steps,
                *([p.plan.seeds, p.plan.seeded_at] if p.plan.seeds else []),
                *p.plan.state,
            ]
            for node_id, p in self.patterns.items()
        }
        found |= {node_id: [p.time_mode, p.key, p.states] for node_id, p in self.processors.items()}
        return found | {node_id: [text] for node_id, text in self.queries.items()}

    @property
    def state_version(self) -> str:
        """Changes when the layout of stored state does: the old checkpoint cannot be used then."""
        return _digest(self.layouts)

    @property
    def checkpoints(self) -> dict[str, Checkpoint]:
        """What each query's checkpoint holds, by the id of its sink."""
        steps = {step.node.id: step for step in self.steps}
        places = {node_id: place for place, node_id in enumerate(steps)}
        into = self.document.edges_into()
        layouts = self.layouts
        return {
            sink: Checkpoint(
                sources={n: steps[n].type.type for n in above if not steps[n].inputs},
                inputs={n: _digest(steps[n].node.config) for n in above if not steps[n].inputs},
                states={n: _digest(layouts[n]) for n in above if n in layouts},
            )
            for sink, step in steps.items()
            if step.type.category == "sink"
            for above in [sorted(_above(sink, into), key=places.__getitem__)]
        }


def _above(node_id: str, into: Mapping[str, Sequence[Edge]]) -> set[str]:
    """The nodes whose rows reach a node."""
    found: set[str] = set()
    open_ids = [node_id]
    while open_ids:
        sources = {edge.source for edge in into[open_ids.pop()]} - found
        found |= sources
        open_ids += sources
    return found


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


class NoResolver:
    """Stands in where no engine is at hand: plans that must type a new expression are refused."""

    def columns(self, query: Any, inputs: Sequence[Relation]) -> tuple[Column, ...]:
        raise Unsupported("This pattern needs the local engine to type its expressions.")

    def file_columns(self, path: str, file_format: str) -> tuple[Column, ...]:
        raise Unsupported("Files are not read when code is generated.")


def plan_notebook(
    document: PipelineDocument,
    validation: Validation,
    catalog: Any,
    pipeline_id: str,
    revision: int,
    resolver: ColumnResolver | None,
    reserved: frozenset[str],
) -> NotebookPlan:
    """Decide order, names and patterns of a pipeline that is valid."""
    nodes, into = {n.id: n for n in document.nodes}, document.edges_into()
    types = {n.id: catalog.get(n.type) for n in document.nodes}
    ports = {n: types[n].output_ports(validation.configs[n]) for n in validation.order}
    names = frame_names(validation.order, types, reserved, ports)
    steps = tuple(_step(nodes[n], into[n], types[n], validation, names) for n in validation.order)
    patterns = {s.node.id: _pattern(s, resolver) for s in steps if isinstance(s.type, PatternType)}
    processors = {
        s.node.id: s.type.processor(s.config) for s in steps if isinstance(s.type, ProcessorType)
    }
    settings = CodeSettings.of(document, pipeline_id)
    _refuse_endless(settings, processors)
    return NotebookPlan(document, pipeline_id, revision, settings, steps, patterns, processors)


def _refuse_endless(settings: CodeSettings, processors: dict[str, ProcessorPlan]) -> None:
    """On processing time Spark runs batches for ever: no trigger ends when all rows are read."""
    for node_id, plan in processors.items():
        if plan.time_mode == "processing_time" and settings.trigger == AVAILABLE_NOW:
            raise InvalidPipeline(
                f"`{node_id}` follows processing time, so its query never ends.",
                code="INVALID_SETTING",
                where={"node": node_id, "setting": "trigger"},
                got=AVAILABLE_NOW,
                expected="an interval such as `10 seconds`",
                hint='set the pipeline setting `trigger`, e.g. {"trigger": "10 seconds"}',
            )


def frame_names(
    order: Sequence[str],
    types: dict[str, NodeType],
    reserved: frozenset[str],
    ports: dict[str, tuple[str, ...]],
) -> dict[str, str]:
    """Python names of frames: nodes' ids and ports' names, with `_` where the name is taken."""
    taken = set(reserved) | set(dir(builtins)) | set(keyword.kwlist) | {"in_0", "in_1"}
    taken.add("l")  # reads like 1, which the formatter's rules refuse
    for node_id in order:
        if types[node_id].category == "transform":
            taken.add(f"{node_id}_rows")
        taken.add(f"authored_{node_id}")
        if types[node_id].category == "pattern":
            taken |= {f"matcher_{node_id}", f"{node_id}_rows", f"{node_id}_found"}
            taken.add(f"processor_{node_id}")
    names: dict[str, str] = {}
    flows = [flow_name(n, port) for n in order for port in ports[n] if port != "out"]
    for wanted in [*order, *flows]:
        name = wanted
        while name in taken:
            name += "_"
        taken.add(name)
        names[wanted] = name
    return names


def _step(
    node: Node,
    into: Sequence[Edge],
    kind: NodeType,
    validation: Validation,
    names: dict[str, str],
) -> Step:
    node_id = node.id
    edges = sorted(into, key=lambda e: kind.input_ports.index(e.target_port))
    if "sss" not in kind.targets:
        raise Unsupported(
            f"`{node.type}` has no Structured Streaming code.",
            where={"node": node_id},
            got="sss",
            expected=sorted(kind.targets),
        )
    config = validation.configs[node_id]
    ports_out = kind.output_ports(config)
    return Step(
        node,
        kind,
        config,
        names[node_id],
        tuple(names[flow_name(e.source, e.source_port)] for e in edges),
        tuple(validation.relations[e.source] for e in edges),
        validation.relations[node_id],
        {port: names[flow_name(node_id, port)] for port in ports_out if port != "out"},
        "out" in ports_out,
    )


_PATTERNS: Kept[Any, PatternStep] = Kept(4096)


def _pattern(step: Step, resolver: ColumnResolver | None) -> PatternStep:
    """A pattern's plan and text, made anew only where they would be others."""
    key = (step.key, resolver is None)
    known = _PATTERNS.get(key)
    if known is None:
        known = _planned(step, resolver)
        _PATTERNS.put(key, known)
    return known


def _planned(step: Step, resolver: ColumnResolver | None) -> PatternStep:
    from ..relational.pack import match_columns, packed_columns

    assert isinstance(step.type, PatternType)
    make = step.type.planned if resolver else step.type.plan
    plan = make(step.config, step.input_relations, resolver or NoResolver())
    relation = step.input_relations[0]
    return PatternStep(
        plan,
        carried(plan, step.node.id),
        packed_columns(plan, relation),
        match_columns(plan, relation),
    )
