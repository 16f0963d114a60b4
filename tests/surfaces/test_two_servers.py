"""A hundred agents on two server processes over one PostgreSQL whose passwords expire.

No call fails, no edit is lost, and a watcher at either server is told of every revision once and in
order, whichever server made it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastmcp import Client

from tests.storage.cluster import Cluster, cluster
from tests.storage.credentials import INSTANCE, minting

from .test_server_kill import free_port, start

AGENTS, PIPELINES = 100, 10
LOAD_S, LOAD_SOAK_S = 30, 300


class Load:
    """The agents, and what they were told."""

    def __init__(self, servers: list[str], load_s: float) -> None:
        self.servers = servers
        self.until = time.monotonic() + load_s
        self.calls = 0
        self.edits: dict[str, list[int]] = {f"shared_{n}": [] for n in range(PIPELINES)}
        self.told: dict[tuple[str, str], list[int]] = {}

    async def agent(self, number: int) -> None:
        """Edit and read one pipeline that nine others edit too, until the time is over."""
        pipeline_id = f"shared_{number % PIPELINES}"
        # Ten agents share a pipeline, five of them on each server.
        url = self.servers[number // PIPELINES % len(self.servers)]
        async with Client(f"{url}/mcp") as client:
            while time.monotonic() < self.until:
                text = f"agent {number} call {self.calls}"
                answer = await client.call_tool(
                    "edit_pipeline",
                    {
                        "pipeline_id": pipeline_id,
                        "changes": [{"op": "set_pipeline", "description": text}],
                    },
                )
                self.edits[pipeline_id].append(answer.structured_content["revision"])
                await client.call_tool("get_history", {"pipeline_id": pipeline_id, "limit": 3})
                self.calls += 2

    async def watcher(self, url: str, pipeline_id: str, opened: asyncio.Event) -> None:
        """Note every revision that a server tells of, for ever."""
        numbers = self.told.setdefault((url, pipeline_id), [])
        async with (
            httpx2.AsyncClient(timeout=None) as client,
            client.stream("GET", f"{url}/api/pipelines/{pipeline_id}/events") as response,
        ):
            kind = ""
            async for line in response.aiter_lines():
                if line.startswith(":"):
                    opened.set()
                elif line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("id: ") and opened.is_set():
                    number = int(line.removeprefix("id: "))
                elif not line and kind == "revision":
                    numbers.append(number)
                    kind = ""

    async def run(self) -> None:
        """All agents and watchers; ends when the watchers have heard of everything."""
        async with Client(f"{self.servers[0]}/mcp") as client:
            for pipeline_id in self.edits:
                await client.call_tool("create_pipeline", {"name": "Shared", "id": pipeline_id})
        async with self.watched():
            await asyncio.gather(*(self.agent(number) for number in range(AGENTS)))
            for _ in range(100):
                if all(len(n) == len(self.edits[p]) for (_, p), n in self.told.items()):
                    break
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watchers of every pipeline at every server."""
        async with AsyncExitStack() as stack:
            watchers: list[asyncio.Task[Any]] = []
            for url in self.servers:
                for pipeline_id in self.edits:
                    opened = asyncio.Event()
                    task = asyncio.create_task(self.watcher(url, pipeline_id, opened))
                    stack.callback(task.cancel)
                    watchers.append(task)
                    await asyncio.wait_for(opened.wait(), 30)
            yield
            assert not [w for w in watchers if w.done()], "a stream ended"


def check(folder: Path, load_s: float) -> None:
    with cluster() as database, minting(database) as workspace:
        environment = workspace.environment | {
            "LAKESTREAM_LAKEBASE": INSTANCE,
            "LAKESTREAM_DATA_DIR": str(folder),
        }
        ports = [free_port(), free_port()]
        servers = [start(environment, port) for port in ports]
        try:
            load = Load([f"http://127.0.0.1:{port}" for port in ports], load_s)
            asyncio.run(load.run())
        finally:
            for server in servers:
                server.kill()
                server.wait()
        print(f"{load.calls} calls, {workspace.minted} passwords minted")
        consistent(load, database)
        assert workspace.minted >= load_s / workspace.life_s


def consistent(load: Load, database: Cluster) -> None:
    """Every edit has a revision of its own, the log no gap, and all watchers heard all of it."""
    assert load.calls > AGENTS
    for pipeline_id, edits in load.edits.items():
        made = list(range(2, len(edits) + 2))
        assert sorted(edits) == made
        for url in load.servers:
            assert load.told[url, pipeline_id] == made
    # The database is asked as an administrator, who needs no password.
    rows = database.run_in("app", "SELECT outcome, count(*) FROM audit GROUP BY outcome")
    assert {row[0] for row in rows} == {"ok"}


@pytest.mark.postgres
def test_a_hundred_agents_on_two_servers(tmp_path: Path) -> None:
    check(tmp_path, LOAD_S)


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.timeout(1200)
def test_a_hundred_agents_on_two_servers_soak(tmp_path: Path) -> None:
    check(tmp_path, LOAD_SOAK_S)
