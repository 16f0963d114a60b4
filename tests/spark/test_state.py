"""Once every window has closed, Spark's own state reader finds nothing left."""

from __future__ import annotations

import random

import pytest

from lakestream_mcp.deploy.replay import Cuts
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench, chain, joined, source
from tests.patterns.events import events

from .test_parity import CATALOG, PATTERNS, feed, random_config

pytestmark = pytest.mark.spark


VARIABLES = {"buckets": {"blob"}, "keys": {"blob", "entries", "due"}}
CASES = [(p, "buckets") for p in PATTERNS] + [(p, "keys") for p in PATTERNS[::4]]


@pytest.mark.parametrize(("pattern", "layout"), CASES)
def test_nothing_is_left(bench: Bench, spark: SparkProcess, pattern: str, layout: str) -> None:
    draw = random.Random(f"{pattern}/state")
    node = {"id": "found", "type": pattern, "name": "Found", "config": random_config(pattern, draw)}
    feeds = {port: feed(draw, f"from_{port}") for port in CATALOG.get(pattern).input_ports}
    made = bench.make(joined(node, feeds) | {"settings": {"state_layout": layout}})
    tables = bench.tables(made, {nodes[0]["id"]: events(draw) for nodes in feeds.values()})
    replay = bench.on_spark(spark, made, tables, ["found"], "live", Cuts(3, 1), states=True)
    left = replay.states["found"]
    assert set(left) == VARIABLES[layout]
    assert not any(left.values()), f"{pattern}: {left}"


def test_what_is_left_is_seen(bench: Bench, spark: SparkProcess) -> None:
    config = {"key": ["key"], "trigger": "kind = 'A'", "expected": "kind = 'B'"}
    node = {"id": "found", "type": "absence", "name": "Found", "config": config}
    made = bench.make(chain(source("1 second"), node))
    ((file, text),) = made.generated.files.items()
    assert "self.blob.clear()" in text
    kept = {file: text.replace("self.blob.clear()", "pass")}
    made = made._replace(generated=made.generated.model_copy(update={"files": kept}))
    tables = bench.tables(made, {"events": events(random.Random(1))})
    replay = bench.on_spark(spark, made, tables, ["found"], states=True)
    assert replay.states["found"]["blob"] > 0
