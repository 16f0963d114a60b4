"""Rows of a local test come in by any source, as its columns, and pass the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, document

SOURCES = [t.type for t in Catalog.load() if t.category == "source"]
ROW: dict[str, Any] = {
    "id": 1,
    "key": "k",
    "kind": "A",
    "amount": 2.5,
    "at": "2026-01-01T00:00:00Z",
    "source_time": "2026-01-01T00:00:00Z",
    "op": "d",
    "sensor_id": "s",
    "event_time": "2026-01-01T00:00:00Z",
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Catalog, local engine and resolver."""
    made = Bench()
    yield made
    made.close()


@pytest.mark.parametrize("node_type", SOURCES)
def test_rows_pass(bench: Bench, node_type: str) -> None:
    made = bench.make(document(node_type, BASES[node_type]))
    columns = made.validation.relations["it"].names
    given = {name: value for name, value in ROW.items() if name in columns}
    assert given
    tables = bench.tables(made, {"it": [given]})
    (row,) = bench.on_host(made, tables).tables["out"].to_pylist()
    assert {name: row[name] for name in given if not name.endswith(("at", "time"))} == {
        name: value for name, value in given.items() if not name.endswith(("at", "time"))
    }


def test_deletes_are_found_among_changes(bench: Bench) -> None:
    changes = document("cdc-stream", BASES["cdc-stream"])
    keep = {"id": "gone", "type": "filter", "name": "Gone", "config": {"condition": "op = 'd'"}}
    changes["nodes"].append(keep)
    changes["edges"] = [{"source": "it", "target": "gone"}, {"source": "gone", "target": "out"}]
    made = bench.make(changes)
    rows = [{"id": n, "op": op} for n, op in enumerate("crudd")]
    found = bench.on_host(made, bench.tables(made, {"it": rows})).tables["out"]
    assert found["id"].to_pylist() == [3, 4]
