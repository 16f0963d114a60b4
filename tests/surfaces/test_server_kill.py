"""kill -9 of the real server during edits: every acknowledged edit is there after a restart."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from fastmcp import Client

from tests.storage.conftest import new_postgres, postgres_server

__all__ = ["new_postgres", "postgres_server"]  # fixtures

ROUNDS_SOAK = 25


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


def start(environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "lakestream_mcp", "serve", "--transport", "http"]
    server = subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health"):
            return server
        assert server.poll() is None, "the server ended before it answered"
        time.sleep(0.05)
    raise AssertionError("the server did not answer within 60 s")


async def edit_until_killed(
    port: int, server: subprocess.Popen[bytes], rng: random.Random, acknowledged: list[int]
) -> None:
    """Rename one node as fast as answers come, until the server is gone."""
    stop_at = time.monotonic() + rng.uniform(0.05, 0.6)
    # The client loses its connection in one of many ways when the server is killed.
    with suppress(Exception):
        async with Client(f"http://127.0.0.1:{port}/mcp") as client:
            while True:
                if time.monotonic() > stop_at and server.poll() is None:
                    asyncio.get_running_loop().call_later(
                        rng.uniform(0, 0.01), server.send_signal, signal.SIGKILL
                    )
                    stop_at = float("inf")
                change = {"op": "set_pipeline", "description": f"edit {len(acknowledged)}"}
                answer = await client.call_tool(
                    "edit_pipeline", {"pipeline_id": "killed", "changes": [change]}
                )
                acknowledged.append(answer.structured_content["revision"])


async def stored_revisions(port: int) -> tuple[int, set[int]]:
    async with Client(f"http://127.0.0.1:{port}/mcp") as client:
        answer = await client.call_tool("get_pipeline", {"pipeline_id": "killed"})
        head = answer.structured_content["revision"]
        found: set[int] = set()
        newest = head
        while newest:
            page = await client.call_tool(
                "get_history", {"pipeline_id": "killed", "limit": 200, "to_revision": newest}
            )
            numbers = [r["revision"] for r in page.structured_content["revisions"]]
            found.update(numbers)
            newest = min(numbers) - 1
        return head, found


async def create(port: int) -> None:
    async with Client(f"http://127.0.0.1:{port}/mcp") as client:
        await client.call_tool("create_pipeline", {"name": "Killed", "id": "killed"})


def check(environment: dict[str, str], rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    acknowledged: list[int] = []
    for number in range(rounds):
        port = free_port()
        server = start(environment, port)
        try:
            if number == 0:
                asyncio.run(create(port))
            asyncio.run(asyncio.wait_for(edit_until_killed(port, server, rng, acknowledged), 60))
        finally:
            server.kill()
            server.wait()
    port = free_port()
    server = start(environment, port)
    try:
        head, found = asyncio.run(stored_revisions(port))
    finally:
        server.kill()
        server.wait()
    assert acknowledged, "no edit was acknowledged, so nothing was tested"
    assert set(acknowledged) <= found, f"seed {seed}"
    assert len(acknowledged) == len(set(acknowledged))
    assert found == set(range(1, head + 1)), "the log has no gap"


def test_sqlite(tmp_path: Path) -> None:
    check({"LAKESTREAM_DATA_DIR": str(tmp_path)}, 2, seed=1)


@pytest.mark.postgres
def test_postgres(tmp_path: Path, new_postgres: Callable[[str], str]) -> None:
    check(on_postgres(tmp_path, new_postgres), 2, seed=3)


@pytest.mark.soak
def test_sqlite_soak(tmp_path: Path) -> None:
    print("seed 2")
    check({"LAKESTREAM_DATA_DIR": str(tmp_path)}, ROUNDS_SOAK, seed=2)


@pytest.mark.soak
@pytest.mark.postgres
def test_postgres_soak(tmp_path: Path, new_postgres: Callable[[str], str]) -> None:
    print("seed 4")
    check(on_postgres(tmp_path, new_postgres), ROUNDS_SOAK, seed=4)


def on_postgres(folder: Path, create: Callable[[str], str]) -> dict[str, str]:
    return {"LAKESTREAM_DATA_DIR": str(folder), "LAKESTREAM_DATABASE_URL": create("template0")}
