"""How a local run stands, as any process on this machine can see it: what its supervisor wrote,
and whether that supervisor is alive."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, Field

from .job import Job
from .loads import Loads, NodeLoad, QueryLoad
from .place import RunFolder, is_held
from .record import ENDED, Record, State

Standing = Literal[
    "starting",
    "running",
    "restarting",
    "disk-full",
    "stopping",
    "stopped",
    "finished",
    "failed",
    "lost",
    "never-started",
]
RECENT = 60
"""Batches of each query that the rates are made of."""
LOST = (
    "Its supervisor has died, and Spark with it (kill -9, or the machine was restarted). "
    "A start goes on from the checkpoint."
)


class RunStatus(BaseModel):
    """A local run."""

    pipeline_id: str
    phase: Standing
    run_id: str | None = None
    since: dt.datetime | None = None
    said: str | None = None
    code: str | None = None
    revision: int | None = None
    code_sha256: str | None = None
    trigger: str | None = None
    started_by: str | None = None
    started_at: dt.datetime | None = None
    restarts: int | None = None
    attempt: int | None = None
    next_at: dt.datetime | None = None
    rehearsal: bool | None = None
    folder: str | None = None
    queries: dict[str, QueryLoad] = Field(default_factory=dict)
    nodes: dict[str, NodeLoad] = Field(default_factory=dict)

    @property
    def is_alive(self) -> bool:
        """Whether a supervisor is at work on it."""
        return self.phase not in {*ENDED, "lost", "never-started"}


def status_of(folder: RunFolder, pipeline_id: str) -> RunStatus:
    """How the run of a folder stands. Raises StoreFailed."""
    if not folder.exists:
        return RunStatus(pipeline_id=pipeline_id, phase="never-started")
    # Who is alive is asked before what is written: what has ended meanwhile is seen as ended.
    is_starting, is_supervised = is_held(folder.starter_lock), folder.supervised
    job = Job.read(folder)
    loads = Loads([], {}, dt.datetime.now(dt.UTC))
    state = None
    if folder.record.exists():
        with Record.reading(folder.record) as record:
            state = record.state()
            loads = Loads(record.recent(RECENT), record.totals(), dt.datetime.now(dt.UTC))
    status = RunStatus(
        pipeline_id=pipeline_id,
        phase="lost",
        revision=job.revision,
        code_sha256=job.code_sha256,
        trigger=job.trigger,
        started_by=job.started_by,
        started_at=job.started_at,
        rehearsal=bool(job.inputs) or None,
        folder=str(folder.root),
        queries=loads.queries(),
        nodes=loads.nodes(),
    )
    if state is None or state.run_id != job.run_id:
        status.phase = "starting" if is_starting or is_supervised else "lost"
    else:
        _tell_state(status, state, is_supervised)
    if status.phase == "lost":
        status.said, status.code = LOST, "RUN_LOST"
    return status


def _tell_state(status: RunStatus, state: State, is_supervised: bool) -> None:
    status.run_id, status.since, status.restarts = state.run_id, state.since, state.restarts
    status.attempt, status.next_at = state.attempt or None, state.next_at
    status.said, status.code = state.said or None, state.code
    if is_supervised or state.phase in ENDED:
        status.phase = state.phase
