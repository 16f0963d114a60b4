"""How long a pipeline of 500 nodes takes to validate, edit and lay out: milliseconds, printed.

    python benchmarks/validate_500.py [--repeat N] [--json]

`cold` parses every configuration and has the engine type every expression; `warm` is the same
document again; `edited` has one node changed, `edit` is that change applied.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph import layout
from lakestream_mcp.graph.analysis import AnalysisCache
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.diff import diff
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

BRANCHES = 100


def changes() -> list[dict[str, Any]]:
    """One source, and branches of three filters, a pattern and a sink: 501 nodes."""
    source = {
        "table": "main.sales.orders",
        "columns": "customer string, amount double, ordered_at timestamp",
        "event_time": "ordered_at",
        "watermark_delay": "10 minutes",
    }
    made = [added("orders", "delta-table-source", source)]
    for branch in range(BRANCHES):
        before = "orders"
        for step in range(3):
            name = f"filter_{branch}_{step}"
            made.append(added(name, "filter", {"condition": f"amount > {branch}{step}"}, before))
            before = name
        count = {"key": ["customer"], "where": f"amount > {branch}", "threshold": 3}
        made.append(added(f"count_{branch}", "count-threshold", count, before))
        sink = {"table": f"main.sales.matches_{branch}"}
        made.append(added(f"sink_{branch}", "delta-table-sink", sink, f"count_{branch}"))
    return made


def added(node_id: str, type_name: str, config: Any, after: str | None = None) -> dict[str, Any]:
    node = {"id": node_id, "type": type_name, "name": node_id, "config": config}
    return {"op": "add_node", "node": node} | ({"after": after} if after else {})


def timed_ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def measure(repeat: int, resolver: SailResolver) -> dict[str, Any]:
    catalog = Catalog.load()
    build = changes()
    blank = PipelineDocument(name="500 nodes")
    built_ms = timed_ms(partial(apply, blank, build, catalog))
    document = apply(blank, build, catalog).document
    cache = AnalysisCache()
    cold_ms = timed_ms(partial(validate, document, catalog, resolver, cache))
    validation = validate(document, catalog, resolver, cache)
    warm, edited, edit = [], [], []
    for number in range(repeat):
        warm.append(timed_ms(partial(validate, document, catalog, resolver, cache)))
        config = {"condition": f"amount > {9000 + number}"}
        change = {"op": "update_node", "id": "filter_50_1", "config": config}
        edit.append(timed_ms(partial(apply, document, [change], catalog)))
        after = apply(document, [change], catalog).document
        edited.append(timed_ms(partial(validate, after, catalog, resolver, cache)))
    return {
        "nodes": len(document.nodes),
        "errors": len(validation.errors),
        "build_ms": built_ms,
        "cold_ms": cold_ms,
        "warm_ms": statistics.median(warm),
        "edit_ms": statistics.median(edit),
        "edited_ms": statistics.median(edited),
        "tidy_ms": timed_ms(partial(layout.tidy, document.nodes, document.edges)),
        "diff_ms": timed_ms(partial(diff, blank, document)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Validate a pipeline of 500 nodes")
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    engine = LocalEngine()
    try:
        figures = measure(options.repeat, SailResolver(engine))
    finally:
        engine.close()
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:10} {value:.2f}" if isinstance(value, float) else f"{name:10} {value}")


if __name__ == "__main__":
    main()
