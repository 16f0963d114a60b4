"""Templates as generated code on Spark: the matches that their stories tell of, and no others."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.host import Host
from lakestream_mcp.cep.pattern_type import PatternType
from lakestream_mcp.cep.testing import read_sources
from lakestream_mcp.deploy.local import verify_pipeline
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.graph.model import Node, PipelineDocument
from lakestream_mcp.templates.library import built_in
from lakestream_mcp.templates.model import Template
from tests.codegen.bench import Bench

pytestmark = pytest.mark.spark
SAMPLE = (
    "cold-chain-monitoring",  # a static table, a row pattern, zones
    "iot-sensor-health",  # three patterns united, two of which are given equal rows
    "machine-downtime-tracking",  # deadlines within a state machine, sessions
)
ALL_AT_ONCE = 1_000_000


def without_services(document: PipelineDocument, catalog: Catalog) -> PipelineDocument:
    """Models answer on Spark and not in a test: a sink in their place, and nothing behind them."""
    nodes = {node.id: node for node in document.nodes}
    asked = [n.id for n in document.nodes if getattr(catalog.get(n.type), "calls_service", False)]
    todo = list(asked)
    while todo:
        behind = [edge.target for edge in document.outputs(todo.pop()) if edge.target in nodes]
        todo += behind
        for node_id in behind:
            del nodes[node_id]
    for node_id in asked:
        config: Any = {"path": f"/out/{node_id}"}
        nodes[node_id] = Node(id=node_id, type="file-sink", name=node_id, config=config)
    edges = [e for e in document.edges if {e.source, e.target} <= nodes.keys()]
    edges = [e for e in edges if e.source not in asked]
    return document.model_copy(update={"nodes": list(nodes.values()), "edges": edges})


def verified(bench: Bench, spark: SparkProcess, template: Template) -> None:
    """The stories' events through both hosts: the same rows, and as many matches as are told of."""
    document = without_services(template.pipeline, bench.catalog)
    made = bench.make(document.model_dump())
    host = Host(
        made.document, made.validation, bench.catalog, bench.engine, bench.resolver, lambda *_: None
    )
    tables, warnings = read_sources(host, template.events(), lambda name: None)  # type: ignore[arg-type, return-value]
    assert not warnings
    result = verify_pipeline(host, made.generated, spark, tables, batch_rows=ALL_AT_ONCE)
    assert result.same, [node for node in result.nodes if node.only_host or node.only_spark]
    expected = Counter(pattern for pattern, _, _ in template.expected())
    on_spark = {node.node: node.spark_rows for node in result.nodes}
    types = {n.id: bench.catalog.get(n.type) for n in made.document.nodes}
    patterns = [node for node, kind in types.items() if isinstance(kind, PatternType)]
    assert {node: on_spark[node] for node in patterns} == {n: expected[n] for n in patterns}


@pytest.mark.parametrize("name", SAMPLE)
def test_the_same_on_spark(bench: Bench, spark: SparkProcess, name: str) -> None:
    verified(bench, spark, built_in()[name])


def test_a_broken_story_is_noticed(bench: Bench, spark: SparkProcess) -> None:
    data: Any = built_in()["emergency-waiting-times"].model_dump()
    data["stories"][0]["matches"]["no_doctor"] = []
    with pytest.raises(AssertionError):
        verified(bench, spark, Template.model_validate(data))


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(set(built_in()) - set(SAMPLE)))
def test_every_other_one_on_spark(bench: Bench, spark: SparkProcess, name: str) -> None:
    verified(bench, spark, built_in()[name])
