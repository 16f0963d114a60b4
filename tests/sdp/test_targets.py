"""Which target takes what, how graphs are cut, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from databricks.sdk.service.jobs import JobSettings
from databricks.sdk.service.pipelines import PipelineSpec

from lakestream_mcp.codegen import Generated
from lakestream_mcp.errors import InvalidPipeline, LakestreamError, Unsupported
from tests.codegen.bench import Bench
from tests.codegen.cases import BASES, FEED, Json
from tests.codegen.schemas import PROTOBUF

from .cases import code_for, graph, node

FEED_NODE = node("feed", "auto-loader", **FEED)
BIG = node("big", "filter", condition="amount > 1")
QUIET = node("quiet", "absence", **BASES["absence"])
TABLE = node("kept", "delta-table-sink", table="main.out.kept")
FILES = node("files", "file-sink", path="/data/out")
HISTORY = node(
    "history",
    "delta-table-sink",
    table="main.out.history",
    mode="merge",
    merge_keys=["key"],
    sequence_by="detected_at",
    scd_type=2,
)


def where(made: Generated) -> dict[str, str]:
    return {route.node: route.target for route in made.routes}


def refused(bench: Bench, made: Json, target: Any = "sdp") -> LakestreamError:
    with pytest.raises(LakestreamError) as caught:
        code_for(bench, made, target)
    return caught.value


def test_auto_is_declarative_where_all_nodes_are(bench: Bench) -> None:
    made = code_for(bench, graph([FEED_NODE, BIG, TABLE]), "auto")
    assert made.target == "sdp"
    assert list(made.files) == ["parity.sql"]
    assert [task.kind for task in made.tasks] == ["pipeline"]
    assert {lines.node for lines in made.line_map} == {"feed", "big", "kept"}


def test_auto_is_one_notebook_where_a_node_needs_it(bench: Bench) -> None:
    made = code_for(bench, graph([FEED_NODE, BIG, QUIET, TABLE]), "auto")
    assert made.target == "sss"
    assert list(made.files) == ["parity.py"]
    reasons = {route.node: route.reason for route in made.routes}
    assert "absence" in reasons["quiet"]
    assert "`quiet`" in reasons["feed"]


def test_auto_cuts_where_nothing_else_is_left(bench: Bench) -> None:
    made = code_for(bench, graph([FEED_NODE, QUIET, HISTORY]), "auto")
    assert made.target == "hybrid"
    assert where(made) == {"feed": "sdp", "quiet": "sss", "history": "sdp"}
    assert [(t.key, t.kind, t.files, t.depends_on) for t in made.tasks] == [
        ("declarative", "pipeline", ["parity.sql"], []),
        ("streaming", "notebook", ["parity.py"], ["declarative"]),
        ("declarative_2", "pipeline", ["parity_2.sql"], ["streaming"]),
    ]


def test_hybrid_puts_no_node_twice_and_keeps_the_patterns_hash(bench: Bench) -> None:
    document = graph([FEED_NODE, BIG, QUIET, TABLE], [BIG, FILES])
    hybrid, whole = code_for(bench, document, "hybrid"), code_for(bench, document, "sss")
    assert where(hybrid) == {
        "feed": "sdp",
        "big": "sdp",
        "quiet": "sss",
        "kept": "sss",
        "files": "sss",
    }
    own = [lines.node for lines in hybrid.line_map if lines.node in where(hybrid)]
    # `big` is made in SQL; the notebook reads its table under the same name.
    assert sorted(own) == ["big", "big", "feed", "files", "kept", "quiet"]
    assert hybrid.hashes["quiet"] == whole.hashes["quiet"]
    assert hybrid.state_version == whole.state_version


def test_each_side_of_a_cut_is_as_large_as_can_be(bench: Bench) -> None:
    """Streaming code are a pattern and what reads it, until a node has no form there."""
    before = [node(f"more{n}", "filter", condition=f"amount > {n}") for n in range(2, 5)]
    named = node("named", "map-select", columns="match_id, key, detected_at")
    aside = [node("aside", "filter", condition="amount > 9"), TABLE]
    document = graph([FEED_NODE, BIG, *before, QUIET, named, HISTORY], [BIG, *aside])
    made = code_for(bench, document, "hybrid")
    assert {n for n, target in where(made).items() if target == "sss"} == {"quiet", "named"}
    assert [task.kind for task in made.tasks] == ["pipeline", "notebook", "pipeline"]
    first = [lines.node for lines in made.line_map if lines.file == "parity.sql"]
    made_for_the_cut = {"more4_table"}
    own = {"feed", "big", "more2", "more3", "more4", "aside", "kept"}
    assert set(first) == own | made_for_the_cut


def test_several_sinks_append_to_one_table_by_flows(bench: Bench) -> None:
    other = node("other", "filter", condition="amount <= 1")
    sinks = [node(f"to_{n}", "delta-table-sink", table="main.out.kept") for n in "ab"]
    made = code_for(bench, graph([FEED_NODE, BIG, sinks[0]], [FEED_NODE, other, sinks[1]]), "sdp")
    lines = made.files["parity.sql"].splitlines()
    assert lines.count("CREATE OR REFRESH STREAMING TABLE main.`out`.kept;") == 1
    assert [line for line in lines if line.startswith("CREATE FLOW")] == [
        "CREATE FLOW to_a AS",
        "CREATE FLOW to_b AS",
    ]


@pytest.mark.parametrize(
    "config",
    [
        {"format": "protobuf", "value_schema": PROTOBUF, "message": "test.Event"},
        {"format": "avro", "schema_registry_url": "https://registry:8081"},
    ],
)
def test_a_topic_that_sql_cannot_write_is_streamed(bench: Bench, config: Json) -> None:
    topic = node("topic", "kafka-topic-sink", **BASES["kafka-topic-sink"] | config)
    document = graph([FEED_NODE, BIG, topic])
    assert isinstance(refused(bench, document), Unsupported)
    made = code_for(bench, document, "auto")
    assert made.target == "sss"
    assert any("declarative SQL" in r.reason for r in made.routes if r.node == "topic")


@pytest.mark.parametrize(
    "change",
    [{"partition_by": ["kind"]}, {"mode": "merge", "merge_keys": ["id"], "sequence_by": "at"}],
)
def test_sinks_of_one_table_must_agree(bench: Bench, change: Json) -> None:
    one = node("one", "delta-table-sink", table="main.out.kept")
    two = node("two", "delta-table-sink", table="main.out.kept", **change)
    error = refused(bench, graph([FEED_NODE, one], [FEED_NODE, BIG, two]))
    assert isinstance(error, InvalidPipeline)
    assert (error.code, error.where) == ("TABLE_SHARED", {"node": "two"})


def test_a_view_must_not_hide_a_table(bench: Bench) -> None:
    error = refused(bench, graph([FEED_NODE, BIG, node("out", "delta-table-sink", table="big")]))
    assert (error.code, error.where, error.got) == ("VIEW_HIDES_TABLE", {"node": "out"}, "big")


def test_a_refusal_names_node_reason_and_the_target_that_can(bench: Bench) -> None:
    error = refused(bench, graph([FEED_NODE, QUIET, TABLE]))
    assert isinstance(error, Unsupported)
    assert (error.code, error.where) == ("NO_CODE_FOR_TARGET", {"node": "quiet"})
    assert error.expected == ["sss", "auto"]
    assert "absence" in error.message
    only_here = refused(bench, graph([FEED_NODE, QUIET, HISTORY]), "sss")
    assert only_here.where["node"] == "history"
    assert only_here.expected == ["hybrid", "auto"]
    (change,) = only_here.fix or [{}]
    assert (change["op"], change["id"]) == ("update_node", "history")


REFUSED = [
    (node("feed", "auto-loader", **FEED, schema_location="/x"), "schema_location"),
    *(
        (node("feed", "delta-table-source", **BASES["delta-table-source"], **{field: value}), field)
        for field, value in {
            "starting_version": 0,
            "starting_timestamp": "2026-01-01",
            "ignore_deletes": True,
            "skip_change_commits": True,
            "max_files_per_batch": 5,
        }.items()
    ),
]


@pytest.mark.parametrize(("source", "field"), REFUSED, ids=[field for _, field in REFUSED])
def test_options_without_a_form_are_refused_with_the_fix(
    bench: Bench, source: Json, field: str
) -> None:
    error = refused(bench, graph([source, TABLE]))
    assert error.where == {"node": "feed", "field": field}
    assert error.fix == [{"op": "update_node", "id": "feed", "config": {field: None}}]
    assert code_for(bench, graph([source, TABLE]), "auto").target == "sss"


@pytest.mark.parametrize("delay", ["0 seconds", "28 days"])
def test_watermarks_that_sql_does_not_take_are_refused(bench: Bench, delay: str) -> None:
    source = node("feed", "auto-loader", **{**FEED, "watermark_delay": delay})
    assert refused(bench, graph([source, TABLE])).where == {"node": "feed"}


@pytest.mark.parametrize(
    ("delay", "said"),
    [("1500ms", "1500 MILLISECONDS"), ("90s", "90 SECONDS"), ("2 hours", "2 HOURS")],
)
def test_watermarks_are_said_in_their_greatest_unit(bench: Bench, delay: str, said: str) -> None:
    source = node("feed", "auto-loader", **{**FEED, "watermark_delay": delay})
    (line,) = [
        line
        for line in code_for(bench, graph([source, TABLE]), "sdp").files["parity.sql"].splitlines()
        if "WATERMARK" in line
    ]
    assert line == f") WATERMARK at DELAY OF INTERVAL {said} AS feed_rows;"


def test_a_bundle_holds_resources_that_the_sdk_reads(bench: Bench) -> None:
    document = graph([FEED_NODE, QUIET, HISTORY]) | {"settings": {"catalog": "lake"}}
    made = code_for(bench, document, "bundle")
    assert [name for name in made.files if name.startswith("src/")] == [
        "src/parity.sql",
        "src/parity.py",
        "src/parity_2.sql",
    ]
    assert yaml.safe_load(made.files["databricks.yml"])["bundle"] == {"name": "parity"}
    resources = yaml.safe_load(made.files["resources/parity.yml"])["resources"]
    job = JobSettings.from_dict(resources["jobs"]["parity"])
    assert job.as_dict() == resources["jobs"]["parity"]
    assert job.tasks is not None
    after = {t.task_key: [d.task_key for d in t.depends_on or []] for t in job.tasks}
    assert after == {
        "declarative": [],
        "streaming": ["declarative"],
        "declarative_2": ["streaming"],
    }
    for key, given in resources["pipelines"].items():
        spec = PipelineSpec.from_dict(given)
        assert spec.as_dict() == given
        assert (spec.catalog, spec.schema, spec.serverless) == ("lake", "default", True)
        assert f"${{resources.pipelines.{key}.id}}" in made.files["resources/parity.yml"]
    assert set(made.hashes) == {*made.files, "quiet"}
