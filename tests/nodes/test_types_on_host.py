"""A pipeline around each node type, run in this process: its rows, or its matches, come out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, document

TYPES = [t.type for t in Catalog.load() if t.category != "source"]
ROWS: list[dict[str, Any]] = [
    {
        "id": n,
        "key": "k",
        "kind": "ABC"[n % 3],
        "amount": 500 if n == 30 else n,
        "at": f"2026-01-01T00:{n:02d}:00Z",
    }
    for n in range(40)
]
LOCAL: dict[str, dict[str, Any]] = {
    "lookup-enrichment": {"static_rows": [{"name": "k", "region": "north"}]},
    "ml-model-endpoint": {"sample_predictions": [{"prediction": 0.5}]},
    "stream-static-join": {"static_rows": [{"name": "k", "region": "north"}]},
    "flatten-explode": {"column": "tags", "alias": "tag"},
    "count-threshold": {"window": "1 hour"},
    "velocity": {"window": "1 hour", "per": "hour"},
    "geofence": {"zones": [{"name": "here", "latitude": 9, "longitude": 10, "radius_m": 200}]},
    "outlier": {"min_samples": 5},
}
"""What a local test gives in place of a service or a table, and values that the rows reach."""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Catalog, local engine and resolver."""
    made = Bench()
    yield made
    made.close()


@pytest.mark.parametrize("node_type", TYPES)
def test_rows_come_out(bench: Bench, node_type: str) -> None:
    made = bench.make(document(node_type, BASES[node_type] | LOCAL.get(node_type, {})))
    given = ROWS
    if node_type == "flatten-explode":
        given = [{**row, "tags": ["x", "y"]} for row in ROWS]
    feeds = [node.id for node in made.document.nodes if node.type == "auto-loader"]
    found = bench.on_host(made, bench.tables(made, dict.fromkeys(feeds, given)))
    last = next(n.id for n in made.document.nodes if bench.catalog.get(n.type).category == "sink")
    assert found.tables[last].num_rows
