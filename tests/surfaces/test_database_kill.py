"""`kill -9` of PostgreSQL while agents edit through a server: each edit is there once, or not yet.

The agents see no error: a transaction that was undone is repeated, and one whose commit got no
answer is looked up when the database is back.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest
from fastmcp import Client

from tests.storage.cluster import Cluster, cluster

from .test_server_kill import free_port, start

AGENTS = 6
KILLS, KILLS_SOAK = 2, 25


async def edit_until(url: str, pipeline_id: str, done: asyncio.Event) -> list[str]:
    """Set one description after the other as fast as answers come; those acknowledged."""
    acknowledged: list[str] = []
    async with Client(url) as client:
        await client.call_tool("create_pipeline", {"name": pipeline_id, "id": pipeline_id})
        while not done.is_set():
            text = f"edit {len(acknowledged)}"
            change = {"op": "set_pipeline", "description": text}
            await client.call_tool(
                "edit_pipeline", {"pipeline_id": pipeline_id, "changes": [change]}
            )
            acknowledged.append(text)
    return acknowledged


async def kill_at_random(database: Cluster, kills: int, seed: int, done: asyncio.Event) -> None:
    moment = random.Random(seed)
    for _ in range(kills):
        await asyncio.sleep(moment.uniform(0.5, 2.0))
        await asyncio.to_thread(database.kill)
        await asyncio.to_thread(database.start)
    await asyncio.sleep(0.5)
    done.set()


async def edited(url: str, database: Cluster, kills: int, seed: int) -> list[list[str]]:
    done = asyncio.Event()
    agents = (edit_until(url, f"agent_{n}", done) for n in range(AGENTS))
    outcome = await asyncio.gather(*agents, kill_at_random(database, kills, seed, done))
    return outcome[:-1]  # type: ignore[return-value]


def stored(database: Cluster, pipeline_id: str) -> list[str]:
    """The descriptions of all revisions but the first, in order."""
    rows = database.run(
        "SELECT document::json ->> 'description' FROM revisions"
        f" WHERE pipeline_id = '{pipeline_id}' AND number > 1 ORDER BY number"
    )
    return [row[0] for row in rows]


def check(folder: Path, kills: int, seed: int) -> None:
    with cluster() as database:
        environment = {
            "LAKESTREAM_DATA_DIR": str(folder),
            "LAKESTREAM_DATABASE_URL": database.text_of(),
        }
        port = free_port()
        server = start(environment, port)
        try:
            edits = asyncio.run(edited(f"http://127.0.0.1:{port}/mcp", database, kills, seed))
        finally:
            server.kill()
            server.wait()
        for number, acknowledged in enumerate(edits):
            assert acknowledged, "an agent that edited nothing tested nothing"
            assert stored(database, f"agent_{number}") == acknowledged, f"seed {seed}"
        rows = database.run("SELECT outcome, count(*) FROM audit GROUP BY outcome")
        assert {row[0] for row in rows} == {"ok"}


@pytest.mark.postgres
def test_no_edit_is_lost_or_made_twice(tmp_path: Path) -> None:
    check(tmp_path, KILLS, seed=1)


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.timeout(1800)
def test_no_edit_is_lost_or_made_twice_soak(tmp_path: Path) -> None:
    seed = int(time.time())
    print(f"seed {seed}")
    check(tmp_path, KILLS_SOAK, seed)
