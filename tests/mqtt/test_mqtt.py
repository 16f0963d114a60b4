"""Messages of a broker become rows: each at least once, also over a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.errors import EngineFailed
from tests import witness
from tests.codegen.bench import Bench, Made

from .broker import Broker, broker

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkProcess]:
    """A running Spark that knows the password."""
    environment = spark_env.find()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MQTT_PASSWORD", "of the broker")
        patch.setenv("MQTT_WRONG", "another")
        with witness.Spark(environment) as process:
            yield process


def made(server: Broker, password: str) -> Made:
    config = {
        "broker_url": server.address,
        "topic_filters": ["plant/+"],
        "client_id": "tests",
        "username": "reader",
        "password": f"secret://mqtt/{password}",
        "columns": "n int",
        "include_metadata": True,
        "max_records_per_batch": 3,
    }
    nodes = [
        {"id": "messages", "type": "mqtt", "name": "M", "config": config},
        {"id": "out", "type": "delta-table-sink", "name": "O", "config": {"table": "kept"}},
    ]
    document = {"name": "Mqtt", "nodes": nodes, "edges": [{"source": "messages", "target": "out"}]}
    bench = Bench()
    try:
        return bench.make(document)
    finally:
        bench.close()


def run(spark: SparkProcess, notebook: Made, folder: Path, rows: int, trigger: str) -> Any:
    return spark.request(
        "run_for",
        notebook=next(iter(notebook.generated.files.values())),
        parameters={
            "checkpoints": str(folder / "state"),
            "tables": str(folder / "tables"),
            "trigger": trigger,
        },
        rows=rows,
    )


def test_no_message_is_lost_over_a_restart(spark: SparkProcess, tmp_path: Path) -> None:
    with broker() as server:
        notebook = made(server, "password")
        with pytest.raises(EngineFailed, match="messages have no end"):
            run(spark, notebook, tmp_path, 1, "available now")
        for n in range(5):
            server.publish("plant/a", json.dumps({"n": n}).encode())
        run(spark, notebook, tmp_path, 5, "1 second")
        for n in range(5, 9):
            server.publish("plant/b", json.dumps({"n": n}).encode())
        run(spark, notebook, tmp_path, 4, "1 second")
        assert not server.waiting, "all are acknowledged"
        assert all(server.sessions), "the session is kept"
        assert set(server.subscribed) == {"plant/+"}
        with pytest.raises(EngineFailed) as refused:
            run(spark, made(server, "wrong"), tmp_path / "other", 1, "1 second")
        assert "Not authorized" in refused.value.got
    found = spark.request(
        "sql",
        text="SELECT DISTINCT n, mqtt_topic, mqtt_qos, mqtt_retained "
        f"FROM delta.`{tmp_path}/tables/kept` ORDER BY n",
    )
    assert [row["n"] for row in found] == list(range(9))
    assert {(row["mqtt_topic"], row["mqtt_qos"], row["mqtt_retained"]) for row in found} == {
        ("plant/a", 1, False),
        ("plant/b", 1, False),
    }
