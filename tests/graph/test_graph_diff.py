"""Differences between two documents, as a person reads them."""

from __future__ import annotations

from typing import Any

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.diff import as_changes, diff
from lakestream_mcp.graph.model import PipelineDocument

from .small_types import add, connect


def test_each_value_is_named_by_its_path(orders: PipelineDocument, catalog: Catalog) -> None:
    steps = [{"name": "a", "condition": "amount > 2"}]
    changes: list[dict[str, Any]] = [
        {"op": "update_node", "id": "pairs", "config": {"steps": steps, "within": "2 hours"}},
        {"op": "update_node", "id": "feed", "config": {"watermark_delay": None}},
        {"op": "rename_node", "id": "feed", "name": "Orders"},
        {"op": "update_node", "id": "out", "position": {"x": 9, "y": 9}},
        {"op": "remove_node", "id": "big"},
        add("small", "filter", "feed", condition="amount < 1"),
        {"op": "set_pipeline", "tags": ["x"], "settings": {"trigger": "1 minute"}},
    ]
    found = diff(orders, apply(orders, changes, catalog).document)
    told = {
        (node.id, field.path): (field.kind, field.old, field.new)
        for node in found.nodes_changed
        for field in node.fields
    }
    assert told == {
        ("feed", "name"): ("changed", "Feed", "Orders"),
        ("feed", "config.watermark_delay"): ("removed", "1 minute", None),
        ("pairs", "config.steps.0.condition"): ("changed", "amount > 1", "amount > 2"),
        ("pairs", "config.within"): ("added", None, "2 hours"),
    }
    assert [node.id for node in found.nodes_added] == ["small"]
    assert [node.id for node in found.nodes_removed] == ["big"]
    assert found.nodes_moved == ["out"]
    assert [edge.text() for edge in found.edges_added] == ["feed -> small"]
    assert [edge.text() for edge in found.edges_removed] == ["feed -> big", "big -> pairs"]
    assert [(field.path, field.kind) for field in found.settings] == [
        ("tags", "changed"),
        ("settings.trigger", "added"),
    ]
    assert found.summary() == (
        "1 node added, 1 node removed, 2 nodes changed, 1 node moved, 1 edge added, "
        "2 edges removed, 2 settings changed"
    )


def test_nothing_differs_from_itself(orders: PipelineDocument) -> None:
    assert diff(orders, orders).empty
    assert diff(orders, orders).summary() == "no difference"
    assert as_changes(orders, orders) == []


def test_true_is_not_one(orders: PipelineDocument, catalog: Catalog) -> None:
    def with_setting(value: Any) -> PipelineDocument:
        change = {"op": "set_pipeline", "settings": {"x": value}}
        return apply(orders, [change], catalog).document

    assert not diff(with_setting(True), with_setting(1)).empty


def test_the_order_of_inputs_is_part_of_the_difference(build: Any, catalog: Catalog) -> None:
    nodes = [add("all", "union-merge"), add("a", "plain-feed"), add("b", "plain-feed")]
    old = build(*nodes, connect("a", "all"), connect("b", "all"))
    new = build(*nodes, connect("b", "all"), connect("a", "all"))
    reached = apply(old, as_changes(old, new), catalog).document
    assert reached.inputs("all") == new.inputs("all")
