"""Declarative code on open-source Spark: every node type dry, chosen pipelines really.

Databricks' SQL is rewritten by name for it (`tests/sdp/open_source.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy import spark_env
from lakestream_mcp.deploy.replay import plain_rows
from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench, Made
from tests.codegen.cases import BASES, CHANGES, COLUMNS, FEED, Json
from tests.codegen.source_cases import LOGIN
from tests.sdp.cases import TYPES, code_for, code_or_none, declarative, graph, node
from tests.sdp.harness import Pipelines
from tests.sdp.open_source import one_part

pytestmark = pytest.mark.spark
FAR = "2030-01-01T00:00:00Z"
"""The time of a last row, which settles what waits for the watermark."""
ROWS: list[dict[str, Any]] = [
    {
        "id": n,
        "key": f"k{n % 3}",
        "kind": "AB"[n % 4 == 3],
        "amount": n / 2,
        "note": None if n % 5 == 0 else f"it's {n}",
        "at": f"2026-03-01T00:{n:02d}:00Z",
        "other": f"2026-03-01T01:{n:02d}:00Z",
    }
    for n in range(40)
]
ROWS.append({**ROWS[-1], "id": 99, "kind": "Z", "at": FAR, "other": FAR})
PEOPLE = "name string, region string, age int"
TABLES = {"main.raw.orders": COLUMNS, "main.shop.people": PEOPLE}


@pytest.fixture(scope="module")
def pipelines() -> Iterator[Pipelines]:
    """A Spark for declarative pipelines, with the tables that node types' examples read."""
    with Pipelines(spark_env.find()) as made:
        for name, columns in TABLES.items():
            made.request("sql", text=f"CREATE TABLE {one_part(name)} ({columns}) USING delta")
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of rows."""
    made = tmp_path_factory.mktemp("in")
    made.joinpath("a.json").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return made


def reading(made: Json, folder: Path) -> Json:
    """The document, its file sources reading the folder."""
    for each in made["nodes"]:
        if each["type"] in ("auto-loader", "cdc-stream") and "path" in each["config"]:
            each["config"] = {**each["config"], "path": str(folder)}
        if each["type"] == "rest-webhook-source":
            each["config"] = {**each["config"], "landing_path": str(folder)}
    return made


@pytest.mark.parametrize("node_type", TYPES)
def test_every_node_type_is_accepted(
    bench: Bench, pipelines: Pipelines, folder: Path, node_type: str
) -> None:
    used: set[str] = set()
    changes = {} if node_type == "stream-static-join" else CHANGES[node_type]  # another table
    for change in ({}, *changes.values()):
        document = reading(declarative(node_type, BASES[node_type] | change), folder)
        made = code_or_none(bench, document)
        if made is not None and change.get("table") is None:
            used |= pipelines.run(made).rewrites
    assert used


def test_a_login_is_accepted(bench: Bench, pipelines: Pipelines, folder: Path) -> None:
    source = {**BASES["kafka-topic"], **LOGIN}
    made = code_for(bench, graph([node("it", "kafka-topic", **source), TO_TABLE]), "sdp")
    assert pipelines.run(made).rewrites >= {"read_kafka", "secret"}


SOURCE = node("feed", "auto-loader", **FEED)
TO_TABLE = node("kept", "delta-table-sink", table="main.out.kept")
BIG = node("big", "filter", condition="amount >= 3 AND note <> 'x;y'")
TWICE = node("twice", "map-select", columns="*, amount * 2 AS doubled, 'a;b -- c' AS said")
SMALL = node("small", "filter", condition="amount < 3")
BOTH = node("both", "union-merge", missing="null")
JOIN = node(
    "people",
    "stream-static-join",
    table="main.shop.people",
    keys=[{"stream": "key", "static": "name"}],
    static_columns=PEOPLE,
    static_rows=[{"name": "k1", "region": "north", "age": 7}],
)
RENAMED = node(
    "renamed", "rename-cast", columns=[{"column": "id", "name": "number", "type": "string"}]
)


def in_table(pipelines: Pipelines, made: Made, of: str, table: str) -> list[str]:
    """The rows of a table that a pipeline has written."""
    rows = pipelines.table(f"SELECT * FROM {table}")
    return plain_rows(rows, made.validation.relations[of].names)


def sink(node_id: str, table: str) -> Json:
    return node(node_id, "delta-table-sink", table=f"main.out.{table}")


TABLES_OF = {"renamed": "transforms", "both": "united", "people": "joined"}


def test_rows_are_those_of_the_tester(
    bench: Bench, pipelines: Pipelines, folder: Path, tmp_path: Path
) -> None:
    document = graph(
        [SOURCE, BIG, TWICE, RENAMED, sink("a", "transforms")],
        [BIG, BOTH, sink("b", "united")],
        [SOURCE, SMALL, BOTH],
        [SOURCE, JOIN, sink("c", "joined")],
        [BIG, sink("d", "shared")],
        [SMALL, sink("e", "shared")],
    )
    pipelines.request("sql", text="INSERT INTO main__shop__people VALUES ('k1', 'north', 7)")
    made = bench.make(document)
    host = bench.on_host(made, bench.tables(made, {"feed": ROWS}))
    code = code_for(bench, reading(document, folder), "sdp")
    assert pipelines.run(code, tmp_path / "state").rewrites == {
        "or_refresh",
        "using_delta",
        "one_part_names",
        "read_files",
    }
    for last, table in TABLES_OF.items():
        expected = plain_rows(host.tables[last], made.validation.relations[last].names)
        assert expected
        assert in_table(pipelines, made, last, f"main__out__{table}") == expected
    united = plain_rows(host.tables["both"], made.validation.relations["big"].names)
    assert in_table(pipelines, made, "big", "main__out__shared") == united


PATTERNS: dict[str, Json] = {
    "absence": node("found", "absence", **{**BASES["absence"], "on_repeat": "each"}),
    "sequence": node("found", "sequence", **BASES["sequence"]),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_hybrid_finds_what_the_tester_finds(
    bench: Bench,
    pipelines: Pipelines,
    spark: SparkProcess,
    folder: Path,
    tmp_path: Path,
    name: str,
) -> None:
    document = graph([SOURCE, TWICE, PATTERNS[name], TO_TABLE])
    document["settings"] = {"schema": name}
    made = bench.make(document)
    host = bench.on_host(made, bench.tables(made, {"feed": ROWS}))
    expected = plain_rows(host.tables["found"], made.validation.relations["found"].names)
    assert expected
    code = code_for(bench, reading(document, folder), "hybrid")
    assert [(task.kind, task.depends_on) for task in code.tasks] == [
        ("pipeline", []),
        ("notebook", ["declarative"]),
    ]
    pipelines.run(code, tmp_path / "pipeline")
    cut = f"main.{name}.parity_twice"
    tables = tmp_path / "tables"
    tables.mkdir()
    tables.joinpath(cut).symlink_to(pipelines.folder / "warehouse" / one_part(cut))
    spark.request(
        "run",
        notebook=code.files["parity.py"],
        parameters={"checkpoints": str(tmp_path / "state"), "tables": str(tables)},
    )
    kept = f"delta.`{tables / 'main.out.kept'}`"
    assert in_table(pipelines, made, "found", kept) == expected
