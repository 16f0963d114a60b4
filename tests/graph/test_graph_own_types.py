"""The product's own node types under the rules: findings mend real pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.analysis import AnalysisCache
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.autofix import autofix
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

from .small_types import add

COLUMNS = "customer string, amount double, ordered_at timestamp"


@pytest.fixture(scope="module")
def own() -> Catalog:
    return Catalog.load()


@pytest.fixture(scope="module")
def sail() -> Iterator[SailResolver]:
    engine = LocalEngine()
    yield SailResolver(engine)
    engine.close()


def found(document: PipelineDocument, own: Catalog, sail: SailResolver) -> list[str]:
    return [f.code for f in validate(document, own, sail).errors]


def made(own: Catalog, *changes: dict[str, Any]) -> PipelineDocument:
    return apply(PipelineDocument(name="Orders of today"), changes, own).document


def test_a_column_a_field_and_the_time_are_mended(own: Catalog, sail: SailResolver) -> None:
    document = made(
        own,
        add("orders", "delta-table-source", table="main.orders", columns=COLUMNS),
        add("big", "filter", "orders", condition="amout > 10 AND customer IS NOT NULL"),
        add("many", "count-threshold", "big", key=["custmer"], where="amount > 20", thresold=3),
        add("out", "delta-table-sink", "many", table="main.matches"),
    )
    assert found(document, own, sail) == ["UNKNOWN_COLUMN", "UNKNOWN_CONFIG"]
    fixed = autofix(document, own, sail, AnalysisCache()).document
    assert found(fixed, own, sail) == []
    assert {node.id: node.config for node in fixed.nodes} == {
        "orders": {
            "table": "main.orders",
            "columns": COLUMNS,
            "event_time": "ordered_at",
            "watermark_delay": "10 minutes",
        },
        "big": {"condition": "amount > 10 AND NOT customer IS NULL"},
        "many": {"key": ["customer"], "where": "amount > 20", "threshold": 3},
        "out": {"table": "main.matches"},
    }


def test_a_table_is_put_between_two_patterns(own: Catalog, sail: SailResolver) -> None:
    timed = {"event_time": "ordered_at", "watermark_delay": "1 minute"}
    count = {"where": "true", "threshold": 2, "key": ["customer"]}
    document = made(
        own,
        add("orders", "delta-table-source", table="main.orders", columns=COLUMNS, **timed),
        add("many", "count-threshold", "orders", **count),
        add("often", "count-threshold", "many", **count),
        add("out", "delta-table-sink", "often", table="main.matches"),
    )
    assert found(document, own, sail) == ["PATTERN_AFTER_PATTERN"]
    fixed = autofix(document, own, sail, AnalysisCache()).document
    assert found(fixed, own, sail) == []
    assert [edge.text() for edge in fixed.edges if edge.target != "many"] == [
        "often -> out",
        "many -> many_table",
        "many_matches -> often",
    ]


def test_a_watermark_is_put_behind_what_makes_the_time(own: Catalog, sail: SailResolver) -> None:
    document = made(
        own,
        add("orders", "delta-table-source", table="t", columns="customer string, at string"),
        add("cast", "map-select", "orders", columns="customer, timestamp(at) AS at"),
        add("many", "count-threshold", "cast", key=["customer"], where="true", threshold=2),
        add("out", "delta-table-sink", "many", table="m"),
    )
    assert found(document, own, sail) == ["MISSING_EVENT_TIME"]
    fixed = autofix(document, own, sail, AnalysisCache()).document
    assert found(fixed, own, sail) == []
    assert fixed.node("watermark") is not None
