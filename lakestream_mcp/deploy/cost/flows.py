"""How many rows flow where, and what work they are: per sink, since each query reads for itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...cep.pattern_type import PatternType, StateBound, StatefulType
from ...cep.stateful import StatefulRelationalType
from ...codegen.settings import AVAILABLE_NOW, CodeSettings
from ...graph.config import canonical, parse
from ...graph.duration import delay_ms, duration_us
from ...graph.model import PipelineDocument
from ...graph.node_type import RelationalType, SinkType, SourceType
from . import work
from .assumptions import Assumptions, Case, Range
from .load import Load

MEASURED = "benchmarks/calibrate_cost.py"
TOUCHED = 100
"""Measured by benchmarks/state_layouts.py."""
YEAR_S = 365 * 86_400.0
BATCH_EVENTS = 1_000_000
"""How many events a triggered run takes into one micro-batch."""


class NodePart(NamedTuple):
    """A node's part: rows that come in per second, processor microseconds of each, bytes kept."""

    rows_per_second: float
    us_per_row: float
    state_bytes: float


class Work(NamedTuple):
    """What a pipeline does in a second of the mean hour.

    fixed_share: of the work that micro-batches are, whatever is in them.
    """

    cpu_per_second: float
    us_per_event: float
    fixed_share: float
    state_bytes: float
    shuffle_bytes: float
    runs_per_hour: float
    nodes: dict[str, NodePart]


class Flows(NamedTuple):
    """The graph as cost sees it. queries: of each sink (or last node), the nodes before it."""

    document: PipelineDocument
    types: dict[str, Any]
    order: list[str]
    queries: list[list[str]]

    @classmethod
    def of(cls, document: PipelineDocument, catalog: Any) -> Flows:
        """The flows of a valid document."""
        types = {node.id: catalog.get(node.type) for node in document.nodes}
        order = [node.id for node in document.nodes]
        ends = [n for n in order if not document.outputs(n)]
        return cls(document, types, order, [[*_before(document, end), end] for end in ends])

    @property
    def has_state(self) -> bool:
        """Whether anything is kept by key."""
        return any(isinstance(kind, StatefulType) for kind in self.types.values())

    @property
    def target(self) -> str:
        """The target that takes all nodes, as their types say; `hybrid` where none does."""
        for name in ("sdp", "sss"):
            if all(name in kind.targets for kind in self.types.values()):
                return name
        return "hybrid"

    def kept(self, node: str, load: Load, rate: float) -> float:
        """How many events a pattern keeps of a key, from its window and its limits."""
        kind, given = self.types[node], self.document.node(node)
        if not isinstance(kind, PatternType) or given is None:
            return 1.0
        config = parse(kind, canonical(kind, given.config)).config
        bound = None if config is None else kind.state_bound(config)
        return kept_events(bound, rate * load.wanted_by(node), load.keys or 1.0)

    def delay_s(self, node: str) -> float:
        """The longest watermark delay before a node."""
        found = [0.0]
        for before in _before(self.document, node):
            given = self.document.node(before)
            config = given.config if given else {}
            for name in ("watermark_delay", "delay"):
                if isinstance(text := config.get(name), str):
                    found.append(_seconds(text))
        return max(found)


def kept_events(
    bound: StateBound | None, wanted_per_second: float, keys: float, lasted_s: float = YEAR_S
) -> float:
    """How many events are kept of a key: those of its window, and no more than the most."""
    if bound is None:
        return 1.0
    window = min(lasted_s, duration_us(bound.kept_for) / 1e6 if bound.kept_for else YEAR_S)
    most = YEAR_S * wanted_per_second if bound.events is None else bound.events
    return max(1.0, min(most, wanted_per_second / max(keys, 1.0) * window))


def work_of(flows: Flows, load: Load, given: Assumptions, mode: str, case: Case) -> Work:
    """The work of a second in one case."""
    rate = load.events_per_second or 0.0
    given.note("events_per_second", Range.of(rate), "events/s", load.told("events_per_second"))
    if load.keys is not None:
        given.note("keys", Range.of(load.keys), "keys", load.told("keys"))
    runs_per_hour, batches = _batches(flows, load, given, mode, case, rate)
    parts = {n: _part(flows, n, load, given, case, rate) for n in flows.order}
    events = sum(
        parts[node].rows_per_second * parts[node].us_per_row for q in flows.queries for node in q
    )
    fixed = sum(_fixed_us(flows, q, load, rate, batches) for q in flows.queries) * batches
    _list_measured(flows, given)
    shuffled = [n for n in flows.order if getattr(flows.types[n], "stateful", False)]
    row = given.use("row_bytes").at(case)
    return Work(
        cpu_per_second=(events + fixed) / 1e6,
        us_per_event=(events + fixed) / rate,
        fixed_share=fixed / (events + fixed) if events + fixed else 0.0,
        state_bytes=sum(part.state_bytes for part in parts.values()),
        shuffle_bytes=sum(_wanted(n, load, given) * rate * row for n in shuffled),
        runs_per_hour=runs_per_hour,
        nodes=parts,
    )


