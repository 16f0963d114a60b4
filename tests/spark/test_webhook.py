"""Events posted to a real server that is killed in between: Spark reads each of them once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import pyarrow.parquet as pq
import pytest

from lakestream_mcp.cep.events import table_of
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.operations import call, find
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.codegen.bench import Bench, chain
from tests.surfaces.test_server_kill import free_port, start

pytestmark = pytest.mark.spark
COLUMNS = (
    "id bigint, note string, price decimal(20,4), at timestamp, local timestamp_ntz, day date, "
    "more struct<a:int,b:array<string>>, seen map<string,bigint>"
)
REQUESTS = 120
KILLS = 3


def event(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "note": None if number % 7 == 0 else f"é\u0000 '{number}'",
        "price": f"12345678901234.{number:04d}",
        "at": f"2026-01-01T10:00:00.{number:06d}Z",
        "local": f"2026-10-25T02:30:00.{number:06d}",
        "day": "1900-01-01",
        "more": {"a": number, "b": ["x", None]},
        "seen": {"k": number},
    }


class Poster:
    """Sends every request until it is acknowledged, whoever answers."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hooks/hooked/events"
        self.acknowledged = 0
        self.statuses: set[int] = set()

    def post(self, numbers: range) -> None:
        """One request after the other, with the secret and a key."""
        headers = {"Authorization": "Bearer t0ken"}
        with httpx2.Client(timeout=10) as client:
            for number in numbers:
                body = [event(2 * number), event(2 * number + 1)]
                while not self._acknowledged(
                    client, body, headers | {"Idempotency-Key": str(number)}
                ):
                    time.sleep(0.1)

    def _acknowledged(self, client: httpx2.Client, body: Any, headers: dict[str, str]) -> bool:
        try:
            answer = client.post(self.url, json=body, headers=headers)
        except httpx2.HTTPError:
            return False
        self.statuses.add(answer.status_code)
        assert answer.status_code in (200, 202), answer.text
        self.acknowledged += 1
        return True


def test_acknowledged_events_are_read_once(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    source = {
        "id": "events",
        "type": "rest-webhook-source",
        "name": "Events",
        "config": {
            "landing_path": str(tmp_path / "land"),
            "columns": COLUMNS,
            "auth": "bearer",
            "auth_secret": "secret://hooks/token",
        },
    }
    document = chain(source)
    document["nodes"][-1]["config"] = {"path": str(tmp_path / "out"), "format": "parquet"}
    host = Host.local(Settings(data_dir=tmp_path / "store"))
    call(
        find("create_pipeline"),
        host.caller({}),
        {"name": "H", "id": "hooked", "document": document},
    )
    host.workspace.close()
    post_with_kills(tmp_path)
    made = bench.make(document)
    (notebook,) = made.generated.files.values()
    folders = {"checkpoints": str(tmp_path / "c"), "tables": str(tmp_path / "t")}
    for _ in range(2):
        spark.request("run", notebook=notebook, parameters=folders)
    wanted, _ = table_of(map(event, range(2 * REQUESTS)), made.validation.relations["events"], "")
    read = pq.read_table(tmp_path / "out").sort_by("id")
    instants = read["at"].cast(wanted.schema.field("at").type)  # the file has them without zone
    read = read.set_column(read.column_names.index("at"), "at", instants)
    assert read.select(wanted.column_names).to_pylist() == wanted.to_pylist()


def post_with_kills(folder: Path) -> None:
    """Send all requests, and kill the server while they come."""
    environment = {
        "LAKESTREAM_DATA_DIR": str(folder / "store"),
        "LAKESTREAM_DATA_ROOTS": str(folder / "land"),
        "HOOKS_TOKEN": "t0ken",
    }
    port = free_port()
    poster = Poster(port)
    server = start(environment, port)
    middle = REQUESTS // 2
    threads = [
        threading.Thread(target=poster.post, args=(part,))
        for part in (range(middle), range(middle, REQUESTS))
    ]
    for thread in threads:
        thread.start()
    try:
        for kill in range(KILLS):
            wait_for(poster, (kill + 1) * REQUESTS // (KILLS + 1), server)
            os.kill(server.pid, signal.SIGKILL)
            server.wait()
            server = start(environment, port)
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive()
    finally:
        server.kill()
        server.wait()


def wait_for(poster: Poster, count: int, server: subprocess.Popen[bytes]) -> None:
    """Until so many requests were acknowledged."""
    give_up_at = time.monotonic() + 120
    while poster.acknowledged < count:
        assert time.monotonic() < give_up_at
        assert server.poll() is None
        time.sleep(0.01)
