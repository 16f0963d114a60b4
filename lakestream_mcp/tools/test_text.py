"""What a test found, as the lines a model reads, and the call that helps next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .answers import compact

if TYPE_CHECKING:
    from ..storage.rows import Run

EVENTS_MAX = 6
FLOW_MAX = 12
BATCH_ROWS_MAX = 1_000_000


def match_line(match: Mapping[str, Any]) -> str:
    """A match as one line of JSON; of many events the first ones and the last."""
    shown = {name: match[name] for name in ("match_id", "pattern", "key", "detected_at")}
    shown["match_id"] = match["match_id"][:12]
    if match.get("measures"):
        shown["measures"] = match["measures"]
    events = match["events"]
    left_out = len(events) - EVENTS_MAX
    kept = events if left_out <= 0 else [*events[: EVENTS_MAX - 1], events[-1]]
    shown["events"] = [{"step": e["step"], "at": e["at"], "row": e["row"]} for e in kept]
    if left_out > 0:
        shown["events_left_out"] = left_out
    return f"match {compact(shown)}"


def flow_lines(nodes: Mapping[str, Any]) -> Iterator[str]:
    """How many rows left each node: where nothing matched, it shows where rows were lost."""
    said = []
    for node, rows in nodes.items():
        said.append(f"{node} {rows['rows_out']}")
        said += [f"{node}:{port} {n}" for port, n in rows.get("ports", {}).items()]
    if said:
        more = f" and {len(said) - FLOW_MAX} more nodes" if len(said) > FLOW_MAX else ""
        yield f"rows out of each node: {', '.join(said[:FLOW_MAX])}{more}"


def following(run: Run, report: Mapping[str, Any]) -> str:
    """The calls that help next: rows that came late or found nothing come before all else."""
    calls = list(_mending(run, report))
    if report["matches"]:
        first = report["matches"][0]["match_id"][:12]
        calls.append(f'explain_match(run_id="{run.id}", match_id="{first}")')
    elif not report["code_hash"] and not report.get("rows"):
        calls.append(f'preview_node(pipeline_id="{run.pipeline_id}", node="…", events=…)')
    if report["matches"] or report.get("rows") or not report["code_hash"]:
        calls.append(
            f'review_pipeline(pipeline_id="{run.pipeline_id}", mode="review"), then generate_code'
        )
    return "; ".join(calls)


def _mending(run: Run, report: Mapping[str, Any]) -> Iterator[str]:
    late = report["counts"].get("late", 0)
    if late:
        rows = min(max(report["counts"]["events"], 2), BATCH_ROWS_MAX)
        yield f"test_pattern(…, batch_rows={rows}) takes in the {late} late rows, as a backlog does"
    nodes = report["nodes"]
    silent = [n for n in report["code_hash"] if not nodes.get(n, {"rows_out": 1})["rows_out"]]
    if silent and not report.get("rows"):
        node = f', node="{silent[0]}"' if len(report["code_hash"]) > 1 else ""
        yield f'explain_match(run_id="{run.id}"{node}) says why nothing matched'
