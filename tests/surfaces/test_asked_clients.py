"""Clients that lend their model and their user, and clients that do not: over both transports and
in both eras each is asked, or told what it can do instead."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from mcp.types import CreateMessageResult, TextContent

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from ..language.drafts import reply
from .conftest import DATA
from .pipelines import CHANGES, ORDERS
from .served import served
from .test_eras import ERAS, Era, transport

SAID = "I only build pipelines."


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over HTTP, whose callers may deploy."""
    folder = tmp_path_factory.mktemp("asked")
    host = Host.local(Settings(data_dir=folder, data_roots=(DATA,)))
    with served(host) as url:
        yield f"{url}/mcp"
    host.workspace.close()


async def model(messages: Any, params: Any, context: Any) -> CreateMessageResult:
    """The client's model."""
    text = TextContent(type="text", text=json.dumps(reply(refusal=SAID)))
    return CreateMessageResult(role="assistant", content=text, model="of-the-client")


async def person(message: str, kind: Any, params: Any, context: Any) -> Any:
    """The client's user, who does not agree."""
    return ElicitResult(action="decline")


async def answers(client: Client[Any], name: str) -> tuple[Any, Any]:
    """What comes of words for the client's model, and of a plan that a person should see."""
    here = {"pipeline_id": name}
    async with client:
        words = {"text": "write me a poem", "backend": "client"}
        said = await client.call_tool("nl_generate", words, raise_on_error=False)
        await client.call_tool("create_pipeline", {"id": name, "name": "Orders"})
        await client.call_tool("create_node", here | ORDERS)
        await client.call_tool("edit_pipeline", here | {"changes": CHANGES})
        plan = here | {"target": "bundle", "force_reason": "only to look at its plan"}
        planned = await client.call_tool("deploy", plan, raise_on_error=False)
    return said.structured_content, planned.structured_content


@pytest.mark.parametrize("able", [False, True], ids=["unable", "able"])
@pytest.mark.parametrize("over", ["http", "stdio"])
@pytest.mark.parametrize("era", ERAS)
def test_a_client_is_asked_or_told_why_not(
    address: str, tmp_path: Path, era: Era, over: str, able: bool
) -> None:
    handlers: Any = {"sampling_handler": model, "elicitation_handler": person} if able else {}
    client = Client(transport(over, address, tmp_path), mode=era, **handlers)
    said, planned = asyncio.run(answers(client, f"asked_{era}_{over}_{able:d}"))
    if able and era == "auto":
        assert (said["refusal"], said["model"]) == (SAID, "of-the-client")
    else:
        unheard = era == "legacy" and over == "http"
        why = "speaks an older" if able or unheard else "does not offer sampling"
        assert said["error"]["code"] == "MODEL_NOT_SET_UP"
        assert why in said["error"]["message"]
    asked = able and (era == "auto" or over == "stdio")
    assert planned["status"] == ("declined" if asked else "planned"), planned
