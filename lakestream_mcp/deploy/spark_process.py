"""The parent's side of the Spark child: requests, events, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ..errors import EngineFailed, LakestreamError
from .spark_env import CHILD, SparkEnvironment

Progress = Callable[[dict[str, Any]], None]
WORK_PREFIX = "lakestream-spark-"


class SparkGone(EngineFailed):
    """The process ended without an answer."""

    code = "SPARK_FAILED"


class SparkProcess:
    """A running Spark in a child process; a context manager. Output goes to a log file.

    output: where Spark's own words go instead. kept: a descriptor that Spark's processes keep open
    as long as they live. settings: of Spark, beside those of every local run.
    """

    def __init__(
        self,
        environment: SparkEnvironment,
        make_archive: bool = False,
        cwd: Path | None = None,
        *,
        env: Mapping[str, str] | None = None,
        output: IO[bytes] | None = None,
        kept: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.environment = environment
        self.work = Path(tempfile.mkdtemp(prefix=WORK_PREFIX))
        self.log = self.work / "spark.log"
        self._log_file: IO[bytes] = output or self.log.open("wb")
        self._kept = [] if kept is None else [kept]
        self._settings = dict(settings or {})
        self._process = subprocess.Popen(
            [str(environment.python), str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log_file,
            env=environment.environ(env),
            cwd=cwd or self.work,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            pass_fds=self._kept,
        )
        self._make_archive = make_archive

    @property
    def pid(self) -> int:
        """The child's process number, which is also that of its group, the JVM included."""
        return self._process.pid

    def __enter__(self) -> SparkProcess:
        conf = self.environment.conf(self.work, self._make_archive) | self._settings
        try:
            command = self.environment.command(self.work, self._make_archive)
            self.request("start", conf=conf, command=command, kept=self._kept)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def request(self, kind: str, on_progress: Progress | None = None, **arguments: Any) -> Any:
        """Send a request and wait for its answer. Raises EngineFailed with Spark's words."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"request": kind, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None
        return self.answer(on_progress)

    def work_through(self, kind: str, on_progress: Progress, **arguments: Any) -> Any:
        """The same for long work: whoever cancels has it stop after the batch it is in."""
        try:
            return self.request(kind, on_progress, **arguments)
        except LakestreamError:
            raise
        except BaseException:  # cancelled: the child is still at work
            self.interrupt()
            raise

    def answer(self, on_progress: Progress | None = None) -> Any:
        """Wait for the answer to the last request."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            if event["event"] == "done":
                return event["result"]
            if event["event"] == "failed":
                raise EngineFailed(
                    f"Spark: {event['message']}", code="SPARK_FAILED", got=event["detail"][-6000:]
                )
            if on_progress is not None:
                on_progress(event)
        raise self._gone()

    def interrupt(self) -> None:
        """Ask the running request to end after the batches it is in."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End the child and all it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the child, and the JVM with it."""
        with contextlib.suppress(BrokenPipeError, OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log_file.close()
        shutil.rmtree(self.work, ignore_errors=True)

    def _gone(self) -> SparkGone:
        has_log = self.log.exists()
        if has_log:
            self._log_file.flush()
        tail = self.log.read_text(encoding="utf-8", errors="replace")[-3000:] if has_log else None
        return SparkGone(
            "The Spark process has ended unexpectedly.",
            got=tail,
            hint="Is there enough memory (3 GB)? The end of Spark's log is in `got`.",
        )
