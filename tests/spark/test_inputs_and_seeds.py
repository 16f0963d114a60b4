"""Several inputs and expected keys on Spark, where matches alone might not show a fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lakestream_mcp.deploy.replay import SCHEDULES, Cuts, Schedule, schema_text
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench, Made, chain, joined, rows_of, source

pytestmark = pytest.mark.spark
COLUMNS = "n bigint, day date, since timestamp, flag boolean, kind string, at timestamp"
KEY = ["n", "day", "since", "flag"]
NEVER = [-5, "1969-12-31", "2026-03-01T00:00:00.000001Z", False]
ONCE = [2**60 + 1, "2026-03-01", "1969-12-31T23:59:59.999999Z", True]
Rows = list[dict[str, Any]]


def minute(number: int, kind: str = "A", key: list[Any] | None = None) -> dict[str, Any]:
    """A row of one key at a minute."""
    at = f"2026-03-01T{number // 60:02d}:{number % 60:02d}:00Z"
    return dict(zip(KEY, key or [1, None, None, None])) | {"kind": kind, "at": at}


def same(
    bench: Bench,
    spark: SparkProcess,
    made: Made,
    events: dict[str, Rows],
    schedule: Schedule,
    seed: int,
) -> list[dict[str, Any]]:
    """The matches, which are the same on both hosts."""
    tables = bench.tables(made, events)
    on_host = bench.on_host(made, tables).tables["found"]
    replay = bench.on_spark(spark, made, tables, ["found"], schedule, Cuts(4, seed))
    assert rows_of(made, replay.tables["found"], "found") == rows_of(made, on_host, "found")
    found: list[dict[str, Any]] = on_host.to_pylist()
    return found


WATCH = {
    "id": "found",
    "type": "heartbeat",
    "name": "Found",
    "config": {
        "key": KEY,
        "timeout": "1 minute",
        "forget_after": "2 minutes",
        "expected_keys": [NEVER, ONCE],
        "expected_from": "2026-03-01T00:00:30Z",
    },
}
WATCHED = [minute(0), minute(1, key=ONCE), *(minute(m) for m in range(5, 90, 5))]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_expected_keys_are_watched_once(
    bench: Bench, spark: SparkProcess, schedule: Schedule
) -> None:
    """Each is lost and forgotten long before a restart, which would watch it again."""
    made = bench.make(chain(source("1 second", COLUMNS), WATCH))
    found = same(bench, spark, made, {"events": WATCHED}, schedule, 3)
    lost = [m for m in found if m["n"] != 1]
    assert sorted((m["n"], m["status"], len(m["events"])) for m in lost) == [
        (NEVER[0], "lost", 0),
        (ONCE[0], "lost", 1),
    ]


def test_watching_again_after_a_restart_would_be_noticed(bench: Bench, spark: SparkProcess) -> None:
    made = bench.make(chain(source("1 second", COLUMNS), WATCH))
    ((file, text),) = made.generated.files.items()
    started = 'else ({}, b"", 0)'
    again = "seeded(self.layout, self.matcher, range(len(self.layout.seeds)))"
    assert started in text
    broken = made.generated.model_copy(
        update={"files": {file: text.replace(started, f'else ({again}, b"", 0)')}}
    )
    tables = bench.tables(made, {"events": WATCHED})
    cuts = Cuts(4, 3)
    made = made._replace(generated=broken)
    replay = bench.on_spark(spark, made, tables, ["found"], "restart", cuts)
    lost = [m for m in replay.tables["found"].to_pylist() if m["n"] == NEVER[0]]
    assert len(lost) > 1


@pytest.mark.parametrize("schedule", ["backlog", "restart"])
def test_one_source_feeds_both_inputs(
    bench: Bench, spark: SparkProcess, schedule: Schedule
) -> None:
    config = {
        "within": "10 minutes",
        "left": "kind = 'A'",
        "right": "kind = 'B'",
        "pairing": "first",
        "unpaired_left": True,
    }
    node = {"id": "found", "type": "temporal-correlation", "name": "Found", "config": config}
    document = joined(node, {"left": [source("1 minute", COLUMNS)]})
    document["edges"].append({"source": "events", "target": "found", "target_port": "right"})
    made = bench.make(document)
    rows = [minute(m, "AB"[m % 3 == 2]) for m in range(0, 60, 2)]
    found = same(bench, spark, made, {"events": rows}, schedule, 5)
    assert {len(match["events"]) for match in found} == {1, 2}


def test_no_filter_of_an_input_slips_below_its_watermark(
    bench: Bench, spark: SparkProcess, tmp_path: Path
) -> None:
    config = {"key": ["kind"], "left": "n > 1", "right": "flag", "right_keep": ["n"]}
    node = {"id": "found", "type": "temporal-correlation", "name": "Found", "config": config}
    feeds = {port: [source("1 minute", COLUMNS, node_id=port)] for port in ("left", "right")}
    made = bench.make(joined(node, feeds))
    for name, table in bench.tables(made, {port: [minute(0)] for port in feeds}).items():
        tmp_path.joinpath(name).mkdir()
        pq.write_table(table.drop_columns(["__row"]), tmp_path / name / "a.parquet")
    answer = spark.request(
        "measure",
        notebook=next(iter(made.generated.files.values())),
        parameters={"checkpoints": str(tmp_path / "state"), "tables": str(tmp_path / "tables")},
        sources={
            port: {
                "frame": made.generated.frames[port],
                "folder": str(tmp_path / port),
                "schema": schema_text(made.validation.relations[port]),
            }
            for port in feeds
        },
        frame="found",
    )
    lines = answer["plan"].split("== Physical Plan ==")[1].splitlines()
    order = [
        word
        for word in (line.lstrip(" +-:*()0123456789") for line in lines)
        if word.startswith(("Filter", "EventTimeWatermark"))
    ]
    kinds = "".join(word[0] for word in order)
    assert kinds.lstrip("F") in ("EFE", "EFFE"), "from the last operator down: filter, watermark"
    assert kinds.count("E") == 2
