"""`kill -9` of the server and of PostgreSQL, in turn and at once, while agents edit.

A client that loses its server cannot know what became of its last edit; what it was told of is
there, and nothing is there twice.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from fastmcp import Client

from tests.storage.cluster import Cluster, cluster

from .test_database_kill import stored
from .test_server_kill import free_port, start

AGENTS = 4
KILLS = 24


class Service:
    """A server on its database; either can be killed and started again."""

    def __init__(self, folder: Path, database: Cluster) -> None:
        self.database = database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self._environment = {
            "LAKESTREAM_DATA_DIR": str(folder),
            "LAKESTREAM_DATABASE_URL": database.text_of(),
        }
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._server = start(self._environment, self.port)

    def kill(self) -> None:
        assert self._server is not None
        self._server.kill()
        self._server.wait()

    def strike(self, number: int) -> None:
        """Kill the one, the other, or both."""
        if number % 3 != 0:
            self.kill()
        if number % 3 != 1:
            self.database.kill()
            self.database.start()
        if number % 3 != 0:
            self.start()


async def edit_through(url: str, pipeline_id: str, done: asyncio.Event) -> list[str]:
    """Send edits, each once; those acknowledged."""
    acknowledged: list[str] = []
    sent = 0
    while not done.is_set():
        # Without its server a client fails in one of many ways; it comes back.
        with suppress(Exception):
            async with Client(url, timeout=60) as client:
                while not done.is_set():
                    text, sent = f"edit {sent}", sent + 1
                    change = {"op": "set_pipeline", "description": text}
                    given = {"pipeline_id": pipeline_id, "changes": [change]}
                    await client.call_tool("edit_pipeline", given)
                    acknowledged.append(text)
        await asyncio.sleep(0.05)
    return acknowledged


async def run(service: Service, seed: int) -> list[list[str]]:
    moment, done = random.Random(seed), asyncio.Event()
    async with Client(service.url) as client:
        for number in range(AGENTS):
            given = {"name": "Struck", "id": f"struck_{number}"}
            await client.call_tool("create_pipeline", given)

    async def strike() -> None:
        for number in range(KILLS):
            await asyncio.sleep(moment.uniform(0.3, 2.0))
            await asyncio.to_thread(service.strike, number)
        await asyncio.sleep(1)
        done.set()

    agents = [edit_through(service.url, f"struck_{n}", done) for n in range(AGENTS)]
    outcome = await asyncio.gather(*agents, strike())
    return [edits for edits in outcome if edits is not None]


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.timeout(1800)
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    seed = int(time.time())
    print(f"seed {seed}")
    with cluster() as database:
        service = Service(tmp_path, database)
        service.start()
        try:
            edits = asyncio.run(run(service, seed))
        finally:
            service.kill()
        assert len(edits) == AGENTS
        for number, acknowledged in enumerate(edits):
            found = stored(database, f"struck_{number}")
            assert len(acknowledged) > KILLS
            assert len(found) == len(set(found)), "an edit was made twice"
            assert set(acknowledged) <= set(found), "an acknowledged edit is lost"
            order = {text: place for place, text in enumerate(found)}
            assert acknowledged == sorted(acknowledged, key=order.__getitem__)
