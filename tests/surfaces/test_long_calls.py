"""Calls that take long: the client hears that they go on, and may end them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from fastmcp import Client

from lakestream_mcp.operations import call, find
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server

from .callers import McpCaller
from .pipelines import CHANGES, ORDERS


def test_silent_work_is_told_of_every_second(fresh: Host) -> None:
    heard = threading.Event()

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        if message == "working":
            heard.set()

    async def ask() -> Any:
        async with Client(server(fresh)) as client:
            arguments = {"name": "Waits for another writer"}
            return await client.call_tool("create_pipeline", arguments, progress_handler=hear)

    def hold() -> None:
        with fresh.workspace.store.transaction(write=True):
            held.set()
            heard.wait(60)

    held, writer = threading.Event(), threading.Thread(target=hold)
    writer.start()
    held.wait()
    assert asyncio.run(ask()).structured_content["pipeline_id"]
    writer.join()
    assert heard.is_set()


class Left(BaseException):
    """What ends the work of a caller who has cancelled, as the surface raises it."""


def left(_: float, message: str) -> None:
    raise Left


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("benchmark_pattern", {"node": "burst", "rates": [100], "seconds": 1}),
        ("deploy", {"target": "bundle", "force_reason": "a plan only"}),
        ("edit_pipeline", {"changes": [{"op": "tidy"}]}),
        ("estimate_cost", {"load": {"events_per_second": 9, "keys": 9}}),
        ("generate_code", {}),
        ("nl_generate", {"text": "make the window 3 hours"}),
        ("preview_node", {"node": "burst", "events": {"file": "orders.jsonl"}}),
        ("review_pipeline", {"mode": "review"}),
        ("test_pattern", {"events": {"file": "orders.jsonl"}}),
        ("validate_pipeline", {}),
    ],
)
def test_long_work_ends_when_nobody_waits_for_it(
    fresh: Host, operation: str, arguments: dict[str, Any]
) -> None:
    caller, here = McpCaller(fresh), {"pipeline_id": "left"}
    caller.call("create_pipeline", {"id": "left", "name": "Left"})
    caller.call("create_node", here | ORDERS)
    made = caller.call("edit_pipeline", here | {"changes": CHANGES})
    leaving = fresh.workspace.with_caller(fresh.workspace.identity, left)
    with pytest.raises(Left):
        call(find(operation), leaving, here | arguments)
    assert caller.call("get_pipeline", here)["revision"] == made["revision"]


def test_a_cancelled_test_ends_and_stores_nothing(fresh: Host) -> None:
    caller, here = McpCaller(fresh), {"pipeline_id": "left"}
    caller.call("create_pipeline", {"id": "left", "name": "Left"})
    caller.call("create_node", here | ORDERS)
    caller.call("edit_pipeline", here | {"changes": CHANGES})

    async def leave() -> None:
        begun = asyncio.Event()

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            begun.set()

        async with Client(server(fresh)) as client:
            test = here | {"events": {"file": "orders.jsonl"}}
            waiting = asyncio.create_task(
                client.call_tool("test_pattern", test, progress_handler=hear)
            )
            await begun.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(leave())
    with fresh.workspace.store.transaction() as store:
        assert store.list_runs() == []
        assert "test_pattern" not in {row.operation for row in store.list_audit()}
