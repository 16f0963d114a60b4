"""Code for Pub/Sub and Kinesis as it runs on Databricks, over stand-ins for the two sources.

The stand-ins (`runtime/`) refuse an option that the service's page does not name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.errors import EngineFailed
from tests import witness
from tests.codegen.bench import Bench

pytestmark = pytest.mark.spark
RUNTIME = Path(__file__).with_name("runtime")
Json = dict[str, Any]
SHARED: Json = {"columns": "order_id bigint, at timestamp", "include_metadata": True}
SOURCES: dict[str, Json] = {
    "google-pubsub": {
        **SHARED,
        "project_id": "shop-prod",
        "topic_id": "orders",
        "subscription_id": "orders-all",
        "client_email": "me@x.y",
        "client_id": "1",
        "private_key_id": "secret://gcp/id",
        "private_key": "secret://gcp/key",
        "fetch_partitions": 2,
        "max_bytes_per_batch": 9999,
        "max_records_per_fetch": 99,
        "delete_subscription": True,
    },
    "event-hub-kinesis": {
        **SHARED,
        "provider": "kinesis",
        "streams": "clicks",
        "region": "eu-west-1",
        "access_key": "secret://aws/id",
        "secret_key": "secret://aws/key",
        "role_arn": "arn:aws:iam::123456789012:role/reader",
        "consumer_group": "mine",
        "consumer_mode": "efo",
        "starting_position": "earliest",
    },
}
SERVICES = {"google-pubsub": "pubsub", "event-hub-kinesis": "kinesis"}


@pytest.fixture(scope="module")
def databricks() -> Iterator[SparkProcess]:
    """A Spark that says it is Databricks', with its sources."""
    environment = spark_env.find()
    path = environment.environ()["PYTHONPATH"]
    given = {"PYTHONPATH": f"{path}{os.pathsep}{RUNTIME}", "DATABRICKS_RUNTIME_VERSION": "18.0"}

    class Databricks(spark_env.SparkEnvironment):
        def environ(self, base: Any = None) -> dict[str, str]:
            return super().environ(base) | given

    with witness.Spark(Databricks(*environment)) as process:
        yield process


def document(node_type: str, config: Json, out: Path) -> Json:
    return {
        "name": "Messages",
        "nodes": [
            {"id": "it", "type": node_type, "name": "It", "config": config},
            {"id": "out", "type": "file-sink", "name": "Out", "config": {"path": str(out)}},
        ],
        "edges": [{"source": "it", "target": "out"}],
    }


@pytest.mark.parametrize("node_type", SOURCES)
def test_messages_become_rows(
    bench: Bench, databricks: SparkProcess, tmp_path: Path, node_type: str
) -> None:
    made = bench.make(document(node_type, SOURCES[node_type], tmp_path / "out"))
    (notebook,) = made.generated.files.values()
    with witness.serving(SERVICES[node_type], f'"{SERVICES[node_type]}"'):
        databricks.request(
            "run", notebook=notebook, parameters={"checkpoints": str(tmp_path / "state")}
        )
    lines = [json.loads(line) for p in tmp_path.glob("out/*.json") for line in p.open()]
    assert sorted(row["order_id"] for row in lines) == list(range(5))
    assert {frozenset(row) for row in lines} == {
        frozenset(made.validation.relations["it"].names)
    }, "the service's own columns are there too"


def test_an_option_that_is_not_documented_is_refused(
    bench: Bench, databricks: SparkProcess, tmp_path: Path
) -> None:
    made = bench.make(document("google-pubsub", SOURCES["google-pubsub"], tmp_path / "out"))
    (notebook,) = made.generated.files.values()
    wrong = notebook.replace('"topicId"', '"topic"')
    assert wrong != notebook
    with pytest.raises(EngineFailed) as caught:
        databricks.request(
            "run", notebook=wrong, parameters={"checkpoints": str(tmp_path / "state")}
        )
    assert "not documented {'topic'}" in caught.value.got
