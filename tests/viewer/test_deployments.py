"""The canvas while a pipeline is deployed to a workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.databricks.site import VOLUME
from tests.databricks.stand_in import StandIn

from .server import Server

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
FORCED = {"force_reason": "a test of the canvas"}


@pytest.fixture(scope="module")
def world() -> Iterator[StandIn]:
    """A workspace with the volume of checkpoints."""
    with StandIn() as world:
        world.unity.add_volume(VOLUME)
        yield world


@pytest.fixture(scope="module")
def server(world: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is connected to the workspace."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment.items():
            patch.setenv(name, value)
        patch.setenv("DATABRICKS_CONFIG_FILE", "none")
        server = Server(tmp_path_factory.mktemp("data"))
        server.start()
        yield server
        server.stop()


def plan(server: Server, pipeline: str, action: str) -> dict[str, Any]:
    """What confirms a deployment."""
    answer = server.call("deploy", pipeline_id=pipeline, action=action, **FORCED)
    given = {"action": action, "confirm": answer["confirm"]}
    return {"pipeline_id": pipeline, **given, **FORCED}


def test_a_deployment_is_live(
    world: StandIn, server: Server, open_page: OpenPage, orders: str
) -> None:
    page = open_page(f"/p/{orders}")
    line, status = page.locator(".deployment-line"), page.locator(".pipeline-status")
    expect(page.locator(".live")).to_have_text("live")
    expect(line).to_have_count(0)
    world.fail("jobs.create", 1, "hang")
    pending = server.thread.submit(
        asyncio.run, server._call("deploy", plan(server, orders, "deploy"))
    )
    expect(line).to_contain_text("applying deploy to the workspace · revision 2")
    world.closing.set()  # the connection ends, and what was done is taken back
    expect(line).to_contain_text("undone deploy to the workspace · revision 2")
    assert pending.exception() is not None
    world.closing.clear()
    server.call("deploy", **plan(server, orders, "deploy"))
    expect(line).to_contain_text("deployed deploy to the workspace · revision 2")
    expect(status).to_have_text("deployed")
    change = {"op": "update_node", "id": "large", "config": {"condition": "amount > 11"}}
    server.call("edit_pipeline", pipeline_id=orders, changes=[change], reason="Larger")
    expect(line).to_contain_text("revision 2, not 3")
    server.call("deploy", **plan(server, orders, "destroy"))
    expect(line).to_contain_text("destroyed destroy")
