"""Every node type with declarative SQL, really run on open-source Spark: the tester's rows.

One pipeline holds a branch for each type, with a table at every port.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.replay import plain_rows
from lakestream_mcp.graph.model import flow_name
from tests.codegen.bench import Bench, Made
from tests.codegen.relational_cases import BASES as RELATIONAL
from tests.sdp.cases import Json, code_for, node
from tests.sdp.harness import Pipelines
from tests.sdp.open_source import one_part

pytestmark = pytest.mark.spark
COLUMNS = "id bigint, key string, amount double, tags array<string>, at timestamp"
PEOPLE = "name string, region string, age int"
FAR = "2030-01-01T00:00:00Z"
"""The time of a last row, which settles what waits for the watermark."""
ROWS: list[dict[str, Any]] = [
    {
        "id": n,
        "key": f"k{n % 3}",
        "amount": None if n == 7 else n / 2 - 2,
        "tags": [["x", "y"], [], ["z"], None][n % 4],
        "at": f"2026-03-01T00:{n:02d}:00Z",
    }
    for n in range(40)
]
ROWS.append({**ROWS[-1], "id": 99, "key": "far", "at": FAR})
STATIC_ROWS = [{"name": "k1", "region": "north", "age": 7}]
PEOPLE_TABLE = {
    "table": "main.shop.people",
    "keys": [{"stream": "key", "static": "name"}],
    "static_columns": PEOPLE,
    "static_rows": STATIC_ROWS,
}
TIMED: Json = {"columns": COLUMNS, "event_time": "at", "watermark_delay": "10 seconds"}
SOURCES: dict[str, Json] = {
    "auto-loader": {**TIMED, "path": "FOLDER"},
    "delta-table-source": {**TIMED, "table": "main.raw.orders"},
    "rest-webhook-source": {"columns": COLUMNS, "landing_path": "FOLDER"},
}
TRANSFORMS: dict[str, Json] = {
    "custom-sql": {"query": "SELECT *, amount * 2 AS doubled FROM in_0 WHERE amount > 1"},
    "data-quality-expectations": {**RELATIONAL["data-quality-expectations"], "quarantine": True},
    "filter": {"condition": "amount >= 3"},
    "flatten-explode": {"column": "tags", "alias": "tag"},
    "lookup-enrichment": {**PEOPLE_TABLE, "defaults": {"region": "nowhere"}},
    "map-select": {"columns": "id, at, amount * 2 AS doubled, 'a;b -- c' AS said"},
    "rename-cast": {"columns": [{"column": "id", "name": "number", "type": "string"}]},
    "split-router": RELATIONAL["split-router"],
    "stream-static-join": PEOPLE_TABLE,
    "stream-stream-join": {"keys": ["key"], "within_before": "5 minutes", "right_prefix": "r_"},
    "union-merge": {"missing": "null"},
    "watermark": {"event_time": "at", "delay": "20 seconds"},
    "window-aggregate": RELATIONAL["window-aggregate"],
}
PORTS = {
    "data-quality-expectations": ("out", "quarantine"),
    "split-router": ("big", "other"),
}
INPUTS: dict[str, dict[str, str]] = {
    "stream-stream-join": {"the_auto_loader": "left", "more": "right"},
    "union-merge": {"the_auto_loader": "in", "more": "in"},
    "watermark": {"the_rest_webhook_source": "in"},
}
"""Nodes that feed a type, by the port they feed; others read the files."""
WAITING = {"window-aggregate"}
KINDS = ("delta-table-sink", "unity-catalog-table-sink")


def named(node_type: str) -> str:
    return f"the_{node_type.replace('-', '_')}"


def document(folder: str) -> Json:
    """A branch per type; sinks of both kinds take turns."""
    nodes: list[Json] = []
    edges: list[Json] = []
    for kind, config in SOURCES.items():
        given = {name: folder if v == "FOLDER" else v for name, v in config.items()}
        nodes.append(node(named(kind), kind, **given))
        ends(nodes, edges, named(kind), "out")
    nodes.append(node("more", "filter", condition="amount > 4"))
    edges.append({"source": named("auto-loader"), "target": "more"})
    for kind, config in TRANSFORMS.items():
        nodes.append(node(named(kind), kind, **config))
        for feeding, port in INPUTS.get(kind, {"the_auto_loader": "in"}).items():
            edges.append({"source": feeding, "target": named(kind), "target_port": port})
        for port in PORTS.get(kind, ("out",)):
            ends(nodes, edges, named(kind), port)
    return {"name": "Types", "nodes": nodes, "edges": edges}


def ends(nodes: list[Json], edges: list[Json], source: str, port: str) -> None:
    """A table for the rows of a port."""
    flow = flow_name(source, port)
    kind = KINDS[len(nodes) % len(KINDS)]
    nodes.append(node(f"to_{flow}", kind, table=f"main.out.{flow}"))
    edges.append({"source": source, "target": f"to_{flow}", "source_port": port})


@pytest.fixture(scope="module")
def pipelines() -> Iterator[Pipelines]:
    """A Spark for declarative pipelines, with the tables that the document reads."""
    with Pipelines(spark_env.find()) as made:
        for name, columns in (("main.raw.orders", COLUMNS), ("main.shop.people", PEOPLE)):
            made.request("sql", text=f"CREATE TABLE {one_part(name)} ({columns}) USING delta")
        yield made


def fill(pipelines: Pipelines, file: Path) -> None:
    """The rows in the file, in the table, and in the table that is looked up."""
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    pipelines.request(
        "sql",
        text=f"INSERT INTO {one_part('main.raw.orders')} "
        f"SELECT id, key, amount, tags, CAST(at AS TIMESTAMP) FROM json.`{file}`",
    )
    pipelines.request("sql", text="INSERT INTO main__shop__people VALUES ('k1', 'north', 7)")


@pytest.fixture(scope="module")
def ran(
    bench: Bench, pipelines: Pipelines, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Made, Any]:
    """The document run on both hosts."""
    folder = tmp_path_factory.mktemp("in")
    fill(pipelines, folder / "rows.json")
    made = bench.make(document(str(folder)))
    events = {named(kind): ROWS for kind in SOURCES}
    on_host = bench.on_host(made, bench.tables(made, events))
    code = code_for(bench, document(str(folder)), "sdp")
    pipelines.run(code, tmp_path_factory.mktemp("state"))
    return made, on_host


FLOWS = [(kind, port) for kind in [*SOURCES, *TRANSFORMS] for port in PORTS.get(kind, ("out",))]


@pytest.mark.parametrize(("kind", "port"), FLOWS)
def test_rows_are_those_of_the_tester(
    pipelines: Pipelines, ran: tuple[Made, Any], kind: str, port: str
) -> None:
    made, on_host = ran
    names = made.validation.relations[named(kind)].names
    table = one_part(f"main.out.{flow_name(named(kind), port)}")
    found = plain_rows(pipelines.table(f"SELECT * FROM {table}"), names)
    expected = plain_rows(on_host.rows(named(kind), port), names)
    # Nothing comes after the last row, so what waits for the watermark still holds it.
    expected = [row for row in expected if kind not in WAITING or "'far'" not in row]
    assert expected
    assert found == expected
