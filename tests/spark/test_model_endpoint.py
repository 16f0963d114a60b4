"""Generated code asks a real HTTP server: in batches, again after failures, with a fallback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.errors import EngineFailed
from tests.codegen.bench import Bench, chain, source
from tests.nodes.serving import Serving, serving

pytestmark = pytest.mark.spark
COUNT = 40
Json = dict[str, Any]


def model(endpoint: str, **more: Any) -> Json:
    """A node that asks an endpoint, and never stops the query."""
    config: Json = {
        "endpoint": endpoint,
        "input_columns": ["id", "amount", "at", "price"],
        "output_column": f"by_{endpoint}",
        "max_batch_size": 16,
        "timeout_ms": 1000 if endpoint == "slow" else 60_000,
        "concurrency": 2,
        "max_retries": 1,
        "on_error": "fallback",
        "fallback_value": -1,
        "token": "secret://models/token",
    }
    return {"id": endpoint, "type": "ml-model-endpoint", "name": endpoint, "config": config | more}


NODES = [
    model("good"),
    model("busy", max_retries=3),
    model("broken"),
    model("refusing", max_retries=5),
    model("slow", max_retries=0),
    model("short"),
    model("wrong"),
    model("empty"),
    model("garbage"),
    model("named", output_type="struct<score:double,at:timestamp>", fallback_value=None),
]


def run(
    bench: Bench, spark: SparkProcess, service: Serving, folder: Path, nodes: list[Json]
) -> Any:
    """What comes out of a pipeline of these nodes, by id."""
    feed = source(columns="id bigint, amount double, at timestamp, price decimal(20,2)")
    feed["config"]["path"] = str(folder / "in")
    document = chain(feed, *nodes)
    document["nodes"][-1]["config"] = {"path": str(folder / "out"), "format": "parquet"}
    (folder / "in").mkdir(parents=True)
    rows = [
        {
            "id": n,
            "amount": None if n == 3 else n / 2,
            "at": f"2026-01-01T10:00:{n:02d}Z",
            "price": "123456789012345678.05",
        }
        for n in range(COUNT)
    ]
    text = "\n".join(map(json.dumps, rows))
    (folder / "in" / "rows.json").write_text(text, encoding="utf-8")
    made = bench.make(document)
    places = {"checkpoints": str(folder / "c"), "tables": str(folder / "t")}
    parameters = places | {"databricks_host": service.url}
    spark.request("run", notebook=next(iter(made.generated.files.values())), parameters=parameters)
    return pq.read_table(folder / "out").sort_by("id").to_pylist()


def test_answers_and_fallbacks(bench: Bench, spark: SparkProcess, tmp_path: Path) -> None:
    with serving() as service:
        rows = run(bench, spark, service, tmp_path, NODES)
    right = [None if n == 3 else float(n) for n in range(COUNT)]
    nothing = [-1.0] * COUNT
    assert [row["by_good"] for row in rows] == right
    assert [row["by_busy"] for row in rows] == right
    for endpoint in ("broken", "refusing", "slow", "short", "empty", "garbage"):
        assert [row[f"by_{endpoint}"] for row in rows] == nothing, endpoint
    places = [n % 16 % 2 for n in range(COUNT)]  # every second prediction of a request is text
    assert [row["by_wrong"] for row in rows] == [
        -1.0 if odd else value for odd, value in zip(places, right, strict=True)
    ]
    named = [(row["by_named"]["score"], row["by_named"]["at"]) for row in rows]
    assert named == [(value, row["at"]) for value, row in zip(right, rows, strict=True)]
    sent = service.requests
    assert sorted(map(len, sent["good"])) == [8, 16, 16]
    assert {tuple(r) for part in sent["good"] for r in part} == {("id", "amount", "at", "price")}
    assert [len(sent[name]) for name in ("broken", "refusing", "busy")] == [6, 3, 5]
    # The slow one still works on requests that were given up, so it is left out.
    at_once = {n for name, n in service.most_at_once.items() if name != "slow"}
    assert max(at_once) == 2, "as many at a time as were allowed"


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [("wrong", "a prediction is not double"), ("broken", "no answer after 2 attempts: HTTP 500")],
)
def test_without_a_fallback_the_query_stops(
    bench: Bench, spark: SparkProcess, tmp_path: Path, endpoint: str, said: str
) -> None:
    node = model(endpoint, on_error="fail", fallback_value=None)
    with serving() as service, pytest.raises(EngineFailed) as caught:
        run(bench, spark, service, tmp_path, [node])
    assert said in str(caught.value.to_json())
