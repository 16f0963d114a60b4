"""The process that keeps a pipeline running: `python -m …supervisor FOLDER`.

It starts Spark, takes in what Spark reports, starts it again when it breaks, stops it when told to
or when the disk fills up. It needs no server and no database of pipelines. When it dies, Spark dies
with it, and whoever asks sees that its lock is free.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import sqlite3
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ...errors import EngineFailed, LakestreamError
from ..spark_process import WORK_PREFIX, SparkGone, SparkProcess
from .disk import disk_text, free_bytes
from .job import Job
from .place import Lock, RunFolder, kill_group_if, process_mark
from .record import Phase, Record, State
from .restarts import Broken, GiveUp, Restarts
from .spark_log import SparkLog

TICK_S = 0.2
LOCK_WAIT_S = 10.0
SPARK_GONE_S = 30.0
DISK_RELIEF = 1.1
# State rows are shown; counting them costs a read per write, which a run that is watched can bear.
SETTINGS = {"spark.sql.streaming.stateStore.rocksdb.trackTotalNumberOfRows": "true"}
Why = Literal["stopped", "disk", "late"]
"""Why a Spark is told to end: it was asked for, the disk is nearly full, or it never began."""


class Ended(NamedTuple):
    """How one life of Spark ended."""

    how: Literal["finished", "stopped", "disk", "broken"]
    broken: Broken | None = None


class Supervisor:
    """One run, from its start to its end."""

    def __init__(self, folder: RunFolder, job: Job) -> None:
        self.folder = folder
        self.job = job
        self.limits = job.limits
        self.record = Record.writing(folder.record)
        self.log = SparkLog(folder.logs, job.limits)
        self.told_to_stop = False
        before = self.record.state()
        self.state = State(run_id=job.run_id, phase="starting", since=_now())
        self._unwritten = False
        self._clear(before)

    def _clear(self, before: State | None) -> None:
        """End what an earlier life may have left: a Spark, its temporary folder, its last lines."""
        if before is not None and before.spark_pid is not None:
            kill_group_if(before.spark_pid, before.spark_mark)
        if before is not None and before.work and Path(before.work).name.startswith(WORK_PREFIX):
            shutil.rmtree(before.work, ignore_errors=True)
        self.folder.progress.mkdir(exist_ok=True)
        self._take_in()

    def run(self) -> None:
        """Until the run has ended."""
        restarts = Restarts(self.limits)
        self.enter("starting")
        while True:
            if not self._wait_for_disk():
                return self.enter("stopped")
            ended = self._live()
            if ended.broken is None:
                if ended.how == "disk":
                    continue
                return self.enter("finished" if ended.how == "finished" else "stopped")
            verdict = restarts.after(ended.broken)
            if isinstance(verdict, GiveUp):
                return self.enter("failed", verdict.reason, code=_code(verdict.reason))
            if not self._wait(verdict.wait_s, verdict.attempt, ended.broken.said):
                return self.enter("stopped")

    def enter(self, phase: Phase, said: str = "", **more: Any) -> None:
        """Enter a state and write it down; on a full disk, as soon as that is possible."""
        kept = {name: getattr(self.state, name) for name in ("run_id", "restarts", "attempt")}
        spark = ("spark_pid", "spark_mark", "work")
        kept |= {name: getattr(self.state, name) for name in spark if phase in LIVING}
        self.state = State(**{**kept, "phase": phase, "since": _now(), "said": said[:2000], **more})
        self.log.say(f"{self.state.since.isoformat()} supervisor: {phase} {said[:2000]}".rstrip())
        self._write()

    def _write(self) -> None:
        try:
            self.record.set_state(self.state)
            self._unwritten = False
        except sqlite3.OperationalError as error:
            self._unwritten = True
            self.log.say(f"the state cannot be written: {error}")

    def _take_in(self) -> int:
        try:
            return self.record.take_in(self.folder.progress)
        except sqlite3.OperationalError as error:
            self.log.say(f"progress cannot be stored, and stays in its files: {error}")
            return 0

    def _is_told_to_stop(self) -> bool:
        self.told_to_stop = self.told_to_stop or self.folder.stop_request.exists()
        return self.told_to_stop

    def _wait(self, seconds: float, attempt: int, said: str) -> bool:
        """Wait before the next start; False when told to stop meanwhile."""
        next_at = _now() + dt.timedelta(seconds=seconds)
        restarts = self.state.restarts + 1
        self.enter("restarting", said, attempt=attempt, restarts=restarts, next_at=next_at)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._is_told_to_stop():
                return False
            time.sleep(min(TICK_S, max(0.0, until - time.monotonic())))
        return not self._is_told_to_stop()

    def _wait_for_disk(self) -> bool:
        """Wait until there is room; False when told to stop."""
        floor = self.limits.disk_floor
        while not self._is_told_to_stop():
            free = free_bytes(self.folder.root)
            is_waiting = self.state.phase == "disk-full"
            if free >= floor * (DISK_RELIEF if is_waiting else 1):
                return True
            if not is_waiting or self._unwritten:
                self.enter("disk-full", disk_text(free, floor), code="DISK_FULL")
            time.sleep(TICK_S)
        return False

    def _live(self) -> Ended:
        """One life of Spark, from its start until it has ended with all it started."""
        lock = Lock.take(self.folder.spark_lock, SPARK_GONE_S)
        if lock is None:
            said = "An earlier Spark of this run does not end, and keeps its checkpoint."
            return Ended("broken", Broken(said, False, False, 0))
        try:
            spark = self._started(lock)
        except OSError as error:
            return Ended("broken", Broken(f"Spark cannot be started: {error}", False, False, 0))
        finally:
            lock.release()
        phase: Phase = "restarting" if self.state.phase == "restarting" else "starting"
        said, mark = self.state.said if phase == "restarting" else "", process_mark(spark.pid)
        self.enter(phase, said, spark_pid=spark.pid, spark_mark=mark, work=str(spark.work))
        try:
            return self._watch(spark)
        finally:
            spark.kill()
            self._take_in()
            shutil.rmtree(spark.work, ignore_errors=True)

    def _started(self, lock: Lock) -> SparkProcess:
        """A process for Spark, which holds the lock as long as anything of it lives."""
        with self.log.pipe() as output:
            return SparkProcess(
                self.job.environment,
                cwd=Path(self.job.cwd),
                env=self.job.variables(os.environ),
                output=output,
                kept=lock.fd,
                settings=SETTINGS,
            )

    def _watch(self, spark: SparkProcess) -> Ended:
        """Watch one Spark until it has answered, or is gone."""
        running: list[Any] = []
        began = time.monotonic()
        with ThreadPoolExecutor(1) as thread:
            answer = thread.submit(self._ask, spark, running)
            try:
                why, batches = self._until_answered(spark, answer, running)
            except BaseException:
                spark.kill()
                raise
        batches += self._take_in()
        failure, seconds = answer.exception(), time.monotonic() - began
        if why == "late":
            said = f"Spark did not begin within {self.limits.begin_s:g} s"
            return Ended("broken", Broken(said, False, False, seconds))
        if why is not None:
            return Ended(why)
        if failure is None:
            return Ended("finished")
        if not isinstance(failure, LakestreamError):
            raise failure
        if isinstance(failure, EngineFailed) and failure.got:
            self.log.say(str(failure.got))
        said = failure.message.removeprefix("Spark: ")
        return Ended("broken", Broken(said, isinstance(failure, SparkGone), batches > 0, seconds))

    def _ask(self, spark: SparkProcess, running: list[Any]) -> Any:
        """Start Spark and let it follow the notebook; in a thread of its own."""
        folder = self.folder
        with spark:
            return spark.request(
                "follow",
                running.append,
                notebook=folder.notebook.read_text(encoding="utf-8"),
                parameters={
                    "checkpoints": str(folder.checkpoints),
                    "tables": str(folder.tables),
                    "trigger": self.job.trigger,
                },
                progress=str(folder.progress),
                sources={
                    node: {"frame": made.frame, "folder": made.folder, "schema": made.columns}
                    for node, made in self.job.inputs.items()
                },
                static=self.job.beside,
            )

    def _until_answered(
        self, spark: SparkProcess, answer: Future[Any], running: list[Any]
    ) -> tuple[Why | None, int]:
        """Take in progress until Spark has ended; why it was told to, if it was, and batches."""
        why: Why | None = None
        batches, began, kill_at = 0, time.monotonic(), float("inf")
        while not _is_done(answer):
            batches += self._take_in()
            if self._unwritten:
                self._write()
            now = time.monotonic()
            if why is None:
                if running and self.state.phase in ("starting", "restarting"):
                    self.enter("running")
                why = self._why_to_end(began if not running else now)
                kill_at = self._told_to_end(spark, why) if why else kill_at
            if now >= kill_at:
                self.log.say("Spark is killed")
                spark.kill()
        return why, batches

    def _why_to_end(self, waiting_since: float) -> Why | None:
        """Whether Spark is to end, and why."""
        if self._is_told_to_stop():
            return "stopped"
        if free_bytes(self.folder.root) < self.limits.disk_floor:
            return "disk"
        return "late" if time.monotonic() - waiting_since > self.limits.begin_s else None

    def _told_to_end(self, spark: SparkProcess, why: Why) -> float:
        """Tell Spark to end after the batches it is in; when it is to be killed."""
        if why == "late":
            return time.monotonic()
        self.enter("stopping", "the disk is nearly full" if why == "disk" else "")
        spark.interrupt()
        return time.monotonic() + self.limits.stop_s


LIVING: frozenset[str] = frozenset({"starting", "running", "restarting", "stopping"})


def _is_done(answer: Future[Any]) -> bool:
    """Wait a tick for the answer."""
    with contextlib.suppress(TimeoutError):
        answer.exception(TICK_S)
    return answer.done()


def _code(reason: str) -> str:
    return "LOCAL_RUN_IMPOSSIBLE" if "LOCAL_RUN_IMPOSSIBLE" in reason else "SPARK_FAILED"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def main(argument: str) -> int:
    """Run the job of a folder; 1 where another supervisor is at it."""
    folder = RunFolder(Path(argument))
    lock = Lock.take(folder.supervisor_lock, LOCK_WAIT_S)
    if lock is None:
        return 1
    lock.sign()
    supervisor = Supervisor(folder, Job.read(folder))

    def stop(*_: Any) -> None:
        supervisor.told_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    supervisor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
