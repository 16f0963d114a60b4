"""Declarative pipelines over a real broker: records and changes to tables, and rows to a topic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench
from tests.sdp.cases import code_for, node
from tests.sdp.harness import Pipelines

from .test_formats import produce, text
from .wire import avro_bytes, avro_long

pytestmark = [pytest.mark.spark, pytest.mark.kafka]
Json = dict[str, Any]
COLUMNS = "id bigint, note string"
ORDERS: list[Json] = [{"id": n, "note": f"é;{n}"} for n in range(5)]
CHANGES: list[Json] = [
    {"op": "c", "ts_ms": 1, "before": None, "after": ORDERS[0], "source": {"ts_ms": 1}},
    {"op": "d", "ts_ms": 2, "before": ORDERS[0], "after": None, "source": {"ts_ms": 2}},
]


ORDER = {
    "type": "record",
    "name": "Order",
    "fields": [{"name": "note", "type": "string"}, {"name": "id", "type": "long"}],
}


def document(server: str) -> Json:
    """Orders to a table and, those that are kept, to a topic; changes to another table."""
    kafka = {"bootstrap_servers": server, "starting_offsets": "earliest", "columns": COLUMNS}
    chains = [("orders", "kept"), ("orders", "big"), ("big", "alerts"), ("changes", "history")]
    chains.append(("big", "encoded"))
    encoded = {"bootstrap_servers": server, "topic": "big_in_avro", "format": "avro"}
    return {
        "name": "Declared",
        "nodes": [
            node("orders", "kafka-topic", **kafka, topics="declared"),
            node("changes", "cdc-stream", **kafka, topics="changed", primary_keys=["id"]),
            node("big", "filter", condition="id > 2"),
            node("kept", "delta-table-sink", table="main.out.kept"),
            node("history", "delta-table-sink", table="main.out.history"),
            node("alerts", "kafka-topic-sink", bootstrap_servers=server, topic="big_ones"),
            node("encoded", "kafka-topic-sink", **encoded, value_schema=json.dumps(ORDER)),
        ],
        "edges": [{"source": source, "target": target} for source, target in chains],
    }


def test_records_become_tables_and_records(
    server: str, spark: SparkProcess, bench: Bench, tmp_path: Path
) -> None:
    produce(spark, server, {"declared": text(*ORDERS), "changed": text(*CHANGES)})
    made = code_for(bench, document(server), "sdp")
    with Pipelines(spark_env.find()) as pipelines:
        pipelines.run(made, tmp_path / "state")
        kept = pipelines.rows("SELECT id, note FROM main__out__kept ORDER BY id")
        history = pipelines.rows("SELECT id, op FROM main__out__history ORDER BY op")
    assert kept == ORDERS
    assert history == [{"id": 0, "op": "c"}, {"id": 0, "op": "d"}]
    found = [json.loads(value) for value in records(spark, server, "big_ones")]
    assert sorted(found, key=lambda row: row["id"]) == ORDERS[3:]
    in_avro = sorted(records(spark, server, "big_in_avro"))
    assert in_avro == [avro_bytes(o["note"].encode()) + avro_long(o["id"]) for o in ORDERS[3:]]


def records(spark: SparkProcess, server: str, topic: str) -> list[bytes]:
    """The values of all records of a topic, by a batch read of Spark's own."""
    code = (
        "from pyspark.sql import SparkSession\n"
        "spark = SparkSession.builder.getOrCreate()\n"
        "queries = []\n"
        "found = spark.read.format('kafka').option('startingOffsets', 'earliest')"
        f".option('kafka.bootstrap.servers', {server!r}).option('subscribe', {topic!r}).load()\n"
        "found.selectExpr('hex(value) AS value').createOrReplaceTempView('found')\n"
    )
    spark.request("run", notebook=code, parameters={})
    rows = spark.request("sql", text="SELECT * FROM found")
    return [bytes.fromhex(row["value"]) for row in rows]
