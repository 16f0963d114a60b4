"""Pipelines that run on this machine: started, watched, started again, and stopped.

Each running pipeline has a supervisor, a process of its own that outlives whoever started it. What
it knows is in the run's folder; see `place` for the files, `record` for what is kept.
"""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

from ...errors import StoreFailed
from .job import Job
from .place import Lock, RunFolder, kill_holder
from .progress import Batch
from .record import ENDED, Change, Minute, Record, State
from .spark_log import tail
from .start import RunOptions, folder_of, request_stop, start
from .status import RunStatus, status_of

__all__ = [
    "RunOptions",
    "RunStatus",
    "folder_of",
    "history",
    "log_lines",
    "start",
    "status",
    "status_of",
    "stop",
]

log = logging.getLogger("lakestream")
HANGING_S = 20.0
CHANGES = 100


class History(NamedTuple):
    """What is kept of a run: newest batches, minutes, and states, each oldest first."""

    batches: Sequence[Batch] = ()
    minutes: Sequence[Minute] = ()
    changes: Sequence[Change] = ()


def status(ws: Any, pipeline_id: str) -> RunStatus:
    """How a pipeline's local run stands. Raises NotFound, StoreFailed."""
    with ws.reading() as store:
        store.get_pipeline(pipeline_id, deleted=True)
    return status_of(folder_of(ws, pipeline_id), pipeline_id)


def stop(ws: Any, pipeline_id: str) -> RunStatus:
    """Stop a run after the batches it is in, at the latest when its limit has passed.

    What is stopped goes on from there when it is started again. Raises NotFound, StoreFailed.
    """
    with ws.reading() as store:
        store.get_pipeline(pipeline_id, deleted=True)
    folder = folder_of(ws, pipeline_id)
    if _is_alive(folder, pipeline_id):
        request_stop(folder, ws.identity.name)
        give_up_at = time.monotonic() + Job.read(folder).limits.stop_s + HANGING_S
        while (alive := _is_alive(folder, pipeline_id)) and time.monotonic() < give_up_at:
            time.sleep(0.1)
        if alive:
            kill_holder(folder.supervisor_lock)
    if folder.exists and (lock := Lock.take(folder.supervisor_lock, HANGING_S)) is not None:
        # Whoever has the lock is the one writer; a run without a supervisor is stopped by its word.
        try:
            _write_stopped(folder)
        finally:
            lock.release()
    return status_of(folder, pipeline_id)


def _is_alive(folder: RunFolder, pipeline_id: str) -> bool:
    """Whether a supervisor is at work; where its record cannot be read, its lock says so."""
    try:
        return status_of(folder, pipeline_id).is_alive
    except StoreFailed:
        return folder.supervised


def _write_stopped(folder: RunFolder) -> None:
    """Write down that a lost run is stopped; on a full disk it stays lost, and stopping goes on."""
    try:
        with closing(Record.writing(folder.record)) as record:
            record.take_in(folder.progress)
            state, run_id = record.state(), Job.read(folder).run_id
            if state is None or state.run_id != run_id or state.phase not in ENDED:
                now = dt.datetime.now(dt.UTC)
                record.set_state(State(run_id=run_id, phase="stopped", since=now, said="was lost"))
    except sqlite3.OperationalError as error:
        log.warning("The stop of the run in %s cannot be written down: %s", folder.root, error)


def history(ws: Any, pipeline_id: str, batches: int, minutes: int) -> History:
    """What is kept of a pipeline's run. Raises StoreFailed."""
    folder = folder_of(ws, pipeline_id)
    if not folder.record.exists():
        return History()
    with Record.reading(folder.record) as record:
        return History(record.recent(batches), record.minutes(minutes), record.changes(CHANGES))


def log_lines(ws: Any, pipeline_id: str, lines: int = 100) -> list[str]:
    """The last lines of Spark's log and the supervisor's changes of state. Raises NotFound."""
    with ws.reading() as store:
        store.get_pipeline(pipeline_id, deleted=True)
    return tail(folder_of(ws, pipeline_id).logs, lines)
