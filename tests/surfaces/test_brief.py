"""Answers to models are short, whatever they are about, and say what they leave out."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.identity import LocalUser, Role, includes
from lakestream_mcp.operations import find, operations
from lakestream_mcp.surfaces.brief import ANSWER_CHARACTERS, LEFT_OUT, brief, brief_text
from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

WORDS = st.text(min_size=0, max_size=400)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=60), st.dictionaries(st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=80,
)
ANSWERS = st.dictionaries(st.sampled_from(["pipeline_id", "matches", "rows", "fix"]), VALUES)
STEPS = 120


def size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False))


def is_cut(shown: Any, whole: Any) -> bool:
    """Whether what is shown is the whole, or the beginning of its lists and texts."""
    if isinstance(whole, str):
        return isinstance(shown, str) and (
            shown == whole or (shown.endswith("…") and whole.startswith(shown[:-1]))
        )
    if isinstance(whole, list):
        pairs = zip(shown, whole, strict=False)
        return len(shown) <= len(whole) and all(is_cut(s, w) for s, w in pairs)
    if isinstance(whole, dict):
        return set(shown) <= set(whole) and all(is_cut(shown[k], whole[k]) for k in shown)
    return bool(shown == whole)


@given(ANSWERS)
def test_a_brief_answer_is_a_part_of_the_whole(answer: dict[str, Any]) -> None:
    shown = brief(dict(answer), most=600)
    if size(answer) <= 600:
        assert shown == answer
        return
    left_out = shown.pop(LEFT_OUT, {})
    assert set(shown) == set(answer)
    assert is_cut(shown, answer)
    assert left_out or any(isinstance(v, str) for v in flat(answer))


def flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in flat(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in flat(part)]
    return [value]


@given(st.lists(st.dictionaries(st.just("fix"), st.lists(WORDS, max_size=9)), max_size=60))
def test_what_is_sent_back_is_whole_or_absent(findings: list[dict[str, Any]]) -> None:
    shown = brief({"findings": findings}, most=900)["findings"]
    for finding, whole in zip(shown, findings, strict=False):
        assert finding in ({}, whole)


@given(st.lists(WORDS, min_size=3, max_size=80))
def test_a_text_keeps_its_last_lines(lines: list[str]) -> None:
    text = "\n".join(lines)
    shown = brief_text(text, most=2_000)
    assert len(shown) <= 2_000
    assert shown == text or (text.endswith(shown.split("\n")[-1]) and "more lines" in shown)


@pytest.mark.parametrize("ending", ["", "\nlink"])
def test_a_long_line_that_is_cut_is_no_line_that_is_missing(ending: str) -> None:
    shown = brief_text("x" * 3_000 + ending, most=2_000)
    assert len(shown) <= 2_000
    assert "… cut; 0 more lines." in shown


@pytest.fixture(scope="module")
def large(host: Host) -> McpCaller:
    """A pipeline of many nodes, each with something wrong, and a test with many matches."""
    caller = McpCaller(host)
    filters = [
        {
            "op": "add_node",
            "node": {"id": f"f{n}", "type": "filter", "config": {"condition": f"nothing{n} > {n}"}},
            "after": "orders",
        }
        for n in range(STEPS)
    ]
    columns = ", ".join(["customer string", "amount double", "at timestamp"])
    source = {
        "type": "auto-loader",
        "id": "orders",
        "config": {"path": "orders", "columns": columns, "event_time": "at"},
    }
    caller.call("create_pipeline", {"id": "large", "name": "Large"})
    made = caller.call(
        "edit_pipeline",
        {"pipeline_id": "large", "changes": [{"op": "add_node", "node": source}, *filters]},
    )
    assert made["counts"]["errors"] >= STEPS
    caller.call("create_pipeline", {"id": "busy", "template": "impossible-travel"})
    return caller


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_pipeline", {}),
        ("get_pipeline", {"detail": "node", "node": "f3"}),
        ("get_pipeline", {"detail": "lineage", "node": "f3"}),
        ("validate_pipeline", {}),
        ("validate_pipeline", {"autofix": "preview"}),
        ("get_history", {}),
        ("get_history", {"kind": "diff", "from_revision": 1}),
        ("edit_pipeline", {"changes": [{"op": "tidy"}], "dry_run": True}),
        ("create_node", {"type": "filter", "config": {"condition": "x" * 3000}}),
        ("create_node", {"type": "filtre"}),
        ("generate_code", {}),
        ("test_pattern", {"events": []}),
        ("preview_node", {"node": "orders", "events": [{"customer": "x" * 9000}] * 3}),
        ("list_runs", {}),
    ],
)
def test_answers_about_large_pipelines_are_short(
    large: McpCaller, tool: str, arguments: dict[str, Any]
) -> None:
    result = large.result(tool, {"pipeline_id": "large", **arguments})
    assert len(result.content[0].text) <= ANSWER_CHARACTERS, tool
    assert size(result.structured_content) <= ANSWER_CHARACTERS * 1.02, tool


ROWS = [{"a": "x" * 90}] * 150
LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "get_history": ("revisions", {"pipeline_id": "edited"}),
    "list_audit": ("entries", {}),
    "list_pipelines": ("pipelines", {}),
    "validate_pipeline": ("findings", {"pipeline_id": "large"}),
    "preview_node": ("rows", {"pipeline_id": "edited", "node": "src", "events": ROWS}),
}


@pytest.fixture(scope="module")
def much(large: McpCaller) -> McpCaller:
    """Also many pipelines, and one with many revisions."""
    source = {"type": "auto-loader", "id": "src", "config": {"path": "p", "columns": "a string"}}
    large.call("create_pipeline", {"id": "edited", "name": "Edited"})
    large.call("create_node", {"pipeline_id": "edited", **source})
    for n in range(80):
        said = {"description": f"{n} " + "what this is about. " * 20}
        large.call("create_pipeline", {"id": f"one-of-many-{n}", "name": f"Many {n}", **said})
        edit = {"changes": [{"op": "set_pipeline", **said}], "reason": "because of this. " * 9}
        large.call("edit_pipeline", {"pipeline_id": "edited", **edit})
    return large


@pytest.mark.parametrize("tool", LISTS)
def test_a_limit_alone_makes_no_answer_long(much: McpCaller, tool: str) -> None:
    """Who asks for few gets no more than who says nothing, and who asks for many is told how."""
    name, arguments = LISTS[tool]
    for limit in (1, 150):
        result = much.result(tool, {**arguments, "limit": limit})
        assert len(result.content[0].text) <= ANSWER_CHARACTERS
        assert size(result.structured_content) <= ANSWER_CHARACTERS * 1.02
    short = result.structured_content
    whole = much.call(tool, {**arguments, "limit": 150, "detail": "full"})
    assert len(whole[name]) > len(short[name])
    assert short[LEFT_OUT][name] == len(whole[name]) - len(short[name])


def test_a_detail_that_there_is_not_is_refused(much: McpCaller) -> None:
    refused = much.call("list_audit", {"detail": "document"})["error"]
    assert (refused["code"], refused["where"]) == ("INVALID_ARGUMENT", {"argument": "detail"})


def test_who_asks_for_all_gets_all(large: McpCaller) -> None:
    full = large.result("get_pipeline", {"pipeline_id": "large", "detail": "full"})
    assert len(full.structured_content["nodes"]) > STEPS


def test_every_node_type_is_described_in_short(large: McpCaller) -> None:
    listed = large.call("describe_node_types", {})["types"]
    for line in listed:
        result = large.result("describe_node_types", {"types": [line["type"]]})
        described = result.structured_content["types"][0]
        assert len(result.content[0].text) <= ANSWER_CHARACTERS
        whole = large.call("describe_node_types", {"types": [line["type"]], "detail": "full"})
        fields = {field["name"] for field in whole["types"][0]["fields"]}
        assert fields == {name.partition(".")[0].removesuffix("[]") for name in described["fields"]}
        assert described.get("example") == whole["types"][0].get("example")


def test_many_types_at_once_leave_none_out_unsaid(large: McpCaller) -> None:
    names = [line["type"] for line in large.call("describe_node_types", {})["types"]][:20]
    answer = large.call("describe_node_types", {"types": names})
    shown = [described["type"] for described in answer["types"]]
    assert shown == names[: len(shown)]
    assert all(name in answer["next"] for name in names[len(shown) :])


BUSY = {"pipeline_id": "busy"}
HARMLESS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("list_pipelines", {}),
    ("list_templates", {}),
    ("describe_node_types", {}),
    ("describe_node_types", {"types": ["filter"]}),
    *(
        ("get_pipeline", {**BUSY, "detail": detail})
        for detail in ("summary", "mermaid", "svg", "code", "lineage")
    ),
    ("get_pipeline", {**BUSY, "detail": "code", "node": "outside"}),
    ("get_history", BUSY),
    ("validate_pipeline", BUSY),
    ("review_pipeline", {**BUSY, "mode": "explain"}),
    ("review_pipeline", {**BUSY, "mode": "review"}),
    ("generate_code", BUSY),
    ("generate_code", {**BUSY, "target": "bundle"}),
    ("generate_code", {**BUSY, "content": True}),
    ("list_runs", BUSY),
    ("edit_pipeline", {**BUSY, "changes": [{"op": "tidy"}], "dry_run": True}),
    ("parse_code", {"sql": "SELECT 1"}),
    ("nl_generate", {"text": "alert when a card is used 3 times within 10 minutes"}),
    ("preview_node", {**BUSY, "node": "outside"}),
    ("discover_schema", {"kind": "files"}),
    ("deploy", {**BUSY, "target": "bundle", "force_reason": "a plan only"}),
    ("get_deployment", BUSY),
    ("estimate_cost", {**BUSY, "load": {"events_per_second": 9, "keys": 9}}),
    ("list_audit", {}),
    ("run_pipeline", BUSY),
)
HARMFUL = {
    "benchmark_pattern": "takes the machine for a while",
    "connect": "edits",
    "create_node": "edits",
    "create_pipeline": "edits",
    "delete_pipeline": "deletes",
    "restore_revision": "edits",
    "test_connection": "reaches out",
}


@pytest.fixture(scope="module")
def tested(large: McpCaller) -> tuple[tuple[str, dict[str, Any]], ...]:
    """What asks about a test that has matched, and the test."""
    asked = {**BUSY, "events": {"template": "impossible-travel"}}
    run = large.result("test_pattern", asked).structured_content["run_id"]
    return (("test_pattern", asked), ("explain_match", {"run_id": run}))


def named(caller: McpCaller, tool: str, arguments: dict[str, Any]) -> set[str]:
    """The tools that the one line about what comes next names."""
    text = caller.result(tool, arguments).content[0].text
    (following,) = [line for line in text.split("\n") if line.startswith("Next: ")]
    return set(re.findall(r"[a-z_]+", following)) & {op.name for op in operations()}


def test_every_answer_names_the_next_call(large: McpCaller, tested: Any) -> None:
    """Each tool that can be called without harm, on a pipeline that works."""
    calls = (*HARMLESS, *tested)
    assert {tool for tool, _ in calls} | set(HARMFUL) == {o.name for o in operations() if o.mcp}
    for tool, arguments in calls:
        assert named(large, tool, arguments), (tool, arguments)


def test_what_changes_names_the_next_call_too(large: McpCaller) -> None:
    here = {"pipeline_id": "following"}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("create_pipeline", {"id": "following", "template": "impossible-travel"}),
        ("create_node", here | {"type": "filter"}),
        ("connect", here | {"source": "sign_ins", "target": "filter"}),
        ("restore_revision", here),
        ("benchmark_pattern", BUSY | {"node": "travel", "rates": [100], "seconds": 1}),
        ("test_connection", BUSY | {"node": "soc"}),
        ("delete_pipeline", here),
    ]
    assert {tool for tool, _ in calls} == set(HARMFUL)
    for tool, arguments in calls:
        assert named(large, tool, arguments), tool


@pytest.mark.parametrize("detail", ["full", "document", "node"])
def test_json_holds_the_next_call(large: McpCaller, detail: str) -> None:
    said = large.result("get_pipeline", {**BUSY, "detail": detail, "node": "outside"})
    following = json.loads(said.content[0].text)["next"]
    assert set(re.findall(r"[a-z_]+", following)) & {op.name for op in operations()}


@pytest.mark.parametrize("role", ["viewer", "author", "deployer"])
def test_nobody_is_told_to_deploy_who_may_not(host: Host, tested: Any, role: Role) -> None:
    user = LocalUser(role)
    caller = McpCaller(Host(host.workspace.with_caller(user.identity), user))
    theirs = {op.name for op in operations() if op.role == "deployer"}
    told = set()
    for tool, arguments in (*HARMLESS, *tested):
        if includes(role, find(tool).role):
            told |= named(caller, tool, arguments) & theirs
    assert ({"deploy", "run_pipeline", "test_connection"} <= told) == (role == "deployer")
    assert not told or role == "deployer"


def test_a_finding_without_a_fix_says_what_would_do(large: McpCaller) -> None:
    said = large.result("validate_pipeline", {"pipeline_id": "large"}).content[0].text
    (line,) = [line for line in said.split("\n") if " f3.condition:" in line]
    assert all(column in line for column in ("customer", "amount", "at"))
