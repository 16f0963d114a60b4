"""One server and one browser for all tests of this folder; each test has a pipeline of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from .chromium import find_chromium
from .orders import nodes
from .server import Server

OpenPage = Callable[..., Page]
# No test fails because a machine is slow.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("there is no Chromium: `make test` gets one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real server over a temporary database."""
    server = Server(tmp_path_factory.mktemp("data"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[OpenPage]:
    """Opens a path in a page of its own; nothing on it may throw or come from elsewhere."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda r: None if r.url.startswith((server.url, "data:")) else wrong.append(r.url),
        )

    def open_path(path: str, **options: Any) -> Page:
        size = options.pop("size", (1280, 800))
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        watch(page)
        page.goto(server.url + path)
        return page

    yield open_path
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def orders(server: Server, request: pytest.FixtureRequest) -> str:
    """The id of a valid pipeline of a source, a filter, a pattern and a sink."""
    pipeline = re.sub(r"\W+", "_", request.node.name.removeprefix("test_"))[:40].strip("_")
    server.call("create_pipeline", id=pipeline, name="Orders", reason="Orders are to be shipped")
    changes = [{"op": "add_node", **node} for node in nodes(server.folder)]
    server.call("edit_pipeline", pipeline_id=pipeline, changes=changes, reason="The first version")
    return pipeline


@pytest.fixture
def restarted(server: Server) -> Iterator[Server]:
    """The server, for a test that stops it; it runs again afterwards."""
    yield server
    if server.process is None:
        server.start()


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder for a build."""
    return tmp_path / "built"