def _batches(
    flows: Flows, load: Load, given: Assumptions, mode: str, case: Case, rate: float
) -> tuple[float, float]:
    """Runs per hour, and micro-batches per second of each query."""
    if mode == "triggered":
        known = load.runs_per_day
        runs = given.use("runs_per_day").at(case) if known is None else known
        if known is not None:
            given.note("runs_per_day", Range.of(known), "runs/day", "given")
        # Two more than the events fill: the last one, and the empty one that moves the watermark.
        per_run = max(1.0, rate * 86_400 / runs / BATCH_EVENTS) + 1
        return runs / 24, runs * per_run / 86_400
    known, source = load.batch_seconds, "given"
    if known is None:
        trigger = CodeSettings.of(flows.document, "").trigger
        if trigger != AVAILABLE_NOW:
            known, source = duration_us(trigger) / 1e6, "the pipeline's trigger"
    if known is None:
        return 0.0, 1 / given.use("batch_seconds").at(case)
    given.note("batch_seconds", Range.of(known), "s", source)
    return 0.0, 1 / known


def _part(
    flows: Flows, node: str, load: Load, given: Assumptions, case: Case, rate: float
) -> NodePart:
    """One node's rows and what each costs."""
    kind = flows.types[node]
    reach = _reach(node, load, given)
    kept = 0.0
    if isinstance(kind, SourceType):
        us = work.read_us() * given.use("read_factor").at(case)
    elif isinstance(kind, StatefulType):
        us = _measured(kind.type, given) * (_wanted(node, load, given) / reach if reach else 0.0)
        waiting = _wanted(node, load, given) * rate * flows.delay_s(node)
        row = given.use("row_bytes").at(case)
        events = flows.kept(node, load, rate)
        kept = (load.keys or 0) * work.kept_bytes(kind.type, events) + waiting * row
    elif isinstance(kind, StatefulRelationalType):
        us = given.use("window_us").at(case)
    elif isinstance(kind, SinkType):
        us = given.use("sink_us").at(case)
    elif isinstance(kind, RelationalType):
        us = given.use("transform_us").at(case)
    else:
        us = given.use("code_us").at(case)
    return NodePart(rate * reach, us, kept)


def _measured(kind: str, given: Assumptions) -> float:
    """What the calibration found for a type of pattern."""
    known = kind in work.measured_kinds()
    source = MEASURED if known else "not measured: median of the other patterns"
    figures = {
        "event_us": (work.event_us(kind), "µs/wanted event"),
        "bytes_per_event": (work.bytes_per_event(kind), "bytes/kept event"),
    }
    for name, (value, unit) in figures.items():
        given.note(f"{kind}.{name}", Range.of(value), unit, f"{source}, {work.measured_on()}")
    return figures["event_us"][0]


def _list_measured(flows: Flows, given: Assumptions) -> None:
    """What the calibration found of all queries."""
    source = f"{MEASURED}, {work.measured_on()}"
    given.note("read_us", Range.of(work.read_us()), "µs/event", source)
    given.note("read_batch_ms", Range.of(work.read_batch_ms()), "ms/micro-batch", source)
    if flows.has_state:
        given.note("batch_ms", Range.of(work.batch_ms()), "ms/input and micro-batch", source)
        given.note("key_us", Range.of(work.key_us()), "µs/key and micro-batch", source)


def _reach(node: str, load: Load, given: Assumptions) -> float:
    """Rows into a node per event; every event where nothing is known."""
    if node in load.reach:
        given.note(f"{node}.reach", Range.of(load.reach[node]), "rows/event", load.told("reach"))
        return load.reach[node]
    return given.use("reach").base


def _wanted(node: str, load: Load, given: Assumptions) -> float:
    """Rows per event that a pattern has a use for, listed where they are known."""
    share = load.wanted_by(node)
    if node in load.wanted:
        given.note(f"{node}.wanted", Range.of(share), "rows/event", load.told("wanted"))
    return share


def _fixed_us(flows: Flows, query: list[str], load: Load, rate: float, batches: float) -> float:
    """Microseconds of one micro-batch of a query, whatever is in it."""
    total = work.read_batch_ms() * 1000
    for node in query:
        kind = flows.types[node]
        if isinstance(kind, StatefulType):
            inputs = len(flows.document.inputs(node))
            total += inputs * work.batch_ms() * 1000 + _keys_us(flows, node, load, rate, batches)
        elif isinstance(kind, StatefulRelationalType):
            total += work.batch_ms() * 1000
    return total


def _keys_us(flows: Flows, node: str, load: Load, rate: float, batches: float) -> float:
    """Microseconds that the states of a pattern cost a micro-batch.

    In buckets all of them are read and written; kept apart, those of keys that have rows, each of
    which costs as much as `TOUCHED` others.
    """
    keys, one = load.keys or 0.0, work.key_us(flows.kept(node, load, rate))
    if flows.document.settings.get("state_layout") != "keys":
        return keys * one
    return min(keys, rate * load.wanted_by(node) / batches) * TOUCHED * one


def _before(document: PipelineDocument, node: str) -> list[str]:
    found: dict[str, None] = {}
    todo = [node]
    while todo:
        for edge in document.inputs(todo.pop()):
            if edge.source not in found:
                found[edge.source] = None
                todo.append(edge.source)
    return [n.id for n in document.nodes if n.id in found]


def _seconds(text: str) -> float:
    """A duration of a configuration; 0 where it is none."""
    try:
        return delay_ms(text) / 1000
    except ValueError:
        return duration_us(text) / 1e6 if text[:1].isdigit() else 0.0
