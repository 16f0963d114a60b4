"""Kills what takes part in a run, and looks whether its status is true all the time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from lakestream_mcp.deploy import running
from tests.surfaces.test_server_kill import free_port
from tests.surfaces.test_server_kill import start as serve

from .conftest import Run, group_of, is_alive, spark_pid, state_of, supervisor_pid

TRUE_WHILE_ALIVE = {"starting", "running", "restarting", "stopping"}
NOTICED_S, ANSWERED_S = 60, 120


class Killer:
    """Kills Spark, the server that started the run, or the supervisor. `options`: of each start."""

    def __init__(self, run: Run, options: dict[str, Any]) -> None:
        self.run, self.options = run, options

    def spark(self) -> None:
        """It is started again, and that is counted."""
        before = self.run.status.restarts or 0
        os.kill(spark_pid(self.run), signal.SIGKILL)
        self.run.until(lambda now: (now.restarts or 0) > before)

    def supervisor(self) -> None:
        """The run is lost, Spark goes as well, and a start goes on."""
        supervisor, spark = supervisor_pid(self.run), spark_pid(self.run)
        os.kill(supervisor, signal.SIGKILL)
        self.run.until(lambda now: now.phase == "lost", 5)
        assert not is_alive(supervisor)
        assert self.run.start(**self.options).phase in TRUE_WHILE_ALIVE
        give_up_at = time.monotonic() + 30
        while group_of(spark):
            assert time.monotonic() < give_up_at, "an orphan keeps the checkpoint"
            time.sleep(0.05)

    def server(self) -> None:
        """The run that a server has started goes on without it, and the next server shows it."""
        assert self.run.stop().phase == "stopped"
        with served(self.run) as first:
            started = told(first.post("/running", json={"action": "start", **self.options}))
        assert started["phase"] in TRUE_WHILE_ALIVE
        assert (self.run.status.run_id, self.run.status.is_alive) == (started["run_id"], True)
        with served(self.run) as second:
            seen = told(second.get("/running"))
        assert (seen["run_id"], seen["phase"] in TRUE_WHILE_ALIVE) == (started["run_id"], True)

    def nothing(self, seconds: float) -> None:
        """Leave it alone for so long: all the time its status is true."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.run.status.phase in TRUE_WHILE_ALIVE
            self.run.until(lambda _: has_its_process(self.run), NOTICED_S)
            time.sleep(0.5)


@contextmanager
def served(run: Run) -> Iterator[httpx2.Client]:
    """The pipeline's routes on a server of its own, which is killed in the end."""
    settings, port = run.ws.settings, free_port()
    environment = {"LAKESTREAM_DATA_DIR": str(settings.data_dir)}
    environment["LAKESTREAM_DATA_ROOTS"] = os.pathsep.join(map(str, settings.data_roots))
    if settings.spark_python:
        environment["LAKESTREAM_SPARK_PYTHON"] = str(settings.spark_python)
    server = serve(environment, port)
    try:
        address = f"http://127.0.0.1:{port}/api/pipelines/{run.pipeline}"
        with httpx2.Client(base_url=address, timeout=ANSWERED_S) as client:
            yield client
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def told(response: httpx2.Response) -> dict[str, Any]:
    """What an answer says of the run."""
    assert response.status_code == 200, response.text
    status: dict[str, Any] = response.json()["running"]
    return status


def has_its_process(run: Run) -> bool:
    """Whether Spark lives where the run is said to be running."""
    state = state_of(run)
    if state.phase != "running":
        return True
    return state.spark_pid is not None and is_alive(state.spark_pid)


def counted(now: running.RunStatus, rows: int) -> bool:
    """Whether every query has counted each row once, but for batches that were not measured."""
    return bool(now.queries) and all(
        load.total_rows == rows or (load.unmeasured and load.total_rows < rows)
        for load in now.queries.values()
    )
