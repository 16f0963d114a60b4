"""What holds for any changes, however wrong, and for any graph they make."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph import layout
from lakestream_mcp.graph.analysis import AnalysisCache
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.autofix import autofix
from lakestream_mcp.graph.changes import OPS
from lakestream_mcp.graph.diff import as_changes, diff
from lakestream_mcp.graph.export import cards, to_mermaid, to_svg
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate

from .small_types import STEPS, NoEngine, small_catalog

CATALOG = small_catalog()
IDS = st.sampled_from(["a", "b", "c", "d", "e", "feed"])
TEXT = st.one_of(st.sampled_from(["amount > 1", "amout", "t", "1 hour"]), st.text(max_size=6))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.just(STEPS)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=5,
)
FIELDS = ["topic", "condition", "steps", "table", "event_time", "topicName", "windowMinutes"]
CONFIGS = st.dictionaries(st.one_of(st.sampled_from(FIELDS), TEXT), VALUES, max_size=3)
GOOD_CONFIGS = st.sampled_from(
    [
        {},
        {"topic": "t"},
        {"condition": "amount > 1"},
        {"steps": STEPS},
        {"table": "t"},
        {"event_time": "ordered_at"},
    ]
)
PLACES = st.one_of(
    st.none(), st.fixed_dictionaries({"x": st.integers(-500, 500), "y": st.integers(-500, 500)})
)
PORTS = st.sampled_from([None, "in", "left", "right", "out"])


def node(config: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"type": st.sampled_from([*CATALOG.types(), "old-feed", "nonsense"]), "config": config},
        optional={
            "id": st.one_of(IDS, IDS, TEXT),
            "name": st.text(min_size=1, max_size=9),
            "position": PLACES,
        },
    )


def changes(config: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    ends = {"source": IDS, "target": IDS}
    ports = {"source_port": st.sampled_from([None, "out"]), "target_port": PORTS}
    tags = st.lists(TEXT, max_size=3)
    pipeline = {"name": TEXT, "description": TEXT, "tags": tags, "settings": CONFIGS}

    def op(name: str, parts: Any, optional: Any = None) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({"op": st.just(name), **parts}, optional=optional or {})

    return st.one_of(
        op("add_node", {"node": node(config)}, {"after": IDS}),
        op("add_node", {"node": node(config)}, {"after": IDS}),
        op("connect", ends, ports),
        op("connect", ends),
        op("update_node", {"id": IDS}, {"config": config, "position": PLACES, "name": TEXT}),
        op("rename_node", {"id": IDS, "name": TEXT}),
        op("remove_node", {"id": IDS}),
        op("disconnect", ends, ports),
        op("set_pipeline", {}, pipeline),
        op("tidy", {}),
    )


NONSENSE = st.dictionaries(
    st.sampled_from(["op", "id", "node", "config", "document", "source"]),
    st.one_of(st.sampled_from(OPS), VALUES),
    max_size=4,
)
GOOD = st.lists(changes(GOOD_CONFIGS), max_size=12)
ANY = st.lists(st.one_of(changes(CONFIGS), changes(GOOD_CONFIGS), NONSENSE), max_size=8)


def grown(steps: list[dict[str, Any]]) -> PipelineDocument:
    """The document that as many of the changes as can be applied make of nothing."""
    document = PipelineDocument(name="p")
    for step in steps:
        try:
            document = apply(document, [step], CATALOG).document
        except LakestreamError:
            continue
    return document


@settings(max_examples=300)
@given(GOOD, ANY)
def test_changes_are_applied_whole_or_refused_whole(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    document = grown(first)
    before = document.model_dump_json()
    try:
        applied = apply(document, second, CATALOG)
    except LakestreamError as error:
        json.dumps(error.to_json(), allow_nan=False).encode()
        assert 0 <= error.where["change"] < len(second)
        one_by_one = document
        well_formed = "op" in error.where
        for step in second[: error.where["change"]] if well_formed else ():
            one_by_one = apply(one_by_one, [step], CATALOG).document
    else:
        after = applied.document.model_dump_json()
        again = PipelineDocument.model_validate_json(after)
        assert again == applied.document
        assert applied.unchanged == (again == PipelineDocument.model_validate_json(before))
        assert all(n.position for n in again.nodes)
    assert document.model_dump_json() == before


@settings(max_examples=200)
@given(GOOD, ANY)
def test_validation_never_raises_and_its_findings_are_json(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    document = grown([*first, *second])
    cache = AnalysisCache()
    validation = validate(document, CATALOG, NoEngine(), cache)
    assert validation == validate(document, CATALOG, NoEngine(), cache)
    json.dumps([f.model_dump(mode="json") for f in validation.findings], allow_nan=False).encode()
    position = {node_id: at for at, node_id in enumerate(validation.order)}
    for edge in document.edges:
        if edge.target in position:
            assert position[edge.source] < position[edge.target]
    for finding in validation.findings:
        if finding.fix:
            assert apply(document, finding.fix, CATALOG)


@settings(max_examples=100)
@given(GOOD)
def test_autofix_ends_where_nothing_is_left_to_fix(steps: list[dict[str, Any]]) -> None:
    document = grown(steps)
    fixed = autofix(document, CATALOG, NoEngine())
    assert apply(document, fixed.changes, CATALOG).document == fixed.document
    before = validate(document, CATALOG, NoEngine()).errors
    after = validate(fixed.document, CATALOG, NoEngine()).errors
    assert len(after) <= len(before) or fixed.changes


@settings(max_examples=200)
@given(GOOD, GOOD)
def test_a_difference_can_be_applied(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    old, new = grown(first), grown(second)
    reached = apply(old, as_changes(old, new), CATALOG).document
    assert diff(reached, new).empty
    for node_id in {n.id for n in new.nodes}:
        assert reached.inputs(node_id) == new.inputs(node_id)
    assert diff(old, old).empty
    assert diff(old, new).empty == diff(new, old).empty


@settings(max_examples=200)
@given(GOOD, GOOD)
def test_layout_is_the_same_each_time_and_leaves_nodes_where_they_are(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    document = grown(first)
    tidied = layout.tidy(document.nodes, document.edges)
    assert tidied == layout.tidy(document.nodes, document.edges)
    assert len({(p.x, p.y) for p in tidied.values()}) == len(tidied)
    added = [s for s in second if s["op"] == "add_node" and not s["node"].get("position")]
    after = document
    for step in added:
        try:
            after = apply(after, [step], CATALOG).document
        except LakestreamError:
            continue
    before = {n.id: n.position for n in document.nodes}
    new = [n.position for n in after.nodes if n.id not in before]
    for n in after.nodes:
        assert n.position == before.get(n.id, n.position)
    for at, place in enumerate(new):
        others = [*before.values(), *new[:at]]
        assert place
        assert not any(
            o and abs(o.x - place.x) < layout.NODE_WIDTH and abs(o.y - place.y) < layout.NODE_HEIGHT
            for o in others
        )


@settings(max_examples=100)
@given(GOOD, ANY)
def test_pictures_can_be_made_of_any_document(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    document = grown([*first, *second])
    shown = cards(document, validate(document, CATALOG, NoEngine()), CATALOG)
    assert to_mermaid(document, shown) == to_mermaid(document, shown)
    assert to_svg(document, shown) == to_svg(document, shown)
