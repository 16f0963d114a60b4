"""A match that production wrote to a table, explained from its row.

The tables hold what the host itself finds, since its rows and Spark's are held to be the same by
the parity tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.host import Host as InProcess
from lakestream_mcp.cep.host import Options
from lakestream_mcp.cep.pattern_type import PatternType
from lakestream_mcp.cep.testing import read_sources
from lakestream_mcp.deploy.match_reading import match_query, readable, row_of
from lakestream_mcp.deploy.warehouse import rows_of
from lakestream_mcp.explain.production import explain_row
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.templates.library import built_in
from tests.surfaces.callers import Caller, CliCaller, McpCaller, RestCaller

from .stand_in import StandIn

TABLE = "main.alerts.`it's`"
NAME = "main.alerts.it's"
FEED = {
    "path": "in",
    "format": "json",
    "columns": "card string, kind string, amount double, at timestamp",
    "event_time": "at",
    "watermark_delay": "1 minute",
}
SEQUENCE = {
    "key": ["card"],
    "within": "1 minute",
    "steps": [
        {"name": "small", "where": "kind = 'pay' AND amount < 10"},
        {"name": "large", "where": "kind = 'pay' AND amount > 100 * small.amount"},
    ],
}
EVENTS = [
    {"card": "a", "kind": "pay", "amount": 1.5, "at": "2026-01-01T12:00:00.000001Z"},
    {"card": "b", "kind": "pay", "amount": 2, "at": "2026-01-01T12:00:05Z"},
    {"card": "a", "kind": "pay", "amount": 500, "at": "2026-01-01T12:00:10Z"},
]
ALONE = {"deduplicate", "heartbeat", "sequence", "session", "state-machine", "trend", "velocity"}
"""Patterns whose templates keep all that a match rests on."""
ONE_OF_EACH: dict[str, str] = {}
for _name, _template in built_in().items():
    for _node in _template.pipeline.nodes:
        ONE_OF_EACH.setdefault(_node.type, _name)


def host_of(process: Host, document: Any) -> InProcess:
    """The host as a test runs it."""
    ws = process.workspace
    return InProcess(
        document, ws.validate(document), ws.catalog, ws.engine, ws.resolver, ws.progress
    )


def found(process: Host, host: InProcess, events: Any) -> Any:
    """What the host finds in events."""
    sources, _ = read_sources(host, events, process.workspace.find_file)
    return host.run(sources, Options())


def keep(world: StandIn, table: str, relation: Any, rows: Any) -> None:
    """Put rows into a table of the workspace."""
    ddl = ", ".join(f"`{c.name}` {c.type}" for c in relation.columns)
    world.unity.add_table(table, ddl, rows)


def built(process: Host, name: str, pattern: dict[str, Any], table: str = TABLE) -> str:
    """A pipeline with one pattern that writes to a table; made once."""
    sink = {"table": table, "mode": "append"}
    nodes = [
        {"id": "feed", "type": "auto-loader", "config": FEED},
        {"id": "it", "type": "sequence", "config": pattern},
        {"id": "out", "type": "delta-table-sink", "config": sink},
    ]
    changes: list[Any] = [{"op": "add_node", "node": node} for node in nodes]
    changes += [
        {"op": "connect", "source": a, "target": b} for a, b in (("feed", "it"), ("it", "out"))
    ]
    mcp = McpCaller(process)
    mcp.call("create_pipeline", {"name": name, "id": name})
    made = mcp.call("edit_pipeline", {"pipeline_id": name, "changes": changes})
    assert made["counts"]["errors"] == 0, made["findings"]
    return name


@pytest.fixture(scope="module")
def fraud(process: Host) -> str:
    """The pipeline of most tests here."""
    return built(process, "fraud", SEQUENCE)


@pytest.fixture
def match_id(connected: StandIn, process: Host, fraud: str) -> Iterator[str]:
    """Its one match, which is in the table."""
    with process.workspace.reading() as store:
        host = host_of(process, store.load(fraud).document)
    rows = found(process, host, EVENTS).tables["it"].to_pylist()
    keep(connected, NAME, host.relations["it"], rows)
    connected.warehouses.add("small")
    yield rows[0]["match_id"]


def explain(process: Host, **asked: Any) -> dict[str, Any]:
    return McpCaller(process).call("explain_match", asked)


def refused(process: Host, **asked: Any) -> str:
    return str(explain(process, **asked)["error"]["code"])


@pytest.mark.parametrize("surface", [McpCaller, RestCaller, CliCaller])
def test_a_match_is_read_and_explained(
    process: Host, fraud: str, match_id: str, surface: type[Caller]
) -> None:
    asked = {"pipeline_id": fraud, "match_id": match_id[:10]}
    operation = "explain_match" if surface is McpCaller else "explain_deployed_match"
    told = surface(process).call(operation, asked)  # type: ignore[call-arg]
    assert told["source"]["found_again"] is True, told
    assert "run_id" not in told and "newest" in told["source"]["revision"]
    assert told["match"]["key"] == {"card": "a"}
    small, large = told["match"]["events"]
    assert small["at"] == "2026-01-01T12:00:00.000001Z" and small["row"]["amount"] == 1.5
    (part,) = [p for p in large["parts"] if p.get("operator") == ">"]
    assert (part["holds"], part["reads"]["small.amount"]) == (True, 1.5)
    assert told["match"]["state"]["decided_by"] == {"event": 1}


def test_the_id_is_a_value_and_the_table_a_name(
    connected: StandIn, process: Host, fraud: str, match_id: str
) -> None:
    assert refused(process, pipeline_id=fraud, match_id="' OR 1=1 --") == "MATCH_NOT_FOUND"
    (call,) = connected.named("statement_execution.execute_statement")
    assert "OR 1=1" not in call.body["statement"]
    assert "`main`.`alerts`.`it's`" in call.body["statement"]
    assert connected.writes == []


def test_what_is_asked_for_must_be_there(
    connected: StandIn, process: Host, fraud: str, match_id: str
) -> None:
    assert refused(process, pipeline_id=fraud, match_id="feedbeef") == "MATCH_NOT_FOUND"
    assert refused(process, pipeline_id=fraud) == "RUN_NOT_FOUND"
    assert refused(process, match_id=match_id) == "INVALID_ARGUMENT"
    assert refused(process, pipeline_id="nope", match_id=match_id) == "PIPELINE_NOT_FOUND"
    rest = RestCaller(process)
    asked = {"pipeline_id": fraud, "match_id": match_id}
    for node, code in {"it": "NO_MATCH_TABLE", "nope": "NOT_FOUND"}.items():
        answer = rest.call("explain_deployed_match", asked | {"node": node})
        assert answer["error"]["code"] == code
    del connected.unity.known["TABLE", NAME]
    assert refused(process, pipeline_id=fraud, match_id=match_id) == "DATABRICKS_SQL_FAILED"


def test_a_warehouse_is_chosen_or_named(
    connected: StandIn, process: Host, fraud: str, match_id: str, monkeypatch: Any
) -> None:
    other = connected.warehouses.add("other").id
    assert refused(process, pipeline_id=fraud, match_id=match_id) == "WAREHOUSE_NEEDED"
    told = explain(process, pipeline_id=fraud, match_id=match_id, warehouse=other)
    assert told["source"]["found_again"]
    monkeypatch.setenv("DATABRICKS_WAREHOUSE_ID", other)
    assert explain(process, pipeline_id=fraud, match_id=match_id)["source"]["found_again"]
    connected.warehouses.known.clear()
    monkeypatch.delenv("DATABRICKS_WAREHOUSE_ID")
    assert refused(process, pipeline_id=fraud, match_id=match_id) == "WAREHOUSE_NEEDED"


def test_a_sleeping_warehouse_is_waited_for(
    connected: StandIn, process: Host, fraud: str, match_id: str
) -> None:
    for warehouse in connected.warehouses.known.values():
        warehouse.state = "STOPPED"
    assert explain(process, pipeline_id=fraud, match_id=match_id)["source"]["found_again"]


def test_a_deployments_revision_explains(
    connected: StandIn, process: Host, fraud: str, match_id: str
) -> None:
    ws = process.workspace
    with ws.reading() as store:
        revision = store.load(fraud).revision
    with ws.store.transaction(write=True) as store:
        given: dict[str, Any] = {"target": "workspace", "actor": "ann", "files": {}}
        deployed = store.add_deployment(fraud, revision, status="deployed", **given)
    steps = [step | {"name": f"my_{step['name']}"} for step in SEQUENCE["steps"]]
    steps[1]["where"] = "amount > 100 * my_small.amount"
    change = {"op": "update_node", "id": "it", "config": {"steps": steps}}
    edited = McpCaller(process).call("edit_pipeline", {"pipeline_id": fraud, "changes": [change]})
    with ws.store.transaction(write=True) as store:
        store.add_deployment(fraud, edited["revision"], status="failed", **given)
        store.add_deployment(
            fraud, edited["revision"], status="deployed", **(given | {"target": "bundle"})
        )
    told = explain(process, pipeline_id=fraud, match_id=match_id)
    assert told["revision"] == revision and deployed.id in told["source"]["revision"]
    asked = {"pipeline_id": fraud, "match_id": match_id, "revision": edited["revision"]}
    error = RestCaller(process).call("explain_deployed_match", asked)["error"]
    assert error["code"] == "OTHER_REVISION"


def test_a_table_without_a_place_is_where_the_pipeline_is(
    connected: StandIn, process: Host
) -> None:
    name = built(process, "placed", SEQUENCE, table="alerts")
    change = {"op": "set_pipeline", "settings": {"catalog": "prod", "schema": "cep"}}
    edited = McpCaller(process).call("edit_pipeline", {"pipeline_id": name, "changes": [change]})
    assert "error" not in edited, edited
    with process.workspace.reading() as store:
        host = host_of(process, store.load(name).document)
    rows = found(process, host, EVENTS).tables["it"].to_pylist()
    keep(connected, "prod.cep.alerts", host.relations["it"], rows)
    connected.warehouses.add("small")
    asked = {"pipeline_id": name, "match_id": rows[0]["match_id"]}
    assert explain(process, **asked)["source"]["found_again"] is True


def test_columns_that_the_row_lacks_are_unknown(connected: StandIn, process: Host) -> None:
    name = built(process, "lean", SEQUENCE | {"keep": ["kind"]})
    with process.workspace.reading() as store:
        host = host_of(process, store.load(name).document)
    rows = found(process, host, EVENTS).tables["it"].to_pylist()
    keep(connected, NAME, host.relations["it"], rows)
    connected.warehouses.add("small")
    told = explain(process, pipeline_id=name, match_id=rows[0]["match_id"])
    assert told["source"] | {"table": "", "revision": ""} == {
        "table": "",
        "revision": "",
        "found_again": False,
        "not_carried": ["amount"],
    }
    parts = told["match"]["events"][0]["parts"]
    assert [(p["condition"], p["holds"]) for p in parts] == [
        ("kind = 'pay'", True),
        ("amount < 10", None),
    ]


def kinds() -> list[Any]:
    """Each type of pattern that makes matches, with a template that has it."""
    types = Catalog.load()
    return [
        pytest.param(kind, template, id=kind)
        for kind, template in sorted(ONE_OF_EACH.items())
        if isinstance(types.get(kind), PatternType)
    ]


@pytest.mark.parametrize(("kind", "template"), kinds())
def test_a_row_of_every_pattern_comes_back_and_is_explained(
    connected: StandIn, process: Host, kind: str, template: str
) -> None:
    chosen = built_in()[template]
    host = host_of(process, chosen.pipeline)
    (node, *_) = [n.id for n in chosen.pipeline.nodes if n.type == kind]
    rows = found(process, host, chosen.events()).tables[node].to_pylist()
    assert rows
    columns = readable(host.relations[node])
    keep(connected, NAME, host.relations[node], rows)
    warehouse = connected.warehouses.add("small").id
    for row in rows[:2]:
        query = match_query(NAME.split("."), columns, row["match_id"])
        (values, *_) = rows_of(connected.client(), query, {"match_id": row["match_id"]}, warehouse)
        read = row_of(values, columns)
        assert read == {c.name: row[c.name] for c in columns}
        told = explain_row(host, node, read)
        assert [e["step"] for e in told.told["events"]] == [e["step"] for e in row["events"]]
        assert told.told["sentences"]
        assert told.found_again or kind not in ALONE


def test_a_table_on_this_machine_that_is_not_there(process: Host, fraud: str) -> None:
    asked = {"pipeline_id": fraud, "match_id": "feedbeef", "warehouse": "local"}
    assert refused(process, **asked) == "NO_LOCAL_TABLE"
    assert refused(process, **asked, run_id="run_1") == "INVALID_ARGUMENT"
