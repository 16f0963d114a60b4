"""The server's log, metrics and traces of a call."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lakestream_mcp.metrics import Metrics
from lakestream_mcp.operations import call, find
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.http import application
from lakestream_mcp.surfaces.logs import JsonLines, TextLines

from .callers import BASE, McpCaller, RestCaller
from .personas import app_host, headers_of

SAMPLE = re.compile(r'(\w+)(?:{((?:\w+="[^"\\]*",?)*)})? ([0-9.e+]+|\+Inf)')
ROOT = headers_of("root@example.com")


def record(message: str, **told: Any) -> logging.LogRecord:
    """A line of the log before it is written."""
    made = logging.LogRecord("lakestream", logging.INFO, "", 0, message, (), None)
    made.told = told
    return made


def test_a_json_line_is_one_object_whatever_it_tells() -> None:
    line = JsonLines().format(record("a\nb", actor='x"\n{"level": "error"}', client=None))
    assert "\n" not in line
    found = json.loads(line)
    assert (found["level"], found["message"]) == ("info", "a\nb")
    assert "client" not in found


def test_a_text_line_cannot_be_forged() -> None:
    line = TextLines().format(record("one\nFORGED", actor="two\r\nFORGED"))
    assert len(line.splitlines()) == 1


def test_the_log_tells_each_call(fresh: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "lakestream")
    McpCaller(fresh).call("create_pipeline", {"name": "Logged"})
    RestCaller(fresh).call("get_pipeline", {"pipeline_id": "nothing"})
    told = [r.told for r in caplog.records if hasattr(r, "told")]
    assert [(t["operation"], t["surface"], t["outcome"]) for t in told] == [
        ("create_pipeline", "mcp", "ok"),
        ("get_pipeline", "rest", "PIPELINE_NOT_FOUND"),
    ]
    assert told[0]["pipeline"] == "logged"
    assert all(t["request_id"] and t["duration_ms"] >= 0 for t in told)


def test_stdio_keeps_its_log_apart_and_as_json(tmp_path: Path) -> None:
    errors = tmp_path / "stderr"

    async def ask() -> None:
        environ = {"LAKESTREAM_DATA_DIR": str(tmp_path), "LAKESTREAM_LOG": "json"}
        words = ["-m", "lakestream_mcp", "serve", "--transport", "stdio"]
        with errors.open("w") as log:
            transport = StdioTransport(sys.executable, words, env=environ, log_file=log)
            async with Client(transport) as client:
                await client.call_tool("create_pipeline", {"name": "Over stdio"})

    asyncio.run(ask())
    lines = [json.loads(line) for line in errors.read_text().splitlines()]
    (told,) = [line for line in lines if line.get("operation")]
    assert (told["operation"], told["outcome"]) == ("create_pipeline", "ok")


def test_metrics_are_counted_and_guarded(tmp_path: Path) -> None:
    with app_host(tmp_path) as host:
        app = application(host, host.workspace.settings)

        async def ask() -> tuple[httpx2.Response, httpx2.Response]:
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
                for _ in range(2):
                    await client.get("/api/pipelines", headers=ROOT)
                refused = await client.get("/metrics")
                return refused, await client.get("/metrics", headers=ROOT)

        refused, answer = asyncio.run(ask())
    assert refused.status_code == 401
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    labels = 'operation="list_pipelines",surface="rest",outcome="ok"'
    assert f"lakestream_calls_total{{{labels}}} 2\n" in answer.text
    assert 'lakestream_refusals_total{code="UNAUTHENTICATED"} 1\n' in answer.text


def test_the_exposition_is_well_formed() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.3, 0.3, 1000.0):
        metrics.call("deploy", "mcp", "ok", seconds)
    lines = metrics.text().splitlines()
    samples = [SAMPLE.fullmatch(line) for line in lines if not line.startswith("#")]
    assert all(samples)
    buckets = [int(m[3]) for m in samples if m and m[1] == "lakestream_call_seconds_bucket"]
    assert buckets == sorted(buckets)
    assert (buckets[0], buckets[-1]) == (1, 4)
    assert 'lakestream_call_seconds_count{operation="deploy"} 4' in lines


def test_a_call_is_a_span(fresh: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    call(find("create_pipeline"), fresh.caller({}), {"name": "Traced"})
    RestCaller(fresh).call("get_pipeline", {"pipeline_id": "nothing"})
    made, failed = (s for s in kept.get_finished_spans() if s.name.startswith("lakestream "))
    assert made.name == "lakestream create_pipeline"
    assert made.attributes is not None
    assert made.attributes["lakestream.pipeline"] == "traced"
    assert made.status.is_ok
    assert made.end_time is not None and made.start_time is not None
    assert made.end_time > made.start_time
    assert failed.status.description == "PIPELINE_NOT_FOUND"
    assert failed.events == ()


def test_the_command_line_does_not_pay_for_traces() -> None:
    code = (
        "import sys; from lakestream_mcp.surfaces.cli import main;"
        "main(['list-pipelines'], standalone_mode=False);"
        "sys.exit('opentelemetry.trace' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
