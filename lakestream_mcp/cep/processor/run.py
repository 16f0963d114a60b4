"""One author's processor in a run of the tester, and whether its rows depend on the schedule."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ..events import ROW
from ..watermark import WatermarkPoint, holding_back
from .codec import decoded_table
from .runner import RunOutcome, run_processor
from .schedule import (
    SCHEDULES,
    Course,
    Cut,
    Part,
    closing_watermark,
    cut_by_arrival,
    played,
)

if TYPE_CHECKING:
    from ...graph.model import Relation
    from ..host import GraphRun, Host, Options
    from ..processor_type import ProcessorPlan, ProcessorType

ROUNDS = 6


class ProcessorRun(NamedTuple):
    """One processor's part of a run."""

    plan: ProcessorPlan
    relation: Relation  # what flows into it
    input: Any  # pyarrow.Table: what flowed into it
    rows: Any  # pyarrow.Table: what it put out
    outcome: RunOutcome
    late_rows: list[int]  # arrival numbers
    watermark: int  # µs, after the last event
    held_back_by: list[str]


def run_processor_node(
    host: Host, kind: ProcessorType, node_id: str, run: GraphRun, options: Options
) -> ProcessorRun:
    """Run a processor on what flows into it, in the batches in which its sources' rows arrive."""
    import pyarrow as pa

    plan = kind.processor(host.configs[node_id])
    (edge,) = host.inputs(node_id)
    tables, table, relation = run.tables, run.along(edge), host.relations[edge.source]
    points = host.watermark_points(node_id, tables, options)
    cut = cut_by_arrival(table, points, options.batch_rows, arrived(host, node_id, tables))
    closing = closing_watermark(points, cut.final, options.advance_to)
    course = Course(plan.time_mode, options.schedule, closing)
    batches, late_rows = played(cut, relation, course)
    (outcome,) = run_processor(plan, relation.columns, [batches], node_id)
    rows = decoded_table(outcome.rows, plan.output)
    rows = rows.append_column(ROW, pa.array(range(rows.num_rows), type=pa.int64()))
    held = holding_back(points)
    return ProcessorRun(plan, relation, table, rows, outcome, late_rows, cut.final, held)


def arrived(host: Host, node_id: str, tables: dict[str, Any]) -> int:
    """How many rows had arrived when the last row of a node's sources did."""
    edges = host.inputs(node_id)
    if edges:
        return max(arrived(host, edge.source, tables) for edge in edges)
    arrivals = tables[node_id][ROW].to_numpy()
    return int(arrivals.max()) + 1 if len(arrivals) else 0


def processor_order_check(
    run: ProcessorRun, node_id: str, points: Sequence[WatermarkPoint], seed: int
) -> dict[str, Any]:
    """Play the rows shuffled within the delay, in random batches, on all schedules; compare.

    Returns {depends_on_order, rounds, seed, reason?, missing?, extra?}.
    """
    from ..replay import FAR

    rng = random.Random(seed)
    runs = []
    for number in range(ROUNDS):
        cut = _shuffled(run.input, points, rng)
        closing = closing_watermark(points, cut.final, FAR)
        course = Course(run.plan.time_mode, SCHEDULES[number % len(SCHEDULES)], closing)
        runs.append(played(cut, run.relation, course).batches)
    expected = _counted(run.outcome)
    outcomes = run_processor(run.plan, run.relation.columns, runs, node_id)
    for number, outcome in enumerate(outcomes, 1):
        got = _counted(outcome)
        if got != expected:
            return {
                "depends_on_order": True,
                "rounds": number,
                "seed": seed,
                "reason": _reason(run),
                "missing": (expected - got).total(),
                "extra": (got - expected).total(),
            }
    return {"depends_on_order": False, "rounds": ROUNDS, "seed": seed}


def _counted(outcome: RunOutcome) -> Counter[str]:
    return Counter(repr(values) for values, _, _ in outcome.rows)


def _reason(run: ProcessorRun) -> str:
    if run.late_rows:
        return "some rows are later than the watermark delay; the cut decides which are kept"
    return (
        "the code's rows depend on how Spark cuts the stream into batches, or on the order of rows "
        "within them: keep rows in state until the watermark has passed them, and sort them"
    )


def _shuffled(table: Any, points: Sequence[WatermarkPoint], rng: random.Random) -> Cut:
    """Another order and other batches that Spark could see; without a watermark, other batches."""
    import pyarrow as pa

    from ..order_check import shuffled_batches

    total = table.num_rows
    if points:
        numbered = table.append_column("row", table[ROW])
        batches, final = shuffled_batches(numbered, list(points), rng)
        whole = pa.concat_tables([b.rows for b in batches]).drop_columns(["row"])
        sizes, marks = [b.rows.num_rows for b in batches], [b.watermark for b in batches]
    else:
        cuts = sorted({rng.randrange(total) for _ in range(rng.randrange(8))}) if total else []
        whole, final = table, 0
        sizes = [b - a for a, b in pairwise([0, *cuts, total])]
        marks = [0] * len(sizes)
    bounds = list(accumulate(sizes, initial=0))
    parts = [Part(a, b, m) for (a, b), m in zip(pairwise(bounds), marks, strict=True)]
    return Cut(whole, parts, final)
