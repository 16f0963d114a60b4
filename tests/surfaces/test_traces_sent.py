"""Spans arrive at a collector that is told of by OpenTelemetry's variables, over real HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from .test_server_kill import free_port, start

ABSENT = "http://127.0.0.1:9"
"""Where nobody listens."""
SECRET = "hunter2-Xk93jd"


class Collector(ThreadingHTTPServer):
    """Takes spans by OTLP/HTTP as any collector does: attributes by the name of the span."""

    daemon_threads = True

    def __init__(self) -> None:
        self.spans: dict[str, dict[str, Any]] = {}
        self.services: set[str] = set()
        self.raw = b""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            """One request with spans."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                assert self.headers["X-Team"] == "shop"
                collector.take(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)

    def take(self, body: bytes) -> None:
        """Read what was sent."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        self.raw += body
        for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
            told = {a.key: a.value.string_value for a in sent.resource.attributes}
            self.services.add(told["service.name"])
            for span in (span for scope in sent.scope_spans for span in scope.spans):
                about = {a.key: a.value.string_value for a in span.attributes}
                self.spans[span.name] = about | {"status": span.status.message}

    def environment(self, folder: Path) -> dict[str, str]:
        """What a server is told."""
        return {
            "LAKESTREAM_DATA_DIR": str(folder),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.server_port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "X-Team=shop",
        }


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that listens."""
    if find_spec("opentelemetry.exporter") is None:
        pytest.skip("`make test` installs the exporter")
    with Collector() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ended(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0


def test_a_server_over_http_sends_its_spans(collector: Collector, tmp_path: Path) -> None:
    port = free_port()
    environ = collector.environment(tmp_path) | {"OTEL_SERVICE_NAME": "cep"}
    server = start(environ, port)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/pipelines",
        headers={"X-Request-Id": "trace-4711-abc"},
    )
    with urllib.request.urlopen(request):
        ended(server)
    span = collector.spans["lakestream list_pipelines"]
    assert span["lakestream.request_id"] == "trace-4711-abc"
    assert (span["lakestream.surface"], span["status"]) == ("rest", "")
    assert collector.services == {"cep"}


def test_a_server_over_stdio_sends_its_spans(collector: Collector, tmp_path: Path) -> None:
    asyncio.run(over_stdio(collector.environment(tmp_path)))
    assert collector.spans["lakestream create_pipeline"]["lakestream.pipeline"] == "traced"
    failed = collector.spans["lakestream get_pipeline"]
    assert failed["status"] == "INVALID_ARGUMENT"
    assert collector.services == {"lakestream"}
    assert SECRET.encode() not in collector.raw


async def over_stdio(environ: dict[str, str], log: Path | None = None) -> None:
    """Make a pipeline, send what is refused, and go."""
    words = ["-m", "lakestream_mcp", "serve", "--transport", "stdio"]
    environ = {**os.environ, **environ}
    transport = StdioTransport(sys.executable, words, env=environ, log_file=log, keep_alive=False)
    async with Client(transport) as client:
        await client.call_tool("create_pipeline", {"name": "Traced"})
        refused = {"pipeline_id": "traced", "password": SECRET}
        await client.call_tool("get_pipeline", refused, raise_on_error=False)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "only http/protobuf is spoken, not grpc"),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ""),
    ],
)
def test_without_a_collector_it_serves_all_the_same(
    tmp_path: Path, told: dict[str, str], said: str | None
) -> None:
    environ = {"LAKESTREAM_DATA_DIR": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": ABSENT}
    asyncio.run(over_stdio(environ | told, log := tmp_path / "log"))
    lines = log.read_text()
    assert "create_pipeline: ok" in lines
    if said is not None:
        assert ("no spans are sent" in lines, said in lines) == (bool(said), True)


def test_without_the_exporter_the_way_to_get_it_is_said(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['opentelemetry.exporter'] = None;"
        "from lakestream_mcp.surfaces.cli import main;"
        "main(['serve', '--transport', 'stdio'], standalone_mode=False)"
    )
    environ = {"LAKESTREAM_DATA_DIR": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": ABSENT}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "pip install 'lakestream-mcp[otlp]'" in done.stderr
