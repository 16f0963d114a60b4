"""The examples in operations' declarations, which agents copy, are executed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.operations import Operation, call, find, operations
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.databricks.stand_in import StandIn

from .sources import ROOT

Json = dict[str, Any]

FEED = {
    "path": "examples/earthquakes.jsonl",
    "format": "json",
    "columns": "event_id string, event_time timestamp, net string, mag double",
    "event_time": "event_time",
    "watermark_delay": "1 hour",
}
SILENCE = {"key": ["net"], "trigger": "mag >= 5", "expected": "true", "within": "6 hours"}
BENCHMARK = "run_0mi5x1a2c"
EVENTS = [{"event_id": "a", "event_time": "2018-02-01T00:00:00Z", "net": "us", "mag": 6.0}]


def node(id: str, type: str, config: Json, after: str | None = None) -> Json:
    """A change that adds a node."""
    change: Json = {"op": "add_node", "node": {"id": id, "type": type, "config": config}}
    return change | ({"after": after} if after else {})


EDITS = (
    [
        node("feed", "auto-loader", FEED),
        node("strong", "filter", {"condition": "mag >= 5"}, "feed"),
    ],
    [
        node("silence", "absence", SILENCE, "strong"),
        node("out", "delta-table-sink", {"table": "main.demo.silences"}, "silence"),
    ],
)
"""The pipeline that the examples talk about, in two revisions after the first."""

ON_SPARK = {"backtest"}
"""Their examples need a real Spark; tests of their own run the like of them."""
EXAMPLES = [(op, e) for op in operations() if op.name not in ON_SPARK for e in op.examples]


@pytest.fixture(scope="module")
def workspace() -> Iterator[StandIn]:
    """A Databricks workspace with what the examples name, which this process is connected to."""
    with StandIn() as world, pytest.MonkeyPatch.context() as patch:
        world.unity.add_table("main.sales.orders", "id BIGINT, at TIMESTAMP")
        world.warehouses.add("small")
        for name, value in world.environment.items():
            patch.setenv(name, value)
        yield world


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, workspace: StandIn) -> Iterator[Host]:
    """One process, with a store of its own."""
    folder = tmp_path_factory.mktemp("store")
    served = Host.local(Settings(data_dir=folder, data_roots=(ROOT,)))
    yield served
    served.workspace.close()


def run(host: Host, operation: str, /, **arguments: Any) -> Json:
    """Call an operation by name."""
    return call(find(operation), host.caller({}), arguments).to_json()


@pytest.mark.parametrize(
    ("op", "example"), EXAMPLES, ids=lambda v: v.name if isinstance(v, Operation) else json.dumps(v)
)
def test_an_example_runs(
    op: Operation, example: Mapping[str, Any], host: Host, workspace: StandIn
) -> None:
    arguments = dict(example)
    if "pipeline_id" in example or "run_id" in example:
        arguments |= told_apart(host, arguments, f"quakes_{EXAMPLES.index((op, example))}")
    if op.name == "explain_deployed_match":
        arguments["match_id"] = deployed_match(host, arguments["pipeline_id"], workspace)
    answer = run(host, op.name, **arguments)
    assert "error" not in answer


def told_apart(host: Host, arguments: Json, pipeline_id: str) -> Json:
    """The arguments that name what exists only here: a pipeline made for this example, its run."""
    run(host, "create_pipeline", id=pipeline_id, name="Earthquakes")
    for changes in EDITS:
        run(host, "edit_pipeline", pipeline_id=pipeline_id, changes=changes)
    if "run_id" not in arguments:
        return {"pipeline_id": pipeline_id}
    if arguments["run_id"] == BENCHMARK:
        asked = {"pipeline_id": pipeline_id, "node": "silence", "rates": [100], "seconds": 1}
        return {"run_id": run(host, "benchmark_pattern", **asked)["run_id"]}
    tested = run(host, "test_pattern", pipeline_id=pipeline_id, events=EVENTS)
    match = {"match_id": tested["matches"][0]["match_id"]} if "match_id" in arguments else {}
    return {"run_id": tested["run_id"], **match}


def deployed_match(host: Host, pipeline_id: str, workspace: StandIn) -> str:
    """The id of a match that the pipeline's table holds."""
    shown = run(host, "preview_node", pipeline_id=pipeline_id, node="silence", events=EVENTS)
    ddl = ", ".join(f"{c['name']} {c['type']}" for c in shown["columns"])
    workspace.unity.add_table("main.demo.silences", ddl, shown["rows"])
    return str(shown["rows"][0]["match_id"])


def test_the_pipeline_of_the_readme_is_valid(host: Host) -> None:
    changes = json.loads(Path(ROOT, "examples", "quiet.json").read_text(encoding="utf-8"))
    run(host, "create_pipeline", id="quiet", name="Quiet networks")
    run(host, "edit_pipeline", pipeline_id="quiet", changes=changes)
    assert run(host, "validate_pipeline", pipeline_id="quiet")["ok"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pattern = next(c for c in changes if c["node"]["type"] == "absence")
    shown = json.loads(readme.split("The pattern is\n\n```json\n")[1].split("```")[0])
    assert shown == pattern
