"""A workspace per test, and a client of it that does not wait long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .site import VOLUME, Site
from .stand_in import StandIn
from .stories import Ground

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


@pytest.fixture
def world() -> Iterator[StandIn]:
    """An empty workspace."""
    with StandIn() as world:
        yield world


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK does not wait between its tries, and believes that it did."""
    from databricks.sdk.clock import RealClock

    waited: list[float] = []
    monkeypatch.setattr(RealClock, "sleep", lambda _, seconds: waited.append(seconds))
    monkeypatch.setattr(RealClock, "time", lambda _: time.time() + sum(waited))


@pytest.fixture(scope="session")
def engine() -> Iterator[LocalEngine]:
    """One engine for all servers of this folder."""
    engine = LocalEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def ground(engine: LocalEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Where stories of deployments are played."""
    with StandIn() as world:
        yield Ground(engine, tmp_path_factory.mktemp("stories"), world)


@pytest.fixture
def site(
    world: StandIn, tmp_path: Path, engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """A server that is connected to the workspace, where the volume of checkpoints is."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "none"))
    world.unity.add_volume(VOLUME)
    made = Site(world, tmp_path, engine)
    yield made
    made.close()


@pytest.fixture
def w(world: StandIn) -> WorkspaceClient:
    """The SDK as it is, for the workspace's owner."""
    return world.client()


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A process with a database of its own, which may read a folder of files."""
    data = tmp_path_factory.mktemp("data")
    (data / "in").mkdir()
    (data / "in" / "orders.csv").write_text("id,at\n1,2026-01-01T00:00:00Z\n")
    (data / "table" / "_delta_log").mkdir(parents=True)
    (data / "table" / "part-0.parquet").write_text("a file of a Delta table")
    (data / "in" / "notes.txt").write_text("no data")
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("store"),
        data_roots=(data,),
        databricks_timeout_s=2,
        databricks_retry_s=2,
    )
    host = Host.local(settings)
    yield host
    host.workspace.close()


@pytest.fixture
def connected(world: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The process's environment points at the workspace."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return world
