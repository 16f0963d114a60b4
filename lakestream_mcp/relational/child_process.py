"""The parent's side of the Sail child: start, one exchange of messages by a deadline, end."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from ..errors import EngineFailed

START_DEADLINE_S = 60.0
ENVIRONMENT = {
    "RUST_LOG": "error",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "TOKIO_WORKER_THREADS": str(min(os.cpu_count() or 1, 4)),
    "SAIL_RUNTIME__STACK_SIZE": str(64 << 20),
    "SAIL_SPARK__SESSION_TIMEOUT_SECS": str(10 * 365 * 86_400),
}
"""All that the child knows of its surroundings.

A long chain of conditions is a deep tree, which takes a deep stack to plan; stacks count as memory,
so their number is bounded. The one session lives as long as the child, however long it idles.
"""
BUSY = "this machine is short of memory or very busy: try again when it has room"
SIMPLER = "the engine starts again by itself; use fewer rows or a simpler expression"


class _Log:
    """The last words of the child. Read by a thread, so that a full pipe never blocks it."""

    def __init__(self, descriptor: int) -> None:
        self._end = b""
        self._thread = threading.Thread(target=self._read, args=(descriptor,), daemon=True)
        self._thread.start()

    def _read(self, descriptor: int) -> None:
        with open(descriptor, "rb", buffering=0) as stream:
            while chunk := stream.read(4096):
                self._end = (self._end + chunk)[-4096:]

    def text(self) -> str:
        """What it said at last; complete once the process has ended."""
        self._thread.join(1.0)
        return self._end.decode("utf-8", "replace").strip()


class ChildProcess:
    """One running child. Not thread-safe: its engine holds the lock.

    Raises EngineFailed where it does not start in time, or at all.
    """

    def __init__(self, memory_bytes: int) -> None:
        ours, theirs = socket.socketpair()
        lifeline_read, self._lifeline = os.pipe()
        self._link = ours
        self._folder = tempfile.TemporaryDirectory(prefix="lakestream-engine-")
        said, told = os.pipe()
        self._log = _Log(said)
        Path(self._folder.name).chmod(0o555)
        script = Path(__file__).with_name("child.py")
        arguments = [str(n) for n in (theirs.fileno(), lifeline_read, memory_bytes)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(script), *arguments],
                pass_fds=(theirs.fileno(), lifeline_read),
                env=ENVIRONMENT,
                cwd=self._folder.name,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=told,
            )
        except OSError as error:
            self._give_back()
            raise EngineFailed(
                f"the local SQL engine cannot be started: {error.strerror}", hint=BUSY
            ) from None
        finally:
            theirs.close()
            os.close(lifeline_read)
            os.close(told)
        self.statements = 0
        self.isolation: dict[str, Any] = self._greeting()["isolation"]

    def _greeting(self) -> dict[str, Any]:
        """What the child says once it has started."""
        try:
            return self._receive(time.monotonic() + START_DEADLINE_S)[0]
        except TimeoutError:
            self.end()
            raise EngineFailed(
                f"the local SQL engine did not start within {START_DEADLINE_S:g} seconds",
                code="ENGINE_TIMEOUT",
                hint=BUSY,
            ) from None
        except BaseException:
            self.end()
            raise

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def exchange(
        self, header: dict[str, Any], blobs: list[Any], deadline_s: float
    ) -> tuple[dict[str, Any], list[memoryview]]:
        """Send one message and wait for its answer. Raises EngineFailed; the child is then dead."""
        until = time.monotonic() + deadline_s
        text = json.dumps({**header, "blobs": [len(blob) for blob in blobs]}).encode()
        try:
            self._link.settimeout(deadline_s)
            self._link.sendall(struct.pack("<I", len(text)) + text)
            for blob in blobs:
                self._link.settimeout(max(until - time.monotonic(), 0.001))
                self._link.sendall(blob)
            return self._receive(until)
        except TimeoutError:
            self.end()
            raise EngineFailed(
                f"the statement took longer than {deadline_s:g} seconds and was stopped",
                code="ENGINE_TIMEOUT",
                hint="use fewer rows or a simpler expression",
            ) from None
        except (OSError, EOFError):
            raise self._crashed() from None

    def _receive(self, until: float) -> tuple[dict[str, Any], list[memoryview]]:
        try:
            length = struct.unpack("<I", self._read(4, until))[0]
            header: dict[str, Any] = json.loads(bytes(self._read(length, until)))
            return header, [self._read(size, until) for size in header["blobs"]]
        except EOFError:
            raise self._crashed() from None

    def _read(self, size: int, until: float) -> memoryview:
        view = memoryview(bytearray(size))
        done = 0
        while done < size:
            self._link.settimeout(max(until - time.monotonic(), 0.001))
            count = self._link.recv_into(view[done:])
            if count == 0:
                raise EOFError
            done += count
        return view

    def _crashed(self) -> EngineFailed:
        self.end()
        said = self._log.text()
        if "memory allocation" in said or "MemoryError" in said:
            return EngineFailed(
                "the statement needed more memory than the local engine may use",
                code="ENGINE_OUT_OF_MEMORY",
                hint="use fewer rows or a simpler expression",
            )
        last = said.splitlines()[-1][:300] if said else "no message"
        return EngineFailed(
            f"the local SQL engine ended unexpectedly ({last})", code="ENGINE_CRASHED", hint=SIMPLER
        )

    def end(self) -> None:
        """Stop the process and give back what it held. May be called twice."""
        if self._lifeline < 0:
            return
        self._process.kill()
        self._process.wait()
        self._give_back()

    def _give_back(self) -> None:
        self._link.close()
        os.close(self._lifeline)
        self._lifeline = -1
        self._folder.cleanup()
