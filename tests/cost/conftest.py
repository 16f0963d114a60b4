"""A process with a pipeline in it, and a workspace on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.benchmark.pipelines import PAYMENTS
from tests.databricks.stand_in.server import StandIn
from tests.surfaces.callers import Caller, McpCaller


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A process that no workspace is connected to."""
    for name in ("DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_WAREHOUSE_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "none"))
    host = Host.local(Settings(data_dir=tmp_path))
    assert "error" not in McpCaller(host).call("create_pipeline", {"document": PAYMENTS})
    yield host
    host.workspace.close()


@pytest.fixture
def agent(host: Host) -> Caller:
    """A deployer over MCP."""
    return McpCaller(host)


@pytest.fixture
def world(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A workspace with a warehouse, which the process is connected to from now on."""
    assert host
    with StandIn() as world:
        world.warehouses.add("small")
        for name, value in world.environment.items():
            monkeypatch.setenv(name, value)
        yield world
