"""The real server as a child process, and an agent that edits through its MCP endpoint."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fastmcp import Client

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60
Json = dict[str, Any]


class Server:
    """`lakestream serve` on a free port with its own database; it can be stopped and restarted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        # MCP clients need an event loop, and the browser's driver already runs one in this thread.
        self.thread = ThreadPoolExecutor(1)

    def start(self) -> None:
        """Start, and wait until it answers."""
        log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lakestream_mcp", "serve", "--port", str(self.port)],
            cwd=ROOT,
            env={**os.environ, "LAKESTREAM_DATA_DIR": str(self.folder)},
            stdout=log,
            stderr=log,
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                log.seek(0)
                raise RuntimeError(log.read().decode("utf-8", "replace")[-4000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once: open event streams would hold a polite stop up."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            return bool(self.get("/api/pipelines"))
        except (urllib.error.URLError, OSError):
            return False

    def get(self, path: str) -> Json:
        """A GET of the REST interface."""
        with urllib.request.urlopen(self.url + path, timeout=60) as response:
            answer: Json = json.load(response)
        return answer

    def call(self, tool: str, **arguments: Any) -> Json:
        """Call an MCP tool as an agent does."""
        return self.thread.submit(asyncio.run, self._call(tool, arguments)).result()

    async def _call(self, tool: str, arguments: Json) -> Json:
        async with Client(f"{self.url}/mcp") as client:
            result = await client.call_tool(tool, arguments, raise_on_error=False)
        answer: Json = result.structured_content or {}
        assert not result.is_error, answer
        return answer
