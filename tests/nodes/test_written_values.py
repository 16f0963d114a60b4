"""What a Kafka sink writes as Avro or Protobuf, as validation sees it; and the refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.config import parse
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.nodes.avro import avro_columns
from lakestream_mcp.nodes.avro_schema import avro_schema
from lakestream_mcp.relational.column_types import ddl, parse_columns
from tests.codegen.schemas import AVRO, PROTOBUF
from tests.kafka.wire import descriptor_set

NODE: Any = Catalog.load().get("kafka-topic-sink")
EVENT = "id bigint, key string, at timestamp, other timestamp"
Json = dict[str, Any]


def codes(rows: str, **config: Any) -> list[tuple[str, str | None]]:
    """Code and field of what is wrong with a sink of these columns."""
    parsed = parse(NODE, {"bootstrap_servers": "b:9092", "topic": "t", **config})
    assert not parsed.problems
    found = NODE.check(parsed.config, [Relation(parse_columns(rows))])
    return [(p.code, p.field) for p in found]


def value(rows: str, **config: Any) -> Json:
    """What generated code is told of the value."""
    parsed = parse(NODE, {"bootstrap_servers": "b:9092", "topic": "t", **config})
    made: Json = NODE.code(parsed.config, Relation(parse_columns(rows)))
    return made


SIMPLE = st.sampled_from(
    [
        *("boolean", "int", "bigint", "float", "double", "string", "binary"),
        *("date", "timestamp", "timestamp_ntz", "decimal(12,2)", "decimal(38,0)"),
    ]
)
NAMES = st.lists(st.sampled_from(["a", "b", "id", "at", "Row"]), min_size=1, unique=True)


def structs(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    fields = NAMES.flatmap(lambda names: st.tuples(*(st.tuples(st.just(n), inner) for n in names)))
    return fields.map(lambda found: f"struct<{','.join(f'{n}:{kind}' for n, kind in found)}>")


TYPES = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        inner.map(lambda kind: f"array<{kind}>"),
        inner.map(lambda kind: f"map<string,{kind}>"),
        structs(inner),
    ),
    max_leaves=6,
)


@given(st.lists(TYPES, min_size=1, max_size=5))
def test_the_schema_of_columns_is_read_as_these_columns(types: list[str]) -> None:
    columns = tuple(Column(f"c{n}", kind) for n, kind in enumerate(types))
    assert ddl(avro_columns(avro_schema(columns), written=True)) == ddl(columns)


def test_of_rows_the_schema_takes_its_fields() -> None:
    made = value(f"{EVENT}, more string", format="avro", value_schema=AVRO)
    assert made["value"] == "STRUCT(id, key, at, other)"
    picked = value(
        EVENT, format="protobuf", value_schema=PROTOBUF, message="test.Event", columns="key"
    )
    assert picked["value"] == "STRUCT(key)"


def test_narrow_types_are_widened_and_names_are_as_the_schema_has_them() -> None:
    made = value("ID int, at timestamp, other timestamp", format="avro", value_schema=AVRO)
    assert made["value"] == "STRUCT(CAST(ID AS BIGINT) AS id, at, other)"


def field(name: str, kind: Any) -> Json:
    return {"name": name, "type": kind}


def avro(*fields: Json) -> Json:
    schema = {"type": "record", "name": "R", "fields": list(fields)}
    return {"format": "avro", "value_schema": json.dumps(schema)}


REGISTRY = {"schema_registry_url": "https://registry:8081"}
EVENTS = {"format": "protobuf", "value_schema": PROTOBUF, "message": "test.Event"}


@pytest.mark.parametrize(
    ("columns", "config", "wrong"),
    [
        (EVENT, avro(field("id", "long")), []),
        ("id int", avro(field("id", "double")), []),
        ("id decimal(10,2)", avro(field("id", "double")), [("TYPE_MISMATCH", "value_schema")]),
        ("id bigint", avro(field("id", "int")), [("TYPE_MISMATCH", "value_schema")]),
        (
            "id bigint",
            avro(field("id", ["null", "int", "long"])),
            [("UNSUPPORTED", "value_schema")],
        ),
        ("id bigint", avro(field("n", "int")), [("UNKNOWN_COLUMN", "value_schema")]),
        ("id bigint", avro(field("n", ["null", "int"])), [("UNKNOWN_COLUMN", "value_schema")]),
        ("id int", {**avro(field("id", "int")), "columns": "no"}, [("UNKNOWN_COLUMN", "columns")]),
        (
            "id int, n int",
            {**avro(field("id", "int")), "columns": "id, n"},
            [("UNKNOWN_COLUMN", "value_schema")],
        ),
        ("`a b` int", {"format": "avro"}, [("UNSUPPORTED", "columns")]),
        ("m map<int,string>", {"format": "avro"}, [("UNSUPPORTED", "columns")]),
        (EVENT, {"format": "json", "value_schema": AVRO}, [("UNUSED_CONFIG", "value_schema")]),
        (EVENT, {"format": "avro", "message": "x"}, [("UNUSED_CONFIG", "message")]),
        (EVENT, EVENTS, []),
        (EVENT, {**EVENTS, **REGISTRY}, [("UNUSED_CONFIG", "schema_registry_url")]),
        (EVENT, {**EVENTS, "message": None}, [("MISSING_CONFIG", "message")]),
        (EVENT, {**EVENTS, "message": "test.Evnt"}, [("INVALID_SCHEMA", "message")]),
        (EVENT, {"format": "protobuf"}, [("MISSING_CONFIG", "value_schema")]),
        ("id string", EVENTS, [("TYPE_MISMATCH", "value_schema")]),
        ("n int", EVENTS, [("UNKNOWN_COLUMN", "value_schema")]),
        (
            EVENT,
            {"format": "avro", **REGISTRY, "schema_registry_username": "me"},
            [("MISSING_CONFIG", "schema_registry_password")],
        ),
    ],
)
def test_what_does_not_fit(columns: str, config: Json, wrong: list[tuple[str, str | None]]) -> None:
    assert codes(columns, **config) == wrong


def choice() -> descriptor_pb2.FileDescriptorProto:
    """A message of proto2 with a field that must be there, and one of two others."""
    file = descriptor_pb2.FileDescriptorProto(name="c.proto", package="p", syntax="proto2")
    made = file.message_type.add(name="M")
    made.field.add(name="id", number=1, type=3, label=2)
    made.oneof_decl.add(name="which")
    made.field.add(name="a", number=2, type=9, label=1, oneof_index=0)
    made.field.add(name="b", number=3, type=9, label=1, oneof_index=0)
    return file


def test_one_of_several_fields_is_picked_and_a_required_one_is_there() -> None:
    config = {"format": "protobuf", "value_schema": descriptor_set(choice()), "message": "p.M"}
    columns = "id bigint, a string, b string"
    assert codes(columns, **config) == [("UNSUPPORTED", "columns")]
    assert codes(columns, **config, columns="id, a") == []
    assert codes(columns, **config, columns="a") == [("UNKNOWN_COLUMN", "value_schema")]
