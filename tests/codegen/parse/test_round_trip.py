"""What generated SQL says is the graph it was generated from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, seed, settings

from lakestream_mcp.codegen import generate
from lakestream_mcp.codegen.parse.code import parse_code
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate

from ..bench import Bench
from .graphs import Json, graphs


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One engine for all graphs."""
    made = Bench()
    yield made
    made.close()


def sql_of(bench: Bench, document: PipelineDocument) -> str:
    """The declarative SQL of a pipeline that has no errors."""
    validation = validate(document, bench.catalog, bench.resolver, bench.cache)
    assert validation.ok, [f.model_dump(exclude_none=True) for f in validation.errors]
    made = generate(document, validation, bench.catalog, "random", 1, bench.resolver, target="sdp")
    (text,) = (text for name, text in made.files.items() if name.endswith(".sql"))
    return text


def check(bench: Bench, given_graph: Json) -> None:
    document = PipelineDocument.model_validate(given_graph)
    validation = validate(document, bench.catalog, bench.resolver, bench.cache)
    assume(validation.ok)
    text = sql_of(bench, document)

    edited = parse_code(text, bench.catalog, bench.resolver, known=document)
    assert not edited.findings
    assert edited.document == document, "the code of a known pipeline changes nothing"

    alone = parse_code(text, bench.catalog, bench.resolver, name=document.name)
    assert not alone.findings
    made = alone.document
    assert [(n.id, n.type, n.name) for n in made.nodes] == [
        (n.id, n.type, n.name) for n in in_order(document, validation.order)
    ]
    assert {e.text() for e in made.edges} == {e.text() for e in document.edges}
    for node in document.nodes:
        assert [e.source for e in made.inputs(node.id)] == [
            e.source for e in document.inputs(node.id)
        ]
    again = sql_of(bench, made)
    assert statements(again) == statements(text), "other configurations, but the same SQL"
    settled = parse_code(again, bench.catalog, bench.resolver, name=document.name)
    assert settled.document == made


def in_order(document: PipelineDocument, order: list[str]) -> list:
    by_id = {node.id: node for node in document.nodes}
    return [by_id[node_id] for node_id in order]


def statements(text: str) -> list[str]:
    """The lines that are no remarks: sentences may say the same in other words."""
    return [line for line in text.split("\n") if not line.startswith("-- ")]


@seed(20261126)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_random_graphs(bench: Bench, given_graph: Json) -> None:
    check(bench, given_graph)


@pytest.mark.soak
@seed(2_000)
@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_many_random_graphs(bench: Bench, given_graph: Json) -> None:
    check(bench, given_graph)
