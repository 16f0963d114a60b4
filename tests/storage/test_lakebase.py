"""Passwords that expire: minted for each connection by the real SDK, refused by a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakestream_mcp.errors import InvalidArgument, StoreFailed
from lakestream_mcp.identity import Identity
from lakestream_mcp.operations import call, find
from lakestream_mcp.settings import Settings
from lakestream_mcp.workspace import Workspace as Opened

from .cluster import Cluster, cluster
from .credentials import BEARER, ENDPOINT, INSTANCE, Workspace, minting

ANN = Identity("ann", "deployer")


@pytest.fixture(scope="module")
def database() -> Iterator[Cluster]:
    """A PostgreSQL of these tests' own: its rules of access are changed."""
    with cluster() as started:
        yield started


@pytest.fixture(scope="module")
def workspace(database: Cluster) -> Iterator[Workspace]:
    """A workspace whose passwords live for a second."""
    with minting(database, life_s=1.0) as made:
        yield made


def opened(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, folder: Path, lakebase: str
) -> Opened:
    for name, value in workspace.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAKESTREAM_LAKEBASE", lakebase)
    monkeypatch.setenv("LAKESTREAM_DATA_DIR", str(folder))
    return Opened.open(Settings.from_env(), ANN)


@pytest.mark.postgres
@pytest.mark.parametrize("lakebase", [INSTANCE, ENDPOINT])
def test_operations_outlive_passwords_and_sessions(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lakebase: str
) -> None:
    ws = opened(workspace, monkeypatch, tmp_path, lakebase)
    enough, give_up_at = workspace.minted + 3, time.monotonic() + 30
    while workspace.minted < enough:
        call(find("list_pipelines"), ws, {})
        assert time.monotonic() < give_up_at, "no new connection was needed"
    ws.close()


@pytest.mark.postgres
def test_a_workspace_that_mints_no_more(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ws = opened(workspace, monkeypatch, tmp_path, INSTANCE)
    call(find("list_pipelines"), ws, {})
    workspace.failing = True
    try:
        with pytest.raises(StoreFailed) as caught:
            for _ in range(100):
                call(find("list_pipelines"), ws, {})
                time.sleep(0.1)
    finally:
        workspace.failing = False
    assert caught.value.code == "STORE_UNAVAILABLE"
    assert "not today" in caught.value.message
    assert BEARER not in json.dumps(caught.value.to_json())
    call(find("list_pipelines"), ws, {})
    ws.close()


@pytest.mark.postgres
def test_a_process_that_is_nobody(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ws = opened(workspace, monkeypatch, tmp_path, INSTANCE)
    monkeypatch.setenv("DATABRICKS_TOKEN", "")
    with pytest.raises(StoreFailed) as caught:
        call(find("list_pipelines"), ws, {})
    assert caught.value.code == "STORE_UNAVAILABLE"
    assert "DATABRICKS_HOST" in (caught.value.hint or "")
    ws.close()


@pytest.mark.parametrize(
    ("given", "got"),
    [
        ({"LAKESTREAM_LAKEBASE": "no such/path", "PGHOST": "h"}, "no such/path"),
        ({"LAKESTREAM_LAKEBASE": "lake"}, None),
        ({"DATABRICKS_APP_NAME": "mcp-lake", "PGHOST": "h"}, None),
        ({"LAKESTREAM_LAKEBASE": "lake", "LAKESTREAM_DATABASE_URL": "sqlite:///x"}, None),
    ],
)
def test_settings_that_cannot_be_meant(given: dict[str, str], got: str | None) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Settings.from_env(given)
    assert caught.value.got == got


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
def test_a_minted_password_does_not_travel_in_the_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("PGSSLMODE", mode)
    url = "postgresql://app@database.example/app"
    ws = Opened.open(Settings(tmp_path, database_url=url, lakebase=INSTANCE), ANN)
    with pytest.raises(InvalidArgument) as caught:
        call(find("list_pipelines"), ws, {})
    assert (caught.value.code, caught.value.got) == ("INVALID_DATABASE_URL", mode)
