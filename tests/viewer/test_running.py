"""The canvas while a pipeline runs on the server's machine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lakestream_mcp.deploy.running.place import RunFolder, kill_holder
from tests.running.spark_stand_in import python

from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.spark]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose Spark is the stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        spark = python(tmp_path_factory.mktemp("spark"))
        patch.setenv("LAKESTREAM_SPARK_PYTHON", str(spark))
        server = Server(tmp_path_factory.mktemp("data"))
        server.start()
        yield server
        server.stop()
        for folder in server.folder.glob("runs/*"):
            kill_holder(RunFolder(folder).supervisor_lock)


def behave(server: Server, pipeline: str, **behaviour: Any) -> None:
    """What Spark's stand-in does from its next start on."""
    folder = server.folder / "runs" / pipeline
    folder.mkdir(parents=True, exist_ok=True)
    behaviour |= {"query": "late", "pattern": "unshipped"}
    (folder / "behaviour.json").write_text(json.dumps(behaviour))


def test_load_and_state_are_live(server: Server, open_page: OpenPage, orders: str) -> None:
    page = open_page(f"/p/{orders}")
    line = page.locator(".run-line")
    expect(page.locator(".live")).to_have_text("live")
    expect(line).to_have_count(0)
    Path(server.folder, "orders").mkdir(exist_ok=True)
    behave(server, orders, batches=40, pause_s=0.1)
    server.call("run_pipeline", pipeline_id=orders, action="start")
    expect(line).to_contain_text(re.compile(r"running .*rows/s"))
    badge = page.locator(".card[data-node=unshipped] .load")
    expect(badge).to_contain_text(re.compile(r"\d+ matches"))
    expect(badge).to_contain_text("late")
    server.call("run_pipeline", pipeline_id=orders, action="stop")
    expect(line).to_contain_text("stopped")
