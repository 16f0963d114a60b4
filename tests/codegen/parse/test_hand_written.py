"""Hand-written pipelines, in the style of public examples, and the graphs they become.

Each `.sql` file says in its first line what it shows; the `.json` file beside it is the result.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakestream_mcp.codegen import generate
from lakestream_mcp.codegen.parse.code import parse_code
from lakestream_mcp.codegen.parse.findings import ParsedCode
from lakestream_mcp.codegen.parse.one_node import parse_node
from lakestream_mcp.graph.config import parse
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.graph.validate import validate
from tests.conftest import Golden

from ..bench import Bench

FILES = sorted((Path(__file__).parent / "pipelines").glob("*.sql"))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One engine for all files."""
    made = Bench()
    yield made
    made.close()


def shown(parsed: ParsedCode) -> str:
    """The result as a person checks it."""
    result = {
        "nodes": {n.id: {"type": n.type, "config": n.config} for n in parsed.document.nodes},
        "edges": [edge.text() for edge in parsed.document.edges],
        "findings": [
            f"{f.line}:{f.column} {f.severity} {f.code}{f' {f.node}' if f.node else ''}"
            for f in parsed.findings
        ],
        "statements": {f"{s.line}:{s.column}": s.nodes for s in parsed.statements},
    }
    return json.dumps(result, indent=1, ensure_ascii=False) + "\n"


def test_there_are_enough() -> None:
    assert len(FILES) >= 40


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_hand_written_golden(bench: Bench, golden: Golden, file: Path) -> None:
    parsed = parse_code(file.read_text("utf-8"), bench.catalog, bench.resolver)
    golden(file.with_suffix(".json"), shown(parsed))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_nothing_is_dropped(bench: Bench, file: Path) -> None:
    """Each statement is in a node or in a finding, and configurations are right but for what a
    finding says is missing."""
    parsed = parse_code(file.read_text("utf-8"), bench.catalog, bench.resolver)
    known = {node.id for node in parsed.document.nodes}
    said = {(f.node, f.field) for f in parsed.findings}
    starts = [(s.line, s.column) for s in parsed.statements]
    for statement, end in zip(parsed.statements, [*starts[1:], (9999, 0)], strict=True):
        start = (statement.line, statement.column)
        told = any(start <= (f.line, f.column) < end for f in parsed.findings)
        silent = statement.text.startswith("USE ") or " AS " not in f"{statement.text} "
        assert statement.nodes or told or silent
        assert set(statement.nodes) <= known
    for node in parsed.document.nodes:
        problems = parse(bench.catalog.get(node.type), dict(node.config)).problems
        assert {(node.id, p.field) for p in problems} <= said


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_what_is_right_can_be_generated_again(bench: Bench, file: Path) -> None:
    """No view takes the name of a table: what was read whole and is valid becomes code."""
    parsed = parse_code(file.read_text("utf-8"), bench.catalog, bench.resolver)
    if parsed.document.nodes and not any(f.severity == "error" for f in parsed.findings):
        validation = validate(parsed.document, bench.catalog, bench.resolver)
        if validation.ok:
            made = generate(
                parsed.document, validation, bench.catalog, "p", 1, bench.resolver, "auto"
            )
            assert made.files


def test_a_node_that_others_read_gives_its_name_to_a_table(bench: Bench) -> None:
    sql = (
        "CREATE TEMPORARY VIEW v AS WITH t AS (SELECT a FROM STREAM c.s.x WHERE a > 1) "
        "SELECT * FROM t;\n"
        "CREATE STREAMING TABLE t AS SELECT * FROM STREAM v;\n"
        "CREATE STREAMING TABLE u AS SELECT a + 1 AS b FROM STREAM v;"
    )
    parsed = parse_code(sql, bench.catalog, bench.resolver)
    ids = [node.id for node in parsed.document.nodes]
    assert len(ids) == len(set(ids))
    assert {edge.source for edge in parsed.document.edges} <= set(ids)
    assert {n for s in parsed.statements for n in s.nodes} == set(ids)
    (table,) = [n for n in parsed.document.nodes if n.config.get("table") == "t"]
    assert table.id == "t"


def test_a_flow_that_gives_its_name_to_a_sink_is_still_what_others_read(bench: Bench) -> None:
    sql = (
        "CREATE TEMPORARY VIEW src AS SELECT x FROM STREAM c.s.x;\n"
        "CREATE STREAMING TABLE t;\n"
        "-- lakestream:node=a type=delta-table-sink\n"
        "CREATE FLOW a AS INSERT INTO t BY NAME SELECT * FROM STREAM(src) WHERE x > 1;\n"
        "CREATE FLOW b AS INSERT INTO t BY NAME SELECT * FROM STREAM(src) WHERE x > 2;\n"
        "CREATE STREAMING TABLE u AS SELECT * FROM STREAM(t) WHERE x > 3;"
    )
    parsed = parse_code(sql, bench.catalog, bench.resolver)
    sinks = {n.id for n in parsed.document.nodes if n.type == "delta-table-sink"}
    assert sinks == {"a", "b", "u"}
    assert not sinks & {edge.source for edge in parsed.document.edges}, "rows end in a sink"


MERGE = {"table": "c.s.t", "mode": "merge", "merge_keys": ["id"], "sequence_by": "at"}
DELETING = {"delete_when": "op = 'd'", "except_columns": ["op"]}


def test_what_sql_may_say_and_does_not_is_not_kept(bench: Bench) -> None:
    """Neither deletions nor columns left out outlive their clauses; what SQL never says does."""
    feed = {"path": "in", "format": "json", "columns": "id bigint, op string, at timestamp"}
    table = {**MERGE, **DELETING, "merge_schema": True}
    nodes = [
        {"id": "feed", "type": "auto-loader", "name": "Feed", "config": feed},
        {"id": "kept", "type": "delta-table-sink", "name": "Kept", "config": table},
    ]
    edges = [{"source": "feed", "target": "kept"}]
    known = PipelineDocument.model_validate({"name": "P", "nodes": nodes, "edges": edges})
    validation = validate(known, bench.catalog, bench.resolver)
    made = generate(known, validation, bench.catalog, "p", 1, bench.resolver, "sdp")
    (text,) = made.files.values()
    clauses = ("APPLY AS DELETE WHEN op = 'd'\n", "COLUMNS * EXCEPT (op)\n")
    shorter = text.replace(clauses[0], "").replace(clauses[1], "")
    assert len(shorter) == len(text) - sum(map(len, clauses))
    whole = parse_code(shorter, bench.catalog, bench.resolver, known=known).document.node("kept")
    assert whole
    assert whole.config == {**MERGE, "merge_schema": True}
    own = shorter[shorter.index("CREATE OR") :]
    _, changes = parse_node(own, "kept", known, bench.catalog, bench.resolver, validation)
    assert [change["config"] for change in changes] == [{**MERGE, "merge_schema": True}]
