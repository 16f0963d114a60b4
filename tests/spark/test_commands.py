"""`lakestream run` and `lakestream verify`, as a user starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.spark
CLI = [sys.executable, "-m", "lakestream_mcp"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with one pipeline over 24 events, two per file."""
    rows = [
        {"key": f"k{n % 3}", "kind": "A", "at": f"2026-03-01T{n // 60:02d}:{n % 60:02d}:00Z"}
        for n in range(24)
    ]
    tmp_path.joinpath("in").mkdir()
    for number in range(12):
        text = "".join(json.dumps(row) + "\n" for row in rows[2 * number : 2 * number + 2])
        path = tmp_path / "in" / f"{number:03d}.json"
        path.write_text(text)
        os.utime(path, (1_700_000_000 + number,) * 2)
    (tmp_path / "all.json").write_text(json.dumps(rows))
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    feed = {
        "path": "in",
        "columns": "key string, kind string, at timestamp",
        "event_time": "at",
        "watermark_delay": "1 second",
        "max_files_per_batch": 1,
    }
    waits = {"key": ["key"], "trigger": "kind = 'A'", "expected": "kind = 'B'", "within": "90s"}
    nodes = [("feed", "auto-loader", feed), ("quiet", "absence", waits)]
    nodes.append(("kept", "delta-table-sink", {"table": "kept", "mode": "merge"}))
    document = {
        "name": "Quiet",
        "nodes": [{"id": i, "type": t, "name": i, "config": c} for i, t, c in nodes],
        "edges": [{"source": "feed", "target": "quiet"}, {"source": "quiet", "target": "kept"}],
    }
    (tmp_path / "document.json").write_text(json.dumps(document))
    made = cli(tmp_path, "create-pipeline", "--id", "quiet", "--document", "@document.json")
    assert made.returncode == 0, made.stderr
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LAKESTREAM_", "PG"))}
    root = str(Path(__file__).parents[2])
    return env | {"LAKESTREAM_DATA_DIR": str(folder / "data"), "PYTHONPATH": root}


def cli(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CLI, *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def run_result(text: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(text)["running"]
    return made


def test_stopped_and_run_again(home: Path) -> None:
    first = subprocess.Popen(
        [*CLI, "run", "quiet", "--json"],
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert first.stderr is not None
    for line in first.stderr:
        if "batch" in line:
            break
    first.send_signal(signal.SIGINT)
    out, told = first.communicate(timeout=200)
    assert first.returncode == 0, told
    stopped = run_result(out)
    assert stopped["phase"] == "stopped"
    second = cli(home, "run", "quiet", "--json")
    assert second.returncode == 0, second.stderr
    done = run_result(second.stdout)
    assert done["phase"] == "finished"
    rows = [result["queries"]["kept"]["total_rows"] for result in (stopped, done)]
    assert 0 < rows[0] < rows[1] == 24
    assert done["nodes"]["quiet"]["matches"] > 0
    assert "batch" in second.stderr


def test_a_node_is_previewed_on_spark(home: Path) -> None:
    done = cli(
        home, "preview-on-spark", "quiet", "quiet", "--events", "all.jsonl", "--limit", "999"
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    local = cli(
        home, "preview-node", "quiet", "quiet", "--events", "@all.json", "--limit", "999", "--json"
    )
    shown = json.loads(local.stdout)["rows"]
    assert {r["match_id"] for r in rows} == {r["match_id"] for r in shown}
    wrong = cli(home, "preview-on-spark", "quiet", "quite", "--events", "all.jsonl")
    assert "Did you mean `quiet`?" in wrong.stderr
    assert wrong.returncode == 1


def test_verify_finds_no_difference(home: Path) -> None:
    done = cli(home, "verify", "quiet", "--events", "all.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["same"] is True
    assert result["events"] == 24
    assert result["nodes"][0]["host_rows"] == result["nodes"][0]["spark_rows"] > 0
