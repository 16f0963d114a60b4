"""Nonsense, as an agent would send it: each kind has a code and a place, and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lakestream_mcp.cep.events import MAX_LINE_CHARS
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .callers import Json, McpCaller

COLUMNS = (
    "id bigint, kind string, amount double, big decimal(38,10), at timestamp, tags array<string>"
)
GOOD_ROW = {"id": 1, "kind": "a", "amount": 2.5, "at": "2026-01-01T00:00:00Z"}
ID = "p"


def node(id: str, type: str, **config: Any) -> Json:
    return {"op": "add_node", "node": {"id": id, "type": type, "config": config}}


def after(change: Json, other: str) -> Json:
    return {**change, "after": other}


BASE = [
    node(
        "feed",
        "auto-loader",
        path="in",
        columns=COLUMNS,
        event_time="at",
        watermark_delay="1 minute",
    ),
    after(node("some", "filter", condition="amount > 1"), "feed"),
    after(
        node("many", "count-threshold", where="kind = 'a'", threshold=2, window="1 hour"), "some"
    ),
    after(node("out", "file-sink", path="out"), "many"),
]


class Finding(NamedTuple):
    """An edit that is stored and answered with a finding."""

    name: str
    changes: list[Json]
    code: str
    node: str | None = None


def update(id: str, **config: Any) -> list[Json]:
    return [{"op": "update_node", "id": id, "config": config}]


FINDINGS = [
    Finding("wrong column", update("some", condition="amout > 1"), "UNKNOWN_COLUMN", "some"),
    Finding("wrong config key", update("some", conditon="amount > 1"), "UNKNOWN_CONFIG", "some"),
    Finding("no condition", update("some", condition=None), "MISSING_CONFIG", "some"),
    Finding(
        "condition is a number", update("some", condition="amount + 1"), "NOT_A_CONDITION", "some"
    ),
    Finding("bad SQL", update("some", condition="amount >"), "INVALID_SQL", "some"),
    Finding("unclosed quote", update("some", condition="kind = 'a"), "INVALID_SQL", "some"),
    Finding(
        "two statements", update("some", condition="true; drop table x"), "INVALID_SQL", "some"
    ),
    Finding("subquery", update("some", condition="id in (select 1)"), "SQL_NOT_ALLOWED", "some"),
    Finding(
        "file access",
        update("some", condition="exists (select * from csv.`/etc/passwd`)"),
        "SQL_NOT_ALLOWED",
        "some",
    ),
    Finding(
        "java call",
        update("some", condition="reflect('java.lang.System', 'exit', 1) is null"),
        "FUNCTION_REFUSED",
        "some",
    ),
    Finding(
        "unknown function",
        update("some", condition="frobnicate(id) = 1"),
        "UNKNOWN_FUNCTION",
        "some",
    ),
    Finding(
        "deep nesting",
        update("some", condition="(" * 300 + "true" + ")" * 300),
        "INVALID_SQL",
        "some",
    ),
    Finding("control character", update("some", condition="kind = 'a\x01'"), "INVALID_SQL", "some"),
    Finding("nonsense duration", update("many", window="5 parsecs"), "INVALID_CONFIG", "many"),
    Finding("duration without unit", update("many", window="5"), "INVALID_CONFIG", "many"),
    Finding("negative duration", update("many", window="-5 minutes"), "INVALID_CONFIG", "many"),
    Finding("zero duration", update("many", window="0 seconds"), "INVALID_CONFIG", "many"),
    Finding("endless duration", update("many", window="9999999 days"), "INVALID_CONFIG", "many"),
    Finding("negative count", update("many", threshold=-1), "INVALID_CONFIG", "many"),
    Finding("count in words", update("many", threshold="many"), "INVALID_CONFIG", "many"),
    Finding("count that says nothing", update("many", threshold=0), "THRESHOLD_TOO_LOW", "many"),
    Finding(
        "comparison that cannot be seen",
        update("many", comparison="<"),
        "ROLLING_COMPARISON",
        "many",
    ),
    Finding(
        "window for ever",
        update("many", windows="tumbling", comparison="<="),
        "UNBOUNDED_STATE",
        "many",
    ),
    Finding("wrong key column", update("many", key=["kid"]), "UNKNOWN_COLUMN", "many"),
    Finding("key column twice", update("many", key=["kind", "kind"]), "DUPLICATE_COLUMN", "many"),
    Finding("shown column twice", update("many", keep=["id", "id"]), "DUPLICATE_COLUMN", "many"),
    Finding(
        "shown column nearly twice", update("many", keep=["id", "idd"]), "UNKNOWN_COLUMN", "many"
    ),
    Finding(
        "partition twice",
        update("out", partition_by=["pattern", "pattern"]),
        "DUPLICATE_COLUMN",
        "out",
    ),
    Finding("floating-point key", update("many", key=["amount"]), "UNSUPPORTED_TYPE", "many"),
    Finding("nested key", update("many", key=["tags"]), "UNSUPPORTED_TYPE", "many"),
    Finding("event time is no time", update("many", event_time="kind"), "EVENT_TIME_TYPE", "many"),
    Finding("bad column type", update("feed", columns="id bigintt"), "INVALID_CONFIG", "feed"),
    Finding(
        "column twice", update("feed", columns="id bigint, id string"), "INVALID_CONFIG", "feed"
    ),
    Finding("no watermark", update("feed", watermark_delay=None), "MISSING_WATERMARK", "many"),
    Finding(
        "no event time",
        update("feed", event_time=None, watermark_delay=None),
        "MISSING_EVENT_TIME",
        "many",
    ),
    Finding(
        "pattern after pattern",
        [
            {"op": "disconnect", "source": "many", "target": "out"},
            after(node("again", "absence", trigger="true", expected="false"), "many"),
            {"op": "connect", "source": "again", "target": "out"},
        ],
        "PATTERN_AFTER_PATTERN",
        "again",
    ),
    Finding(
        "cycle",
        [
            after(node("back", "filter", condition="true"), "some"),
            {"op": "disconnect", "source": "feed", "target": "some"},
            {"op": "connect", "source": "back", "target": "some"},
        ],
        "CYCLE",
    ),
    Finding("no sink", [{"op": "remove_node", "id": "out"}], "NO_SINK"),
    Finding("orphan", [node("alone", "filter", condition="true")], "ORPHAN_NODE", "alone"),
]


class Refused(NamedTuple):
    """A call that is refused and changes nothing."""

    name: str
    tool: str
    arguments: Json
    code: str


def edit(*changes: Json, **more: Any) -> Json:
    return {"changes": list(changes), **more}


def events(rows: Any, **more: Any) -> Json:
    return {"events": rows, **more}


REFUSED = [
    Refused("unknown type", "edit_pipeline", edit(node("x", "filtr")), "INVALID_CHANGE"),
    Refused(
        "unknown node", "edit_pipeline", edit({"op": "remove_node", "id": "sme"}), "INVALID_CHANGE"
    ),
    Refused("unknown change", "edit_pipeline", edit({"op": "explode"}), "INVALID_CHANGE"),
    Refused("taken id", "edit_pipeline", edit(node("some", "watermark")), "INVALID_CHANGE"),
    Refused("hostile id", "edit_pipeline", edit(node("a'; drop", "filter")), "INVALID_CHANGE"),
    Refused("self-loop", "connect", {"source": "some", "target": "some"}, "INVALID_CHANGE"),
    Refused(
        "two inputs on one port", "connect", {"source": "feed", "target": "many"}, "INVALID_CHANGE"
    ),
    Refused("out of a sink", "connect", {"source": "out", "target": "many"}, "INVALID_CHANGE"),
    Refused("into a source", "connect", {"source": "some", "target": "feed"}, "INVALID_CHANGE"),
    Refused(
        "unknown port",
        "connect",
        {"source": "some", "target": "many", "target_port": "left"},
        "INVALID_CHANGE",
    ),
    Refused(
        "wrong revision",
        "edit_pipeline",
        edit(*update("some", condition="true"), expect_revision=99),
        "REVISION_CONFLICT",
    ),
    Refused(
        "NaN position",
        "edit_pipeline",
        edit({"op": "update_node", "id": "some", "position": {"x": "NaN", "y": 0}}),
        "INVALID_CHANGE",
    ),
    Refused("no events", "test_pattern", events(7), "INVALID_ARGUMENT"),
    Refused("row is a number", "test_pattern", events([7]), "INVALID_EVENTS"),
    Refused(
        "unparsable time",
        "test_pattern",
        events([{**GOOD_ROW, "at": "yesterday"}]),
        "UNREADABLE_VALUE",
    ),
    Refused(
        "impossible date",
        "test_pattern",
        events([{**GOOD_ROW, "at": "2026-02-30T00:00:00Z"}]),
        "UNREADABLE_VALUE",
    ),
    Refused(
        "number as time",
        "test_pattern",
        events([{**GOOD_ROW, "at": 1700000000}]),
        "UNREADABLE_VALUE",
    ),
    Refused("huge number", "test_pattern", events([{**GOOD_ROW, "id": 2**70}]), "UNREADABLE_VALUE"),
    Refused(
        "text as number",
        "test_pattern",
        events([{**GOOD_ROW, "amount": "lots"}]),
        "UNREADABLE_VALUE",
    ),
    Refused(
        "fraction as integer", "test_pattern", events([{**GOOD_ROW, "id": 1.5}]), "UNREADABLE_VALUE"
    ),
    Refused("wrong source", "test_pattern", events({"fed": [GOOD_ROW]}), "INVALID_EVENTS"),
    Refused("no such pattern", "test_pattern", events([GOOD_ROW], node="many2"), "NOT_FOUND"),
    Refused("no such file", "test_pattern", events({"file": "none.jsonl"}), "FILE_NOT_FOUND"),
    Refused("file is no path", "test_pattern", events({"file": ["a.jsonl"]}), "INVALID_EVENTS"),
    Refused("file outside", "test_pattern", events({"file": "/etc/passwd"}), "FILE_REFUSED"),
    Refused(
        "climbing out", "test_pattern", events({"file": "../../../../etc/passwd"}), "FILE_NOT_FOUND"
    ),
    Refused("empty file", "test_pattern", events({"file": "empty.jsonl"}), "EMPTY_FILE"),
    Refused("not JSON", "test_pattern", events({"file": "broken.jsonl"}), "UNREADABLE_FILE"),
    Refused("not text", "test_pattern", events({"file": "binary.jsonl"}), "UNREADABLE_FILE"),
    Refused("endless line", "test_pattern", events({"file": "long.jsonl"}), "LIMIT_EXCEEDED"),
    Refused("nothing to simulate", "test_pattern", events({"simulate": 5}), "INVALID_EVENTS"),
    Refused("no such run", "explain_match", {"run_id": "run_0", "match_id": "x"}, "RUN_NOT_FOUND"),
    Refused(
        "no such revision",
        "restore_revision",
        {"mode": "restore", "revision": 7_777},
        "REVISION_NOT_FOUND",
    ),
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    files = tmp_path_factory.mktemp("files")
    (files / "empty.jsonl").write_text("")
    (files / "broken.jsonl").write_text(json.dumps(GOOD_ROW) + "\n{oops\n")
    (files / "binary.jsonl").write_bytes(b"\xff\xfe\x00\x01")
    (files / "long.jsonl").write_text('{"kind": "' + "x" * (MAX_LINE_CHARS + 10) + '"}')
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("store"), data_roots=(files,)))
    caller = McpCaller(host)
    caller.call("create_pipeline", {"name": "P", "id": ID})
    answer = caller.call("edit_pipeline", {"pipeline_id": ID, "changes": BASE})
    assert not [f for f in answer["findings"] if f["severity"] == "error"], answer
    yield caller
    host.workspace.close()


def document(agent: McpCaller) -> Json:
    return agent.call("get_pipeline", {"pipeline_id": ID, "detail": "document"})


@pytest.mark.parametrize("case", FINDINGS, ids=lambda case: case.name)
def test_wrong_edit_is_stored_and_answered_with_a_finding(agent: McpCaller, case: Finding) -> None:
    before = document(agent)
    answer = agent.call("edit_pipeline", {"pipeline_id": ID, "changes": case.changes})
    try:
        assert "error" not in answer, answer
        found = [f for f in answer["findings"] if f["code"] == case.code]
        assert found, (case.code, answer["findings"])
        assert case.node in (None, found[0].get("node"))
        assert found[0]["message"]
        _fixes_apply(agent, found[0])
    finally:
        agent.call(
            "restore_revision",
            {"pipeline_id": ID, "mode": "restore", "revision": before["revision"]},
        )
    assert document(agent)["document"] == before["document"]


def _fixes_apply(agent: McpCaller, finding: Json) -> None:
    """A fix is changes that can be sent back, and they mend what was found."""
    if not finding.get("fix"):
        return
    answer = agent.call(
        "edit_pipeline", {"pipeline_id": ID, "changes": finding["fix"], "dry_run": True}
    )
    assert "error" not in answer, answer
    still = [(f["code"], f.get("node"), f.get("field")) for f in answer["findings"]]
    assert (finding["code"], finding.get("node"), finding.get("field")) not in still


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_impossible_call_is_refused_and_changes_nothing(agent: McpCaller, case: Refused) -> None:
    before = document(agent)
    given = {} if case.tool == "explain_match" else {"pipeline_id": ID}
    error = agent.call(case.tool, {**given, **case.arguments}).get("error")
    assert error, "the call should have been refused"
    assert error["code"] == case.code, error
    assert len(error["message"]) < 400
    assert error.get("where") or error.get("got") or error.get("hint"), error
    assert document(agent) == before


def test_there_are_at_least_forty_kinds() -> None:
    assert len(FINDINGS) + len(REFUSED) >= 40


def test_null_and_nan_and_mixed_zones_have_defined_behaviour(agent: McpCaller) -> None:
    """NULL event times are counted and skipped; NaN is a number; zones are converted."""
    rows = [
        {**GOOD_ROW, "at": "2026-01-01T01:00:00+01:00"},
        {**GOOD_ROW, "id": 2, "at": "2025-12-31T19:10:00-05:00"},
        {**GOOD_ROW, "id": 3, "at": None},
        {**GOOD_ROW, "id": 4, "amount": "NaN", "at": "2026-01-01T00:20:00"},
        {**GOOD_ROW, "id": None, "kind": None},
    ]
    answer = agent.call("test_pattern", {"pipeline_id": ID, "events": rows, "batch_rows": 100})
    assert answer["counts"]["skipped"] == 1
    assert answer["counts"]["matches"] == 1
    times = [e["at"] for e in answer["matches"][0]["events"]]
    assert times == ["2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"]


def test_the_watermark_goes_as_far_as_asked(agent: McpCaller) -> None:
    """An absence is decided only when the watermark passes its deadline."""
    changes = [
        *BASE[:1],
        after(node("quiet", "absence", trigger="true", expected="false", within="1 hour"), "feed"),
        after(node("out", "file-sink", path="out"), "quiet"),
    ]
    agent.call("create_pipeline", {"name": "W", "id": "w"})
    agent.call("edit_pipeline", {"pipeline_id": "w", "changes": changes})
    found = {}
    for until in ("all", "none", "2026-01-01T00:59:59Z", "2026-01-01T01:00:00Z"):
        answer = agent.call(
            "test_pattern", {"pipeline_id": "w", "events": [GOOD_ROW], "advance_to": until}
        )
        found[until] = (answer["counts"]["matches"], answer["counts"]["waiting"])
    assert [found[k][0] for k in found] == [1, 0, 0, 1]
    error = agent.call(
        "test_pattern", {"pipeline_id": "w", "events": [GOOD_ROW], "advance_to": "later"}
    )["error"]
    assert error["where"] == {"argument": "advance_to"}
    early = [{**GOOD_ROW, "at": f"19{year}-01-01T00:00:00Z"} for year in (69, 70, 71)]
    answer = agent.call("test_pattern", {"pipeline_id": "w", "events": early})
    assert (answer["counts"]["late"], answer["counts"]["matches"]) == (2, 1)
    assert "unless they lie before 1970" in answer["warnings"][0]
    never = {**GOOD_ROW, "at": "9999-12-31T23:59:59Z"}
    error = agent.call("test_pattern", {"pipeline_id": "w", "events": [never]})["error"]
    assert error["code"] == "TIME_OUT_OF_RANGE"


def test_hostile_names_come_back_as_they_were(agent: McpCaller) -> None:
    hostile = 'it\'s "quoted" \\ {x} {{y}} ${z} <b>&amp;\n--; drop table'
    answer = agent.call("create_pipeline", {"name": hostile, "id": "hostile"})
    assert "error" not in answer, answer
    change = {"op": "add_node", "node": {"id": "n", "type": "filter", "name": hostile}}
    assert "error" not in agent.call(
        "edit_pipeline", {"pipeline_id": "hostile", "changes": [change]}
    )
    stored = agent.call("get_pipeline", {"pipeline_id": "hostile", "detail": "document"})
    assert stored["document"]["name"] == hostile
    assert stored["document"]["nodes"][0]["name"] == hostile


def test_deleted_pipeline_is_named_as_such(agent: McpCaller) -> None:
    agent.call("create_pipeline", {"name": "Gone", "id": "gone"})
    agent.call("delete_pipeline", {"pipeline_id": "gone"})
    error = agent.call("get_pipeline", {"pipeline_id": "gone"})["error"]
    assert error["code"] == "PIPELINE_DELETED"


def test_bad_input_leaves_the_file_system_alone(agent: McpCaller, tmp_path: Path) -> None:
    target = tmp_path / "written"
    text = f"exists (select * from parquet.`{target}`)"
    agent.call(
        "edit_pipeline",
        {"pipeline_id": ID, "changes": update("some", condition=text), "dry_run": True},
    )
    assert not target.exists()
