"""How long an agent waits: warm calls through the in-memory MCP client.

    python benchmarks/latency.py [--rounds 50] [--json]

`edit_new` changes a condition to one never seen, so the changed nodes are analysed; `edit_known`
only renames, so nothing is; `test_pattern` runs 20 events through three nodes; `validate_500` looks
at a pipeline of 500 nodes that was looked at before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastmcp import Client

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server

TARGETS_MS = {"edit_new": 15, "edit_known": 5, "test_pattern": 30, "validate_500": 50}
SOURCE = {
    "type": "auto-loader",
    "id": "orders",
    "config": {
        "path": "orders",
        "columns": "customer string, amount double, at timestamp",
        "event_time": "at",
        "watermark_delay": "1 minute",
    },
}
COUNT = {"key": ["customer"], "where": "amount > 2", "threshold": 3, "window": "1 hour"}
CHANGES = [
    {"op": "add_node", "node": SOURCE},
    {
        "op": "add_node",
        "node": {"type": "filter", "id": "big", "config": {"condition": "amount > 1"}},
        "after": "orders",
    },
    {
        "op": "add_node",
        "node": {"type": "count-threshold", "id": "burst", "config": COUNT},
        "after": "big",
    },
    {
        "op": "add_node",
        "node": {"type": "file-sink", "id": "out", "config": {"path": "out"}},
        "after": "burst",
    },
]
EVENTS = [
    {"customer": f"c{n % 3}", "amount": float(n), "at": f"2026-01-01T10:{n:02}:00Z"}
    for n in range(20)
]
Call = Callable[..., Awaitable[dict[str, Any]]]


def many_filters(count: int) -> list[dict[str, Any]]:
    """A source, filters one after the other, a sink."""
    changes: list[dict[str, Any]] = [{"op": "add_node", "node": SOURCE}]
    before = "orders"
    for n in range(count - 2):
        node = {"type": "filter", "id": f"f{n}", "config": {"condition": f"amount > {n}"}}
        changes.append({"op": "add_node", "node": node, "after": before})
        before = f"f{n}"
    sink = {"type": "file-sink", "id": "out", "config": {"path": "out"}}
    return [*changes, {"op": "add_node", "node": sink, "after": before}]


def filter_change(number: int) -> dict[str, Any]:
    """A condition that was never seen before."""
    condition = f"amount > {number} AND customer IS NOT NULL"
    return {"op": "update_node", "id": "big", "config": {"condition": condition}}


async def measure(rounds: int) -> dict[str, float]:
    """The median of each kind of call, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        host = Host.local(Settings(data_dir=Path(folder)))
        try:
            async with Client(server(host)) as client:

                async def call(tool: str, **arguments: Any) -> dict[str, Any]:
                    result = await client.call_tool(tool, arguments)
                    return result.structured_content or {}

                return await measured(call, rounds)
        finally:
            host.workspace.close()


async def measured(call: Call, rounds: int) -> dict[str, float]:
    """Warm up, then take the kinds of call in turn."""
    here = {"pipeline_id": "latency"}
    await call("create_pipeline", name="Latency")
    await call("edit_pipeline", **here, changes=CHANGES)
    await call("test_pattern", **here, events=EVENTS)
    await call("create_pipeline", name="Large")
    await call("edit_pipeline", pipeline_id="large", changes=many_filters(500))
    times: dict[str, list[float]] = {name: [] for name in TARGETS_MS}
    for n in range(rounds):
        rename = {"op": "rename_node", "id": "big", "name": f"Big {n}"}
        for name, tool, arguments in (
            ("edit_new", "edit_pipeline", {**here, "changes": [filter_change(n)]}),
            ("edit_known", "edit_pipeline", {**here, "changes": [rename]}),
            ("test_pattern", "test_pattern", {**here, "events": EVENTS}),
            ("validate_500", "validate_pipeline", {"pipeline_id": "large"}),
        ):
            started = time.perf_counter()
            await call(tool, **arguments)
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: round(statistics.median(taken), 1) for name, taken in times.items()}


def main() -> None:
    """Print the medians beside what they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    medians = asyncio.run(measure(given.rounds))
    if given.json:
        sys.stdout.write(json.dumps(medians) + "\n")
        return
    for name, taken in medians.items():
        print(f"{name:<14} p50 {taken:7.1f} ms   target {TARGETS_MS[name]} ms")


if __name__ == "__main__":
    main()
