"""A test and a preview show what alert sinks would send, and send nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server

from .servers import http_server

EVENTS = [
    {"id": 1, "key": "a", "kind": "A", "at": "2026-03-01T00:00:00Z"},
    {"id": 2, "key": "b", "kind": "A", "at": "2026-03-01T00:01:00Z"},
]


def pipeline(url: str) -> dict[str, Any]:
    nodes: list[tuple[str, str, dict[str, Any]]] = [
        (
            "events",
            "auto-loader",
            {
                "path": "/data/in",
                "columns": "id bigint, key string, kind string, at timestamp",
                "event_time": "at",
                "watermark_delay": "1 second",
            },
        ),
        (
            "quiet",
            "absence",
            {
                "key": ["key"],
                "trigger": "kind = 'A'",
                "expected": "kind = 'B'",
                "within": "5 minutes",
            },
        ),
        (
            "slack",
            "slack-teams-pagerduty",
            {"provider": "slack", "webhook_url": url, "message": "{key} at {detected_at:time}"},
        ),
    ]
    return {
        "name": "Quiet",
        "nodes": [{"id": i, "type": t, "name": i, "config": c} for i, t, c in nodes],
        "edges": [
            {"source": "events", "target": "quiet"},
            {"source": "quiet", "target": "slack"},
        ],
    }


@pytest.fixture
def host(tmp_path: Path) -> Any:
    made = Host.local(Settings(data_dir=tmp_path))
    yield made
    made.workspace.close()


def call(host: Host, tool: str, **arguments: Any) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        async with Client(server(host)) as client:
            result = await client.call_tool(tool, arguments, raise_on_error=False)
        content: dict[str, Any] = result.structured_content or {}
        return content

    return asyncio.run(run())


def test_messages_are_shown_and_not_sent(host: Host) -> None:
    with http_server() as slack:
        made = call(host, "create_pipeline", document=pipeline(slack.url))
        assert "error" not in made, made
        where = {"pipeline_id": made["pipeline_id"]}
        tested = call(host, "test_pattern", **where, events=EVENTS)
        said = ["a at 00:05:00", "b at 00:06:00"]
        assert [m["text"] for m in tested["messages"]["slack"]] == said
        shown = call(host, "preview_node", **where, node="slack", events=EVENTS)
        assert [m["text"] for m in shown["messages"]] == said
        assert not slack.requests
