"""Layout, Mermaid and SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph import layout
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.export import Card, cards, to_mermaid, to_svg
from lakestream_mcp.graph.model import Edge, Node, PipelineDocument, Position
from lakestream_mcp.graph.validate import validate

from .small_types import NoEngine, add, connect

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    '"]; click n_a call alert(1); x["',
    "</text><script>alert(1)</script>",
    "a\nb\r\n\tc\x01\x0b\ufffe\u2028d",
    "]]> &amp; <!-- --> %%{init}%%",
    "`# **x**` #quot; ; |in|",
    "'\"<>&{}[]()",
    "\U0001f600 注文 é",
]


def graph(*edges: str) -> tuple[list[Node], list[Edge]]:
    pairs = [edge.split() for edge in edges]
    ids = dict.fromkeys(name for pair in pairs for name in pair)
    nodes = [Node(id=name, type="t", name=name) for name in ids]
    return nodes, [Edge(source=a, target=b) for a, b in pairs]


def test_rows_flow_from_left_to_right() -> None:
    nodes, edges = graph("a b", "b d", "a c", "c d", "d e", "a e")
    places = layout.tidy(nodes, edges)
    assert [places[n].x / layout.COLUMN for n in "abcde"] == [0, 1, 1, 2, 3]
    assert places["a"].y == places["d"].y
    assert abs(places["b"].y - places["c"].y) == layout.ROW


def test_edges_do_not_cross_where_they_need_not() -> None:
    nodes, edges = graph("a x", "b y", "c z", "z r", "y q", "x p", "p m", "q m", "r m")
    places = layout.tidy(nodes, edges)
    for column in ("abc", "xyz", "pqr"):
        rows = [places[n].y for n in column]
        assert rows == sorted(rows)


def test_separate_graphs_stand_below_each_other() -> None:
    nodes, edges = graph("a b", "c d")
    places = layout.tidy(nodes, edges)
    assert places["a"].y == places["b"].y < places["c"].y == places["d"].y


def test_a_cycle_is_laid_out_too() -> None:
    nodes, edges = graph("a b", "b c", "c a", "c c")
    places = layout.tidy(nodes, edges)
    assert len({place.x for place in places.values()}) == 3


def test_a_node_put_between_stands_between_without_overlap() -> None:
    nodes, edges = graph("a b", "a m", "m b")
    fixed = {"a": Position(x=0, y=0), "b": Position(x=280, y=0)}
    nodes = [n.model_copy(update={"position": fixed.get(n.id)}) for n in nodes]
    assert layout.place(nodes, edges) == {"m": Position(x=280, y=120)}
    fixed["b"] = Position(x=560, y=0)
    nodes = [n.model_copy(update={"position": fixed.get(n.id)}) for n in nodes]
    assert layout.place(nodes, edges) == {"m": Position(x=280, y=0)}


def test_what_feeds_a_placed_node_stands_left_of_it() -> None:
    nodes, edges = graph("a b")
    nodes[1] = nodes[1].model_copy(update={"position": Position(x=100, y=50)})
    assert layout.place(nodes, edges) == {"a": Position(x=-180, y=50)}


def drawn(document: PipelineDocument, shown: dict[str, Card]) -> list[str]:
    """Every text of the picture, after an XML parser read it."""
    root = ET.fromstring(to_svg(document, shown))
    allowed = {"svg", "title", "defs", "marker", "path", "rect", "g", "text"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_the_picture_says_what_each_node_does(
    orders: PipelineDocument, catalog: Catalog, resolver: NoEngine
) -> None:
    shown = cards(orders, validate(orders, catalog, resolver), catalog)
    texts = drawn(orders, shown)
    assert texts[:3] == ["Feed", "feed", "reads t"]
    assert texts[-3:] == ["Delta table", "delta-table-sink", "appends to pairs"]
    mermaid = to_mermaid(orders, shown).splitlines()
    assert mermaid[0] == "flowchart LR"
    assert (
        mermaid[2]
        == '  n_big["<b>Filter</b><br/><i>filter</i><br/>keeps amount #62; 10"]:::transform'
    )
    assert mermaid[5:8] == ["  n_feed --> n_big", "  n_big --> n_pairs", "  n_pairs --> n_out"]


def test_ports_and_gaps_are_shown(build: Any, catalog: Catalog, resolver: NoEngine) -> None:
    document = build(
        add("end", "plain-feed"),
        add("b", "plain-feed"),
        add("both", "join", "end"),
        connect("b", "both"),
        add("out", "delta-table-sink", "both"),
    )
    shown = cards(document, validate(document, catalog, resolver), catalog)
    assert shown["out"].sentence == "not configured yet"
    assert "  n_b -->|right| n_both" in to_mermaid(document, shown).splitlines()
    assert {"left", "right"} <= set(drawn(document, shown))


LABEL = re.compile(
    r'  n_[a-z0-9_]+\["<b>[^"<>`\\\[\]{}|]*</b><br/><i>[^"<>`\\\[\]{}|]*</i>'
    r'(<br/>[^"<>`\\\[\]{}|]*)?"\]:::[a-z]+'
)


def check_hostile(text: str, orders: PipelineDocument, catalog: Catalog) -> None:
    changes: list[dict[str, Any]] = [
        {"op": "set_pipeline", "name": text},
        {"op": "rename_node", "id": "feed", "name": text},
        {"op": "update_node", "id": "feed", "config": {"topic": text}},
    ]
    document = apply(orders, changes, catalog).document
    shown = cards(document, validate(document, catalog, NoEngine()), catalog)
    assert len(drawn(document, shown)) >= 3 * 3
    lines = to_mermaid(document, shown).splitlines()
    assert len(lines) == 1 + 4 + 3 + 5
    assert all(LABEL.fullmatch(line) for line in lines[1:5])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text: str, orders: PipelineDocument, catalog: Catalog) -> None:
    check_hostile(text, orders, catalog)


SOUND = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=20
)


@given(text=SOUND)
def test_any_name_stays_text(text: str) -> None:
    from .small_types import STEPS, small_catalog

    catalog = small_catalog()
    changes = [
        add("feed", "feed", topic="t", event_time="ordered_at", watermark_delay="1 minute"),
        add("big", "filter", "feed", condition="amount > 10"),
        add("pairs", "sequence", "big", steps=STEPS),
        add("out", "delta-table-sink", "pairs", table="pairs"),
    ]
    document = apply(PipelineDocument(name="p"), changes, catalog).document
    check_hostile(text, document, catalog)


def test_an_empty_pipeline_has_a_picture(empty: PipelineDocument) -> None:
    assert drawn(empty, {}) == []
    assert to_mermaid(empty).startswith("flowchart LR\n")


def test_long_texts_are_cut(orders: PipelineDocument, catalog: Catalog) -> None:
    card = Card("source", "word " * 100)
    named = {"op": "rename_node", "id": "feed", "name": "W" * 120}
    texts = drawn(apply(orders, [named], catalog).document, {"feed": card})
    assert max(map(len, texts)) <= 32
    assert texts[0].endswith("…")
