"""A pipeline on real Spark, killed wherever it can be: no match is lost or doubled, and what the
status says is true all the time."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest

from lakestream_mcp.cep.host import Host, Options
from lakestream_mcp.deploy import running
from lakestream_mcp.templates.library import built_in
from tests.codegen.bench import Bench

from .conftest import Run, document
from .killer import Killer, counted

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]
SOAK_S, SOAK_ROWS = 600, 3_000


def events(count: int, seed: int) -> list[dict[str, Any]]:
    """Events of which many are not followed up; the last closes what can be closed."""
    rng = random.Random(seed)
    return [
        {
            "id": n,
            "key": f"k{rng.randrange(40)}",
            "kind": rng.choice("AAB"),
            "at": f"2026-03-01T{n // 360:02d}:{n // 6 % 60:02d}:{n % 6 * 10:02d}Z",
        }
        for n in range(count)
    ]


def write(folder: Path, rows: list[dict[str, Any]], number: int) -> None:
    """A file that is there whole or not at all."""
    part = folder.parent / f"{number:05d}.part"
    part.write_text("".join(json.dumps(row) + "\n" for row in rows))
    os.utime(part, (1_700_000_000 + number,) * 2)
    part.rename(folder / f"{number:05d}.json")


def expected(
    made: dict[str, Any], rows: list[dict[str, Any]], pattern: str, source: str = "feed"
) -> Counter[str]:
    """The matches that the tester finds in so many events, without closing the input."""
    bench = Bench()
    try:
        pipeline = bench.make(made)
        host = Host(
            pipeline.document,
            pipeline.validation,
            bench.catalog,
            bench.engine,
            bench.resolver,
            lambda *_: None,
        )
        options = Options(traced=False, advance_to=None)
        ran = host.run(bench.tables(pipeline, {source: rows}), options)
        return Counter(ran.tables[pattern]["match_id"].to_pylist())
    finally:
        bench.close()


def stored(run: Run, table: str) -> Counter[str]:
    """The matches in a Delta table, read by its log."""
    folder = run.folder / "tables" / table
    files: dict[str, None] = {}
    for commit in sorted((folder / "_delta_log").glob("*.json")):
        for action in map(json.loads, commit.read_text().splitlines()):
            if "add" in action:
                assert "deletionVector" not in action["add"]
                files[action["add"]["path"]] = None
            elif "remove" in action:
                del files[action["remove"]["path"]]
    tables = [pq.read_table(folder / unquote(file), columns=["match_id"]) for file in files]
    return Counter(match for table in tables for match in table["match_id"].to_pylist())


def test_killed_anywhere(opened: Callable[..., Run]) -> None:
    run = opened()
    made, rows = document(run.data, merged=False), events(360, seed=1)
    run.create(made)
    for number in range(3):
        write(run.data, rows[60 * number : 60 * number + 60], number)
    run.start(trigger="1 second")
    run.until(lambda now: "kept" in now.queries and now.phase == "running")
    killer = Killer(run, {"trigger": "1 second"})
    killer.server()
    run.until_phase("running")
    killer.spark()
    for number in range(3, 6):
        write(run.data, rows[60 * number : 60 * number + 60], number)
    run.until_phase("running")
    killer.supervisor()
    wanted = expected(made, rows, "quiet")
    assert len(wanted) > 50
    run.until(lambda now: now.phase == "running" and all_read(now, len(rows)))
    run.until(lambda _: stored(run, "kept").total() >= wanted.total())
    done = run.status
    assert counted(done, len(rows))
    assert all(load.state_rows > 0 and load.watermark for load in done.queries.values())
    assert done.nodes["quiet"].late_rows == 0
    assert run.stop().phase == "stopped"
    assert stored(run, "kept") == wanted


def all_read(now: running.RunStatus, rows: int) -> bool:
    """Whether every query has read all rows, as far as was measured."""
    return all(load.total_rows >= rows or load.unmeasured for load in now.queries.values())


def test_a_template_is_rehearsed(opened: Callable[..., Run]) -> None:
    """Out of the box: a template's events in place of Kafka, a table in place of a topic."""
    run = opened()
    template = built_in()["impossible-travel"]
    run.call("create_pipeline", id="quiet", name="Travel", template=template.id)
    run.call(
        "run_pipeline",
        pipeline_id="quiet",
        action="start",
        events={"template": template.id},
        trigger="available now",
    )
    run.until_phase("finished")
    events = template.events()["sign_ins"]
    wanted = expected(template.pipeline.model_dump(), events, "travel", "sign_ins")
    assert wanted
    assert stored(run, "soc") == wanted


def repeated(rows: list[dict[str, Any]], copies: int) -> list[dict[str, Any]]:
    """A template's events again and again, each time a day later than all before."""
    times = [dt.datetime.fromisoformat(row["event_time"]) for row in rows]
    step = max(times) - min(times) + dt.timedelta(days=1)
    return [
        {**row, "event_time": (at + n * step).isoformat()}
        for n in range(copies)
        for row, at in zip(rows, times, strict=True)
    ]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "name", ["impossible-travel", "sla-breach-detection", "market-flash-crash"]
)
def test_a_template_killed_for_ten_minutes(opened: Callable[..., Run], name: str) -> None:
    """Killed now and then, at any moment; what was to be sent out is compared, match by match."""
    run, rng, template = opened(), random.Random(name), built_in()[name]
    run.call("create_pipeline", id="quiet", name="Soak", template=name)
    (source, rows), made = next(iter(template.events().items())), template.pipeline
    given = {source: repeated(rows, SOAK_ROWS // len(rows))}
    options = {"trigger": "5 seconds", "events": given}
    run.start(**options)
    killer, kills, stop_at = Killer(run, options), 0, time.monotonic() + SOAK_S
    while time.monotonic() < stop_at:
        killer.nothing(rng.uniform(1, 45))
        now = run.until_phase("running")
        assert now.run_id
        rng.choice([killer.spark, killer.server, killer.supervisor])()
        kills += 1
    run.until(
        lambda now: bool(now.queries) and all_read(now, len(given[source])) and settled(now), 1800
    )
    assert counted(run.status, len(given[source]))
    assert run.stop().phase == "stopped"
    patterns = {e.source: e.target for e in made.edges if made.node(e.target) in sinks(made)}
    print(f"{name}: {kills} kills")
    for pattern, sink in patterns.items():
        wanted = expected(made.model_dump(), given[source], pattern, source)
        assert wanted.total() > 100
        assert stored(run, sink) == wanted


def sinks(made: Any) -> list[Any]:
    """The sinks that write to other systems, which a rehearsal keeps as tables."""
    return [n for n in made.nodes if n.type in {"kafka-topic-sink", "slack-teams-pagerduty"}]


def settled(now: running.RunStatus) -> bool:
    """Whether the batches that only advance the watermark are over."""
    ages = [dt.datetime.now(dt.UTC) - load.at for load in now.queries.values()]
    return now.phase == "running" and min(ages) > dt.timedelta(seconds=30)
