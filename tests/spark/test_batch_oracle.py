"""Patterns against batch SQL on real Spark, which shares no code with them."""

from __future__ import annotations

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


def micros(moment: Any) -> int:
    return round(moment.timestamp() * 1_000_000)


def test_sessions_and_first_rows(bench: Bench, spark: SparkProcess, tmp_path: Path) -> None:
    for seed in SEEDS:
        node = {"type": "session", "config": SESSION}
        found, wanted = both(bench, spark, tmp_path, node, SESSIONS, seed)
        told = [
            (
                r["key"],
                micros(r["started_at"]),
                micros(r["ended_at"]),
                r["count"],
                r["total"],
                r["kinds"],
            )
            for r in found
        ]
        assert sorted(told, key=repr) == sorted((tuple(r.values()) for r in wanted), key=repr)
        assert len(told) > 5
        node = {"type": "deduplicate", "config": DEDUPLICATE}
        found, wanted = both(bench, spark, tmp_path, node, FIRSTS, seed)
        kept = [(r["key"], r["kind"], micros(r["at"]), r["id"]) for r in found]
        assert sorted(kept, key=repr) == sorted((tuple(r.values()) for r in wanted), key=repr)
        assert 5 < len(kept) < 400
