"""What a stream tells of a run on this machine: to whom, when, and with the database away."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakestream_mcp.deploy.running.job import Job
from lakestream_mcp.deploy.running.place import RunFolder
from lakestream_mcp.identity import Identity
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces import run_events
from lakestream_mcp.surfaces.run_events import RunNews
from lakestream_mcp.workspace import Workspace

ANN = Identity("ann", "viewer")


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question is a look."""
    monkeypatch.setattr(run_events, "LOOK_S", 0.0)


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[Workspace]:
    """Ann, who may read."""
    workspace = Workspace.open(Settings(data_dir=tmp_path), ANN)
    yield workspace
    workspace.close()


def started(data_dir: Path, revision: int = 1) -> None:
    """The folder of a run whose supervisor has died."""
    folder = RunFolder(data_dir / "runs" / "quiet")
    folder.root.mkdir(parents=True, exist_ok=True)
    places = dict.fromkeys(("cwd", "python", "java_home", "cache"), str(data_dir))
    Job(
        run_id="run",
        pipeline_id="quiet",
        revision=revision,
        code_sha256="0" * 64,
        trigger="once",
        started_by="ann",
        started_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        jars=[],
        **places,
    ).write(folder)


def told(news: RunNews) -> int | None:
    """The revision that is told of, None for nothing."""
    status = asyncio.run(news.next())
    return None if status is None else int(status["revision"])


def test_a_run_is_told_when_it_has_changed(ann: Workspace, tmp_path: Path) -> None:
    news = RunNews(ann, "quiet")
    assert told(news) is None, "it never ran here"
    started(tmp_path)
    assert [told(news), told(news)] == [1, None]
    started(tmp_path, 2)
    assert [told(news), told(news)] == [2, None]


def test_a_run_is_told_to_those_who_may_see_it_by_then(ann: Workspace, tmp_path: Path) -> None:
    news = RunNews(ann, "quiet")
    started(tmp_path)
    assert told(news) == 1
    for role, heard in (("none", None), ("viewer", 2)):
        with ann.store.transaction(write=True) as store:
            store.set_grant("ann", "quiet", role, by="root")  # type: ignore[arg-type]
        started(tmp_path, 2)
        assert told(news) == heard


def test_a_stream_outlives_a_database_that_is_away(tmp_path: Path) -> None:
    away = Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    ws = Workspace.open(away, ANN)
    started(tmp_path)
    assert told(RunNews(ws, "quiet")) is None
