"""Work on a real Spark as an agent asks for it: told on the way, and over when it is cancelled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fastmcp import Client

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server
from tests.backtest.history import payments, write_json
from tests.surfaces.callers import McpCaller

from .pipelines import PAYMENTS

pytestmark = pytest.mark.spark
BENCHMARK = {"pipeline_id": "payments", "node": "burst", "engine": "spark", "keys": 20}
BACKTEST = {"pipeline_id": "payments", "events": {"backtest": {"path": "history"}}}
FILES = 200
ENDED_S, HEARD_S = 90, 240


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A process of the test's own, with a pipeline and a long history."""
    host = Host.local(Settings(data_dir=tmp_path / "store", data_roots=(tmp_path,)))
    assert "error" not in McpCaller(host).call("create_pipeline", {"document": PAYMENTS})
    write_json(tmp_path / "history", payments(20 * FILES), FILES)
    yield host
    host.workspace.close()


def cancelled(host: Host, operation: str, asked: dict[str, Any], at: str) -> list[str]:
    """What was told of a call until it was cancelled, when something was said of this."""
    told: list[str] = []
    heard = asyncio.Event()

    async def hear(share: float, total: float | None, message: str | None) -> None:
        assert total == 1.0 and 0 <= share <= 1
        told.append(message or "")
        if at in told[-1]:
            heard.set()

    async def ask() -> None:
        async with Client(server(host)) as client:
            call = asyncio.create_task(client.call_tool(operation, asked, progress_handler=hear))
            waiting = asyncio.create_task(heard.wait())
            await asyncio.wait({call, waiting}, timeout=HEARD_S, return_when="FIRST_COMPLETED")
            assert heard.is_set() and not call.done(), told
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(ask())
    return told


def sparks() -> list[psutil.Process]:
    """The processes of Spark that this one has started."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "spark_child.py" in " ".join(_command(child))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def ended() -> bool:
    """Whether Spark comes to its end."""
    give_up_at = time.monotonic() + ENDED_S
    while sparks() and time.monotonic() < give_up_at:
        time.sleep(0.1)
    return not sparks()


def test_a_benchmark_is_told_and_cancelled(host: Host) -> None:
    agent = McpCaller(host)
    long = BENCHMARK | {"rates": [100, 200], "seconds": 600}
    told = cancelled(host, "benchmark_pattern", long, "batch 1 on Spark")
    assert "starting Spark" in told
    assert any("events/s on Spark" in said for said in told)
    assert ended()
    assert agent.call("list_runs", {"pipeline_id": "payments"})["runs"] == []
    short = agent.call("benchmark_pattern", BENCHMARK | {"rates": [100], "seconds": 4})
    (step,) = short["steps"]
    assert step["events"] == 400 and step["batches"] >= 2
    (kept,) = agent.call("list_runs", {"pipeline_id": "payments", "kind": "benchmark"})["runs"]
    assert kept["run_id"] == short["run_id"]


def test_a_backtest_is_told_and_cancelled(host: Host, tmp_path: Path) -> None:
    told = cancelled(host, "test_pattern", BACKTEST, ": batch ")
    assert told[-1].split(": batch ")[1].isdigit()
    assert ended()
    scratch = tmp_path / "store" / "scratch"
    assert not scratch.exists() or list(scratch.iterdir()) == []
    assert McpCaller(host).call("list_runs", {"pipeline_id": "payments"})["runs"] == []
