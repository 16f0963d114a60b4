"""Arguments under the names that other tools give them: no needless call, and told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller, RestCaller

HERE = {"pipeline_id": "named"}
SCRATCH = {"pipeline_id": "scratch"}
COLUMNS = "card string, amount double, at timestamp"
SOURCE = {
    "path": "cards.jsonl",
    "columns": COLUMNS,
    "event_time": "at",
    "watermark_delay": "1 minute",
}
BURST = {"key": ["card"], "window": "10 minutes", "threshold": 2}
ROWS = [{"card": "a", "amount": 1.0, "at": f"2026-01-01T00:0{n}:00Z"} for n in range(3)]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("names")
    (folder / "cards.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    host = Host.local(Settings(data_dir=folder, data_roots=(folder,)))
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "scratch", "name": "Scratch"})
    caller.call("create_pipeline", {"id": "named", "name": "Named"})
    nodes = [("src", "auto-loader", SOURCE, ""), ("burst", "count-threshold", BURST, "src")]
    nodes += [("out", "delta-table-sink", {"table": "a.b.c"}, "burst")]
    for name, kind, config, after in nodes:
        made = {"id": name, "type": kind, "config": config, "after": after}
        caller.call("create_node", HERE | made)
    yield host
    host.workspace.close()


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("get_pipeline", {"id": "named"}, ["read `id` as `pipeline_id`"]),
        ("get_pipeline", {"pipeline": "named"}, ["read `pipeline` as `pipeline_id`"]),
        ("list_pipelines", {"query": "named"}, ["read `query` as `text`"]),
        ("list_templates", {"search": "fraud"}, ["read `search` as `query`"]),
        ("describe_node_types", {"query": "slack"}, ["read `query` as `search`"]),
        ("describe_node_types", {"type": "filter"}, ["read `type` as `types`"]),
        ("create_pipeline", {"title": "As title"}, ["read `title` as `name`"]),
        (
            "create_pipeline",
            {"pipeline_id": "own-id", "name": "Own"},
            ["read `pipeline_id` as `id`"],
        ),
        ("nl_generate", {"prompt": "write a poem"}, ["read `prompt` as `text`"]),
        ("parse_code", {"code": "SELECT 1"}, ["read `code` as `sql`"]),
        (
            "create_node",
            {**SCRATCH, "node_type": "filter", "params": {"condition": "amount > 1"}},
            ["read `node_type` as `type`", "read `params` as `config`"],
        ),
        (
            "preview_node",
            {**HERE, "node_id": "src", "rows": ROWS},
            ["read `node_id` as `node`", "read `rows` as `events`"],
        ),
        (
            "connect",
            {**HERE, "from": "src", "to": "burst"},
            ["read `from` as `source`", "read `to` as `target`"],
        ),
        ("edit_pipeline", {**HERE, "fix": [{"op": "tidy"}]}, ["read `fix` as `changes`"]),
        ("restore_revision", {**SCRATCH, "action": "undo"}, ["read `action` as `mode`"]),
    ],
)
def test_another_name_is_read_and_told(
    host: Host, tool: str, arguments: dict[str, Any], told: list[str]
) -> None:
    result = McpCaller(host).result(tool, arguments)
    assert not result.is_error, result.content[0].text
    assert result.structured_content["read_as"] == told
    assert result.content[0].text.split("\n")[: len(told)] == told


def test_declared_names_are_read_in_silence(host: Host) -> None:
    assert "read_as" not in McpCaller(host).call("get_pipeline", HERE)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("explain_match", {"id": "named"}),  # a pipeline, a run or a match
        ("get_pipeline", {"pipeline_id": "named", "pipeline": "other"}),
        ("create_pipeline", {"name": "A", "title": "B"}),
    ],
)
def test_a_name_that_may_mean_two_things_is_refused(
    host: Host, tool: str, arguments: dict[str, Any]
) -> None:
    assert McpCaller(host).call(tool, arguments)["error"]["code"] == "INVALID_ARGUMENT"


def test_rights_are_those_on_the_pipeline_that_is_meant(host: Host) -> None:
    """The audit log names it too."""
    McpCaller(host).call("edit_pipeline", {"pipeline": "named", "changes": [{"op": "tidy"}]})
    (last,) = McpCaller(host).call("list_audit", {"operation": "edit_pipeline", "limit": 1})[
        "entries"
    ]
    assert last["pipeline_id"] == "named"


def test_names_are_read_over_rest_too(host: Host) -> None:
    said = RestCaller(host).call("list_pipelines", {"query": "named"})
    assert said["read_as"] == ["read `query` as `text`"]


def test_one_change_is_a_list_of_one(host: Host) -> None:
    change = {"op": "set_pipeline", "description": "One change"}
    said = McpCaller(host).call("edit_pipeline", HERE | {"changes": change})
    assert said["changed"]["settings"], said


@pytest.mark.parametrize(
    "change",
    [
        {"op": "addNode", "node": {"type": "filter", "config": {"condition": "amount > 2"}}},
        {"type": "add_node", "node": {"type": "filter", "config": {"condition": "amount > 2"}}},
        {"op": "add-node", "node": {"type": "filter", "config": {"condition": "amount > 2"}}},
    ],
)
def test_an_op_in_another_spelling_is_read_and_told(host: Host, change: dict[str, Any]) -> None:
    asked = HERE | {"changes": [change], "dry_run": True}
    said = McpCaller(host).call("edit_pipeline", asked)
    assert said["changed"]["added"], said
    assert any(note.startswith("read ") for note in said["notes"])


def test_a_path_alone_is_a_file_with_events(host: Host) -> None:
    said = McpCaller(host).call("test_pattern", HERE | {"events": "cards.jsonl"})
    assert said["counts"]["matches"] == 1, said
    missing = McpCaller(host).call("test_pattern", HERE | {"events": "nowhere.jsonl"})
    assert missing["error"]["where"] == {"argument": "events"}
