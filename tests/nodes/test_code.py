"""Generated cells: every value arrives as data, whatever is in it."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.codegen.render import render
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.graph.node_type import SinkType, SourceType
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

CATALOG = Catalog.load()
ROWS = Relation((Column("match_id", "string"), Column("at", "timestamp"), Column("n", "bigint")))
NAMES = {"frame": "orders", "input": "orders", "node": "orders"}
SASL = {
    "bootstrap_servers": "b:9092",
    "security_protocol": "SASL_SSL",
    "sasl_mechanism": "SCRAM-SHA-256",
    "sasl_username": "u'\"",
    "sasl_password": "secret://scope/key",
    "truststore_type": "JKS",
    "truststore_location": "/t'",
}

FULL: dict[str, dict[str, Any]] = {
    "auto-loader": {
        "path": "/in",
        "format": "csv",
        "columns": "match_id string, at timestamp",
        "schema_location": "/schema",
        "header": False,
        "delimiter": "\t",
        "timestamp_format": "yyyy",
        "max_files_per_batch": 3,
    },
    "kafka-topic": SASL
    | {
        "topics": ["a", "b"],
        "columns": "match_id string, `we ird` bigint",
        "consumer_group": "g'",
        "starting_offsets": "timestamp",
        "starting_timestamp": "2026-01-01T00:00:00Z",
        "timestamp_format": "yyyy",
        "on_malformed": "fail",
        "include_metadata": True,
        "fail_on_data_loss": False,
        "max_records_per_batch": 7,
    },
    "delta-table-source": {
        "table": "c.s.t",
        "columns": "match_id string, at timestamp",
        "starting_version": 5,
        "ignore_deletes": True,
        "skip_change_commits": True,
        "max_files_per_batch": 3,
    },
    "stream-simulator": {
        "profile": "custom",
        "columns": [{"name": "a'`", "generator": "choice(it's, \\)"}],
        "events_per_second": 5,
        "max_events": 9,
        "seed": 3,
        "partitions": 2,
        "start_at": "2025-12-31T00:00:00+02:00",
    },
    "delta-table-sink": {
        "table": "c.s.t",
        "mode": "merge",
        "merge_keys": ["n"],
        "sequence_by": "at",
        "partition_by": ["n"],
        "merge_schema": True,
    },
    "kafka-topic-sink": SASL | {"topic": "t", "key": "concat(match_id, 'x''y')", "columns": ["n"]},
    "file-sink": {"path": "/out", "format": "csv", "partition_by": ["n"], "header": False},
}
HOSTILE = ("');import os#", '"""', "\\", "'''", "{{ x }}", "`; DROP", "\n\r", "é")


def cell(type_name: str, given: dict[str, Any]) -> str:
    """The rendered cell of a source or sink."""
    node = CATALOG.get(type_name)
    assert isinstance(node, (SourceType, SinkType))
    config = node.Config.model_validate(given)
    relation = node.relation(config, [ROWS], SailResolver(LocalEngine()))
    folder = f"nodes/{node.category}s/{node.folder.name}"
    variables = node.code(config, relation)
    return render(f"{folder}/structured_streaming.py.j2", **variables, **NAMES)


def constants(code: str) -> set[Any]:
    """Every literal in a piece of Python."""
    return {n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant)}


@pytest.mark.parametrize("type_name", FULL)
def test_every_field_of_a_full_configuration_changes_the_code(type_name: str) -> None:
    full = cell(type_name, FULL[type_name])
    assert constants(full)
    required = {n for n, f in CATALOG.get(type_name).Config.model_fields.items() if f.is_required()}
    for field in FULL[type_name].keys() - required:
        less = {k: v for k, v in FULL[type_name].items() if k != field}
        try:
            changed = cell(type_name, less) != full
        except (ValidationError, LakestreamError):
            changed = True
        assert changed, field


@pytest.mark.parametrize("type_name", FULL)
@settings(max_examples=25)
@given(data=st.data())
def test_hostile_text_stays_data(type_name: str, data: st.DataObject) -> None:
    plain = cell(type_name, FULL[type_name])
    shape = [type(node).__name__ for node in ast.walk(ast.parse(plain))]
    hostile = data.draw(
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(
                ["');import os#", '"""', "\\", "'''", "{{ x }}", "`; DROP", "\n\r", "é"]
            ),
        )
    )
    texts = [k for k, v in FULL[type_name].items() if isinstance(v, str)]
    field = data.draw(st.sampled_from(texts))
    given_config = FULL[type_name] | {field: hostile}
    try:
        code = cell(type_name, given_config)
    except (ValidationError, LakestreamError):
        return
    assert [type(node).__name__ for node in ast.walk(ast.parse(code))] == shape


def test_a_secret_is_read_when_the_code_runs() -> None:
    for type_name in ("kafka-topic", "kafka-topic-sink"):
        tree = ast.parse(cell(type_name, FULL[type_name]))
        calls = [
            [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "secret"
        ]
        assert calls == [["scope", "key"]]
