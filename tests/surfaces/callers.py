"""The three surfaces as one kind of caller: an operation and its arguments in, JSON out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Protocol

import httpx2
from click.testing import CliRunner
from fastmcp import Client
from fastmcp.client.client import CallToolResult

from lakestream_mcp.operations import Operation, find
from lakestream_mcp.surfaces.cli import main
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.http import application
from lakestream_mcp.surfaces.mcp import server

Json = dict[str, Any]
BASE = "http://127.0.0.1:8321"


def told(content: Json) -> Json:
    """An answer as all surfaces give it: an error has the id of its request, which differs."""
    if "error" in content:
        assert content["error"].pop("request_id")
    return content


class Caller(Protocol):
    """A surface."""

    def call(self, name: str, arguments: Mapping[str, Any]) -> Json:
        """The JSON answer, or `{"error": …}`."""
        ...


class McpCaller:
    """The in-memory MCP client."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def call(self, name: str, arguments: Mapping[str, Any]) -> Json:
        result = self.result(name, arguments)
        content: Json = result.structured_content or {}
        assert result.is_error == ("error" in content), content
        assert result.content, "a tool answers with text too"
        return told(content)

    def result(self, name: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """The whole answer of the tool."""

        async def ask() -> CallToolResult:
            async with Client(server(self.host)) as client:
                return await client.call_tool(name, dict(arguments), raise_on_error=False)

        return asyncio.run(ask())


class RestCaller:
    """HTTP against the ASGI application, addressed as the registry says."""

    def __init__(self, host: Host) -> None:
        self.app = application(host, host.workspace.settings)

    def call(self, name: str, arguments: Mapping[str, Any]) -> Json:
        return asyncio.run(self._call(find(name), dict(arguments)))

    async def _call(self, op: Operation, arguments: Json) -> Json:
        path = op.path
        for parameter in op.path_parameters:
            path = path.replace(f"{{{parameter}}}", str(arguments.pop(parameter)))
        response = await self.request(op.method, path, arguments)
        lines = response.headers["content-type"].startswith("application/x-ndjson")
        content: Json = (
            {"entries": [json.loads(line) for line in response.text.splitlines()]}
            if lines
            else response.json()
        )
        assert (response.status_code == 200) == ("error" not in content), content
        return told(content)

    async def request(
        self, method: str, path: str, arguments: Json, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            given = dict(headers or {})
            if method in {"GET", "DELETE"}:
                query = {
                    k: v if isinstance(v, str) else json.dumps(v) for k, v in arguments.items()
                }
                return await client.request(method, path, params=query, headers=given)
            return await client.request(method, path, json=arguments, headers=given)


class CliCaller:
    """The command line, in this process."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def call(self, name: str, arguments: Mapping[str, Any]) -> Json:
        result = CliRunner().invoke(main, self.line(find(name), arguments), obj=self.host)
        assert result.exit_code in (0, 1), result.output
        text = result.stderr if result.exit_code else result.stdout
        content: Json = json.loads(text)
        assert (result.exit_code == 1) == ("error" in content)
        return told(content)

    def line(self, op: Operation, arguments: Mapping[str, Any]) -> list[str]:
        """The words of the command."""
        words = [op.command, *(str(arguments[p]) for p in op.path_parameters), "--json"]
        for name, value in arguments.items():
            flag = name.replace("_", "-")
            if name in op.path_parameters:
                continue
            if isinstance(value, bool):
                words.append(f"--{flag}" if value else f"--no-{flag}")
            else:
                words += [f"--{flag}", value if isinstance(value, str) else json.dumps(value)]
        return words
