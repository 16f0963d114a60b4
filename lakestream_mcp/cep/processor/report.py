"""What a run's report says about authors' processors: the rows they put out, late rows, timers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..events import ROW
from .run import ProcessorRun, processor_order_check

if TYPE_CHECKING:
    from ..host import GraphRun, Host, Options

MAX_ROWS = 1_000


def processor_report(report: dict[str, Any], shown: Mapping[str, ProcessorRun]) -> None:
    """Add processors to a report: `rows` by node; lists are capped, counts are not."""
    from ..physical import python_value
    from ..report import MAX_LISTED, jsonable

    if not shown:
        return
    report["rows"] = {node: jsonable(_rows(run)) for node, run in shown.items()}
    late = [{"pattern": n, "event": e} for n, run in shown.items() for e in run.late_rows]
    report["late"] = [*report["late"], *late][:MAX_LISTED]
    counts = report["counts"]
    counts["rows"] = sum(run.rows.num_rows for run in shown.values())
    counts["late"] += len(late)
    counts["waiting"] += sum(run.outcome.timers for run in shown.values())
    report["code_hash"] |= {node: run.plan.sha256 for node, run in shown.items()}
    report["watermark"] |= {
        node: jsonable(python_value(run.watermark, "timestamp")) for node, run in shown.items()
    }


def _rows(run: ProcessorRun) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = run.rows.slice(0, MAX_ROWS).drop_columns([ROW]).to_pylist()
    return rows


def processor_warnings(shown: Mapping[str, ProcessorRun], options: Options) -> Iterator[str]:
    """What a reader of the rows should know."""
    for node, run in shown.items():
        if run.held_back_by:
            names = ", ".join(run.held_back_by)
            yield f"{node}: no rows from {names}, so the watermark does not advance"
        if run.late_rows:
            yield (
                f"{node}: {len(run.late_rows)} late rows were dropped with {options.batch_rows} "
                "rows in a batch; a larger watermark delay keeps them"
            )
        if run.outcome.timers:
            yield f"{node}: {run.outcome.timers} timers have not expired"


def processor_order(
    host: Host, run: GraphRun, node_id: str, options: Options, seed: int
) -> dict[str, Any]:
    """Whether a processor's rows depend on order, batches or schedule."""
    points = host.watermark_points(node_id, run.tables, options)
    return processor_order_check(run.processors[node_id], node_id, points, seed)
