"""The parent's side of an author's code: one guarded child per request, its answer distrusted."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from ...errors import EngineFailed, InvalidPipeline, LakestreamError
from ...graph.model import Column
from ...relational import isolation
from ..processor_type import ProcessorPlan
from .codec import fields_of, state_types

SECONDS = 30
MEMORY_BYTES = 1 << 30
START_SECONDS = 60.0
ANSWER_BYTES = 1 << 30
MESSAGE_CHARS = 400
CHILD = Path(__file__).with_name("child.py")
FLAGS = ("-s", "-P")
"""Nothing is imported from a user's folder, nor from where the child stands."""
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",  # as Spark's workers have it
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
}
"""All of the child's environment."""


class Limits(NamedTuple):
    """What an author's code may use."""

    seconds: int = SECONDS
    memory_bytes: int = MEMORY_BYTES


LIMITS = Limits()


class RunOutcome(NamedTuple):
    """What came out of one run: (values, batch, method) per row, and what is left."""

    rows: list[tuple[list[Any], int, str]]
    timers: int
    states: dict[str, int]


class Failure(BaseModel):
    """What a child says went wrong in the code."""

    code: str = Field(max_length=40)
    message: str
    line: int | None = None
    method: str | None = None
    batch: int | None = None
    row: int | None = None
    key: str | None = None
    state: str | None = None
    field: str | None = None
    got: Any = None
    expected: str | None = None
    hint: str | None = None


class Answer(BaseModel):
    """A child's answer, as far as it can be believed: the code may have written it."""

    runs: list[RunOutcome] = []
    failed: Failure | None = None


def run_processor(
    plan: ProcessorPlan,
    columns: Sequence[Column],
    runs: Sequence[Sequence[dict[str, Any]]],
    node_id: str,
    limits: Limits = LIMITS,
) -> list[RunOutcome]:
    """Play runs of batches through an author's processor, each afresh.

    columns: of the input. A batch is {rows, time_ms, watermark_ms}, rows as plain data.
    Raises InvalidPipeline with the line of the code; EngineFailed.
    """
    names = [column.name for column in columns]
    request = {
        "code": plan.code,
        "class": plan.class_name,
        "time_mode": plan.time_mode,
        "types": state_types(plan),
        "columns": fields_of(columns),
        "key": [names.index(name) for name in plan.key],
        "output": fields_of(plan.output),
        "runs": list(runs),
    }
    with Child(plan.imports, limits) as child:
        answer = child.exchange(request, len(runs))
    if answer.failed is not None:
        raise failed(answer.failed, plan.code, node_id)
    return answer.runs


def failed(told: Failure, code: str, node_id: str) -> LakestreamError:
    """What went wrong in the code, with its line."""
    lines = code.splitlines()
    places = {"line", "method", "batch", "row", "key", "state"}
    known = told.model_dump(include=places, exclude_none=True)
    text = told.message[:MESSAGE_CHARS]
    if told.line is not None and 0 < told.line <= len(lines):
        text += f" Line {told.line}: `{lines[told.line - 1].strip()[:120]}`"
    return InvalidPipeline(
        text,
        code=told.code,
        where={"node": node_id, "field": "code"} | known,
        got=None if told.got is None else str(told.got)[:MESSAGE_CHARS],
        expected=told.expected,
        hint=told.hint,
    )


class Child:
    """One process for one request; a context manager."""

    def __init__(self, imports: Sequence[str], limits: Limits) -> None:
        self.limits = limits
        self._link, theirs = socket.socketpair()
        self._folder = tempfile.TemporaryDirectory(prefix="lakestream-code-")
        Path(self._folder.name).chmod(0o555)
        arguments = [theirs.fileno(), isolation.__file__, limits.memory_bytes, limits.seconds]
        try:
            self._process = subprocess.Popen(
                [sys.executable, *FLAGS, str(CHILD), *map(str, arguments), ",".join(imports)],
                pass_fds=(theirs.fileno(),),
                env=ENVIRONMENT,
                cwd=self._folder.name,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._said = LastWords(self._process.stderr)
        self.isolation: dict[str, bool] = {}

    def __enter__(self) -> Child:
        try:
            self.isolation = self._receive(time.monotonic() + START_SECONDS)
        except (OSError, EOFError, ValueError):
            self.end()
            raise EngineFailed(
                f"The process for the author's code did not start ({self._said.text()}).",
                code="CODE_NOT_STARTED",
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def exchange(self, request: dict[str, Any], runs: int) -> Answer:
        """Send the request and wait for the answer; an end without one is an answer too."""
        until = time.monotonic() + self.limits.seconds + 2.0
        data = json.dumps(request).encode()
        try:
            self._link.settimeout(max(self.limits.seconds, 1))
            self._link.sendall(struct.pack("<Q", len(data)) + data)
            until = time.monotonic() + self.limits.seconds + 2.0
            answer = Answer.model_validate(self._receive(until))
        except TimeoutError:
            return Answer(failed=Failure(code="CODE_TIMEOUT", message=self._too_slow()))
        except (OSError, EOFError, ValueError):
            return Answer(failed=self._ended(until))
        if answer.failed is None and len(answer.runs) != runs:
            return Answer(failed=self._ended(until))
        return answer

    def _too_slow(self) -> str:
        return f"The code took longer than {self.limits.seconds} seconds and was stopped."

    def _ended(self, until: float) -> Failure:
        """Why the child ended without an answer."""
        self.end()
        code = self._process.returncode
        if code in (-signal.SIGXCPU, -signal.SIGKILL) and time.monotonic() >= until - 1:
            return Failure(code="CODE_TIMEOUT", message=self._too_slow())
        said = self._said.text()
        if "MemoryError" in said or "memory" in said:
            message = "The code needs more memory than it may use."
            return Failure(code="CODE_OUT_OF_MEMORY", message=message)
        return Failure(
            code="CODE_CRASHED",
            message=f"The process of the code ended without an answer ({said or code}).",
            hint="deep recursion and huge values do this",
        )

    def _receive(self, until: float) -> Any:
        size = struct.unpack("<Q", self._read(8, until))[0]
        if size > ANSWER_BYTES:
            raise ValueError("the answer is too large")
        return json.loads(self._read(size, until))

    def _read(self, size: int, until: float) -> bytes:
        parts = []
        while size:
            self._link.settimeout(max(until - time.monotonic(), 0.001))
            part = self._link.recv(min(size, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def end(self) -> None:
        """Stop the process and all it may have started. May be called twice."""
        self._link.close()
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()


class LastWords:
    """The end of what a process says; read by a thread, so that a full pipe never blocks it."""

    def __init__(self, stream: Any) -> None:
        self._end = b""
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._stream:
            while chunk := self._stream.read1(4096):
                self._end = (self._end + chunk)[-4096:]

    def text(self) -> str:
        """Its last line."""
        self._thread.join(1.0)
        lines = self._end.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else ""
