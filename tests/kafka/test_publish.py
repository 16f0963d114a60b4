"""Simulated events in a real topic, and what does not fit in its dead-letter topic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.surfaces.cli import main

pytestmark = [pytest.mark.spark, pytest.mark.kafka]
READ = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
queries = []
options = {"kafka.bootstrap.servers": %r, "subscribe": "sensors,sensors-dlq"}
rows = spark.read.format("kafka").options(**options).load()
rows.selectExpr("topic", "string(key) key", "string(value) value").write.json(%r)
"""


def test_events_are_keyed_and_dead_letters_say_why(
    server: str, spark: SparkProcess, tmp_path: Path
) -> None:
    config = {"profile": "iot-sensors", "keys": 5, "seed": 2, "malformed_share": 0.2}
    words = ["simulate", "--config", json.dumps(config), "--count", "200", "--json"]
    words += ["--kafka", server, "--topic", "sensors", "--key", "sensor_id"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)

    spark.request("run", notebook=READ % (server, str(tmp_path / "read")), parameters={})
    found: list[dict[str, Any]] = [
        json.loads(line) for p in tmp_path.glob("read/*.json") for line in p.open(encoding="utf-8")
    ]
    good = [row for row in found if row["topic"] == "sensors"]
    bad = [row for row in found if row["topic"] == "sensors-dlq"]
    assert (answer["sent"], answer["dead_lettered"]) == (len(good), len(bad))
    assert answer["failed"] == 0
    assert len(found) == 200
    assert 0 < len(bad) < 100
    for row in good:
        event = json.loads(row["value"])
        assert row["key"] == event["sensor_id"]
        assert None not in event.values()
    for row in bad:
        letter = json.loads(row["value"])
        missing = [name for name, value in letter["original_event"].items() if value is None]
        assert letter["original_topic"] == "sensors"
        assert missing[0] in letter["error"]
