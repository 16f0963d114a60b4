"""Both eras of the protocol, over stdio and HTTP, with pages and without: the same answers."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from fastmcp import Client
from fastmcp.apps import UI_EXTENSION_ID, UI_MIME_TYPE
from fastmcp.client.transports import StdioTransport
from mcp.client import advertise

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .conftest import DATA
from .pipelines import CHANGES, ORDERS
from .served import served

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")
VARYING = re.compile(
    r"run_[0-9a-z]+|\d{4}-\d\d-\d\dT[0-9:.]+Z|[0-9a-f]{12,64}|127\.0\.0\.1:\d+|in \d\.\d+ s"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over HTTP."""
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("eras"), data_roots=(DATA,)))
    with served(host) as url:
        yield f"{url}/mcp"
    host.workspace.close()


def transport(over: str, address: str, folder: Path) -> Any:
    if over == "http":
        return address
    environment = {"LAKESTREAM_DATA_DIR": str(folder), "LAKESTREAM_DATA_ROOTS": str(DATA)}
    command = ["-m", "lakestream_mcp", "serve", "--transport", "stdio"]
    return StdioTransport(sys.executable, command, env=environment)


async def told(client: Client[Any], name: str) -> list[str]:
    """What a client is told on the way from nothing to an explanation."""
    here = {"pipeline_id": name}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("create_pipeline", {"id": name, "name": "Orders"}),
        ("create_node", here | ORDERS),
        ("edit_pipeline", here | {"changes": CHANGES}),
        ("edit_pipeline", here | {"changes": [{"op": "fly"}]}),
        ("test_pattern", here | {"events": {"file": "orders.jsonl"}}),
        ("explain_match", {"run_id": "$run"}),
        ("generate_code", here),
    ]
    heard, run = [], ""
    async with client:
        for tool, arguments in steps:
            given = {k: run if v == "$run" else v for k, v in arguments.items()}
            result = await client.call_tool(tool, given, raise_on_error=False)
            run = (result.structured_content or {}).get("run_id", run)
            heard.append(VARYING.sub("…", result.content[0].text.replace(name, "…")))
        document = await client.read_resource(f"lakestream://pipelines/{name}")
        prompt = await client.get_prompt("build_pipeline", {"goal": "late parcels"})
        heard += [document[0].text, prompt.messages[0].content.text]
        heard += sorted(tool.name for tool in await client.list_tools())
    return heard


@pytest.fixture(scope="module")
def expected(address: str) -> list[str]:
    """What the newest client is told over HTTP."""
    return asyncio.run(told(Client(address), "orders_00000"))


@pytest.mark.parametrize("apps", [False, True], ids=["plain", "apps"])
@pytest.mark.parametrize("over", ["http", "stdio"])
@pytest.mark.parametrize("era", ERAS)
def test_the_same_answers(
    address: str, expected: list[str], tmp_path: Path, era: Era, over: str, apps: bool
) -> None:
    pages = [advertise(UI_EXTENSION_ID, {"mimeTypes": [UI_MIME_TYPE]})] if apps else []
    client = Client(transport(over, address, tmp_path), mode=era, extensions=pages)
    heard = asyncio.run(told(client, f"orders_{era[:2]}{over[:2]}{apps:d}"))
    assert [line for line in heard if line != "read_canvas"] == expected
    assert ("read_canvas" in heard) == (apps and knows_capabilities(era, over))


def knows_capabilities(era: Era, over: str) -> bool:
    """Whether the server hears what a client can do: not from an older one over stateless HTTP."""
    return era == "auto" or over == "stdio"
