"""Every README is true: its examples run, and its table names every field."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.cep.events import ROW, table_of
from lakestream_mcp.cep.replay import FAR
from lakestream_mcp.cep.stateful import Batch, StatefulRelationalType, feed_of, numbered
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.duration import delay_ms
from lakestream_mcp.graph.model import Relation
from lakestream_mcp.graph.node_type import (
    CodeTransformType,
    NodeType,
    RelationalType,
    SinkType,
    SourceType,
)
from lakestream_mcp.relational.column_types import ddl, parse_columns
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.relational.sql import cast_outputs, sql
from tests import witness

from .readme import Example, examples

CATALOG = Catalog.load()
OWN = [t for t in CATALOG if t.category in ("source", "transform", "sink")]
CASES = [
    pytest.param(node_type, example, id=f"{node_type.type}: {example.title}")
    for node_type in OWN
    for example in examples(node_type.folder)
]


def plain(value: Any) -> Any:
    """A value as JSON shows it, times in UTC."""
    return value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else value


def rows_of(table: Any) -> list[dict[str, Any]]:
    return [{k: plain(v) for k, v in row.items()} for row in table.to_pylist()]


@pytest.mark.parametrize(("node_type", "example"), CASES)
def test_examples_run(node_type: NodeType, example: Example, engine: LocalEngine) -> None:
    given = example.one("config")
    assert canonical(node_type, given) == given, "examples use our own names"
    parsed = parse(node_type, given)
    assert not parsed.problems
    run = {"source": run_source, "transform": run_transform, "sink": run_sink}
    if isinstance(node_type, CodeTransformType):
        run_code(node_type, parsed.config, example)
    else:
        run[node_type.category](node_type, parsed.config, example, engine)
    witness.saw(node_type.type, "readme")


def run_source(node: SourceType, config: Any, example: Example, engine: LocalEngine) -> None:
    assert not list(node.check(config, []))
    relation = node.relation(config, [], SailResolver(engine))
    shown = {
        "columns": ddl(relation.columns),
        "event_time": relation.event_time,
        "delay_ms": relation.delay_ms,
    }
    assert shown == example.one("relation")
    assert node.code(config, relation)
    for rows in example.blocks.get("output", []):
        assert rows_of(node.simulate(config, len(rows), engine)) == rows  # type: ignore[attr-defined]


def run_transform(node: RelationalType, config: Any, example: Example, engine: LocalEngine) -> None:
    given = example.blocks["input"]
    inputs = [relation_of(block) for block in given]
    assert not [p for p in node.check(config, inputs) if p.severity == "error"]
    tables = {
        f"in_{i}": table_of(block["rows"], inputs[i], f"in_{i}")[0] for i, block in enumerate(given)
    }
    if hasattr(node, "local_tables"):
        tables |= node.local_tables(config)
    relation = node.relation(config, inputs, SailResolver(engine))
    if isinstance(node, StatefulRelationalType):
        found = in_one_batch(node, config, inputs, list(tables.values()), relation, engine)
        assert_same_rows(found.drop_columns([ROW]), example.one("output"))
        return
    query = node.query(config, inputs)
    for text in (sql(query), sql(cast_outputs(query, relation.columns))):
        assert_same_rows(engine.run(text, tables), example.one("output"))
    for port, wanted in next(iter(example.blocks.get("ports", [])), {}).items():
        assert port in node.output_ports(config)
        assert_same_rows(engine.run(sql(node.port_query(config, inputs, port)), tables), wanted)


def relation_of(block: dict[str, Any]) -> Relation:
    delay = block.get("delay")
    columns = parse_columns(block["columns"])
    return Relation(columns, block.get("event_time"), delay and delay_ms(delay))


def in_one_batch(
    node: StatefulRelationalType,
    config: Any,
    inputs: list[Relation],
    tables: list[Any],
    output: Relation,
    engine: LocalEngine,
) -> Any:
    """All rows at once, then the watermark passes everything."""
    batches = [Batch(0, 1000, 0, 0), Batch(1000, 1000, 0, FAR)]
    feeds = [feed_of(r, numbered(t), batches) for r, t in zip(inputs, tables, strict=True)]
    return node.local(config, feeds, batches, output, engine).rows


def assert_same_rows(table: Any, wanted: list[Any]) -> None:
    """Equal in any order: SQL promises none."""
    assert sorted(rows_of(table), key=repr) == sorted(wanted, key=repr)


def run_code(node: CodeTransformType, config: Any, example: Example) -> None:
    """Rows in, rows and notes out; or the error that the rows bring."""
    given = example.one("input")
    relation = Relation(parse_columns(given["columns"]))
    assert not list(node.check(config, [relation]))
    assert node.code(config, relation)
    table, _ = table_of(given["rows"], relation, "in_0")
    if "error" in example.blocks:
        with pytest.raises(LakestreamError) as caught:
            node.local(config, relation, table, "it")
        said = {"code": caught.value.code, "message": caught.value.message}
        assert said == example.one("error")
        return
    found = node.local(config, relation, table, "it")
    assert rows_of(found.table) == example.one("output")
    assert list(found.notes) == example.blocks.get("notes", [[]])[0]


def run_sink(node: SinkType, config: Any, example: Example, engine: LocalEngine) -> None:
    relation = Relation(parse_columns(example.one("input")["columns"]))
    problems = list(node.check(config, [relation]))
    assert [p.code for p in problems] == example.one("problems")
    if not problems:
        assert node.code(config, relation)
    for wanted in example.blocks.get("messages", []):
        rows = table_of(example.one("input")["rows"], relation, "in")[0].to_pylist()
        assert node.messages(config, relation, rows) == wanted


@pytest.mark.parametrize("node_type", OWN, ids=lambda t: t.type)
def test_the_table_of_fields_is_complete(node_type: NodeType) -> None:
    text = (node_type.folder / "README.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    expected = []
    for name, field in node_type.Config.model_fields.items():
        required = " (required)" if field.is_required() else ""
        expected.append(f"| `{name}`{required} | {field.description} |")
    assert lines == expected


@pytest.mark.parametrize("node_type", OWN, ids=lambda t: t.type)
def test_a_readme_has_an_example(node_type: NodeType) -> None:
    assert examples(node_type.folder)
