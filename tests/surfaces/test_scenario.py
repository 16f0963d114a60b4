"""Every operation through every surface: the same call gives the same JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from lakestream_mcp.operations import operations
from lakestream_mcp.surfaces.host import Host

from .conftest import SURFACES
from .pipelines import CHANGES, ORDERS

Json = dict[str, Any]
VARYING = {
    "broken_at",
    "client",
    "duration_ms",
    "recent_pipelines",
    "request_id",
    "seconds",
    "seq",
    "surface",
}
NOW = re.compile(r"(?!2026-01-01)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)")
"""Times of the test itself; its events are of another day."""


class Step(NamedTuple):
    """One call; `$name` is the pipeline, `$run` and `$match` come from earlier answers."""

    operation: str
    arguments: Json
    error: str | None = None


SCENARIO = (
    Step("create_pipeline", {"id": "$name", "name": "Orders", "tags": ["shop", "test"]}),
    Step("create_pipeline", {"id": "$name", "name": "Orders", "tags": ["shop", "test"]}),
    Step("create_pipeline", {"id": "$name", "name": "Other"}, "PIPELINE_EXISTS"),
    Step("describe_node_types", {"category": "pattern"}),
    Step("describe_node_types", {"types": ["filter", "count-threshold"]}),
    Step("get_node_type", {"type": "filter"}),
    Step("create_node", {"pipeline_id": "$name", **ORDERS, "reason": "Where rows come from"}),
    Step("edit_pipeline", {"pipeline_id": "$name", "changes": CHANGES, "dry_run": True}),
    Step("edit_pipeline", {"pipeline_id": "$name", "changes": CHANGES, "reason": "The rest"}),
    Step(
        "edit_pipeline",
        {"pipeline_id": "$name", "changes": CHANGES, "expect_revision": 1},
        "REVISION_CONFLICT",
    ),
    Step("edit_pipeline", {"pipeline_id": "$name", "changes": [{"op": "fly"}]}, "INVALID_CHANGE"),
    Step("connect", {"pipeline_id": "$name", "source": "orders", "target": "big"}),
    Step(
        "connect", {"pipeline_id": "$name", "source": "nowhere", "target": "big"}, "INVALID_CHANGE"
    ),
    Step("validate_pipeline", {"pipeline_id": "$name", "autofix": "preview"}),
    Step("get_pipeline", {"pipeline_id": "$name"}),
    Step("get_pipeline", {"pipeline_id": "$name", "detail": "node", "node": "big"}),
    Step("get_pipeline", {"pipeline_id": "$name", "detail": "full"}),
    Step("get_pipeline", {"pipeline_id": "$name", "detail": "mermaid"}),
    Step("get_pipeline", {"pipeline_id": "$name", "detail": "svg", "revision": 2}),
    Step("get_pipeline", {"pipeline_id": "$name", "revision": 99}, "REVISION_NOT_FOUND"),
    Step(
        "preview_node",
        {"pipeline_id": "$name", "node": "big", "events": [{"customer": "ann", "amount": 500.5}]},
    ),
    Step(
        "test_pattern",
        {"pipeline_id": "$name", "events": {"file": "orders.jsonl"}, "check_order": True},
    ),
    Step(
        "test_pattern", {"pipeline_id": "$name", "events": {"file": "/etc/passwd"}}, "FILE_REFUSED"
    ),
    Step("simulate", {"config": {"profile": "cdc"}, "count": 2}),
    Step("simulate", {"config": {"profile": "weather"}}, "INVALID_CONFIG"),
    Step("discover_schema", {"kind": "files", "search": "orders"}),
    Step("discover_schema", {}, "DATABRICKS_NOT_CONNECTED"),
    Step("list_runs", {"pipeline_id": "$name", "result": "matched"}),
    Step("get_run", {"run_id": "$run"}),
    Step("explain_match", {"run_id": "$run", "match_id": "$match"}),
    Step("explain_match", {"run_id": "$run", "key": {"customer": "bob"}}),
    Step("explain_match", {"run_id": "$run", "match_id": "nothing"}, "MATCH_NOT_FOUND"),
    Step("explain_deployed_match", {"pipeline_id": "$name", "match_id": "feed"}, "NO_MATCH_TABLE"),
    Step("estimate_cost", {"pipeline_id": "$name"}, "MISSING_LOAD"),
    Step("estimate_cost", {"pipeline_id": "$name", "load": {"events_per_second": 9}}),
    Step("benchmark_pattern", {"pipeline_id": "$name", "node": "big"}, "INVALID_ARGUMENT"),
    Step("plot_benchmark", {"run_id": "$run"}, "INVALID_ARGUMENT"),
    Step("backtest", {"pipeline_id": "$name", "history": {}}, "INVALID_ARGUMENT"),
    Step("generate_code", {"pipeline_id": "$name"}),
    Step("generate_code", {"pipeline_id": "$name", "content": True}),
    Step("get_code", {"pipeline_id": "$name"}),
    Step("get_pipeline", {"pipeline_id": "$name", "detail": "code"}),
    Step("deploy", {"pipeline_id": "$name", "target": "bundle", "force_reason": "A scenario"}),
    Step("deploy", {"pipeline_id": "$name", "target": "bundle", "confirm": "0"}, "PLAN_STALE"),
    Step("deploy", {"pipeline_id": "$name", "options": {"stat": "new"}}, "INVALID_ARGUMENT"),
    Step("get_deployment", {"pipeline_id": "$name"}),
    Step("parse_code", {"sql": "SELECT"}),
    Step("parse_code", {"sql": "SELECT 1", "apply": True}, "INVALID_ARGUMENT"),
    Step("test_connection", {"pipeline_id": "$name", "node": "big"}),
    Step("test_connection", {"pipeline_id": "$name", "node": "nothing"}, "NOT_FOUND"),
    Step("get_view", {"pipeline_id": "$name"}),
    Step("get_history", {"pipeline_id": "$name", "limit": 5}),
    Step("get_history", {"pipeline_id": "$name", "kind": "diff", "from_revision": 1}),
    Step("restore_revision", {"pipeline_id": "$name", "mode": "undo", "reason": "Again"}),
    Step("restore_revision", {"pipeline_id": "$name", "mode": "redo"}),
    Step("restore_revision", {"pipeline_id": "$name", "mode": "redo"}, "NOTHING_TO_REDO"),
    Step("review_pipeline", {"pipeline_id": "$name", "mode": "explain"}),
    Step("review_pipeline", {"pipeline_id": "$name", "mode": "review"}),
    Step("nl_generate", {"text": "", "backend": "rules"}),
    Step("list_model_calls", {}),
    Step("nl_generate", {"accept": "prop_nothing"}, "PROPOSAL_NOT_FOUND"),
    Step("discover_schema", {}, "DATABRICKS_NOT_CONNECTED"),
    Step("run_pipeline", {"pipeline_id": "$name"}),
    Step("get_running", {"pipeline_id": "$name"}),
    Step("explain_deployed_match", {"pipeline_id": "$name", "match_id": "x"}, "INVALID_ARGUMENT"),
    Step("list_templates", {"query": "impossible travel"}),
    Step("get_template", {"template": "impossible-travel"}),
    Step("get_template", {"template": "impossible"}, "TEMPLATE_NOT_FOUND"),
    Step("create_pipeline", {"template": "nothing"}, "TEMPLATE_NOT_FOUND"),
    Step("save_template", {"template": "$name", "pipeline_id": "$name", "level": "beginner"}),
    Step("delete_template", {"template": "$name"}),
    Step("delete_template", {"template": "impossible-travel"}, "FORBIDDEN"),
    Step("list_pipelines", {"text": "$name"}),
    Step("delete_pipeline", {"pipeline_id": "$name"}),
    Step("get_pipeline", {"pipeline_id": "$name"}, "PIPELINE_DELETED"),
    Step("restore_revision", {"pipeline_id": "$name", "mode": "restore"}),
    Step("set_access", {"actor": "ann", "role": "viewer", "pipeline_id": "$name"}),
    Step("set_access", {"actor": "", "role": "viewer"}, "INVALID_ARGUMENT"),
    Step("list_access", {"pipeline_id": "$name"}),
    Step("list_audit", {"pipeline_id": "$name", "operation": "create_pipeline"}),
    Step("export_audit", {"limit": 1}),
    Step("verify_audit", {"known": "nowhere"}),
    Step("set_preferences", {"theme": "dark", "forget": ["default_schema"]}),
    Step("set_preferences", {"default_catalog": "a.b"}, "INVALID_ARGUMENT"),
    Step("get_preferences", {}),
)


def filled(value: Any, known: Mapping[str, str]) -> Any:
    """The arguments with `$name` and the like replaced."""
    if isinstance(value, str):
        return known.get(value, value)
    if isinstance(value, dict):
        return {k: filled(v, known) for k, v in value.items()}
    return [filled(v, known) for v in value] if isinstance(value, list) else value


def normal(value: Any, known: Mapping[str, str]) -> Any:
    """The answer without what differs from run to run."""
    if isinstance(value, dict):
        return {
            normal(k, known): "…" if k in VARYING else normal(v, known) for k, v in value.items()
        }
    if isinstance(value, list):
        return [normal(v, known) for v in value]
    if isinstance(value, str):
        for placeholder, actual in sorted(known.items()):
            value = value.replace(actual, placeholder)
        value = NOW.sub("<now>", value)
        value = re.sub(r"\b(?:[0-9a-f]{64}|[0-9a-f]{16})\b", "<sha256>", value)
        return re.sub(r"sha256[:= ]+[0-9a-f]+", "<sha256>", value)
    return value


def play(surface: str, host: Host) -> Iterator[tuple[Step, Json]]:
    """Each step and its normalised answer."""
    caller = SURFACES[surface](host)
    known = {"$name": f"orders-{surface}xx"[:10]}
    spoken = 0
    for step in SCENARIO:
        name = step.operation
        if surface == "mcp" and not {o.name: o for o in operations()}[name].mcp:
            continue
        answer = caller.call(name, filled(step.arguments, known))
        if name == "verify_audit":
            answer.pop("entries")  # each surface left its own
        spoken += name == "nl_generate"
        if name == "list_model_calls":
            answer["calls"] = answer["calls"][:spoken]  # the others have spoken, too
        if name == "test_pattern" and "run_id" in answer:
            known["$run"] = answer["run_id"]
            known["$match"] = answer["matches"][0]["match_id"]
        yield step, normal(answer, known)


@pytest.fixture(scope="module")
def answers(host: Host) -> dict[str, list[tuple[Step, Json]]]:
    """The scenario on each surface."""
    return {surface: list(play(surface, host)) for surface in SURFACES}


def test_the_scenario_calls_every_operation() -> None:
    assert {step.operation for step in SCENARIO} == {op.name for op in operations()}


def test_steps_end_as_they_should(answers: dict[str, list[tuple[Step, Json]]]) -> None:
    for step, answer in answers["rest"]:
        assert answer.get("error", {}).get("code") == step.error, (step, answer)


@pytest.mark.parametrize("surface", ["mcp", "cli"])
def test_the_same_call_gives_the_same_json(
    answers: dict[str, list[tuple[Step, Json]]], surface: str
) -> None:
    mine = {op.name for op in operations() if surface == "cli" or op.mcp}
    expected = [(step, answer) for step, answer in answers["rest"] if step.operation in mine]
    for (step, got), (_, wanted) in zip(answers[surface], expected, strict=True):
        assert got == wanted, step


def test_resources_show_what_operations_answer(host: Host) -> None:
    import asyncio
    import json

    from fastmcp import Client

    from lakestream_mcp.surfaces.mcp import server

    caller = SURFACES["rest"](host)
    name, events = "resource-orders", {"file": "orders.jsonl"}
    caller.call("create_pipeline", {"id": name, "name": "Orders"})
    caller.call("create_node", {"pipeline_id": name, **ORDERS})
    caller.call("edit_pipeline", {"pipeline_id": name, "changes": CHANGES})
    run = caller.call("test_pattern", {"pipeline_id": name, "events": events})
    code = caller.call("generate_code", {"pipeline_id": name, "content": True})

    async def read() -> list[str]:
        async with Client(server(host)) as client:
            addresses = [
                f"pipelines/{name}",
                f"pipelines/{name}/code/{name}.py",
                f"runs/{run['run_id']}",
                "node-types/count-threshold",
            ]
            return [(await client.read_resource(f"lakestream://{a}"))[0].text for a in addresses]

    document, notebook, report, readme = asyncio.run(read())
    again = caller.call("create_pipeline", {"id": "imported", "document": json.loads(document)})
    assert again["changed"]["added"] == ["orders", "big", "burst", "out"]
    assert notebook == code["files"][f"{name}.py"]
    assert json.loads(report)["report"]["counts"] == run["counts"]
    assert readme.startswith("# ")
