"""The whole graph on given events, in this process.

Relational nodes run as the SQL that generated code carries; patterns run as the text it carries;
what flows along each edge is an Arrow table with the hidden column `__row`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import Unsupported
from ..graph.model import Edge, PipelineDocument, Relation
from ..graph.node_parts import LocalRows
from ..graph.node_type import CodeTransformType, RelationalType, SinkType, SourceType
from ..graph.validate import Validation
from .carried import Carried, carried
from .events import ROW, times_of
from .expectations import failed_expectations
from .match_table import match_rows, match_table
from .pattern_type import PatternPlan, PatternType
from .processor.run import ProcessorRun, run_processor_node
from .processor.schedule import Schedule
from .processor_type import ProcessorType
from .replay import FAR, Batch, Outcome, failure, replay
from .stateful import StatefulRelationalType
from .stateful_run import StatefulRun, run_stateful_node
from .watermark import WatermarkPoint, holding_back, watermark_before


class Options(NamedTuple):
    """How a test treats time.

    batch_rows: rows per micro-batch; for patterns it decides only which rows are late. delay_ms:
    watermark delay instead of the declared one. advance_to: where the watermark goes after the last
    event (µs); FAR decides everything, None leaves it. traced: keep what explains matches and
    non-matches. schedule: when Spark runs batches, which only an author's own code can notice.
    """

    batch_rows: int = 1
    delay_ms: int | None = None
    advance_to: int | None = FAR
    traced: bool = True
    schedule: Schedule = "backlog"


class PatternRun(NamedTuple):
    """One pattern's part of a run."""

    plan: PatternPlan
    text: Carried
    relations: list[Relation]  # what flows into it, by port
    inputs: list[Any]  # pyarrow.Table: what flowed into it
    packed: Any  # pyarrow.Table: the rows it saw, with `row`
    outcome: Outcome
    late_rows: Any  # numpy: arrival numbers
    watermark: int  # µs, after the last event
    held_back_by: list[str]
    found: list[tuple[dict[str, Any], Any]]  # match row and match, in order of detection and id


class GraphRun(NamedTuple):
    """Tables by node id, and what each stateful node did.

    ports: by node id, the tables of the ports other than `out`. failed: by node id, how many rows
    failed each of its expectations. notes: what to know of the run.
    """

    tables: dict[str, Any]
    patterns: dict[str, PatternRun]
    processors: dict[str, ProcessorRun]
    ports: dict[str, dict[str, Any]]
    stateful: dict[str, StatefulRun]
    failed: dict[str, dict[str, int]]
    notes: list[str]

    def rows(self, node_id: str, port: str = "out") -> Any:
        """What left a node by a port."""
        return self.tables[node_id] if port == "out" else self.ports[node_id][port]

    def along(self, edge: Edge) -> Any:
        """What flowed along an edge."""
        return self.rows(edge.source, edge.source_port)


