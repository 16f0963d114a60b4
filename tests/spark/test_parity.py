"""Host and Spark give the same matches, row for row, for random configurations and schedules."""

from __future__ import annotations

import importlib
import random
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.pattern_type import PatternType
from lakestream_mcp.deploy.replay import CLOSING_US, SCHEDULES, Cuts, Schedule
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench, Made, chain, joined, rows_of, source
from tests.patterns.events import events

pytestmark = pytest.mark.spark
CONFIGURATIONS = 8
KEYED = 2
SOAK_CONFIGURATIONS = 8
CATALOG = Catalog.load()
PATTERNS = [t.type for t in CATALOG if isinstance(t, PatternType)]


def random_config(pattern: str, draw: random.Random) -> dict[str, Any]:
    """A configuration from the pattern's own strategy."""
    name = pattern.replace("-", "_")
    assert Path(__file__).parents[1].joinpath("patterns", name, "strategies.py").exists(), (
        f"tests/patterns/{name}/strategies.py must offer `config(draw)`"
    )
    module = importlib.import_module(f"tests.patterns.{name}.strategies")
    made: dict[str, Any] = module.config(draw)
    return made


def feed(draw: random.Random, source_id: str) -> list[dict[str, Any]]:
    """A source, sometimes with a filter behind it."""
    delay = draw.choice(("2 seconds", "5 minutes", "1 millisecond"))
    nodes = [source(delay, node_id=source_id)]
    if draw.random() < 0.3:
        node = {"id": f"{source_id}_known", "type": "filter", "name": "Known"}
        nodes.append({**node, "config": {"condition": "kind <> 'C' AND id IS NOT NULL"}})
    return nodes


def compare(
    bench: Bench,
    spark: SparkProcess,
    pattern: str,
    seed: int,
    schedule: Schedule,
    layout: str = "buckets",
) -> tuple[Made, int]:
    """Run one random case on both hosts; returns it with the number of its matches."""
    draw = random.Random(f"{pattern}/{seed}")
    config = random_config(pattern, draw)
    node = {"id": "found", "type": pattern, "name": "Found", "config": config}
    ports = CATALOG.get(pattern).input_ports
    feeds = {port: feed(draw, f"from_{port}") for port in ports}
    made = bench.make(joined(node, feeds) | {"settings": {"state_layout": layout}})
    tables = bench.tables(made, {nodes[0]["id"]: events(draw) for nodes in feeds.values()})
    on_host = bench.on_host(made, tables)
    on_spark = bench.on_spark(
        spark, made, tables, ["found"], schedule, Cuts(draw.randint(1, 4), seed)
    )
    expected = rows_of(made, on_host.tables["found"], "found")
    got = rows_of(made, on_spark.tables["found"], "found")
    assert got == expected, f"{pattern} seed {seed} {schedule} {layout}: {config}"
    told = [
        p.get("observedMetrics", {}).get("lakestream_found") for p in on_spark.progress["found"]
    ]
    if all(told):  # Spark leaves them out where the listener was slower than the batch
        outcome = on_host.patterns["found"].outcome
        assert sum(c["matches"] for c in told) == len(expected)
        assert sum(c["over_limit"] for c in told) == outcome.over_limit
        assert sum(c["late_rows"] for c in told) == 0
        assert sum(c["untimed_rows"] for c in told) == outcome.untimed
    return made, len(expected)


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
@pytest.mark.parametrize("pattern", PATTERNS)
def test_same_matches(bench: Bench, spark: SparkProcess, pattern: str, seed: int) -> None:
    compare(bench, spark, pattern, seed, SCHEDULES[seed % len(SCHEDULES)])


@pytest.mark.parametrize("seed", range(CONFIGURATIONS, CONFIGURATIONS + KEYED))
@pytest.mark.parametrize("pattern", PATTERNS)
def test_same_matches_by_key(bench: Bench, spark: SparkProcess, pattern: str, seed: int) -> None:
    schedule = SCHEDULES[(seed + PATTERNS.index(pattern)) % len(SCHEDULES)]
    compare(bench, spark, pattern, seed, schedule, "keys")


BREAKS = {
    "waiting rows are forgotten": ("to_bytes(left.waiting)", 'b""'),
    "no timer is set": ("self.handle.registerTimer(timer_ms)", "pass"),
    "NULL numbers stay 0": ("absent = flag(frame, place)", "absent = None"),
    "entries are not written": ("self.entries.put(text, data)", "pass"),
    "deadlines are not filed": ("self.times |= filings.keys()", "pass"),
}


@pytest.mark.parametrize("name", list(BREAKS))
def test_a_broken_adaptor_is_noticed(bench: Bench, spark: SparkProcess, name: str) -> None:
    draw = random.Random(1)
    config = {"key": ["key"], "order_by": ["id"], "trigger": "kind = 'A'", "expected": "kind = 'B'"}
    node = {"id": "found", "type": "absence", "name": "Found", "config": config}
    old, new = BREAKS[name]
    keyed = "entries" in name or "filed" in name
    settings = {"settings": {"state_layout": "keys" if keyed else "buckets"}}
    made = bench.make(chain(source("5 minutes"), node) | settings)
    tables = bench.tables(made, {"events": events(draw)})
    right = rows_of(made, bench.on_host(made, tables).tables["found"], "found")
    ((file, text),) = made.generated.files.items()
    assert old in text
    broken = made.generated.model_copy(update={"files": {file: text.replace(old, new)}})
    replay = bench.on_spark(spark, made._replace(generated=broken), tables, ["found"])
    assert rows_of(made, replay.tables["found"], "found") != right


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_same_matches_at_length(
    bench: Bench, spark: SparkProcess, pattern: str, schedule: Schedule
) -> None:
    first = random.SystemRandom().randrange(1 << 30)
    seeds = range(first, first + SOAK_CONFIGURATIONS)
    found = 0
    for seed in seeds:
        _, matches = compare(bench, spark, pattern, seed, schedule, ("buckets", "keys")[seed % 2])
        found += matches
    assert found, "the strategy found nothing in any case"


def test_the_closing_row_is_far_from_every_event() -> None:
    assert CLOSING_US % 1000 == 999, "the watermark, in whole milliseconds, never passes it"
