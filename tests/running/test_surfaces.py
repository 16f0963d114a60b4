"""Local runs over MCP, REST, the event stream and the command line."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lakestream_mcp.identity import LocalUser
from lakestream_mcp.surfaces.cli import main
from lakestream_mcp.surfaces.host import Host
from tests.surfaces.callers import Caller, CliCaller, McpCaller, RestCaller
from tests.surfaces.served import served

from .conftest import Run, document

pytestmark = pytest.mark.spark
SURFACES: dict[str, Callable[[Host], Caller]] = {
    "mcp": McpCaller,
    "rest": RestCaller,
    "cli": CliCaller,
}
BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"action": "begin"}, "INVALID_ARGUMENT"),
    ({"action": "start", "trigger": "soon"}, "INVALID_ARGUMENT"),
    ({"action": "start", "revision": 99}, "REVISION_NOT_FOUND"),
    ({"action": "start", "revision": -1}, "INVALID_ARGUMENT"),
    ({"action": "start", "events": {"nowhere": []}}, "INVALID_EVENTS"),
    ({"action": "start", "events": {"template": "no-such"}}, "TEMPLATE_NOT_FOUND"),
    ({"action": "start", "events": {"file": "/etc/passwd"}}, "FILE_REFUSED"),
    ({"pipeline_id": "other"}, "PIPELINE_NOT_FOUND"),
    ({"pipeline_id": "../quiet", "action": "status"}, "PIPELINE_NOT_FOUND"),
)


def test_what_is_wrong_is_said(run: Run) -> None:
    for surface, make in SURFACES.items():
        caller = make(run.host)
        for arguments, code in BAD:
            # Click refuses a wrong choice itself, and HTTP has no such path.
            if (surface, "begin") == ("cli", arguments.get("action")) or (
                surface == "rest" and "/" in arguments.get("pipeline_id", "")
            ):
                continue
            answer = caller.call("run_pipeline", {"pipeline_id": "quiet", **arguments})
            assert answer["error"]["code"] == code, (surface, arguments)
            if "trigger" in arguments:
                assert answer["error"]["where"] == {"argument": "trigger"}
    assert run.status.phase == "never-started"


def test_a_viewer_sees_and_does_not_run(run: Run) -> None:
    user = LocalUser("viewer")
    caller = RestCaller(Host(run.ws.with_caller(user.identity), user))
    told = caller.call("get_running", {"pipeline_id": "quiet"})
    assert told["running"]["phase"] == "never-started"
    refused = caller.call("run_pipeline", {"pipeline_id": "quiet", "action": "start"})
    assert refused["error"]["code"] == "FORBIDDEN"


def test_a_source_of_databricks_is_refused_with_the_way_out(
    opened: Callable[..., Run], spark_python: Path
) -> None:
    run = opened(spark_python)
    made = document(run.data)
    kinesis = {
        "provider": "kinesis",
        "streams": "s",
        "columns": "key string, kind string, at timestamp",
        "event_time": "at",
        "watermark_delay": "1 second",
    }
    made["nodes"][0] |= {"type": "event-hub-kinesis", "config": kinesis}
    run.create(made)
    run.behave(batches=1)
    caller = McpCaller(run.host)
    start = {"pipeline_id": "quiet", "action": "start"}
    refused = caller.call("run_pipeline", start)["error"]
    assert (refused["code"], refused["where"]) == ("LOCAL_RUN_IMPOSSIBLE", {"node": "feed"})
    rows = [{"key": "a", "kind": "A", "at": "2026-01-01T00:00:00Z"}]
    started = caller.call("run_pipeline", {**start, "events": rows})
    assert started["running"]["rehearsal"] is True


def test_a_secret_that_is_not_set_is_named(
    opened: Callable[..., Run], spark_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = opened(spark_python)
    made = document(run.data)
    login = {
        "bootstrap_servers": "localhost:1",
        "topics": "t",
        "security_protocol": "SASL_SSL",
        "sasl_username": "me",
        "sasl_password": "secret://lakestream/kafka",
        "columns": "key string, kind string, at timestamp",
        "event_time": "at",
        "watermark_delay": "1 second",
    }
    made["nodes"][0] |= {"type": "kafka-topic", "config": login}
    run.create(made)
    start = {"pipeline_id": "quiet", "action": "start"}
    refused = RestCaller(run.host).call("run_pipeline", start)["error"]
    assert refused["code"] == "SECRET_NOT_FOUND"
    assert refused["expected"] == "the environment variable LAKESTREAM_KAFKA"
    run.behave(batches=1)
    monkeypatch.setenv("LAKESTREAM_KAFKA", "word")
    monkeypatch.setenv("LAKESTREAM_DATABASE_URL", "postgresql://me:word@db")
    assert "error" not in RestCaller(run.host).call("run_pipeline", start)
    told = run.folder.joinpath("job.json").read_text() + run.folder.joinpath(
        "run.db"
    ).read_bytes().decode("latin-1")
    assert "word" not in told


def stream(address: str, pipeline: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a pipeline's stream."""
    with urllib.request.urlopen(f"{address}/api/pipelines/{pipeline}/events", timeout=60) as lines:
        kind = ""
        for raw in lines:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield kind, json.loads(line.removeprefix("data: "))


def test_the_stream_tells_of_state_and_load(run: Run) -> None:
    run.behave(batches=30, pause_s=0.1)
    with served(run.host) as address:
        events = stream(address, "quiet")
        run.start()
        seen = []
        for kind, data in events:
            if kind == "metrics":
                seen.append(data)
            if seen and seen[-1].get("nodes", {}).get("quiet", {}).get("matches", 0) >= 20:
                break
        run.stop()
        for kind, data in events:
            seen.append(data)
            if kind == "metrics" and data["phase"] == "stopped":
                break
    phases = list(dict.fromkeys(data["phase"] for data in seen))
    assert phases[0] == "starting"
    assert phases[-1] == "stopped"
    assert "running" in phases
    rates = [data["queries"]["kept"]["rows_per_s"] for data in seen if data["queries"]]
    assert max(rates) > 0


def test_commands(run: Run) -> None:
    run.behave(batches=2, end=True)
    ran = CliRunner().invoke(main, ["run", "quiet", "--json"], obj=run.host)
    assert ran.exit_code == 0, ran.output
    answer = json.loads(ran.stdout)
    assert answer["running"]["phase"] == "finished"
    assert answer["running"]["queries"]["kept"]["total_rows"] == 20
    assert "kept: batch 1, 10 rows, 2 matches" in ran.stderr
    run.behave(fail="no such column")
    failed = CliRunner().invoke(main, ["run", "quiet"], obj=run.host)
    assert failed.exit_code == 1
    assert "SPARK_FAILED" in failed.stderr
    assert "no such column" in failed.stderr
    logs = CliRunner().invoke(main, ["logs", "quiet", "--lines", "5"], obj=run.host)
    assert len(logs.stdout.splitlines()) == 5
    told = CliRunner().invoke(main, ["status", "quiet"], obj=run.host)
    assert "quiet@1 failed" in told.stdout
    stopped = CliRunner().invoke(main, ["stop", "quiet", "--json"], obj=run.host)
    assert json.loads(stopped.stdout)["running"]["phase"] == "failed"


def test_answers_are_short_and_name_the_next_call(run: Run) -> None:
    run.behave(fail="x" * 50_000)
    run.start()
    run.until_phase("failed")
    for action in ("status", "logs"):
        words = ["run-pipeline", "quiet", "--action", action]
        told = CliRunner().invoke(main, words, obj=run.host)
        assert len(told.stdout) < 8_000
        assert "Next: run_pipeline(" in told.stdout