class Host:
    """Runs one validated pipeline. `engine` runs SQL, `resolver` types what plans compute."""

    def __init__(
        self,
        document: PipelineDocument,
        validation: Validation,
        catalog: Any,
        engine: Any,
        resolver: Any,
        progress: Callable[[float, str], None],
    ) -> None:
        self.document = document
        self.relations: dict[str, Relation] = validation.relations
        self.configs: dict[str, Any] = validation.configs
        self.order: list[str] = validation.order
        self.catalog = catalog
        self.engine = engine
        self.resolver = resolver
        self.progress = progress

    def run(
        self, sources: dict[str, Any], options: Options, only: Sequence[str] | None = None
    ) -> GraphRun:
        """Run all nodes, or those in `only`, on the sources' tables."""
        run = GraphRun({}, {}, {}, {}, {}, {}, [])
        tables = run.tables
        order = [n for n in self.order if only is None or n in only]
        for done, node_id in enumerate(order):
            kind = self._type(node_id)
            inputs = [run.along(e) for e in self.inputs(node_id)]
            self.progress(done / len(order), f"running {node_id}")
            if isinstance(kind, SourceType):
                tables[node_id] = sources[node_id]
            elif isinstance(kind, StatefulRelationalType):
                run.stateful[node_id] = run_stateful_node(self, kind, node_id, run, options)
                tables[node_id] = run.stateful[node_id].local.rows
            elif isinstance(kind, RelationalType):
                if failed := failed_expectations(self, kind, node_id, inputs):
                    run.failed[node_id] = failed
                tables[node_id], run.ports[node_id] = self._relational(kind, node_id, inputs)
            elif isinstance(kind, PatternType):
                run.patterns[node_id] = self._pattern(kind, node_id, inputs, tables, options)
                tables[node_id] = match_table(run.patterns[node_id], self.relations[node_id])
            elif isinstance(kind, ProcessorType):
                run.processors[node_id] = run_processor_node(self, kind, node_id, run, options)
                tables[node_id] = run.processors[node_id].rows
            elif isinstance(kind, CodeTransformType):
                (relation,) = self.input_relations(node_id)
                made = kind.local(self.configs[node_id], relation, inputs[0], node_id)
                tables[node_id] = made.table
                run.notes.extend(f"{node_id}: {note}" for note in made.notes)
            elif isinstance(kind, SinkType):
                tables[node_id] = inputs[0]
            else:
                raise Unsupported(f"Node type {kind.type} cannot be run here.", got=kind.type)
        return run

    def inputs(self, node_id: str) -> list[Edge]:
        """Edges into a node in the order of its ports."""
        ports = self._type(node_id).input_ports
        edges = self.document.inputs(node_id)
        return sorted(edges, key=lambda e: ports.index(e.target_port))

    @property
    def sources(self) -> list[str]:
        """The nodes where rows enter, in graph order."""
        return [n for n in self.order if isinstance(self._type(n), SourceType)]

    def only_values(self, source: str) -> Mapping[str, Sequence[Any]]:
        """By column, the values that it can hold, where only some are possible."""
        found: Mapping[str, Sequence[Any]] = self._type(source).only_values(self.configs[source])
        return found

    def let_through(self, source: str, table: Any) -> LocalRows:
        """The rows that the source's code would let through. Raises InvalidEvents."""
        made: LocalRows = self._type(source).let_through(self.configs[source], table, source)
        return made

    def type_of(self, node_id: str) -> str:
        """The type name of a node of the document."""
        node = self.document.node(node_id)
        assert node is not None, node_id
        return node.type

    def _type(self, node_id: str) -> Any:
        return self.catalog.get(self.type_of(node_id))

    def input_relations(self, node_id: str) -> list[Relation]:
        """What flows into a node, in the order of its ports."""
        return [self.relations[e.source] for e in self.inputs(node_id)]

    def _relational(
        self, kind: RelationalType, node_id: str, inputs: list[Any]
    ) -> tuple[Any, dict[str, Any]]:
        """The node's rows, and those of its ports other than `out`."""
        from ..relational.build import node_query
        from ..relational.lineage import with_row
        from ..relational.sql import sql

        config, relation = self.configs[node_id], self.relations[node_id]
        beside = getattr(kind, "local_tables", None)
        tables = beside(config, self.resolver) if beside else {}
        tables |= {f"in_{i}": table for i, table in enumerate(inputs)}
        ports = [port for port in kind.output_ports(config) if port != "out"]
        relations = self.input_relations(node_id)
        queries = [node_query(kind, config, relations, relation, p) for p in (None, *ports)]
        found = self.engine.run_many([(sql(with_row(query)), tables) for query in queries])
        # SQL promises no order; what is shown should not depend on which thread was first.
        rows, *others = (table.sort_by(ROW) for table in found)
        return rows, dict(zip(ports, others, strict=True))

    def _pattern(
        self,
        kind: PatternType,
        node_id: str,
        inputs: list[Any],
        tables: dict[str, Any],
        options: Options,
    ) -> PatternRun:
        from .packing import united_rows

        relations = self.input_relations(node_id)
        plan = kind.plan(self.configs[node_id], relations, self.resolver)
        text = carried(plan, node_id)
        packed = united_rows(plan, relations, inputs, self.engine)
        points = self.watermark_points(node_id, tables, options)
        fresh, late = on_time_rows(packed, points, options.batch_rows)
        final = final_watermark(points)
        batches = [Batch(fresh, 0)]
        try:
            outcome = replay(
                text, node_id, batches, final, options.advance_to, traced=options.traced
            )
        except (ArithmeticError, LookupError, RuntimeError) as error:
            raise failure(node_id, error) from error
        held = holding_back(points)
        run = PatternRun(plan, text, relations, inputs, packed, outcome, late, final, held, [])
        return run._replace(found=match_rows(run, node_id))

    def watermark_points(
        self, node_id: str, tables: dict[str, Any], options: Options
    ) -> list[WatermarkPoint]:
        """The places upstream of a node that declare a watermark, with the rows that pass them."""
        points, todo, seen = [], [node_id], set()
        while todo:
            for edge in self.inputs(todo.pop()):
                upstream = edge.source
                if upstream in seen:
                    continue
                seen.add(upstream)
                if self._declares(upstream):
                    points.append(self._point(upstream, tables[upstream], options))
                else:
                    todo.append(upstream)
        return sorted(points, key=lambda p: p.node)

    def _declares(self, node_id: str) -> bool:
        """Whether this node is where the watermark of its output is declared."""
        if self.relations[node_id].delay_ms is None:
            return False
        return all(r.delay_ms is None for r in self.input_relations(node_id))

    def _point(self, node_id: str, table: Any, options: Options) -> WatermarkPoint:
        relation = self.relations[node_id]
        assert relation.event_time is not None
        delay = relation.delay_ms if options.delay_ms is None else options.delay_ms
        times = times_of(table, relation.event_time)
        return WatermarkPoint(node_id, times, table[ROW].to_numpy(), delay or 0)


def on_time_rows(packed: Any, points: list[WatermarkPoint], batch_rows: int) -> tuple[Any, Any]:
    """Rows that are not late when rows arrive in batches, and the arrival numbers of the late."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = packed["row"].to_numpy()
    times = pc.fill_null(packed["ts"], FAR).to_numpy()
    bounds = np.arange(0, int(rows.max(initial=0)) + 1, batch_rows)
    late = times <= watermark_before(points, bounds)[rows // batch_rows]
    if not late.any():
        return packed, rows[:0]
    return packed.filter(pa.array(~late)), rows[late]


def final_watermark(points: list[WatermarkPoint]) -> int:
    """The watermark after every row has arrived."""
    import numpy as np

    return int(watermark_before(points, np.array([FAR], dtype=np.int64))[0])
