"""A backtest over a slice of a broker's records: by offsets, and by the records' own times."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy.publish import BATCH
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.backtest.history import bursts, payments
from tests.benchmark.pipelines import COLUMNS, PAYMENTS
from tests.surfaces.callers import McpCaller, RestCaller

pytestmark = [pytest.mark.spark, pytest.mark.kafka]
ENDS = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
queries = []
rows = spark.read.format("kafka").option("kafka.bootstrap.servers", %r).option("subscribe", %r)
rows.load().groupBy("partition").agg({"offset": "max"}).toDF("p", "n").write.json(%r)
"""
TOPIC, PART = "payments", 600
PATIENT = {
    "kafka.max.block.ms": "600000",
    "kafka.delivery.timeout.ms": "600000",
    "kafka.request.timeout.ms": "300000",
}
"""No test fails because a machine is slow."""
Json = dict[str, Any]


@pytest.fixture
def host(tmp_path: Path, server: str) -> Iterator[Host]:
    """A process with a pipeline that reads the topic."""
    feed = {
        "bootstrap_servers": server,
        "topics": [TOPIC],
        "columns": COLUMNS,
        "event_time": "at",
        "watermark_delay": "10 minutes",
        "consumer_group": "of production",
    }
    source = {"id": "feed", "type": "kafka-topic", "name": "Feed", "config": feed}
    document = PAYMENTS | {"nodes": [source, *PAYMENTS["nodes"][1:]]}
    host = Host.local(Settings(data_dir=tmp_path / "store", data_roots=(tmp_path,)))
    made = McpCaller(host).call("create_pipeline", {"document": document})
    assert "error" not in made, made
    yield host
    host.workspace.close()


class Topic:
    """Sends records, and tells how far the topic goes."""

    def __init__(self, spark: SparkProcess, server: str, folder: Path) -> None:
        self.spark, self.server, self.folder = spark, server, folder

    def send(self, rows: list[Json], number: int) -> tuple[dict[str, int], str]:
        """Send rows in order; the offsets and the time at which the next ones come."""
        file = self.folder / f"sent-{number}.jsonl"
        records = [{"topic": TOPIC, "key": row["card"], "value": json.dumps(row)} for row in rows]
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        options = json.dumps({"kafka.bootstrap.servers": self.server, **PATIENT})
        given = {"records": str(file), "options": options}
        self.spark.request("run", notebook=BATCH.read_text(), parameters=given)
        time.sleep(0.01)
        now = dt.datetime.now(dt.UTC).isoformat()
        time.sleep(0.01)
        told = self.folder / f"ends-{number}"
        code = ENDS % (self.server, TOPIC, str(told))
        self.spark.request("run", notebook=code, parameters={})
        ends = [json.loads(line) for p in told.glob("*.json") for line in p.open()]
        return {str(end["p"]): end["n"] + 1 for end in ends}, now


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("by", ["offset", "time"])
def test_a_slice_of_records_has_the_testers_matches(
    host: Host, server: str, spark: SparkProcess, tmp_path: Path, by: str
) -> None:
    rows = [row | {"at": row["at"].isoformat()} for row in bursts(payments(3 * PART), 60)]
    parts = [rows[n : n + PART] for n in range(0, len(rows), PART)]
    topic = Topic(spark, server, tmp_path)
    (first, began), (last, ended), _ = [topic.send(part, n) for n, part in enumerate(parts)]
    assert len(first) == 2
    rest = RestCaller(host)
    tested = rest.call("test_pattern", {"pipeline_id": "payments", "events": parts[1]})
    assert tested["counts"]["matches"] == 10
    ends: Json = {"offset": ({TOPIC: first}, {TOPIC: last}), "time": (began, ended)}
    history = {"offsets": dict(zip(("from", "to"), ends[by], strict=True))}
    found = rest.call("backtest", {"pipeline_id": "payments", "history": history})
    assert "error" not in found, found
    assert found["counts"]["events"] == PART
    assert [m["match_id"] for m in found["matches"]] == [m["match_id"] for m in tested["matches"]]
    assert not found["warnings"]


@pytest.mark.parametrize(
    "offsets",
    [
        {"from": "2026-01-01"},
        {"to": "soon"},
        {"to": {"refunds": {"0": 1}}},
        {"to": {TOPIC: {"zero": 1}}},
        {"to": {TOPIC: {"0": -1}}},
        {"from": {TOPIC: {"0": 1, "1": 1}}, "to": {TOPIC: {"0": 5}}},
        {"to": "2026-01-02", "until": "2026-01-03"},
    ],
)
def test_bad_offsets_are_told(host: Host, offsets: Json) -> None:
    asked = {"pipeline_id": "payments", "history": {"offsets": offsets}}
    assert RestCaller(host).call("backtest", asked)["error"]["code"] == "INVALID_ARGUMENT"
