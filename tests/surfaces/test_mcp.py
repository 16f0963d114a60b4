"""What an MCP client sees: a short, true tool list, prompts, friendly errors, progress."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from mcp.types import PromptReference, ResourceTemplateReference

from lakestream_mcp.identity import LocalUser, Role
from lakestream_mcp.operations import find, operations
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import INSTRUCTIONS, server
from lakestream_mcp.templates.library import built_in
from lakestream_mcp.workspace import Services, Workspace

from .callers import McpCaller
from .pipelines import CHANGES, ORDERS

AUTHOR_TOOLS_MAX = 20
AUTHOR_TOKENS_MAX = 5_000
ALL_TOOLS_MAX = 28
ALL_TOKENS_MAX = 7_000
TEXT_BYTES_MAX = 2_048


def tools(host: Host) -> list[dict[str, Any]]:
    """The tools/list answer, as it goes over the wire."""

    async def ask() -> list[dict[str, Any]]:
        async with Client(server(host)) as client:
            listed = await client.list_tools()
        return [t.model_dump(mode="json", by_alias=True, exclude_none=True) for t in listed]

    return asyncio.run(ask())


def tokens(listed: list[dict[str, Any]]) -> float:
    """Characters of the whole answer, by four."""
    return len(json.dumps({"tools": listed}, ensure_ascii=False, separators=(",", ":"))) / 4


def test_an_author_sees_few_tools_that_cost_few_tokens(
    with_role: Callable[[Role], Host],
) -> None:
    listed = tools(with_role("author"))
    assert len(listed) <= AUTHOR_TOOLS_MAX
    assert tokens(listed) <= AUTHOR_TOKENS_MAX
    assert "delete_pipeline" not in {t["name"] for t in listed}


def test_a_deployer_sees_every_tool(with_role: Callable[[Role], Host]) -> None:
    listed = tools(with_role("deployer"))
    assert {t["name"] for t in listed} == {op.name for op in operations() if op.mcp}
    assert len(listed) <= ALL_TOOLS_MAX
    assert tokens(listed) <= ALL_TOKENS_MAX


def test_a_viewer_sees_what_a_viewer_may_call(with_role: Callable[[Role], Host]) -> None:
    listed = {t["name"] for t in tools(with_role("viewer"))}
    assert listed == {op.name for op in operations() if op.mcp and op.role == "viewer"}


def test_tools_say_truly_what_they_do(host: Host) -> None:
    for tool in tools(host):
        op, said = find(tool["name"]), tool["annotations"]
        assert said["readOnlyHint"] == (op.effect == "read")
        assert said["destructiveHint"] == (op.effect == "destroy")
        assert said["openWorldHint"] is False
        assert "outputSchema" not in tool
        assert tool["inputSchema"]["additionalProperties"] is False
        assert len(tool["description"].encode()) < TEXT_BYTES_MAX
        listed = tool["inputSchema"]["properties"]
        assert "limit" not in listed or "full" in listed["detail"]["enum"], tool["name"]


def test_instructions_fit_where_clients_cut_them() -> None:
    assert len(INSTRUCTIONS.encode()) < TEXT_BYTES_MAX


def test_prompts_take_their_arguments(host: Host) -> None:
    async def ask() -> tuple[set[str], str]:
        async with Client(server(host)) as client:
            names = {p.name for p in await client.list_prompts()}
            made = await client.get_prompt("build_pipeline", {"goal": "late parcels"})
        return names, made.messages[0].content.text

    names, text = asyncio.run(ask())
    assert "build_pipeline" in names
    assert "late parcels" in text
    assert "{{" not in text


def test_prompts_name_only_tools_that_exist(host: Host) -> None:
    import re

    from lakestream_mcp.surfaces.prompts import prompts

    known = {op.name for op in operations()}
    for prompt in prompts():
        called = set(re.findall(r"`([a-z]+_[a-z_]+)[`(]", prompt._text))
        fields = {"add_node", "expect_revision", "event_time", "watermark_delay"}
        assert called - fields <= known, prompt.name


def test_an_unknown_tool_and_a_bad_resource_are_errors_not_crashes(host: Host) -> None:
    async def ask() -> tuple[bool, str]:
        async with Client(server(host)) as client:
            result = await client.call_tool("fly", {}, raise_on_error=False)
            with pytest.raises(Exception, match="PIPELINE_NOT_FOUND"):
                await client.read_resource("lakestream://pipelines/nothing-here")
        return result.is_error, result.content[0].text

    failed, text = asyncio.run(ask())
    assert failed
    assert "fly" in text


def test_the_fix_of_an_error_can_be_sent_back_as_it_is_read(host: Host) -> None:
    caller = McpCaller(host)
    table = {"table": "a.b.c", "mode": "merge", "merge_keys": "id", "sequence_by": "at"}
    feed = {"path": "in", "columns": "id bigint, op string, at timestamp"}
    sink = {"id": "kept", "type": "delta-table-sink", "config": table | {"delete_when": "op = 'd'"}}
    changes = [
        {"op": "add_node", "node": {"id": "feed", "type": "auto-loader", "config": feed}},
        {"op": "add_node", "node": sink, "after": "feed"},
    ]
    caller.call("create_pipeline", {"id": "fixed", "name": "Fixed"})
    made = caller.call("edit_pipeline", {"pipeline_id": "fixed", "changes": changes})
    assert made["counts"]["errors"] == 0, made["findings"]
    refused = caller.result("generate_code", {"pipeline_id": "fixed", "target": "sss"})
    assert refused.structured_content
    lines = dict(line.split(": ", 1) for line in refused.content[0].text.splitlines())
    assert json.loads(lines["fix"]) == refused.structured_content["error"]["fix"]


def test_stdio_serves_the_same_tools(host: Host, tmp_path: Any) -> None:
    async def ask() -> set[str]:
        transport = StdioTransport(
            sys.executable,
            ["-m", "lakestream_mcp", "serve", "--transport", "stdio"],
            env={"LAKESTREAM_DATA_DIR": str(tmp_path)},
        )
        async with Client(transport) as client:
            made = await client.call_tool("create_pipeline", {"name": "Over stdio"})
            assert made.structured_content is not None
            assert made.structured_content["pipeline_id"] == "over-stdio"
            return {t.name for t in await client.list_tools()}

    assert asyncio.run(ask()) == {t["name"] for t in tools(host)}


def test_objects_and_lists_may_come_as_text(host: Host) -> None:
    caller = McpCaller(host)
    caller.call("create_pipeline", {"name": "As text", "tags": '["a", "b"]'})
    here = {"pipeline_id": "as-text"}
    made = caller.call("create_node", here | ORDERS | {"config": json.dumps(ORDERS["config"])})
    assert made["changed"]["added"] == ["orders"]
    edited = caller.call("edit_pipeline", here | {"changes": json.dumps(CHANGES)})
    assert edited["counts"]["errors"] == 0
    events = json.dumps([{"customer": "ann", "amount": 1000, "at": "2026-01-01T00:00:00Z"}])
    assert caller.call("test_pattern", here | {"events": events})["counts"]["events"] == 1
    listed = caller.call("describe_node_types", {"types": '["filter"]'})
    assert [t["type"] for t in listed["types"]] == ["filter"]


def test_long_work_reports_progress(host: Host) -> None:
    caller = McpCaller(host)
    here = {"pipeline_id": "progressing"}
    caller.call("create_pipeline", {"name": "Progressing"})
    caller.call("create_node", here | ORDERS)
    caller.call("edit_pipeline", here | {"changes": CHANGES})
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total == 1.0
        assert message
        heard.append(progress)

    async def ask() -> None:
        async with Client(server(host)) as client:
            events = {"file": "orders.jsonl"}
            await client.call_tool("test_pattern", here | {"events": events}, progress_handler=hear)

    asyncio.run(ask())
    assert heard
    assert heard == sorted(set(heard)), "the protocol asks that progress always rises"


def test_a_sentence_finds_the_types_that_fit_best(host: Host) -> None:
    """And not nearly all of them, which fit a little."""
    caller = McpCaller(host)
    said = caller.call("describe_node_types", {"search": "notify people in a chat of teams"})
    assert said["types"][0]["type"] == "slack-teams-pagerduty"
    assert len(said["types"]) < len(caller.call("describe_node_types", {})["types"]) / 4
    assert "describe_node_types() lists all" in said["next"]
    nothing = caller.call("describe_node_types", {"search": "qqq"})
    assert (nothing["types"], nothing["next"]) == ([], "describe_node_types() lists all")


def test_ids_are_completed(host: Host) -> None:
    caller = McpCaller(host)
    caller.call("create_pipeline", {"id": "completed_orders", "name": "Orders to complete"})

    async def ask() -> list[list[str]]:
        async with Client(server(host)) as client:
            pipeline = ResourceTemplateReference(
                type="ref/resource", uri="lakestream://pipelines/{pipeline_id}"
            )
            node = ResourceTemplateReference(
                type="ref/resource", uri="lakestream://node-types/{type}"
            )
            prompt = PromptReference(type="ref/prompt", name="explain_pipeline")
            asked = [
                (pipeline, {"name": "pipeline_id", "value": "completed_o"}),
                (node, {"name": "type", "value": "seq"}),
                (prompt, {"name": "pipeline_id", "value": "completed_o"}),
                (prompt, {"name": "audience", "value": "b"}),
            ]
            return [(await client.complete(ref, argument)).values for ref, argument in asked]

    pipelines, types, prompts, others = asyncio.run(ask())
    assert pipelines == prompts == ["completed_orders"]
    assert types[0] == "sequence"
    assert others == []


def test_runs_and_templates_are_completed_and_read(host: Host) -> None:
    caller, here = McpCaller(host), {"pipeline_id": "with_a_run"}
    caller.call("create_pipeline", {"id": "with_a_run", "name": "With a run"})
    caller.call("create_node", here | ORDERS)
    caller.call("edit_pipeline", here | {"changes": CHANGES})
    run = caller.call("test_pattern", here | {"events": {"file": "orders.jsonl"}})["run_id"]

    async def ask() -> tuple[list[str], list[str], dict[str, Any]]:
        async with Client(server(host)) as client:
            offered = {t.uri_template for t in await client.list_resource_templates()}
            runs, templates = "lakestream://runs/{run_id}", "lakestream://templates/{template}"
            assert {runs, templates} <= offered
            asked = [(runs, "run_id", run[:-2]), (templates, "template", "")]
            found = [
                await client.complete(
                    ResourceTemplateReference(type="ref/resource", uri=uri),
                    {"name": name, "value": typed},
                )
                for uri, name, typed in asked
            ]
            names = found[1].values
            read = await client.read_resource(templates.replace("{template}", names[0]))
        return found[0].values, names, json.loads(read[0].text)

    completed, names, template = asyncio.run(ask())
    assert completed == [run]
    assert set(names) >= set(built_in())
    assert template["id"] == names[0]


def test_tools_can_be_searched_instead_of_listed(host: Host) -> None:
    settings = host.workspace.settings._replace(tool_search=True)
    user = LocalUser("author")
    searching = Host(Workspace(Services(settings), user.identity), user)

    async def ask() -> tuple[list[dict[str, Any]], str, str]:
        async with Client(server(searching)) as client:
            listed = await client.list_tools()
            found = await client.call_tool("search_tools", {"query": "why did nothing match"})
            hidden = await client.call_tool("search_tools", {"query": "delete a pipeline"})
        shown = [t.model_dump(mode="json", by_alias=True, exclude_none=True) for t in listed]
        return shown, found.content[0].text, hidden.content[0].text

    listed, found, hidden = asyncio.run(ask())
    searching.workspace.close()
    assert tokens(listed) < 0.6 * tokens(tools(host))
    assert "explain_match" in found
    assert "delete_pipeline" not in hidden
