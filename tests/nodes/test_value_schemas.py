"""Columns of Avro and Protobuf schemas, as validation sees them; and the refusals."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.graph.config import parse, problem_of
from lakestream_mcp.relational.column_types import ddl

NODE: Any = Catalog.load().get("kafka-topic")
Json = dict[str, Any]


def read(**config: Any) -> tuple[str | None, list[str]]:
    """The columns of a configured topic, and the codes of what is wrong with it."""
    parsed = parse(NODE, {"bootstrap_servers": "b:9092", "topics": "t", **config})
    assert not parsed.problems
    problems = list(NODE.check(parsed.config, []))
    try:
        columns = ddl(NODE.relation(parsed.config, [], None).columns)
    except LakestreamError as error:
        assert problem_of(error).code in {p.code for p in problems}
        return None, [p.code for p in problems]
    return columns, [p.code for p in problems]


def avro(*fields: Json, **more: Any) -> str:
    return json.dumps({"type": "record", "name": "R", "fields": list(fields), **more})


def field(name: str, kind: Any) -> Json:
    return {"name": name, "type": kind}


TYPES: list[tuple[Any, str]] = [
    ("int", "int"),
    ("long", "bigint"),
    ("float", "float"),
    ("double", "double"),
    ("boolean", "boolean"),
    ("bytes", "binary"),
    ({"type": "string"}, "string"),
    (["null", "long"], "bigint"),
    (["int", "null", "long"], "bigint"),
    (["float", "double"], "double"),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "string"),
    ({"type": "fixed", "name": "F", "size": 4}, "binary"),
    ({"type": "int", "logicalType": "date"}, "date"),
    ({"type": "long", "logicalType": "timestamp-millis"}, "timestamp"),
    ({"type": "long", "logicalType": "timestamp-micros"}, "timestamp"),
    ({"type": "long", "logicalType": "local-timestamp-micros"}, "timestamp_ntz"),
    ({"type": "string", "logicalType": "uuid"}, "string"),
    ({"type": "long", "logicalType": "of-our-own"}, "bigint"),
    (
        {"type": "fixed", "name": "D", "size": 9, "logicalType": "decimal", "precision": 20},
        "decimal(20,0)",
    ),
    ({"type": "array", "items": ["null", "string"]}, "array<string>"),
    ({"type": "map", "values": {"type": "array", "items": "int"}}, "map<string,array<int>>"),
    (
        {"type": "record", "name": "In", "fields": [field("a b", "int"), field("c", "string")]},
        "struct<`a b`:int,c:string>",
    ),
    ({"type": {"type": "long", "logicalType": "timestamp-millis"}}, "timestamp"),
]


@pytest.mark.parametrize(("schema", "column"), TYPES)
def test_a_type_of_avro_is_a_column_type(schema: Any, column: str) -> None:
    assert read(format="avro", value_schema=avro(field("x", schema))) == (f"x {column}", [])


def test_names_are_known_in_their_namespace() -> None:
    place = {"type": "record", "name": "Place", "fields": [field("city", "string")]}
    schema = avro(field("a", place), field("b", "Place"), field("c", "x.y.Place"), namespace="x.y")
    assert read(format="avro", value_schema=schema) == (
        "a struct<city:string>, b struct<city:string>, c struct<city:string>",
        [],
    )


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ("{", "INVALID_SCHEMA"),
        ('"string"', "INVALID_SCHEMA"),
        ("[" * 5000, "INVALID_SCHEMA"),
        (avro(), "INVALID_SCHEMA"),
        (avro({"name": "x"}), "INVALID_SCHEMA"),
        (avro({"type": "int"}), "INVALID_SCHEMA"),
        (avro(field("x", "integer")), "INVALID_SCHEMA"),
        (avro(field("x", {"type": "enum"})), "INVALID_SCHEMA"),
        (avro(field("x", {"type": "array"})), "INVALID_SCHEMA"),
        (
            avro(field("x", {"type": "bytes", "logicalType": "decimal", "precision": 50})),
            "INVALID_SCHEMA",
        ),
        (avro(field("x", "int"), field("X", "int")), "DUPLICATE_COLUMN"),
        (avro(field("x", ["int", "string"])), "UNSUPPORTED"),
        (avro(field("x", ["null", "R"])), "UNSUPPORTED"),
        (avro(field("x", {"type": "int", "logicalType": "time-millis"})), "UNSUPPORTED"),
    ],
)
def test_an_avro_schema_that_cannot_be_is_refused(schema: str, code: str) -> None:
    assert read(format="avro", value_schema=schema) == (None, [code])


def test_deep_schemas_end(depth: int = 200) -> None:
    schema: Any = "int"
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    assert read(format="avro", value_schema=avro(field("x", schema)))[1] == ["INVALID_SCHEMA"]


def test_columns_pick_fields_and_retype_them() -> None:
    schema = avro(field("id", "long"), field("x", "int"))
    given = {"format": "avro", "value_schema": schema, "columns": "x string"}
    assert read(**given) == ("x string", [])


def descriptors(*fields: Json, **parts: Any) -> Json:
    """A configuration for a message `p.M` with these fields."""
    file = descriptor_pb2.FileDescriptorProto(name="p.proto", package="p", syntax="proto3")
    message = file.message_type.add(name="M")
    for number, each in enumerate(fields, 1):
        message.field.add(number=number, **{"label": 1, **each})
    file.message_type.add(name="Inner").field.add(name="a", number=1, type=8, label=1)
    found = descriptor_pb2.FileDescriptorSet(file=[file])
    encoded = base64.b64encode(found.SerializeToString()).decode()
    return {"format": "protobuf", "value_schema": encoded, "message": "p.M", **parts}


@pytest.mark.parametrize(
    ("given", "column"),
    [
        ({"type": 1}, "double"),
        ({"type": 2}, "float"),
        ({"type": 3}, "bigint"),
        ({"type": 5}, "int"),
        ({"type": 8}, "boolean"),
        ({"type": 9}, "string"),
        ({"type": 12}, "binary"),
        ({"type": 17}, "int"),
        ({"type": 18}, "bigint"),
        ({"type": 9, "label": 3}, "array<string>"),
        ({"type": 11, "type_name": ".p.Inner"}, "struct<a:boolean>"),
        ({"type": 11, "type_name": ".p.Inner", "label": 3}, "array<struct<a:boolean>>"),
    ],
)
def test_a_type_of_protobuf_is_a_column_type(given: Json, column: str) -> None:
    assert read(**descriptors({"name": "x", **given})) == (f"x {column}", [])


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"format": "protobuf", "value_schema": "!", "message": "p.M"}, "INVALID_SCHEMA"),
        ({"format": "protobuf", "value_schema": "AAAA", "message": "p.M"}, "INVALID_SCHEMA"),
        ({"format": "protobuf", "value_schema": "", "message": "p.M"}, None),
        (descriptors({"name": "x", "type": 3}, message="p.N"), "INVALID_SCHEMA"),
        (descriptors({"name": "x", "type": 3}, message=None), "MISSING_CONFIG"),
        (descriptors({"name": "x", "type": 4}), "UNSUPPORTED"),
        (descriptors({"name": "x", "type": 13}), "UNSUPPORTED"),
        (descriptors({"name": "x", "type": 11, "type_name": ".p.M"}), "UNSUPPORTED"),
        (descriptors({"name": "x", "type": 11, "type_name": ".q.Lost"}), "INVALID_SCHEMA"),
    ],
)
def test_a_descriptor_set_that_cannot_be_is_refused(config: Json, code: str | None) -> None:
    if code is None:
        given = {"bootstrap_servers": "b:9092", "topics": "t", **config}
        assert [p.field for p in parse(NODE, given).problems] == ["value_schema"]
        return
    assert read(**config) == (None, [code])


def test_sample_rows_are_columns() -> None:
    rows = [{"id": 1, "at": "2026-01-01T00:00:00Z"}, {"id": 2.5, "tags": ["a"]}]
    assert read(sample_rows=rows) == ("id double, at timestamp, tags array<string>", [])
