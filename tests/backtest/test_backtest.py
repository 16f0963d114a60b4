"""Generated code over history on a real Spark: the tester's matches, explained; no scratch left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from lakestream_mcp.surfaces.host import Host
from tests.benchmark.pipelines import PAYMENTS
from tests.surfaces.callers import McpCaller, RestCaller

from .history import bursts, payments, write_delta, write_json

EVENTS = 100_000
FROM, TO = "2026-01-01T00:20:00Z", "2026-01-01T01:10:00Z"


def left(host: Host) -> list[Path]:
    """What is below the folder of scratch tables."""
    folder = host.workspace.settings.data_dir / "scratch"
    return list(folder.iterdir()) if folder.exists() else []


@pytest.mark.spark
def test_a_slice_of_history_has_the_testers_matches(
    host: Host, rest: RestCaller, tmp_path: Path
) -> None:
    rows = bursts(payments(EVENTS), 500)
    write_delta(tmp_path / "history", [rows, bursts(payments(5_000, seed=1), 100)])
    history = {"path": "history", "version": 0, "from": FROM, "to": TO}
    asked = {"pipeline_id": "payments", "history": history, "keep_matches": 1000, "limit": 1000}
    found = rest.call("backtest", asked)
    assert "error" not in found, found

    inside = [row for row in rows if FROM <= row["at"].strftime("%Y-%m-%dT%H:%M:%SZ") < TO]
    write_json(tmp_path / "slice", inside, 1)
    events = {"file": "slice/part-000.json"}
    tested = rest.call("test_pattern", {"pipeline_id": "payments", "events": events, "limit": 1000})
    assert found["counts"]["events"] == len(inside) == tested["counts"]["events"]
    assert found["counts"]["matches"] == tested["counts"]["matches"] > 100
    assert ids(found) == ids(tested)
    assert found["code_hash"] == tested["code_hash"]
    assert not found["warnings"]
    explained(rest, found)
    assert left(host) == []
    kinds = rest.call("list_runs", {"pipeline_id": "payments", "kind": "backtest"})["runs"]
    assert [run["run_id"] for run in kinds] == [found["run_id"]]


def ids(answer: dict[str, Any]) -> list[str]:
    return sorted(match["match_id"] for match in answer["matches"])


def explained(rest: RestCaller, found: dict[str, Any]) -> None:
    """The matches of a backtest are explained as those of a test are."""
    asked = {"run_id": found["run_id"], "match_id": found["matches"][0]["match_id"]}
    said = rest.call("explain_match", asked)
    assert said["match"]["match_id"] == found["matches"][0]["match_id"]
    assert any("amount > 500" in sentence for sentence in said["sentences"])


@pytest.mark.spark
def test_a_failure_leaves_nothing(host: Host, rest: RestCaller, tmp_path: Path) -> None:
    write_delta(tmp_path / "history", [payments(10)])
    asked = {"pipeline_id": "payments", "history": {"path": "history", "version": 7}}
    assert rest.call("backtest", asked)["error"]["code"] == "SPARK_FAILED"
    assert left(host) == []
    assert rest.call("list_runs", {"pipeline_id": "payments"})["runs"] == []


@pytest.mark.spark
def test_a_kill_leaves_nothing(host: Host, tmp_path: Path) -> None:
    write_json(tmp_path / "history", payments(60_000), 60)
    env = {
        **os.environ,
        "LAKESTREAM_DATA_DIR": str(tmp_path / "store"),
        "LAKESTREAM_DATA_ROOTS": str(tmp_path),
    }
    command = ["-m", "lakestream_mcp", "backtest", "payments", "--history", '{"path": "history"}']
    running = subprocess.Popen(
        [sys.executable, *command], env=env, stderr=subprocess.PIPE, start_new_session=True
    )
    found = waited_for(lambda: [p for f in left(host) for p in f.glob("found/*/_delta_log/*")])
    assert found, running.stderr
    children = psutil.Process(running.pid).children(recursive=True)
    assert len(children) > 2, "a janitor, Spark's Python and its JVM"
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert waited_for(lambda: not left(host))
    assert waited_for(lambda: not any(map(alive, children)))


def alive(process: psutil.Process) -> bool:
    """Whether a process is still at work."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def waited_for(happened: Any, seconds: float = 120) -> Any:
    """What happened, as soon as it has."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := happened():
            return found
        time.sleep(0.1)
    return None


@pytest.mark.parametrize(
    ("history", "code"),
    [
        ({}, "INVALID_ARGUMENT"),
        ({"path": "nowhere"}, "FILE_NOT_FOUND"),
        ({"path": "/etc"}, "FILE_REFUSED"),
        ({"path": "../.."}, "FILE_REFUSED"),
        ({"path": "link"}, "FILE_REFUSED"),
        ({"path": "mixed"}, "FILE_REFUSED"),
        ({"path": "texts"}, "INVALID_ARGUMENT"),
        ({"path": "texts", "fomat": "json"}, "INVALID_ARGUMENT"),
        ({"path": "texts", "format": "json", "from": "soon"}, "INVALID_ARGUMENT"),
        ({"feeds": {"path": "texts"}, "feed": {"path": "texts"}}, "INVALID_ARGUMENT"),
        ({"table": "main.s.history"}, "INVALID_ARGUMENT"),
        ({"path": "texts", "format": "json", "version": -1}, "INVALID_ARGUMENT"),
        ({"offsets": {"to": {"payments": {"0": 7}}}}, "UNSUPPORTED"),
        ({"offsets": {"from": "2026-01-01"}}, "INVALID_ARGUMENT"),
        ({"offsets": {"to": "2026-01-01"}, "path": "texts"}, "INVALID_ARGUMENT"),
    ],
)
def test_bad_histories_are_told(
    host: Host, rest: RestCaller, tmp_path: Path, history: dict[str, Any], code: str
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("{}", encoding="utf-8")
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "a.json").symlink_to("/etc/hostname")
    (tmp_path / "link").symlink_to("/etc")
    said = rest.call("backtest", {"pipeline_id": "payments", "history": history})
    assert said["error"]["code"] == code, said
    assert left(host) == []


def test_a_time_range_needs_an_event_time(host: Host, rest: RestCaller, tmp_path: Path) -> None:
    document = PAYMENTS | {"name": "Timed later", "nodes": [*map(dict, PAYMENTS["nodes"])]}
    config = dict(document["nodes"][0]["config"])
    del config["event_time"], config["watermark_delay"]
    document["nodes"][0]["config"] = config
    later = {"event_time": "at", "delay": "10 minutes"}
    document["nodes"][1] = {"id": "real", "type": "watermark", "name": "Times", "config": later}
    assert "error" not in McpCaller(host).call("create_pipeline", {"document": document})
    write_json(tmp_path / "history", payments(3), 1)
    asked = {"pipeline_id": "timed-later", "history": {"path": "history", "from": FROM}}
    assert rest.call("backtest", asked)["error"]["code"] == "UNBOUNDED_HISTORY"


def test_only_deployers_may(host: Host, tmp_path: Path) -> None:
    from lakestream_mcp.identity import LocalUser

    user = LocalUser("author")
    author = RestCaller(Host(host.workspace.with_caller(user.identity), user))
    said = author.call("backtest", {"pipeline_id": "payments", "history": {"path": "history"}})
    assert said["error"]["code"] == "FORBIDDEN"
