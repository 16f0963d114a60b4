"""Local runs: a pipeline over files, a process that serves it, and Spark or a stand-in for it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy import running
from lakestream_mcp.deploy.running.record import Record, State
from lakestream_mcp.deploy.running.restarts import Limits
from lakestream_mcp.operations import call, find
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .spark_stand_in import python

WAIT_S = 600
FAST = Limits(first_wait_s=0.1, wait_max_s=1.0, healthy_s=60, stop_s=10, disk_floor=1)
Json = dict[str, Any]


def document(folder: Path, merged: bool = True) -> Json:
    """Files → absence → a table that grows, and one that is merged into."""
    feed = {
        "path": str(folder),
        "columns": "id bigint, key string, kind string, at timestamp",
        "event_time": "at",
        "watermark_delay": "1 second",
        "max_files_per_batch": 1,
    }
    waits = {"key": ["key"], "trigger": "kind = 'A'", "expected": "kind = 'B'", "within": "90s"}
    nodes = [
        ("feed", "auto-loader", feed),
        ("quiet", "absence", waits),
        ("kept", "delta-table-sink", {"table": "kept"}),
    ]
    pairs = [("feed", "quiet"), ("quiet", "kept")]
    if merged:
        nodes.append(("merged", "delta-table-sink", {"table": "merged", "mode": "merge"}))
        pairs.append(("quiet", "merged"))
    return {
        "name": "Quiet",
        "nodes": [{"id": i, "type": t, "name": i, "config": c} for i, t, c in nodes],
        "edges": [{"source": a, "target": b} for a, b in pairs],
    }


class Run:
    """One pipeline and its local run, through the product's own functions."""

    def __init__(self, host: Host, data: Path) -> None:
        self.host = host
        self.ws = host.workspace
        self.data = data
        self.pipeline = "quiet"
        self.folder = host.workspace.settings.data_dir / "runs" / self.pipeline

    def create(self, made: Json) -> None:
        self.call("create_pipeline", id=self.pipeline, name="Quiet", document=made)

    def call(self, operation: str, **arguments: Any) -> Json:
        answer: Json = call(find(operation), self.ws, arguments).to_json()
        return answer

    def behave(self, **behaviour: Any) -> None:
        """What Spark's stand-in does from its next start on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "behaviour.json").write_text(json.dumps(behaviour))

    def start(self, limits: Limits = FAST, **options: Any) -> running.RunStatus:
        return running.start(
            self.ws, self.pipeline, 0, running.RunOptions(limits=limits, **options)
        )

    def stop(self) -> running.RunStatus:
        return running.stop(self.ws, self.pipeline)

    @property
    def status(self) -> running.RunStatus:
        return running.status(self.ws, self.pipeline)

    def until(
        self, held: Callable[[running.RunStatus], bool], seconds: float = WAIT_S
    ) -> running.RunStatus:
        """Wait for a status."""
        give_up_at = time.monotonic() + seconds
        while not held(now := self.status):
            assert time.monotonic() < give_up_at, f"{now}\n{self.log()}"
            time.sleep(0.05)
        return now

    def until_phase(self, *phases: str) -> running.RunStatus:
        return self.until(lambda now: now.phase in phases)

    def log(self) -> str:
        return "\n".join(running.log_lines(self.ws, self.pipeline, 60))


@pytest.fixture
def spark_python(tmp_path: Path) -> Path:
    """A Python that starts the stand-in where Spark's child is asked for."""
    return python(tmp_path)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Opens a process on a data folder of its own, and stops its run in the end."""
    hosts: list[Run] = []

    def open_run(python: Path | None = None, data_dir: Path | None = None) -> Run:
        data = tmp_path / "in"
        data.mkdir(exist_ok=True)
        settings = Settings(
            data_dir=data_dir or tmp_path / "data", data_roots=(data,), spark_python=python
        )
        run = Run(Host.local(settings), data)
        hosts.append(run)
        return run

    yield open_run
    for run in hosts:
        if (run.folder / "job.json").exists():
            run.stop()
        run.ws.close()


@pytest.fixture
def run(opened: Callable[..., Run], spark_python: Path) -> Run:
    """A pipeline that the stand-in runs."""
    made = opened(spark_python)
    made.create(document(made.data))
    made.behave(batches=3)
    return made


def supervisor_pid(run: Run) -> int:
    """The process that supervises."""
    pid: int = json.loads((run.folder / "supervisor.lock").read_text())["pid"]
    return pid


def state_of(run: Run) -> State:
    """How the run stands, as the supervisor wrote it down."""
    with Record.reading(run.folder / "run.db") as record:
        state = record.state()
    assert state is not None
    return state


def spark_pid(run: Run) -> int:
    """The process of Spark."""
    pid = state_of(run).spark_pid
    assert pid is not None
    return pid


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        stat_line = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat_line.rpartition(")")[2].split()[0] != "Z"


def group_of(pid: int) -> list[int]:
    """All living processes of a group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getpgid(int(entry.name)) == pid and is_alive(int(entry.name)):
                    found.append(int(entry.name))
            except ProcessLookupError:
                continue
    return found
