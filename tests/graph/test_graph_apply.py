"""Changes: what they do, what is refused and how the refusal reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lakestream_mcp.errors import InvalidChange, LakestreamError
from lakestream_mcp.graph.apply import Applied, apply
from lakestream_mcp.graph.model import PipelineDocument

from .small_types import STEPS, add, connect


def refused(document: PipelineDocument, catalog: Any, *changes: Any) -> LakestreamError:
    before = document.model_dump_json()
    with pytest.raises(LakestreamError) as caught:
        apply(document, changes, catalog)
    assert document.model_dump_json() == before
    json.dumps(caught.value.to_json())
    return caught.value


def edges(applied: Applied) -> list[str]:
    return [edge.text() for edge in applied.document.edges]


def test_ids_are_made_of_type_or_name(empty: PipelineDocument, catalog: Any) -> None:
    node = {"type": "filter", "config": {"condition": "amount > 1"}}
    changes = [
        {"op": "add_node", "node": node},
        {"op": "add_node", "node": node},
        {"op": "add_node", "node": node | {"name": "Grosse Aufträge!"}},
        {"op": "add_node", "node": node | {"name": "42"}},
        {"op": "add_node", "node": node | {"name": "注文"}},
        {"op": "add_node", "node": node | {"name": "x" * 120}},
        {"op": "add_node", "node": node | {"name": "x" * 120}},
    ]
    applied = apply(empty, changes, catalog)
    ids = ["filter", "filter_2", "grosse_auftrage", "n_42", "filter_3", "x" * 48, "x" * 46 + "_2"]
    assert applied.changed.added == ids
    assert [n.name for n in applied.document.nodes[:2]] == ["Filter", "Filter 2"]
    PipelineDocument.model_validate_json(applied.document.model_dump_json())


def test_aliases_of_types_and_fields_become_ours(empty: PipelineDocument, catalog: Any) -> None:
    applied = apply(
        empty,
        [
            add("a", "old-feed", topicName="t", watermarkDelay="1 minute"),
            add("b", "Sequence Detector", "a", steps=STEPS, windowMinutes=5),
        ],
        catalog,
    )
    feed, pattern = applied.document.nodes
    assert (feed.type, feed.config) == ("feed", {"topic": "t", "watermark_delay": "1 minute"})
    assert (pattern.type, pattern.config) == ("sequence", {"steps": STEPS, "within": "5 minutes"})


def test_config_is_merged_and_null_removes(orders: PipelineDocument, catalog: Any) -> None:
    update = {"op": "update_node", "id": "feed"}
    applied = apply(
        orders,
        [update | {"config": {"offset": "earliest", "watermarkDelay": None, "nonsense": 1}}],
        catalog,
    )
    node = applied.document.node("feed")
    assert node is not None
    assert node.config == {
        "topic": "t",
        "event_time": "ordered_at",
        "offset": "earliest",
        "nonsense": 1,
    }
    assert applied.changed.updated == ["feed"]
    replaced = apply(
        orders, [update | {"config": {"topic": "u"}, "replace_config": True}], catalog
    ).document.node("feed")
    assert replaced is not None
    assert replaced.config == {"topic": "u"}


def test_the_same_twice_is_the_same_as_once(orders: PipelineDocument, catalog: Any) -> None:
    again = [
        add("big", "filter", "feed", condition="amount > 10"),
        connect("big", "pairs"),
        {"op": "update_node", "id": "big", "config": {"condition": "amount > 10"}},
        {"op": "rename_node", "id": "big", "name": "Filter"},
        {"op": "set_pipeline", "name": "orders"},
    ]
    applied = apply(orders, again, catalog)
    assert applied.unchanged
    assert applied.document == orders
    assert len(applied.notes) == 5


def test_removing_a_node_takes_its_edges_and_says_so(
    orders: PipelineDocument, catalog: Any
) -> None:
    applied = apply(orders, [{"op": "remove_node", "id": "big"}], catalog)
    assert applied.changed.removed == ["big"]
    assert applied.edges_changed == ["- feed -> big", "- big -> pairs"]
    assert applied.notes == ["removed `big`, and its 2 edges"]


def test_ports_are_taken_in_order(build: Any, catalog: Any) -> None:
    document = build(
        add("a", "plain-feed"),
        add("b", "plain-feed"),
        add("both", "join", "a"),
        connect("b", "both"),
        connect("b", "both"),
    )
    assert [edge.text() for edge in document.edges] == ["a -> both:left", "b -> both:right"]
    error = refused(document, catalog, add("c", "plain-feed"), connect("c", "both"))
    assert error.where == {"change": 1, "op": "connect", "edge": "c -> both:left"}
    assert "union-merge" in str(error.hint)
    one_sided = apply(document, [{"op": "disconnect", "source": "b", "target": "both"}], catalog)
    assert edges(one_sided) == ["a -> both:left"]


def test_a_union_takes_eight(build: Any, catalog: Any) -> None:
    names = [f"s{i}" for i in range(9)]
    document = build(
        add("all", "union-merge"),
        *(add(name, "plain-feed") for name in names),
        *(connect(name, "all") for name in names[:8]),
    )
    assert len(document.inputs("all")) == 8
    assert refused(document, catalog, connect("s8", "all")).expected == "at most 8"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown op": ({"op": "ad_node"}, "add_node"),
    "no op": ({"id": "a"}, ""),
    "unknown key": ({"op": "rename_node", "id": "big", "nam": "x"}, "name"),
    "flat add_node": ({"op": "add_node", "type": "filter", "node": {"type": "filter"}}, "node"),
    "missing key": ({"op": "rename_node", "id": "big"}, ""),
    "unknown node": ({"op": "remove_node", "id": "bigg"}, "big"),
    "unknown type": (add("x", "filtre"), "filter"),
    "alias misspelt": (add("x", "sequence-detectr"), "sequence"),
    "bad id": (add("Not An Id", "filter"), "lower case"),
    "taken id": (add("big", "filter", condition="amount > 11"), "update_node"),
    "taken id, other type": (add("big", "feed", topic="t"), "update_node"),
    "after nobody": (add("x", "filter", "fed"), "feed"),
    "into a source": (connect("big", "feed"), "swap"),
    "out of a sink": (connect("out", "pairs"), "feeds the sink"),
    "into itself": (connect("big", "big"), "cycles"),
    "second input": (connect("feed", "pairs"), "union-merge"),
    "unknown port": (connect("feed", "big", "inn"), "in"),
    "no such edge": ({"op": "disconnect", "source": "feed", "target": "out"}, ""),
    "two names of one field": (add("x", "feed", topic="a", topicName="b"), ""),
    "unreadable old field": (add("x", "sequence", windowMinutes="soon"), ""),
    "NaN": (add("x", "feed", topic=float("nan")), ""),
    "huge number": (add("x", "feed", topic=10**400), ""),
    "NUL": (add("x", "feed", topic="a\x00b"), ""),
    "NUL in a name": ({"op": "rename_node", "id": "big", "name": "\x00"}, ""),
    "surrogate": (add("x", "feed", topic="\ud800"), ""),
    "megabytes": (add("x", "feed", topic="x" * 300_000), "file"),
    "far away": ({"op": "update_node", "id": "big", "position": {"x": 1e300, "y": 0}}, ""),
    "nowhere": ({"op": "update_node", "id": "big", "position": {"x": float("inf"), "y": 0}}, ""),
    "empty name": ({"op": "set_pipeline", "name": ""}, ""),
    "unknown status": ({"op": "set_pipeline", "status": "live"}, ""),
    "blank tag": ({"op": "set_pipeline", "tags": [" "]}, ""),
    "not a document": ({"op": "replace_document", "document": {"nodes": []}}, ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_place_and_nothing_changed(
    case: str, orders: PipelineDocument, catalog: Any
) -> None:
    change, hint = REFUSED[case]
    error = refused(orders, catalog, {"op": "rename_node", "id": "out", "name": "Out"}, change)
    assert error.where["change"] == 1
    assert hint in (error.hint or "")
    assert len(error.message) < 400


def test_deep_nesting_is_refused(orders: PipelineDocument, catalog: Any) -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    assert refused(orders, catalog, add("x", "feed", topic=deep)).where["change"] == 0
    for _ in range(5000):
        deep = [deep]
    assert refused(orders, catalog, add("x", "feed", topic=deep)).where["change"] == 0


def test_a_change_that_is_no_object_is_refused(orders: PipelineDocument, catalog: Any) -> None:
    assert isinstance(refused(orders, catalog, "tidy"), InvalidChange)


def test_document_replaced_by_its_export_is_unchanged(
    orders: PipelineDocument, catalog: Any
) -> None:
    exported = json.loads(orders.model_dump_json())
    applied = apply(orders, [{"op": "replace_document", "document": exported}], catalog)
    assert applied.unchanged
    assert applied.document == orders


def test_imported_documents_keep_the_rules(orders: PipelineDocument, catalog: Any) -> None:
    def import_with(**parts: Any) -> dict[str, Any]:
        return {"op": "replace_document", "document": json.loads(orders.model_dump_json()) | parts}

    node = {"id": "big", "type": "filter", "name": "Filter"}
    twice = import_with(nodes=[node, node], edges=[])
    assert refused(orders, catalog, twice).where["node"] == "big"
    loose = import_with(edges=[{"source": "feed", "target": "bigg"}])
    assert refused(orders, catalog, loose).hint == "did you mean `big`?"
    backwards = import_with(edges=[{"source": "out", "target": "big"}])
    assert refused(orders, catalog, backwards).expected == "a source, transform or pattern"


def test_pipeline_settings_are_merged(orders: PipelineDocument, catalog: Any) -> None:
    first = apply(
        orders,
        [{"op": "set_pipeline", "tags": ["a", "a", "b "], "settings": {"x": 1, "y": 2}}],
        catalog,
    )
    assert first.settings_changed == ["tags", "settings.x", "settings.y"]
    assert first.document.tags == ["a", "b"]
    second = apply(
        first.document, [{"op": "set_pipeline", "settings": {"x": None, "z": 3}}], catalog
    )
    assert second.document.settings == {"y": 2, "z": 3}


def test_new_nodes_are_placed_and_old_ones_stay(orders: PipelineDocument, catalog: Any) -> None:
    moved = {"op": "update_node", "id": "big", "position": {"x": 333, "y": 77}}
    document = apply(orders, [moved], catalog).document
    applied = apply(document, [add("copy", "delta-table-sink", "pairs", table="c")], catalog)
    assert applied.changed.moved == []
    assert applied.changed.added == ["copy"]
    for node in document.nodes:
        assert applied.document.node(node.id) == node
    tidied = apply(applied.document, [{"op": "tidy"}], catalog)
    assert "big" in tidied.changed.moved
    assert tidied.changed.updated == []
