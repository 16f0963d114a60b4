"""CPU seconds of our stdio server against a bare FastMCP one: spawn, initialize, list tools, exit.

    python benchmarks/server_start.py [--rounds 20] [--json]

The two are started in turn, so that a busy machine slows both; the medians' ratio is the answer.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile

BARE = """
from fastmcp import FastMCP
mcp = FastMCP("bare")
@mcp.tool
def hello(name: str) -> str:
    "Say hello."
    return name
mcp.run(transport="stdio", show_banner=False)
"""
OURS = [sys.executable, "-m", "lakestream_mcp", "serve", "--transport", "stdio"]
MESSAGES = (
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "benchmark", "version": "0"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
)


def cpu_s(command: list[str], data_dir: str) -> float:
    """User and system seconds of one session, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    server = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"LAKESTREAM_DATA_DIR": data_dir},
        text=True,
    )
    assert server.stdin and server.stdout
    for message in MESSAGES:
        server.stdin.write(json.dumps(message) + "\n")
        server.stdin.flush()
        if "id" in message:
            answer = json.loads(server.stdout.readline())
            assert "result" in answer, answer
    server.stdin.close()
    server.wait(20)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Interleave the two servers and print medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        commands = {"bare": [sys.executable, "-c", BARE], "ours": OURS}
        for command in commands.values():
            cpu_s(command, folder)
        for _ in range(given.rounds):
            for name, command in commands.items():
                times[name].append(cpu_s(command, folder))
    bare, ours = (statistics.median(times[name]) for name in ("bare", "ours"))
    answer = {"bare_s": round(bare, 3), "ours_s": round(ours, 3), "ratio": round(ours / bare, 3)}
    if given.json:
        print(json.dumps(answer))
    else:
        print(f"bare FastMCP {bare:.3f} s, lakestream {ours:.3f} s CPU: ratio {ours / bare:.2f}")


if __name__ == "__main__":
    main()
