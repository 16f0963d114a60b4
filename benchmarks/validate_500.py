"""How long a pipeline of 500 nodes takes to validate, edit, preview …: milliseconds, printed.

    python benchmarks/validate_500.py [--repeat N] [--json] [--growth]

`cold` parses every configuration and has the engine type every expression; `warm` is the same
document again; `edited` has one node changed, `edit` is that change applied. `preview` shows one
filter's and `match` one pattern's rows for 20 given events, `lineage` follows all columns of all
sinks to their sources, `rename` says what a renamed source column breaks and how to mend it.
`--growth` measures about 500, 1,000 and 2,000 nodes, the most a pipeline has, and prints a table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.host import Host, Options
from lakestream_mcp.cep.testing import read_sources
from lakestream_mcp.graph import layout
from lakestream_mcp.graph.analysis import AnalysisCache
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.diff import diff
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate
from lakestream_mcp.relational.column_lineage import Lineage
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.impact import impact
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.renames import Given
from lakestream_mcp.tools.preview import upstream

BRANCHES = 100
GROWTH = (100, 200, 399)
EVENTS = [
    {"customer": "abc"[n % 3], "amount": 10.0**4 + n, "ordered_at": f"2026-01-01T10:00:{n:02}Z"}
    for n in range(20)
]


def changes(branches: int) -> list[dict[str, Any]]:
    """One source, and branches of three filters, a pattern and a sink: 501 nodes for a hundred."""
    source = {
        "table": "main.sales.orders",
        "columns": "customer string, amount double, ordered_at timestamp",
        "event_time": "ordered_at",
        "watermark_delay": "10 minutes",
    }
    made = [added("orders", "delta-table-source", source)]
    for branch in range(branches):
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


class Known(NamedTuple):
    """What work on a document needs beside it."""

    catalog: Catalog
    engine: LocalEngine
    resolver: SailResolver
    cache: AnalysisCache


def timed_ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def shown(document: PipelineDocument, known: Known, node: str) -> None:
    """What a preview does: the part upstream of a node, validated and run on given events."""
    part = upstream(document, node)
    validation = validate(part, known.catalog, known.resolver, known.cache)
    host = Host(part, validation, known.catalog, known.engine, known.resolver, lambda *_: None)
    sources, _ = read_sources(host, EVENTS, Path)
    host.run(sources, Options(traced=False)).tables[node].to_pylist()


def traced(document: PipelineDocument, known: Known) -> None:
    """Every column of every sink."""
    validation = validate(document, known.catalog, known.resolver, known.cache)
    lineage = Lineage(document, validation, known.catalog, known.resolver)
    for node in document.nodes:
        if node.id.startswith("sink_"):
            for column in validation.relations[node.id].names:
                lineage.sources(node.id, column)
            lineage.deciding(node.id)


def renamed(document: PipelineDocument, known: Known) -> None:
    """A source column under another name, which breaks every branch."""
    columns = "customer string, price double, ordered_at timestamp"
    change = {"op": "update_node", "id": "orders", "config": {"columns": columns}}
    after = apply(document, [change], known.catalog).document
    before, now = (
        (each, validate(each, known.catalog, known.resolver, known.cache))
        for each in (document, after)
    )
    found = impact(before, now, Given(known.catalog, known.resolver, known.cache))
    assert found is not None
    assert found.fix


def asked(document: PipelineDocument, known: Known, repeat: int) -> dict[str, float]:
    """What is asked of a document that is known already."""
    asks = {
        "preview_ms": partial(shown, document, known, "filter_50_1"),
        "match_ms": partial(shown, document, known, "count_50"),
        "lineage_ms": partial(traced, document, known),
    }
    for work in asks.values():
        work()
    found = {
        name: statistics.median(timed_ms(work) for _ in range(repeat))
        for name, work in asks.items()
    }
    return found | {"rename_ms": timed_ms(partial(renamed, document, known))}


def measure(repeat: int, engine: LocalEngine, branches: int) -> dict[str, Any]:
    catalog, resolver = Catalog.load(), SailResolver(engine)
    build = changes(branches)
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
    known = Known(catalog, engine, resolver, cache)
    return {
        "nodes": len(document.nodes),
        "errors": len(validation.errors),
        "build_ms": built_ms,
        "cold_ms": cold_ms,
        "warm_ms": statistics.median(warm),
        "edit_ms": statistics.median(edit),
        "edited_ms": statistics.median(edited),
        **asked(document, known, max(1, repeat // 4)),
        "tidy_ms": timed_ms(partial(layout.tidy, document.nodes, document.edges)),
        "diff_ms": timed_ms(partial(diff, blank, document)),
    }


def print_growth(listed: list[dict[str, Any]]) -> None:
    """A row per figure, a column per size."""
    sizes = [str(figures["nodes"]) for figures in listed]
    print("| milliseconds | " + " | ".join(sizes) + " |\n|---|" + "---|" * len(sizes))
    for name in listed[0]:
        if name.endswith("_ms"):
            values = " | ".join(f"{figures[name]:,.1f}" for figures in listed)
            print(f"| {name.removesuffix('_ms')} | {values} |")


def main() -> None:
    parser = argparse.ArgumentParser(description="Validate a pipeline of 500 nodes")
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    engine = LocalEngine()
    try:
        if options.growth:
            print_growth([measure(options.repeat, engine, branches) for branches in GROWTH])
            return
        figures = measure(options.repeat, engine, BRANCHES)
    finally:
        engine.close()
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:10} {value:.2f}" if isinstance(value, float) else f"{name:10} {value}")


if __name__ == "__main__":
    main()
