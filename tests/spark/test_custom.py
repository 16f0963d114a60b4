"""Authors' processors give the same rows in the tester and on Spark, batch for batch."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import pytest

from lakestream_mcp.cep.processor.schedule import SCHEDULES, Schedule
from lakestream_mcp.deploy.replay import Cuts
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench, chain, rows_of, sink, source
from tests.patterns.custom.processors import CODES, UNTIMED, config
from tests.patterns.events import events

pytestmark = pytest.mark.spark
CASES = [
    (name, schedule, 7 * number + 1)
    for number, name in enumerate(CODES)
    for schedule in (SCHEDULES[number % 3 :][:1] if name in UNTIMED else SCHEDULES)
]


@pytest.mark.parametrize(("name", "schedule", "seed"), CASES)
def test_same_rows(
    bench: Bench, spark: SparkProcess, name: str, schedule: Schedule, seed: int
) -> None:
    draw = random.Random(seed)
    node = {"id": "found", "type": "custom", "name": "Found", "config": config(name)}
    made = bench.make(chain(source(draw.choice(("2 minutes", "10 minutes"))), node))
    rows = events(draw, 60)
    draw.shuffle(rows)  # many are late, and each batch decides anew which are dropped
    tables = bench.tables(made, {"events": rows})
    size = draw.choice((5, 9, 20))
    on_host = bench.on_host(made, tables, size, schedule)
    expected = rows_of(made, on_host.tables["found"], "found")
    on_spark = bench.on_spark(spark, made, tables, ["found"], schedule, Cuts(batch_rows=size))
    assert rows_of(made, on_spark.tables["found"], "found") == expected
    assert expected
    if name not in UNTIMED:
        dropped = sum(p["droppedByWatermark"] for p in on_spark.progress["found"])
        assert dropped == len(on_host.processors["found"].late_rows)


@pytest.mark.parametrize("schedule", ["backlog", "live"])
def test_rows_before_1970(bench: Bench, spark: SparkProcess, schedule: Schedule) -> None:
    """The watermark starts at 1970, so earlier rows are late from the first batch on."""
    node = {"id": "found", "type": "custom", "name": "Found", "config": config("timers")}
    made = bench.make(chain(source("1 minute"), node))
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    rows = [
        {"id": n, "key": "k", "kind": "A", "at": start + dt.timedelta(milliseconds=ms)}
        for n, ms in enumerate((-1, 0, 1, 30_000, -5, 61_000, 500, 400_000, 100, 350_000))
    ]
    tables = bench.tables(made, {"events": rows})
    on_host = bench.on_host(made, tables, 2, schedule)
    on_spark = bench.on_spark(spark, made, tables, ["found"], schedule, Cuts(batch_rows=2))
    expected = rows_of(made, on_host.tables["found"], "found")
    assert rows_of(made, on_spark.tables["found"], "found") == expected
    assert on_host.processors["found"].late_rows[:2] == [0, 1]


RECENT = """\
from pyspark.sql import Row
from pyspark.sql.streaming import StatefulProcessor


class Recent(StatefulProcessor):
    def init(self, handle):
        self.seen = handle.getMapState("seen", "kind string", "n bigint", ttlDurationMs=3_600_000)

    def handleInputRows(self, key, rows, timerValues):
        for row in rows:
            before = self.seen.getValue((row.kind,))
            self.seen.updateValue((row.kind,), ((before[0] if before else 0) + 1,))
            yield Row(key=key[0], kind=row.kind, n=before and before[0])
"""


def test_a_time_to_live_that_does_not_end(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    """On processing time a query has no end: it is stopped when all rows have been read."""
    given = {"code": RECENT, "key": ["key"], "output": "key string, kind string, n bigint"}
    node = {"id": "found", "type": "custom", "name": "Found"}
    node["config"] = given | {"time_mode": "processing_time"}  # type: ignore[assignment]
    document = chain(source(), node)
    document["nodes"][0]["config"]["path"] = str(tmp_path / "in")
    document["nodes"][-1] = sink() | {"config": {"path": str(tmp_path / "out"), "format": "json"}}
    made = bench.make(document | {"settings": {"trigger": "1 second"}})
    rows = events(random.Random(5), 40)
    (tmp_path / "in").mkdir()
    lines = [json.dumps(row, default=dt.datetime.isoformat) for row in rows]
    (tmp_path / "in" / "rows.json").write_text("\n".join(lines), encoding="utf-8")
    (notebook,) = made.generated.files.values()
    folders = {"checkpoints": str(tmp_path / "c"), "tables": str(tmp_path / "t")}
    spark.request("run_for", notebook=notebook, parameters=folders, rows=len(rows))
    said = spark.request("sql", text=f"SELECT key, kind, n FROM json.`{tmp_path / 'out'}`")
    tables = bench.tables(made, {"events": rows})
    expected = bench.on_host(made, tables, len(rows)).tables["found"].drop_columns(["__row"])
    assert sorted(map(repr, said)) == sorted(map(repr, expected.to_pylist()))
