"""Running pipelines on this machine, and how they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from ..arguments import GivenEvents, Json, PipelineId
from ..operations import Answer, operation

if TYPE_CHECKING:
    from ..deploy.running import RunStatus
    from ..workspace import Workspace

SHOWN_LINES, SHOWN_QUERIES = 25, 10
LINE_CHARACTERS = 180
NEXT = {
    "starting": 'run_pipeline(action="status")',
    "running": 'run_pipeline(action="status"); action="stop" ends it after its batch',
    "restarting": 'run_pipeline(action="logs") has Spark\'s own words',
    "disk-full": "free some space: it goes on by itself",
    "stopping": 'run_pipeline(action="status")',
    "stopped": 'run_pipeline(action="start") goes on from its checkpoint',
    "finished": 'run_pipeline(action="start") reads what has come since',
    "failed": 'run_pipeline(action="logs"), mend the pipeline, then start it again',
    "lost": 'run_pipeline(action="start") goes on from its checkpoint',
    "never-started": 'run_pipeline(action="start")',
}


class RunningBatch(BaseModel):
    """One micro-batch."""

    query: str
    batch_id: int
    at: str
    rows: int
    duration_ms: int
    input_rate: float | None = None
    processed_rate: float | None = None
    watermark: str | None = None
    lag_ms: int | None = None
    behind: int | None = None
    state_rows: int
    late_rows: int
    matches: dict[str, int]


class RunningAnswer(Answer):
    """How a pipeline runs on this machine."""

    pipeline_id: str
    revision: int | None = None
    running: dict[str, Any]
    lines: list[str] | None = None
    batches: list[RunningBatch] | None = None
    minutes: list[dict[str, Any]] | None = None
    changes: list[dict[str, str]] | None = None
    next: str
    link: str

    @classmethod
    def of(cls, ws: Workspace, status: RunStatus, **more: Any) -> RunningAnswer:
        """The answer about a run."""
        return cls(
            pipeline_id=status.pipeline_id,
            revision=status.revision,
            running=status.model_dump(mode="json", exclude_none=True),
            next=NEXT[status.phase],
            link=ws.link(status.pipeline_id),
            **more,
        )

    def text(self) -> str:
        """A line for the run, one for each query and node; then the log's end."""
        lines = [self._head()]
        for query, load in list(self.running["queries"].items())[:SHOWN_QUERIES]:
            late = f", {load['late_rows']} late" if load["late_rows"] else ""
            behind = f", {load['behind']} behind" if "behind" in load else ""
            lines.append(
                f"{query}: batch {load['batch_id']}, {load['rows_per_s']} rows/s, "
                f"{load['total_rows']} rows{late}{behind}, {load['duration_ms']} ms a batch, "
                f"state {load['state_rows']}, watermark {load.get('watermark', 'none yet')}"
            )
        matches = {n: x["matches"] for n, x in self.running["nodes"].items() if "matches" in x}
        if matches:
            lines.append("Matches so far: " + ", ".join(f"{n} {c}" for n, c in matches.items()))
        lines += [line[:LINE_CHARACTERS] for line in (self.lines or [])[-SHOWN_LINES:]]
        return "\n".join([*lines, f"Next: {self.next}", self.link])

    def _head(self) -> str:
        run = self.running
        parts = [f"{self.pipeline_id}@{self.revision or '-'} {run['phase']}"]
        if run.get("restarts"):
            parts.append(f"{run['restarts']} restarts")
        if "next_at" in run:
            parts.append(f"next start at {run['next_at']}")
        return ", ".join(parts) + (f": {run['said'][:600]}" if "said" in run else "")


@operation(
    title="Run a pipeline on this machine",
    effect="run",
    role="deployer",
    method="POST",
    path="/api/pipelines/{pipeline_id}/running",
    examples=(
        {"pipeline_id": "quakes"},
        {"pipeline_id": "quakes", "action": "logs"},
    ),
)
def run_pipeline(
    ws: Workspace,
    pipeline_id: PipelineId,
    action: Literal["status", "start", "stop", "logs"] = "status",
    revision: Annotated[int, Field(ge=0, description="0: newest")] = 0,
    events: Annotated[
        GivenEvents | None,
        Json,
        Field(
            description='Rehearse on rows or {"template": id}, as test_pattern; sends nothing out'
        ),
    ] = None,
    trigger: Annotated[str, Field(max_length=80, description="Interval or `available now`")] = "",
    fresh: Annotated[bool, Field(description="New checkpoint")] = False,
) -> RunningAnswer:
    """Run the generated code on this machine's Spark, after test_pattern; or see how it runs.

    It outlives this server, restarts after crashes, and goes on from its checkpoint. Answers with
    state, rows/s, lag, late rows and matches so far.
    """
    from ..deploy import running
    from .discovery import load
    from .templates import rows_for

    if action == "start":
        given = events
        if events is not None:
            given = rows_for(ws, events, load(ws, pipeline_id, revision).document)
        options = running.RunOptions(fresh=fresh, trigger=trigger, events=given)
        return RunningAnswer.of(ws, running.start(ws, pipeline_id, revision, options))
    if action == "stop":
        return RunningAnswer.of(ws, running.stop(ws, pipeline_id))
    lines = running.log_lines(ws, pipeline_id) if action == "logs" else None
    return RunningAnswer.of(ws, running.status(ws, pipeline_id), lines=lines)


@operation(
    title="See how a pipeline runs",
    effect="read",
    method="GET",
    path="/api/pipelines/{pipeline_id}/running",
    mcp=False,
    examples=({"pipeline_id": "quakes"},),
)
def get_running(
    ws: Workspace,
    pipeline_id: PipelineId,
    batches: Annotated[int, Field(ge=0, le=600, description="Newest batches of each query")] = 60,
    minutes: Annotated[int, Field(ge=0, le=1440, description="Minutes, by query")] = 60,
) -> RunningAnswer:
    """See how a pipeline runs on this machine: state, load by query and node, and its history.

    `batches` and `minutes` are the history kept of it, `changes` its states; the canvas is told of
    the newest by the event `metrics` of the pipeline's stream.
    """
    from ..deploy import running

    status = running.status(ws, pipeline_id)
    history = running.history(ws, pipeline_id, batches, minutes)
    return RunningAnswer.of(
        ws,
        status,
        batches=[_batch(batch) for batch in history.batches],
        minutes=[minute._asdict() for minute in history.minutes],
        changes=[change._asdict() for change in history.changes],
    )


def _batch(batch: Any) -> RunningBatch:
    told = batch.model_dump(mode="json", exclude={"nodes"})
    matches = {n: counts["matches"] for n, counts in batch.nodes.items() if "matches" in counts}
    return RunningBatch(**told, matches=matches)
