"""An author's data source on Spark: a restart goes on from the stored offset."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import pytest

from lakestream_mcp.deploy.spark_process import SparkProcess
from tests import witness
from tests.codegen.authored import FEED_CODE
from tests.codegen.bench import Bench, chain

pytestmark = pytest.mark.spark


@contextmanager
def feed(rows: list[Any], asked: list[str]) -> Iterator[str]:
    """A service that has these rows, and its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            query = parse_qs(urlsplit(self.path).query)
            last = int(query.get("to", [str(len(rows))])[0])
            data = json.dumps(rows[int(query["from"][0]) : last]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/rows"
        with witness.serving("http", url):
            yield url
    finally:
        server.shutdown()
        server.server_close()


def test_a_restart_goes_on(bench: Bench, spark: SparkProcess, tmp_path: Path) -> None:
    rows: list[Any] = [[n, f"row {n}"] for n in range(5)]
    asked: list[str] = []
    with feed(rows, asked) as url:
        source = {"id": "events", "type": "custom-python-source", "name": "Events"}
        config = {"code": FEED_CODE, "columns": "id bigint, note string", "options": {"url": url}}
        document = chain(source | {"config": config})  # type: ignore[dict-item]
        document["nodes"][-1]["config"] = {"path": str(tmp_path / "out"), "format": "parquet"}
        (notebook,) = bench.make(document).generated.files.values()
        folders = {"checkpoints": str(tmp_path / "c"), "tables": str(tmp_path / "t")}
        spark.request("run", notebook=notebook, parameters=folders)
        assert written(tmp_path) == rows
        asked.clear()
        rows += [[n, None] for n in range(5, 9)]
        spark.request("run", notebook=notebook, parameters=folders)
        assert written(tmp_path) == rows
        assert not [path for path in asked if path.endswith("from=0")], "it began anew"


def written(folder: Path) -> list[Any]:
    """What the sink has, by id."""
    table = pq.read_table(folder / "out").sort_by("id")
    return [[row["id"], row["note"]] for row in table.to_pylist()]
