"""Findings: each rule seen once, and the fixes that mend what they name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.analysis import AnalysisCache
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.autofix import autofix
from lakestream_mcp.graph.model import Edge, Finding, Node, PipelineDocument
from lakestream_mcp.graph.validate import Validation, validate

from .small_types import (
    STEPS,
    Feed,
    Filter,
    NoEngine,
    Sequence_,
    SequenceConfig,
    Step,
    TableSink,
    add,
    connect,
)


def codes(validation: Validation) -> list[str]:
    return [finding.code for finding in validation.findings]


def only(validation: Validation, code: str) -> Finding:
    found = [finding for finding in validation.findings if finding.code == code]
    assert len(found) == 1, validation.findings
    json.dumps(found[0].model_dump(mode="json"))
    return found[0]


def mended(
    document: PipelineDocument, catalog: Catalog, resolver: NoEngine, code: str
) -> PipelineDocument:
    """The document after the one fix of a finding, which must be gone then."""
    fix = only(validate(document, catalog, resolver), code).fix
    assert fix
    after = apply(document, fix, catalog).document
    assert code not in codes(validate(after, catalog, resolver))
    return after


def test_a_sound_pipeline_has_infos_at_most(
    orders: PipelineDocument, catalog: Catalog, resolver: NoEngine
) -> None:
    validation = validate(orders, catalog, resolver)
    assert validation.ok
    assert codes(validation) == ["SSS_ONLY"]
    assert validation.order == ["feed", "big", "pairs", "out"]
    assert set(validation.relations) == set(validation.configs) == set(validation.order)
    assert validation.relations["big"].event_time == "ordered_at"


def test_an_empty_pipeline_lacks_both_ends(
    empty: PipelineDocument, catalog: Catalog, resolver: NoEngine
) -> None:
    assert codes(validate(empty, catalog, resolver)) == ["NO_SOURCE", "NO_SINK"]


def test_unconnected_nodes(build: Any, catalog: Catalog, resolver: NoEngine) -> None:
    document = build(
        add("feed", "feed", topic="t"),
        add("lonely", "filter", condition="amount > 1"),
        add("out", "delta-table-sink", table="t"),
    )
    validation = validate(document, catalog, resolver)
    assert codes(validation) == [
        "SOURCE_NOT_CONNECTED",
        "MISSING_INPUT",
        "SINK_NOT_CONNECTED",
        "NO_EDGES",
        "ORPHAN_NODE",
        "SSS_ONLY",
    ]
    assert only(validation, "SINK_NOT_CONNECTED").fix is None, "two nodes could feed it"


def test_one_node_with_an_output_to_spare_is_the_fix(
    build: Any, catalog: Catalog, resolver: NoEngine
) -> None:
    document = build(
        add("feed", "feed", topic="t"),
        add("big", "filter", "feed", condition="amount > 1"),
        add("out", "delta-table-sink", table="t"),
    )
    assert "DEAD_END" in codes(validate(document, catalog, resolver))
    after = mended(document, catalog, resolver, "SINK_NOT_CONNECTED")
    assert [edge.text() for edge in after.edges] == ["feed -> big", "big -> out"]


def test_each_port_needs_an_input(build: Any, catalog: Catalog, resolver: NoEngine) -> None:
    document = build(
        add("a", "plain-feed"),
        add("both", "join", "a"),
        add("out", "delta-table-sink", "both", table="t"),
    )
    finding = only(validate(document, catalog, resolver), "MISSING_INPUT")
    assert (finding.node, finding.field, finding.fix) == ("both", "right", None)


def test_a_cycle_is_named_and_cut_where_it_was_closed(
    build: Any, catalog: Catalog, resolver: NoEngine
) -> None:
    document = build(
        add("feed", "plain-feed"),
        add("all", "union-merge", "feed"),
        add("x", "filter", "all", condition="amount > 1"),
        add("y", "filter", "x", condition="amount > 2"),
        add("out", "delta-table-sink", "y", table="t"),
        connect("y", "all"),
    )
    finding = only(validate(document, catalog, resolver), "CYCLE")
    assert finding.got == ["all", "x", "y"]
    after = mended(document, catalog, resolver, "CYCLE")
    assert "y -> all" not in [edge.text() for edge in after.edges]
    assert validate(after, catalog, resolver).ok


def test_two_cycles_are_both_named(build: Any, catalog: Catalog, resolver: NoEngine) -> None:
    changes = []
    for name in ("a", "b"):
        changes += [
            add(f"{name}1", "union-merge"),
            add(f"{name}2", "union-merge", f"{name}1"),
            connect(f"{name}2", f"{name}1"),
        ]
    assert codes(validate(build(*changes), catalog, resolver)).count("CYCLE") == 2


def test_damage_that_changes_cannot_do_is_found_too(
    orders: PipelineDocument, catalog: Catalog, resolver: NoEngine
) -> None:
    damaged = orders.model_copy(
        update={
            "nodes": [*orders.nodes, Node(id="odd", type="filtre", name="Odd")],
            "edges": [
                *orders.edges,
                Edge(source="big", target="big"),
                Edge(source="big", target="nobody"),
                Edge(source="out", target="pairs"),
                Edge(source="big", target="feed"),
                Edge(source="feed", target="pairs"),
                Edge(source="big", target="out", target_port="left"),
            ],
        }
    )
    found = set(codes(validate(damaged, catalog, resolver)))
    assert found >= {
        "UNKNOWN_TYPE",
        "SELF_LOOP",
        "EDGE_END_MISSING",
        "EDGE_OUT_OF_SINK",
        "EDGE_INTO_SOURCE",
        "TOO_MANY_INPUTS",
        "UNKNOWN_PORT",
    }
    twice = orders.model_copy(update={"nodes": [*orders.nodes, orders.nodes[1]]})
    assert only(validate(twice, catalog, resolver), "DUPLICATE_ID").node == "big"
    after = autofix(damaged, catalog, resolver).document
    left = set(codes(validate(after, catalog, resolver)))
    assert not left & {"SELF_LOOP", "EDGE_END_MISSING", "EDGE_OUT_OF_SINK", "UNKNOWN_TYPE"}


CONFIGS: dict[str, tuple[dict[str, Any], str, str, Any]] = {
    "missing": ({}, "MISSING_CONFIG", "topic", None),
    "unknown": ({"topic": "t", "ofset": "latest"}, "UNKNOWN_CONFIG", "ofset", "offset"),
    "unlike anything": ({"topic": "t", "zzz": 1}, "UNKNOWN_CONFIG", "zzz", None),
    "wrong choice": ({"topic": "t", "offset": "latst"}, "INVALID_CONFIG", "offset", "offset"),
    "wrong type": ({"topic": ["t"]}, "INVALID_CONFIG", "topic", None),
    "neither text nor list": ({"topic": "t", "columns": 5}, "INVALID_CONFIG", "columns", None),
    "inside a list": (
        {"topic": "t", "columns": [{"name": "a"}]},
        "MISSING_CONFIG",
        "columns.0.type",
        None,
    ),
    "unknown inside a list": (
        {"topic": "t", "columns": [{"name": "a", "typ": "int"}]},
        "UNKNOWN_CONFIG",
        "columns.0.typ",
        "columns",
    ),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_wrong_config_is_named_by_its_place(
    case: str, build: Any, catalog: Catalog, resolver: NoEngine
) -> None:
    config, code, field, fixed = CONFIGS[case]
    document = build(add("feed", "feed", **config), add("o", "delta-table-sink", "feed", table="t"))
    finding = next(f for f in validate(document, catalog, resolver).findings if f.code == code)
    assert (finding.node, finding.field) == ("feed", field)
    assert bool(finding.fix) == (fixed is not None)
    if fixed:
        after = autofix(document, catalog, resolver).document
        assert validate(after, catalog, resolver).ok, validate(after, catalog, resolver).errors
        node = after.node("feed")
        assert node is not None
        assert fixed in node.config


class GroupSpec(BaseModel):
    model_config = ConfigDict(extra="forbid")
    group: str
    steps: list[Step]


class GroupedConfig(SequenceConfig):
    steps: list[Step | GroupSpec]  # type: ignore[assignment]


class GroupedSequence(Sequence_):
    Config = GroupedConfig


def test_in_a_union_the_member_that_was_meant_is_corrected(
    orders: PipelineDocument, resolver: NoEngine
) -> None:
    catalog = Catalog([Feed(), Filter(), GroupedSequence(), TableSink()])
    step, wrong = {"name": "b", "condition": "x > 1"}, {"name": "a", "conditon": "x > 1"}
    for steps, field, fixed in (
        ([step, wrong], "steps.1.conditon", [step, step | {"name": "a"}]),
        (
            [{"group": "g", "steps": [wrong]}],
            "steps.0.steps.0.conditon",
            [{"group": "g", "steps": [step | {"name": "a"}]}],
        ),
    ):
        update = {"op": "update_node", "id": "pairs", "config": {"steps": steps}}
        document = apply(orders, [update], catalog).document
        finding = only(validate(document, catalog, resolver), "UNKNOWN_CONFIG")
        assert finding.field == field
        after = autofix(document, catalog, resolver).document.node("pairs")
        assert after is not None
        assert after.config["steps"] == fixed


def test_secrets_and_long_values_are_not_repeated(
    build: Any, catalog: Catalog, resolver: NoEngine
) -> None:
    secret, long = "hunter2" * 4, "x" * 5000
    document = build(add("feed", "feed", topic=[long], password=secret))
    said = json.dumps([f.model_dump() for f in validate(document, catalog, resolver).findings])
    assert secret not in said
    assert len(said) < 4000


def test_a_wrong_column_names_the_right_one_and_stops_there(
    build: Any, catalog: Catalog, resolver: NoEngine
) -> None:
    document = build(
        add("feed", "feed", topic="t"),
        add("big", "filter", "feed", condition="amout > 10"),
        add("more", "filter", "big", condition="nonsense > 10"),
        add("out", "delta-table-sink", "more", table="t"),
    )
    validation = validate(document, catalog, resolver)
    finding = only(validation, "UNKNOWN_COLUMN")
    assert (finding.node, finding.field, finding.got) == ("big", "condition", "amout")
    assert finding.hint == "did you mean `amount`?"
    assert finding.fix == [
        {"op": "update_node", "id": "big", "config": {"condition": "amount > 10"}}
    ]
    assert set(validation.relations) == {"feed"}
    assert only(validation, "UPSTREAM_HAS_ERRORS").got == ["more", "out"]
    after = autofix(document, catalog, resolver)
    assert after.changes == finding.fix
    assert only(validate(after.document, catalog, resolver), "UNKNOWN_COLUMN").got == "nonsense"


def test_a_source_that_can_declares_the_event_time(
    build: Any, catalog: Catalog, resolver: NoEngine
) -> None:
    document = build(
        add("feed", "feed", topic="t"),
        add("big", "filter", "feed", condition="amount > 10"),
        add("pairs", "sequence", "big", steps=STEPS),
        add("out", "delta-table-sink", "pairs", table="t"),
    )
    after = mended(document, catalog, resolver, "MISSING_EVENT_TIME")
    node = after.node("feed")
    assert node is not None
    assert node.config["event_time"] == "ordered_at"
    assert validate(after, catalog, resolver).ok


def test_else_a_watermark_is_put_between(build: Any, catalog: Catalog, resolver: NoEngine) -> None:
    document = build(
        add("feed", "plain-feed"),
        add("pairs", "sequence", "feed", steps=STEPS),
        add("out", "delta-table-sink", "pairs", table="t"),
    )
    after = mended(document, catalog, resolver, "MISSING_EVENT_TIME")
    assert sorted(edge.text() for edge in after.edges) == [
        "feed -> watermark",
        "pairs -> out",
        "watermark -> pairs",
    ]
    assert validate(after, catalog, resolver).ok


def test_an_event_time_alone_lacks_a_watermark(
    build: Any, catalog: Catalog, resolver: NoEngine
) -> None:
    document = build(
        add("feed", "feed", topic="t", event_time="ordered_at"),
        add("pairs", "sequence", "feed", steps=STEPS),
        add("out", "delta-table-sink", "pairs", table="t"),
    )
    assert validate(mended(document, catalog, resolver, "MISSING_WATERMARK"), catalog, resolver).ok


def test_no_time_is_guessed_among_several(build: Any, catalog: Catalog, resolver: NoEngine) -> None:
    columns = [{"name": n, "type": "timestamp"} for n in ("created", "shipped")]
    document = build(
        add("feed", "feed", topic="t", columns=columns),
        add("pairs", "sequence", "feed", steps=STEPS),
    )
    finding = only(validate(document, catalog, resolver), "MISSING_EVENT_TIME")
    assert finding.fix is None
    assert "`created`, `shipped`" in str(finding.hint)


def test_between_two_patterns_there_must_be_a_table(
    build: Any, catalog: Catalog, resolver: NoEngine
) -> None:
    document = build(
        add("feed", "feed", topic="t", event_time="ordered_at", watermark_delay="1 minute"),
        add("pairs", "sequence", "feed", steps=STEPS),
        add("again", "sequence", "pairs", steps=STEPS),
        add("out", "delta-table-sink", "again", table="t"),
    )
    finding = only(validate(document, catalog, resolver), "PATTERN_AFTER_PATTERN")
    assert (finding.node, finding.got) == ("again", "pairs")
    assert len(validate(document, catalog, resolver).errors) == 1
    late = add("late", "watermark", "pairs", event_time="detected_at")
    between = [{"op": "disconnect", "source": "pairs", "target": "again"}, late]
    further = apply(document, [*between, connect("late", "again")], catalog).document
    assert only(validate(further, catalog, resolver), "PATTERN_AFTER_PATTERN").got == "pairs"
    assert validate(
        mended(document, catalog, resolver, "PATTERN_AFTER_PATTERN"), catalog, resolver
    ).ok


class OpenConfig(SequenceConfig):
    within: str | None = None


class OpenSequence(Sequence_):
    Config = OpenConfig


def test_state_needs_a_bound(orders: PipelineDocument, resolver: NoEngine) -> None:
    catalog = Catalog([Feed(), Filter(), OpenSequence(), TableSink()])
    finding = only(validate(orders, catalog, resolver), "UNBOUNDED_STATE")
    assert (finding.node, finding.field) == ("pairs", "within")
    bound = {"op": "update_node", "id": "pairs", "config": {"max_partial_matches": 10}}
    assert validate(apply(orders, [bound], catalog).document, catalog, resolver).ok


def test_the_same_sink_twice(
    orders: PipelineDocument, catalog: Catalog, resolver: NoEngine
) -> None:
    document = apply(
        orders, [add("copy", "delta-table-sink", "pairs", table="pairs")], catalog
    ).document
    after = mended(document, catalog, resolver, "DUPLICATE_SINK")
    assert after.node("copy") is None
    other = apply(orders, [add("copy", "delta-table-sink", "big", table="pairs")], catalog).document
    assert only(validate(other, catalog, resolver), "DUPLICATE_SINK").fix is None


def test_the_same_name_twice(
    orders: PipelineDocument, catalog: Catalog, resolver: NoEngine
) -> None:
    renamed = {"op": "rename_node", "id": "out", "name": "Filter"}
    document = apply(orders, [renamed], catalog).document
    after = mended(document, catalog, resolver, "DUPLICATE_NAME")
    assert [node.name for node in after.nodes] == ["Feed", "Filter", "Sequence", "Filter 2"]


def test_matches_that_reach_no_sink(build: Any, catalog: Catalog, resolver: NoEngine) -> None:
    document = build(
        add("feed", "feed", topic="t", event_time="ordered_at", watermark_delay="1 minute"),
        add("pairs", "sequence", "feed", steps=STEPS),
        add("out", "delta-table-sink", "feed", table="t"),
    )
    finding = only(validate(document, catalog, resolver), "PATTERN_WITHOUT_SINK")
    assert (finding.node, finding.severity) == ("pairs", "info")


def test_more_than_fifty_nodes(build: Any, catalog: Catalog, resolver: NoEngine) -> None:
    document = build(
        add("feed", "plain-feed"),
        *(add(f"s{i}", "delta-table-sink", "feed", table=f"t{i}") for i in range(50)),
    )
    assert only(validate(document, catalog, resolver), "MANY_NODES").got == 51


def test_autofix_is_what_its_changes_give_and_leaves_nothing_to_fix(
    build: Any, catalog: Catalog, resolver: NoEngine
) -> None:
    document = build(
        add("feed", "feed", topic="t", ofset="latest"),
        add("pairs", "sequence", "feed", steps=[{"name": "a", "conditon": "amount > 1"}]),
        add("out", "delta-table-sink", table="t", mode="apend"),
    )
    fixed = autofix(document, catalog, resolver)
    assert apply(document, fixed.changes, catalog).document == fixed.document
    validation = validate(fixed.document, catalog, resolver)
    assert validation.ok, validation.errors
    assert autofix(fixed.document, catalog, resolver).changes == []
    assert document.node("watermark") is None


def test_an_unchanged_node_is_not_analysed_again(
    orders: PipelineDocument, catalog: Catalog, resolver: NoEngine
) -> None:
    cache = AnalysisCache()
    first = validate(orders, catalog, resolver, cache)
    assert len(cache) == 4
    assert validate(orders, catalog, resolver, cache) == first
    assert len(cache) == 4
    edited = {"op": "update_node", "id": "big", "config": {"condition": "amount > 11"}}
    validate(apply(orders, [edited], catalog).document, catalog, resolver, cache)
    assert len(cache) == 5, "what flows out of the filter is the same"


def test_files_are_looked_at_each_time(build: Any, catalog: Catalog, resolver: NoEngine) -> None:
    document = build(add("feed", "feed", topic="a.json"))
    cache = AnalysisCache()
    for _ in range(3):
        validate(document, catalog, resolver, cache)
    assert resolver.files_read == 3


def test_a_full_cache_forgets(
    orders: PipelineDocument, catalog: Catalog, resolver: NoEngine
) -> None:
    cache = AnalysisCache(capacity=3)
    first = validate(orders, catalog, resolver, cache)
    assert len(cache) <= 3
    assert validate(orders, catalog, resolver, cache) == first
