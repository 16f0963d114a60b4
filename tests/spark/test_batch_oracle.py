"""Patterns against batch SQL on real Spark, which shares no code with them."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lakestream_mcp.cep.events import ROW
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench, chain, source
from tests.patterns.events import events

pytestmark = pytest.mark.spark
SEEDS = range(3)
Json = dict[str, Any]
SESSION: Json = {
    "key": ["key"],
    "order_by": ["id"],
    "gap": "30 seconds",
    "where": "kind <> 'D'",
    "min_events": 2,
    "measures": {"total": "SUM(event.n)", "kinds": "COUNT(event.note)"},
}
SESSIONS = """
    SELECT `key`, unix_micros(min(at)) AS started, unix_micros(max(at)) AS ended,
        count(*) AS many, coalesce(sum(n), 0) AS total, count(note) AS kinds
    FROM parquet.`{path}` WHERE at IS NOT NULL AND kind <> 'D'
    GROUP BY `key`, session_window(at, '{gap}') HAVING count(*) >= 2
"""
JUST_LESS = "29 seconds 999 milliseconds 999 microseconds"
"""A window of Spark takes in a row exactly its gap later; a session ends there."""
DEDUPLICATE: Json = {"key": ["key", "kind"], "order_by": ["id"], "within": "4 minutes"}
FIRSTS = """
    WITH keyed AS (
        SELECT `key`, kind, sort_array(collect_list(struct(unix_micros(at) AS t, id))) AS given
        FROM parquet.`{path}` WHERE at IS NOT NULL GROUP BY `key`, kind
    ), kept AS (
        SELECT `key`, kind, aggregate(
            given, slice(given, 1, 0),
            (acc, r) -> CASE
                WHEN size(acc) = 0 OR r.t >= element_at(acc, -1).t + 240000000
                THEN array_append(acc, r) ELSE acc END
        ) AS firsts FROM keyed
    )
    SELECT `key`, kind, one.t AS at_us, one.id FROM kept LATERAL VIEW explode(firsts) f AS one
"""
COUNTS: Json = {
    "key": ["key"],
    "order_by": ["id"],
    "windows": "sliding",
    "window": "5 minutes",
    "slide": "2 minutes",
    "where": "kind <> 'D'",
    "distinct": "note",
    "comparison": ">=",
    "threshold": 2,
}
WINDOWS = """
    SELECT `key`, unix_micros(window.start) AS starts, unix_micros(window.end) AS ends,
        count(DISTINCT note) AS many
    FROM parquet.`{path}` WHERE at IS NOT NULL AND kind <> 'D'
    GROUP BY `key`, window(at, '5 minutes', '2 minutes') HAVING count(DISTINCT note) >= 2
"""
CASES: dict[str, tuple[Json, str, tuple[str, ...]]] = {
    "session": (SESSION, SESSIONS, ("key", "started_at", "ended_at", "count", "total", "kinds")),
    "deduplicate": (DEDUPLICATE, FIRSTS, ("key", "kind", "at", "id")),
    "count-threshold": (COUNTS, WINDOWS, ("key", "window_start", "window_end", "count")),
}
"""A node's configuration, the query that answers the same, and the columns that both give."""


def rows(seed: int) -> list[Json]:
    """Events whose ids tell apart those with equal times."""
    given = events(random.Random(f"oracle/{seed}"), count=400)
    return [{**row, "id": number} for number, row in enumerate(given)]


def both(
    bench: Bench, spark: SparkProcess, folder: Path, node: Json, query: str, seed: int
) -> tuple[list[Json], list[Json]]:
    """Rows of a pattern in this process, and of the query on Spark."""
    made = bench.make(chain(source("10 minutes"), {**node, "id": "it", "name": "It"}))
    tables = bench.tables(made, {"events": rows(seed)})
    path = folder / f"{node['type']}-{seed}.parquet"
    pq.write_table(tables["events"].drop_columns([ROW]), path)
    found = bench.on_host(made, tables).tables["it"].to_pylist()
    return found, spark.request("sql", text=query.format(path=path, gap=JUST_LESS))


def plain(value: Any) -> Any:
    """A moment as the queries write it."""
    return round(value.timestamp() * 1_000_000) if isinstance(value, dt.datetime) else value


@pytest.mark.parametrize("kind", CASES)
def test_as_batch_sql(bench: Bench, spark: SparkProcess, tmp_path: Path, kind: str) -> None:
    config, query, columns = CASES[kind]
    for seed in SEEDS:
        node = {"type": kind, "config": config}
        found, wanted = both(bench, spark, tmp_path, node, query, seed)
        told = [tuple(plain(row[name]) for name in columns) for row in found]
        assert sorted(told, key=repr) == sorted((tuple(r.values()) for r in wanted), key=repr)
        assert 5 < len(told) < 400
