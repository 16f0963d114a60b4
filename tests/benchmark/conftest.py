"""One process for all tests of this folder: its engine starts once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.surfaces.callers import Caller, McpCaller

from .pipelines import PAYMENTS


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A process with a database of its own, and a pipeline in it."""
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("store")))
    made = McpCaller(host).call("create_pipeline", {"document": PAYMENTS})
    assert made["pipeline_id"] == "payments"
    yield host
    host.workspace.close()


@pytest.fixture(scope="session")
def agent(host: Host) -> Caller:
    """A deployer over MCP."""
    return McpCaller(host)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of the test's own."""
    return tmp_path
