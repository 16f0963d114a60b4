"""How long code of 500 nodes takes to generate: milliseconds, printed.

    python benchmarks/generate_500.py [--repeat N] [--json]

`sdp` is declarative SQL of a graph without patterns, `sss` one notebook of the graph of
`validate_500`, `hybrid` the same graph cut in two. `formatter` is what the formatter takes
for that notebook; `sss_own` is the rest. `sdp_2000` is four times the
first graph, the most that a pipeline can have.
"""

from __future__ import annotations

import argparse
import json
import statistics
from functools import partial
from typing import Any

import validate_500
from validate_500 import added, timed_ms

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.codegen import CodeTarget, generate
from lakestream_mcp.codegen.verify import check, formatted
from lakestream_mcp.graph.analysis import AnalysisCache
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

FIGURES: tuple[CodeTarget, ...] = ("sss", "hybrid")


def without_patterns(branches: int) -> list[dict[str, Any]]:
    """One source, and branches of four filters and a sink."""
    made = [validate_500.changes()[0]]
    for branch in range(branches):
        before = "orders"
        for step in range(4):
            name = f"filter_{branch}_{step}"
            made.append(added(name, "filter", {"condition": f"amount > {branch}{step}"}, before))
            before = name
        table = {"table": f"main.sales.rows_{branch}"}
        made.append(added(f"sink_{branch}", "delta-table-sink", table, before))
    return made


def measure(repeat: int, resolver: SailResolver) -> dict[str, float]:
    catalog = Catalog.load()

    def generating(changes: list[dict[str, Any]], target: CodeTarget) -> partial[Any]:
        document = apply(PipelineDocument(name="500 nodes"), changes, catalog).document
        validation = validate(document, catalog, resolver, AnalysisCache())
        return partial(generate, document, validation, catalog, "large", 1, resolver, target)

    def median(work: partial[Any]) -> float:
        work()
        return statistics.median(timed_ms(work) for _ in range(repeat))

    figures = {"sdp_ms": median(generating(without_patterns(100), "auto"))}
    figures |= {
        f"{target}_ms": median(generating(validate_500.changes(), target)) for target in FIGURES
    }
    text = generating(validate_500.changes(), "sss")().files["large.py"]
    figures["formatter_ms"] = median(partial(lambda: (formatted(text), check(text))))
    figures["sss_own_ms"] = figures["sss_ms"] - figures["formatter_ms"]
    figures["sdp_2000_ms"] = timed_ms(generating(without_patterns(399), "sdp"))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Generate code of a pipeline of 500 nodes")
    parser.add_argument("--repeat", type=int, default=5)
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
        print(f"{name:14} {value:.0f}")


if __name__ == "__main__":
    main()
