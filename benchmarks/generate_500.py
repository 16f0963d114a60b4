"""What code of 500 nodes takes to generate: processor milliseconds, printed.

    python benchmarks/generate_500.py [--repeat N] [--json] [--growth]

`sdp` is declarative SQL of a graph without patterns, `sss` one notebook of the graph of
`validate_500`, `hybrid` the same graph cut in two. `first` is a graph never seen before, `edited`
the same with one node changed. `formatter` is what the formatter and the checks take for the
notebook. `validate`, `preview`, `lineage`, `rename` and `layout` are of the same graph as the
notebook; what the engine takes in its own process is not counted.
`--growth` measures about 500, 1,000, 2,000 and 5,000 nodes, more than a pipeline may have, and
prints a table; its last column is the time per node of the largest as a ratio to the smallest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import validate_500
from validate_500 import Known, added, shown

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.codegen import CodeTarget, generate
from lakestream_mcp.codegen.verify import check, formatted
from lakestream_mcp.graph import layout
from lakestream_mcp.graph.analysis import AnalysisCache
from lakestream_mcp.graph.model import Edge, Node, PipelineDocument
from lakestream_mcp.graph.validate import validate
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

BRANCHES = 100
GROWTH = (100, 200, 400, 1000)


def spent_ms(work: Callable[[], object]) -> float:
    """Processor time of this process and the formatter; what else the machine does hardly shows."""
    before, start = os.times(), time.process_time()
    work()
    after = os.times()
    children = after[2] + after[3] - before[2] - before[3]
    return (time.process_time() - start + children) * 1000


def without_patterns(branches: int) -> list[dict[str, Any]]:
    """One source, and branches of four filters and a sink."""
    made = [validate_500.changes(0)[0]]
    for branch in range(branches):
        before = "orders"
        for step in range(4):
            name = f"filter_{branch}_{step}"
            made.append(added(name, "filter", {"condition": f"amount > {branch}{step}"}, before))
            before = name
        table = {"table": f"main.sales.rows_{branch}"}
        made.append(added(f"sink_{branch}", "delta-table-sink", table, before))
    return made


def built(changes: list[dict[str, Any]]) -> PipelineDocument:
    """The document that changes make of nothing, whatever its size; its nodes are new ones."""
    title = f"of {len(changes)}"
    nodes = [Node.model_validate(change["node"] | {"name": title}) for change in changes]
    edges = [Edge(source=c["after"], target=c["node"]["id"]) for c in changes if "after" in c]
    return PipelineDocument(name="Large", nodes=nodes, edges=edges)


def edited(document: PipelineDocument, count: int) -> Iterator[PipelineDocument]:
    """The document with another condition in one node, each time a new one."""
    place = next(i for i, node in enumerate(document.nodes) if node.id == "filter_50_1")
    for number in range(count):
        config = {"condition": f"amount > {7000 + number}"}
        nodes = list(document.nodes)
        nodes[place] = nodes[place].model_copy(update={"config": config})
        yield document.model_copy(update={"nodes": nodes})


def generated(document: PipelineDocument, known: Known, target: CodeTarget) -> Callable[[], Any]:
    """What makes the code of a document that is known to be right."""
    validation = validate(document, known.catalog, known.resolver, known.cache)
    return partial(
        generate, document, validation, known.catalog, "large", 1, known.resolver, target
    )


def coded(
    document: PipelineDocument, known: Known, target: CodeTarget, repeat: int
) -> dict[str, float]:
    """Code of a document that is new, and of one that is nearly known."""
    found = {f"{target}_first_ms": spent_ms(generated(document, known, target))}
    again = [spent_ms(generated(d, known, target)) for d in edited(document, repeat)]
    return found | {f"{target}_edited_ms": statistics.median(again)}


def measure(repeat: int, engine: LocalEngine, branches: int) -> dict[str, float]:
    known = Known(Catalog.load(), engine, SailResolver(engine), AnalysisCache(1_000_000))
    plain, document = built(without_patterns(branches)), built(validate_500.changes(branches))

    def median(work: Callable[[], object]) -> float:
        work()
        return statistics.median(spent_ms(work) for _ in range(repeat))

    figures: dict[str, float] = {"nodes": len(document.nodes)}
    figures["validate_first_ms"] = spent_ms(
        partial(validate, document, known.catalog, known.resolver, known.cache)
    )
    figures["validate_ms"] = median(
        partial(validate, document, known.catalog, known.resolver, known.cache)
    )
    figures |= coded(plain, known, "sdp", repeat)
    figures |= coded(document, known, "sss", repeat)
    figures["hybrid_ms"] = median(generated(document, known, "hybrid"))
    text = generated(document, known, "sss")().files["large.py"]
    figures["formatter_ms"] = median(lambda: (formatted(text), check(text)))
    figures["preview_ms"] = median(partial(shown, document, known, "filter_50_1"))
    figures["lineage_ms"] = median(partial(validate_500.traced, document, known))
    figures["rename_ms"] = spent_ms(partial(validate_500.renamed, document, known))
    figures["layout_ms"] = median(partial(layout.tidy, document.nodes, document.edges))
    return figures


def print_growth(listed: list[dict[str, float]]) -> None:
    """A row per figure, a column per size, and how the time per node has grown."""
    heads = [f"{figures['nodes']:,}" for figures in listed]
    print("| milliseconds | " + " | ".join(heads) + " | per node |\n|---|" + "---|" * 5)
    first, *_, last = listed
    for name in list(first)[1:]:
        values = " | ".join(f"{figures[name]:,.0f}" for figures in listed)
        ratio = last[name] / last["nodes"] / (first[name] / first["nodes"])
        print(f"| {name.removesuffix('_ms')} | {values} | {ratio:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description="Generate code of a pipeline of 500 nodes")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    engine = LocalEngine()
    try:
        measure(1, engine, 60)  # what is imported and started once
        sizes = GROWTH if options.growth else (BRANCHES,)
        listed = [measure(options.repeat, engine, branches) for branches in sizes]
    finally:
        engine.close()
    if options.growth:
        print_growth(listed)
    elif options.json:
        print(json.dumps(listed[0]))
    else:
        for name, value in listed[0].items():
            print(f"{name:16} {value:.0f}")


if __name__ == "__main__":
    main()
