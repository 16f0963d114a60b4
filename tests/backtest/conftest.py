"""A process whose data root is the test's folder, with a pipeline in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.benchmark.pipelines import PAYMENTS
from tests.surfaces.callers import McpCaller, RestCaller


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A process of the test's own."""
    host = Host.local(Settings(data_dir=tmp_path / "store", data_roots=(tmp_path,)))
    assert "error" not in McpCaller(host).call("create_pipeline", {"document": PAYMENTS})
    yield host
    host.workspace.close()


@pytest.fixture
def rest(host: Host) -> RestCaller:
    """A deployer over HTTP."""
    return RestCaller(host)
