"""Kafka → pattern → Delta and Kafka, killed at any moment: no match is lost, none is doubled.

What is killed is the whole of Spark (driver, JVM, workers) by SIGKILL, at a random moment between
its start and its last batch; then it is started again on the same checkpoints.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.errors import EngineFailed
from tests.codegen.bench import Bench, Made

from .broker import broker

pytestmark = [pytest.mark.spark, pytest.mark.kafka, pytest.mark.timeout(900)]
Json = dict[str, Any]
COLUMNS = "id bigint, customer string, status string, at timestamp"
ROWS = 700
ROWS_PER_BATCH = 120
LONGEST_WAIT_S = 2.0
TABLES = ("appended", "merged")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with broker() as address:
        yield address


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def orders(rng: random.Random) -> list[Json]:
    """Orders that are paid and, mostly, shipped in time; the last row closes what is open."""
    rows: list[Json] = []
    for second in range(ROWS):
        number = rng.randrange(max(1, second - 200), second + 2)
        status = rng.choice(("paid", "paid", "shipped"))
        rows.append(_order(number, status, f"2026-01-01T{second // 3600:02d}:{_clock(second)}Z"))
    return [*rows, *(_order(-n, "closing", "2027-01-01T00:00:00Z") for n in range(20))]


def _clock(second: int) -> str:
    return f"{second // 60 % 60:02d}:{second % 60:02d}"


def _order(number: int, status: str, at: str) -> Json:
    return {"id": number, "customer": f"c{number % 7}", "status": status, "at": at}


def pipeline(name: str, nodes: list[tuple[str, str, Json]], edges: list[str]) -> Json:
    listed = [{"id": i, "type": t, "name": i, "config": c} for i, t, c in nodes]
    pairs = [edge.split(" > ") for edge in edges]
    return {
        "name": name,
        "nodes": listed,
        "edges": [{"source": source, "target": target} for source, target in pairs],
    }


def producing(server: str, topic: str, folder: Path) -> Json:
    """Files to a topic, by key, so that partitions grow alike."""
    out = {"bootstrap_servers": server, "topic": topic, "key": "id"}
    return pipeline(
        "Produce",
        [
            ("files", "auto-loader", {"path": str(folder), "columns": COLUMNS}),
            ("topic", "kafka-topic-sink", out),
        ],
        ["files > topic"],
    )


def detecting(server: str, topic: str) -> Json:
    """Orders that are not shipped, to two tables and a topic."""
    feed = {
        "bootstrap_servers": server,
        "topics": topic,
        "starting_offsets": "earliest",
        "columns": COLUMNS,
        "event_time": "at",
        "watermark_delay": "5 minutes",
        "max_records_per_batch": ROWS_PER_BATCH,
    }
    waits = {
        "key": ["id"],
        "trigger": "status = 'paid'",
        "expected": "status = 'shipped'",
        "within": "2 minutes",
    }
    alerts = {"bootstrap_servers": server, "topic": f"{topic}_alerts", "columns": "match_id, id"}
    return pipeline(
        "Detect",
        [
            ("feed", "kafka-topic", feed),
            ("unshipped", "absence", waits),
            ("appended", "delta-table-sink", {"table": "appended"}),
            ("merged", "delta-table-sink", {"table": "merged", "mode": "merge"}),
            ("alerts", "kafka-topic-sink", alerts),
        ],
        [
            "feed > unshipped",
            "unshipped > appended",
            "unshipped > merged",
            "unshipped > alerts",
        ],
    )


def consuming(server: str, topic: str, folder: Path) -> Json:
    """A topic of matches to files."""
    feed = {
        "bootstrap_servers": server,
        "topics": f"{topic}_alerts",
        "starting_offsets": "earliest",
        "columns": "match_id string, id bigint",
    }
    return pipeline(
        "Consume",
        [("feed", "kafka-topic", feed), ("files", "file-sink", {"path": str(folder)})],
        ["feed > files"],
    )


def request(made: Made, folder: Path) -> Json:
    """What a Spark process is asked to run."""
    parameters = {"checkpoints": str(folder / "checkpoints"), "tables": str(folder / "tables")}
    return {"notebook": next(iter(made.generated.files.values())), "parameters": parameters}


def killed_run(asked: Json, rng: random.Random) -> int:
    """Start Spark, run, and kill all of it after a random time; how many batches had ended."""
    batches: list[Any] = []
    wanted, pause = rng.randrange(0, 4), rng.uniform(0, LONGEST_WAIT_S)
    spark = SparkProcess(spark_env.find())
    timers: list[threading.Timer] = []

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(spark._process.pid, signal.SIGKILL)

    def progress(event: Json) -> None:
        batches.append(event)
        if len(batches) > wanted and not timers:
            timers.append(threading.Timer(pause, end))
            timers[0].start()

    try:
        spark.__enter__()
        with pytest.raises(EngineFailed):
            spark.request("run", progress, **asked, follow=True)
            end()
            raise EngineFailed("ended before it was killed")
    finally:
        for timer in timers:
            timer.cancel()
        spark.close()
    return len(batches)


def check(server: str, bench: Bench, folder: Path, kills: int, seed: int) -> None:
    """Kill so many times, let it end, compare with the tester."""
    rng = random.Random(seed)
    topic, rows = f"orders_{seed}_{kills}", orders(rng)
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "orders.json").write_text("".join(json.dumps(r) + "\n" for r in rows))
    made = bench.make(detecting(server, topic))
    with SparkProcess(spark_env.find()) as spark:
        produce = bench.make(producing(server, topic, folder / "in"))
        spark.request("run", **request(produce, folder / "produce"))
    asked = request(made, folder / "detect")
    seen = [killed_run(asked, rng) for _ in range(kills)]
    with SparkProcess(spark_env.find()) as spark:
        spark.request("run", **asked)
        found = {
            table: [
                row["match_id"]
                for row in spark.request(
                    "sql", text=f"SELECT match_id FROM delta.`{folder}/detect/tables/{table}`"
                )
            ]
            for table in TABLES
        }
        consume = bench.make(consuming(server, topic, folder / "out"))
        spark.request("run", **request(consume, folder / "consume"))
    tables = bench.on_host(made, bench.tables(made, {"feed": rows})).tables
    wanted = Counter(tables["unshipped"]["match_id"].to_pylist())
    told = f"seed {seed}, batches before each kill {seen}"
    print(told)
    assert len(wanted) > 50, "something is to be lost"
    for table in TABLES:
        assert Counter(found[table]) == wanted, f"{table}: {told}"
    lines = (line for path in folder.glob("out/*.json") for line in path.open(encoding="utf-8"))
    sent = {json.loads(line)["match_id"] for line in lines}
    assert sent == set(wanted), f"the topic has each match at least once: {told}"


def test_killed(server: str, bench: Bench, tmp_path: Path) -> None:
    check(server, bench, tmp_path, kills=5, seed=11)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_killed_soak(server: str, bench: Bench, tmp_path: Path, seed: int) -> None:
    check(server, bench, tmp_path, kills=5, seed=seed)
