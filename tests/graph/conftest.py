from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.model import PipelineDocument

from .small_types import STEPS, NoEngine, add, small_catalog

Build = Callable[..., PipelineDocument]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return small_catalog()


@pytest.fixture
def resolver() -> NoEngine:
    return NoEngine()


@pytest.fixture
def empty() -> PipelineDocument:
    return PipelineDocument(name="orders")


@pytest.fixture
def build(catalog: Catalog, empty: PipelineDocument) -> Build:
    """The document that some changes make of nothing."""

    def built(*changes: dict[str, Any]) -> PipelineDocument:
        return apply(empty, changes, catalog).document

    return built


@pytest.fixture
def orders(build: Build) -> PipelineDocument:
    """A pipeline without findings above info: feed, filter, sequence, table."""
    return build(
        add("feed", "feed", topic="t", event_time="ordered_at", watermark_delay="1 minute"),
        add("big", "filter", "feed", condition="amount > 10"),
        add("pairs", "sequence", "big", steps=STEPS),
        add("out", "delta-table-sink", "pairs", table="pairs"),
    )
