"""A match in a Delta folder that a local run wrote, explained from its row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy.delta_files import live_files
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.tools.generation import generated
from tests.surfaces.callers import McpCaller

pytestmark = pytest.mark.spark
NAME = "quiet"
TABLE = "main.alerts.quiet"
FEED = {
    "format": "json",
    "columns": "net string, mag double, depth decimal(6,2), at timestamp",
    "event_time": "at",
    "watermark_delay": "1 second",
}
ABSENCE = {"key": ["net"], "trigger": "mag >= 5", "expected": "mag >= 1", "within": "1 minute"}
SINK = {"table": TABLE, "mode": "merge", "partition_by": ["net"]}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Host]:
    """A process that may read the test's folder."""
    host = Host.local(Settings(data_dir=tmp_path / "data", data_roots=(tmp_path,)))
    yield host
    host.workspace.close()


def make(process: Host, folder: Path) -> None:
    """The pipeline."""
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "feed": ("auto-loader", FEED | {"path": str(folder / "in")}),
        "it": ("absence", ABSENCE),
        "out": ("delta-table-sink", SINK),
    }
    changes: list[Any] = [
        {"op": "add_node", "node": {"id": name, "type": kind, "config": config}}
        for name, (kind, config) in nodes.items()
    ]
    for source, target in (("feed", "it"), ("it", "out")):
        changes.append({"op": "connect", "source": source, "target": target})
    mcp = McpCaller(process)
    mcp.call("create_pipeline", {"name": NAME, "id": NAME})
    made = mcp.call("edit_pipeline", {"pipeline_id": NAME, "changes": changes})
    assert made["counts"]["errors"] == 0, made["findings"]


def feed(folder: Path, name: str, *minutes: int) -> None:
    """Shocks of two networks, microseconds after these minutes."""
    rows = [
        {"net": net, "mag": 6.5, "depth": 10.25, "at": f"2026-01-01T00:{minute:02d}:00.000007Z"}
        for minute in minutes
        for net in ("us", "e u")
    ]
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / name).write_text("\n".join(map(json.dumps, rows)))


def run(process: Host, spark: SparkProcess) -> Path:
    """Run the generated code until its input is used up; the folder of the table."""
    ws = process.workspace
    with ws.reading() as store:
        code = generated(ws, store.load(NAME), "sss").files
    root = ws.settings.data_dir / "runs" / NAME
    parameters = {"checkpoints": str(root / "checkpoints"), "tables": str(root / "tables")}
    spark.request("run", notebook=next(iter(code.values())), parameters=parameters)
    return root / "tables" / TABLE


def test_matches_of_a_local_run_are_explained(
    process: Host, spark: SparkProcess, tmp_path: Path
) -> None:
    make(process, tmp_path)
    feed(tmp_path, "a.json", 0, 5, 10)
    table = run(process, spark)
    checkpoints = "SET TBLPROPERTIES ('delta.checkpointInterval' = '1')"
    spark.request("sql", text=f"ALTER TABLE delta.`{table}` {checkpoints}")
    feed(tmp_path, "b.json", 15, 20)
    run(process, spark)
    assert list(table.glob("_delta_log/*.checkpoint.parquet")), "the log is read from one"
    assert len(live_files(table)) < len(list(table.glob("**/*.parquet")))
    rows = spark.request("sql", text=f"SELECT match_id, net FROM delta.`{table}` ORDER BY ended_at")
    assert len(rows) == 8
    mcp = McpCaller(process)
    asked = {"pipeline_id": NAME, "warehouse": "local"}
    for row in rows:
        told = mcp.call("explain_match", asked | {"match_id": row["match_id"]})
        assert told["source"]["found_again"] is True, told
        assert told["match"]["key"] == {"net": row["net"]}
        assert told["match"]["events"][0]["row"]["depth"] == "10.25"
    assert mcp.call("explain_match", asked | {"match_id": "feedbeef"})["error"]["code"] == (
        "MATCH_NOT_FOUND"
    )
    with process.workspace.store.transaction(write=True) as store:
        store.add_deployment(NAME, 2, target="local", status="deployed", actor="a", files={})
    told = mcp.call("explain_match", {"pipeline_id": NAME, "match_id": rows[0]["match_id"]})
    assert told["source"]["found_again"], "a deployment on this machine is read on this machine"
    vectors = "SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')"
    spark.request("sql", text=f"ALTER TABLE delta.`{table}` {vectors}")
    refused = mcp.call("explain_match", asked | {"match_id": rows[0]["match_id"]})
    assert refused["error"]["code"] == "TABLE_UNREADABLE", "it asks more of its readers"
