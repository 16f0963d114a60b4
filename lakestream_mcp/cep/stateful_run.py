"""Stateful relational nodes in a run of the tester, and what its report says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .events import ROW
from .processor.run import arrived
from .processor.schedule import SCHEDULES, closing_watermark
from .replay import FAR
from .stateful import LocalRun, StatefulRelationalType, batches_of, feed_of
from .watermark import holding_back

if TYPE_CHECKING:
    from .host import GraphRun, Host, Options

MAX_ROWS = 1_000
BATCH_ROWS = (1, 7, 1_000_000)


class StatefulRun(NamedTuple):
    """One node's part of a run."""

    local: LocalRun
    bound: str
    watermark: int  # µs, after the last event
    held_back_by: list[str]


def run_stateful_node(
    host: Host, kind: StatefulRelationalType, node_id: str, run: GraphRun, options: Options
) -> StatefulRun:
    """Run a node on what flows into it, in the batches in which its sources' rows arrive."""
    config = host.configs[node_id]
    points = host.watermark_points(node_id, run.tables, options)
    total = arrived(host, node_id, run.tables)
    plain = batches_of(points, total, options.batch_rows, options.schedule, None)
    final = plain[-1].now if plain else 0
    closing = closing_watermark(points, final, options.advance_to)
    batches = batches_of(points, total, options.batch_rows, options.schedule, closing)
    feeds = [
        feed_of(host.relations[edge.source], run.along(edge), batches)
        for edge in host.inputs(node_id)
    ]
    local = kind.local(config, feeds, batches, host.relations[node_id], host.engine)
    return StatefulRun(local, kind.state_bound(config), final, holding_back(points))


def stateful_order(host: Host, run: GraphRun, node_id: str, options: Options) -> dict[str, Any]:
    """Play the same rows in other batches and on other schedules, and compare the rows."""
    kind = host.catalog.get(host.type_of(node_id))
    expected = _rows(run.stateful[node_id])
    rounds = 0
    for batch_rows in BATCH_ROWS:
        for schedule in SCHEDULES:
            rounds += 1
            other = options._replace(batch_rows=batch_rows, schedule=schedule, advance_to=FAR)
            if _rows(run_stateful_node(host, kind, node_id, run, other)) != expected:
                return {
                    "depends_on_order": True,
                    "rounds": rounds,
                    "reason": "some rows are later than the watermark delay; the cut into batches "
                    "decides which are kept",
                }
    return {"depends_on_order": False, "rounds": rounds}


def _rows(found: StatefulRun) -> list[str]:
    return sorted(map(repr, found.local.rows.drop_columns([ROW]).to_pylist()))


def stateful_report(report: dict[str, Any], run: GraphRun) -> None:
    """Add each node's rows, and how many were late, still wait, and what is kept."""
    from .physical import python_value
    from .report import MAX_LISTED, jsonable

    counts = report["counts"]
    for node_id, (local, bound, watermark, _) in run.stateful.items():
        rows = local.rows.slice(0, MAX_ROWS).drop_columns([ROW]).to_pylist()
        report["rows"] = report.get("rows", {}) | {node_id: jsonable(rows)}
        late = [{"pattern": node_id, "event": n} for n in local.late_rows]
        report["late"] = [*report["late"], *late][:MAX_LISTED]
        report["nodes"][node_id] |= {
            "late_rows": len(late),
            "waiting": local.waiting,
            "state": bound,
        }
        report["watermark"][node_id] = jsonable(python_value(watermark, "timestamp"))
        counts["rows"] = counts.get("rows", 0) + local.rows.num_rows
        counts["late"] += len(late)
        counts["waiting"] += local.waiting


def stateful_warnings(run: GraphRun, options: Options) -> list[str]:
    """What an author should know about a node's rows."""
    warnings = []
    for node_id, found in run.stateful.items():
        if found.held_back_by:
            names = ", ".join(found.held_back_by)
            warnings.append(f"{node_id}: no rows from {names}, so the watermark does not advance")
        if late := len(found.local.late_rows):
            each = "each row" if options.batch_rows == 1 else f"{options.batch_rows} rows"
            warnings.append(
                f"{node_id}: {late} late rows were dropped with {each} in a batch; a larger "
                "watermark delay keeps them"
            )
        if options.advance_to != FAR and found.local.waiting:
            warnings.append(f"{node_id}: {found.local.waiting} results wait for the watermark")
    return warnings
