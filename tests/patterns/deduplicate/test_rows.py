"""A kept row has the columns it had: names, types and values, also for nodes downstream."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

import pytest

from lakestream_mcp.graph.model import Column
from lakestream_mcp.relational.column_types import parse_columns
from tests.codegen.bench import COLUMNS, Bench, chain, source
from tests.patterns.events import events


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def test_rows_pass_as_they_came(bench: Bench) -> None:
    columns = [Column(*c) for c in parse_columns(COLUMNS)]
    names = [c.name for c in columns]
    config = {"key": ["key", "n"], "order_by": ["id"], "within": "1 microsecond"}
    node = {"id": "once", "type": "deduplicate", "name": "Once", "config": config}
    again = {
        "id": "again",
        "type": "map-select",
        "name": "Again",
        "config": {"columns": ", ".join(names)},
    }
    made = bench.make(chain(source("5 minutes"), node, again))
    assert sorted(made.validation.relations["again"].columns) == sorted(columns)
    given = events(random.Random(3), count=200)
    tables = bench.tables(made, {"events": given})
    kept = bench.on_host(made, tables).tables["again"].select(names).to_pylist()
    came = [row for row in tables["events"].select(names).to_pylist() if row["at"] is not None]
    seen = {repr(row) for row in came}
    assert {repr(row) for row in kept} <= seen
    moments = {(row["key"], row["n"], row["at"]) for row in came}
    assert len(kept) == len(moments) > 100


def test_the_watermark_starts_at_1970_and_only_what_is_later_is_in_time(bench: Bench) -> None:
    config = {"key": ["id"], "within": "1 microsecond"}
    node = {"id": "once", "type": "deduplicate", "name": "Once", "config": config}
    made = bench.make(chain(source("5 minutes"), node))
    base = events(random.Random(0), count=1)[0]
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    given = [
        {**base, "id": n, "at": start + dt.timedelta(microseconds=at)}
        for n, at in enumerate((-1, 0, 1, 2))
    ]
    run = bench.on_host(made, bench.tables(made, {"events": given}))
    assert sorted(run.tables["once"]["id"].to_pylist()) == [2, 3]
    assert run.patterns["once"].late_rows.tolist() == [0, 1]
