"""Reviews: every fix mends what it is offered for, and nothing else breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.review.facts import Facts
from lakestream_mcp.review.review import explained, risks, score
from lakestream_mcp.review.suggest import suggestions
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.templates.library import built_in

from ..surfaces.callers import McpCaller


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("store")
    host = Host.local(Settings(data_dir=folder, data_roots=(folder,)))
    yield host
    host.workspace.close()


def facts_of(host: Host, document: PipelineDocument, **samples: Any) -> Facts:
    ws = host.workspace
    return Facts(
        document, ws.validate(document), ws.catalog, samples, tested=False, judge=ws.validate
    )


def check_fixes(host: Host, document: PipelineDocument) -> int:
    """Apply each fix on its own: it goes through, its risk is gone, and no error is new.

    What could not be checked for errors before it may come to light.
    """
    before = facts_of(host, document)
    whole = "UPSTREAM_HAS_ERRORS" not in {f.code for f in before.validation.findings}
    errors = len(before.validation.errors)
    fixed = 0
    for risk in risks(before):
        if not risk.fix:
            continue
        mended = apply(document, risk.fix, before.catalog).document
        after = facts_of(host, mended)
        assert not whole or len(after.validation.errors) <= errors, (risk, after.validation.errors)
        left = {(r.code, r.node) for r in risks(after)}
        assert (risk.code, risk.node) not in left, risk
        assert not whole or score(risks(after)) >= score(risks(before)), risk
        fixed += 1
    return fixed


@pytest.mark.parametrize("name", sorted(built_in()))
def test_every_fix_for_a_template_mends_its_risk(name: str, host: Host) -> None:
    check_fixes(host, built_in()[name].pipeline)


def test_every_check_that_can_has_a_fix(host: Host) -> None:
    """Fixes are offered only when they were tried; these come through."""
    source = {"watermark_delay": "0 seconds", "event_time": "at", "fail_on_data_loss": False}
    trend = {"value": "value", "direction": "up", "ordering": "arrival", "key": ["sensor"]}
    found = {r.code for r in risks(facts_of(host, pipeline(source, "trend", trend))) if r.fix}
    assert found == {
        "NO_TIME_FOR_LATE_ROWS",
        "DEPENDS_ON_ARRIVAL",
        "NO_DEAD_LETTER_QUEUE",
        "UNBOUNDED_BATCH",
        "LOSS_UNNOTICED",
        "NOBODY_STARTS_IT",
    }


CARELESS: list[dict[str, Any]] = [
    {"watermark_delay": "0 seconds"},
    {"delay": "0 seconds"},
    {"watermark_delay": "3 days"},
    {"ordering": "arrival"},
    {"on_malformed": "null"},
    {"fail_on_data_loss": False},
    {"max_records_per_batch": None},
    {"forget_after": None},
    {"quarantine": False},
    {"mode": "merge", "merge_keys": ["match_id"]},
    {"key": []},
]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(built_in())), careless=st.sets(st.integers(0, 10), min_size=2))
def test_every_fix_for_a_careless_pipeline_mends_its_risk(
    name: str, careless: set[int], host: Host
) -> None:
    document = built_in()[name].pipeline
    nodes = []
    for node in document.nodes:
        fields = host.workspace.catalog.get(node.type).Config.model_fields
        config = dict(node.config)
        for index in sorted(careless):
            given = {k: v for k, v in CARELESS[index].items() if k in fields}
            config |= given
        kept = {k: v for k, v in config.items() if v is not None}
        nodes.append(node.model_copy(update={"config": kept}))
    check_fixes(host, document.model_copy(update={"nodes": nodes}))


@pytest.mark.parametrize("name", sorted(built_in()))
def test_every_node_is_explained(name: str, host: Host) -> None:
    document = built_in()[name].pipeline
    said = explained(facts_of(host, document))
    assert {s.node for s in said} == {n.id for n in document.nodes}
    places = {s.node: i for i, s in enumerate(said)}
    assert all(places[e.source] < places[e.target] for e in document.edges)


SOURCE = {
    "bootstrap_servers": "localhost:9092",
    "topics": ["beats"],
    "columns": "sensor string, value double, at timestamp, note string",
}


def pipeline(source: dict[str, Any], kind: str, config: dict[str, Any]) -> PipelineDocument:
    nodes = [
        {"id": "beats", "type": "kafka-topic", "name": "Beats", "config": SOURCE | source},
        {"id": "found", "type": kind, "name": "Found", "config": config},
    ]
    edges = [{"source": "beats", "target": "found"}]
    return PipelineDocument.model_validate({"name": "Beats", "nodes": nodes, "edges": edges})


def beats(seconds: list[int], sensors: int = 4) -> list[dict[str, Any]]:
    return [
        {
            "sensor": f"s{i % sensors}",
            "value": float(i),
            "at": f"2026-01-01T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}Z",
            "note": f"n{i}",
        }
        for i, s in enumerate(seconds)
    ]


def test_an_event_time_and_its_delay_come_from_the_rows(host: Host) -> None:
    rows = beats([10 * i for i in range(40)] + [100])
    document = pipeline({}, "session", {"gap": "5 minutes"})
    facts = facts_of(host, document, beats=rows)
    (said,) = suggestions(facts, "beats")
    config = said.fix[0]["config"] if said.fix else {}
    assert config == {"event_time": "at", "watermark_delay": "10 minutes"}
    mended = apply(document, said.fix or [], facts.catalog).document
    assert not suggestions(facts_of(host, mended, beats=rows), "beats")


def test_a_key_and_a_silence_come_from_the_rows(host: Host) -> None:
    timed = {"event_time": "at", "watermark_delay": "10 minutes"}
    document = pipeline(timed, "session", {"gap": "5 minutes"})
    facts = facts_of(host, document, beats=beats([10 * i for i in range(80)]))
    fixes = [s.fix[0]["config"] for s in suggestions(facts, "found") if s.fix]
    assert fixes == [{"key": ["sensor"]}, {"gap": "1 minute"}]


def test_a_skewed_key_is_seen_in_the_rows(host: Host) -> None:
    timed = {"event_time": "at", "watermark_delay": "10 minutes"}
    document = pipeline(timed, "session", {"gap": "5 minutes", "key": ["sensor"]})
    rows = beats([10 * i for i in range(40)], sensors=1)
    assert "SKEWED_KEY" in {r.code for r in risks(facts_of(host, document, beats=rows))}
    rows = beats([10 * i for i in range(40)])
    assert "SKEWED_KEY" not in {r.code for r in risks(facts_of(host, document, beats=rows))}


def test_a_review_through_mcp_has_fixes_that_can_be_sent(host: Host) -> None:
    caller = McpCaller(host)
    made = caller.call("create_pipeline", {"template": "iot-sensor-health"})
    here = {"pipeline_id": made["pipeline_id"]}
    before = caller.call("review_pipeline", here | {"mode": "review"})
    for risk in before["risks"]:
        if "fix" in risk:
            sent = caller.call("edit_pipeline", here | {"changes": risk["fix"]})
            assert "error" not in sent
    events = {"template": "iot-sensor-health"}
    caller.call("test_pattern", here | {"events": events})
    after = caller.call("review_pipeline", here | {"mode": "review"})
    assert after["score"] >= before["score"]
    assert "NOT_TESTED" not in {r["code"] for r in after["risks"]}
    renamed = {"op": "rename_node", "id": after["risks"][0]["node"], "name": "Another title"}
    caller.call("edit_pipeline", here | {"changes": [renamed]})
    again = caller.call("review_pipeline", here | {"mode": "review"})
    assert "NOT_TESTED" not in {r["code"] for r in again["risks"]}, "a title changes nothing"
    assert caller.call("review_pipeline", here)["sentences"]


def test_sample_rows_may_come_from_a_file(host: Host) -> None:
    caller = McpCaller(host)
    document = pipeline({}, "session", {"gap": "5 minutes"}).model_dump(mode="json")
    caller.call("create_pipeline", {"name": "From a file", "document": document})
    rows = "\n".join(json.dumps(row) for row in beats([10 * i for i in range(40)]))
    (host.workspace.settings.data_dir / "beats.jsonl").write_text(rows)
    arguments = {"pipeline_id": "from-a-file", "mode": "suggest", "node": "beats"}
    said = caller.call("review_pipeline", arguments | {"events": {"file": "beats.jsonl"}})
    assert [s["node"] for s in said["suggestions"]] == ["beats"]
    wrong = caller.call("review_pipeline", arguments | {"events": {"beats": [1]}})
    assert wrong["error"]["code"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("mode", ["review", "suggest"])
def test_sample_rows_may_be_those_of_a_template(host: Host, mode: str) -> None:
    caller, named = McpCaller(host), "smart-meter-tampering"
    caller.call("create_pipeline", {"id": named, "template": named})
    asked = {"pipeline_id": named, "mode": mode, "events": {"template": named}}
    said = caller.call("review_pipeline", asked)
    assert said["mode"] == mode, said
    assert mode == "review" or said["suggestions"]


def test_what_a_review_cannot_use_is_refused(host: Host) -> None:
    caller = McpCaller(host)
    caller.call("create_pipeline", {"name": "Empty"})
    here = {"pipeline_id": "empty"}
    for arguments in ({"mode": "suggest"}, {"events": {"nobody": []}}, {"node": "nobody"}):
        assert "error" in caller.call("review_pipeline", here | arguments)
    said = caller.call("review_pipeline", here | {"mode": "review"})
    assert said["score"] < 100


def test_all_fixes_of_a_review_can_be_sent_together(host: Host) -> None:
    caller = McpCaller(host)
    feed = {"bootstrap_servers": "b:9092", "columns": "id string, at timestamp"}
    feed |= {"event_time": "at", "watermark_delay": "1 minute"}
    nodes = [
        {"id": name, "type": "kafka-topic", "config": feed | {"topics": name}}
        for name in ("views", "clicks")
    ]
    nodes.append({"id": "both", "type": "union-merge", "config": {}})
    nodes.append({"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}})
    edges = [["views", "both"], ["clicks", "both"], ["both", "out"]]
    document = {"nodes": nodes, "edges": edges}
    made = caller.call("create_pipeline", {"name": "Two feeds", "document": document})
    here = {"pipeline_id": made["pipeline_id"]}
    risks = caller.call("review_pipeline", here | {"mode": "review"})["risks"]
    fixes = [r["fix"] for r in risks if r["code"] == "NO_DEAD_LETTER_QUEUE"]
    assert len(fixes) == 2
    sent = caller.call("edit_pipeline", here | {"changes": [*fixes[0], *fixes[1]]})
    assert "error" not in sent, sent
    assert sent["counts"]["errors"] == 0, sent["findings"]
    again = caller.call("review_pipeline", here | {"mode": "review"})["risks"]
    assert "NO_DEAD_LETTER_QUEUE" not in {r["code"] for r in again}
