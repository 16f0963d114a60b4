"""A server of this checkout as a child process, for the time of a `with` block."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10


class ServerFailed(Exception):
    """The server did not start; the message holds what it said."""


class LocalServer:
    """`lakestream serve --transport http` on the usual port, or on a free one if that is taken."""

    def __init__(self) -> None:
        wanted = int(os.environ.get("LAKESTREAM_PORT", "8321"))
        self.port = wanted if wanted and _is_free(wanted) else _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        if wanted and self.port != wanted:
            print(f"Port {wanted} is taken; using {self.port}")
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LocalServer:
        """Start, and wait until it answers. Raises ServerFailed."""
        command = [sys.executable, "-m", "lakestream_mcp", "serve", "--transport", "http"]
        roots = [str(ROOT), os.environ.get("LAKESTREAM_DATA_ROOTS", "")]
        self.process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(self.port)],
            cwd=ROOT,
            env={**os.environ, "LAKESTREAM_DATA_ROOTS": os.pathsep.join(r for r in roots if r)},
            stdout=self.log,
            stderr=self.log,
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self._said()
                self.__exit__(None, None, None)
                raise ServerFailed(f"The server did not start. It said:\n{said}")
            time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, first politely."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def serve_on(self) -> None:
        """Stay until Ctrl-C, or until the server ends."""
        print(f"Serving the viewer at {self.url}/ and MCP at {self.url}/mcp until Ctrl-C")
        if self.process is not None:
            self.process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/pipelines", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")[-4000:]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
