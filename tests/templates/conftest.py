"""One process for all tests of this folder: its engine starts once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.surfaces.callers import Caller, McpCaller


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A process with a database of its own."""
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("store")))
    yield host
    host.workspace.close()


@pytest.fixture(scope="session")
def agent(host: Host) -> Caller:
    """An agent over MCP."""
    return McpCaller(host)
