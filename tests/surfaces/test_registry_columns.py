"""Columns of values that a schema registry knows: asked once, and declared by the fix."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from lakestream_mcp.identity import LocalUser
from lakestream_mcp.surfaces.host import Host
from tests.codegen.schemas import AVRO
from tests.kafka.wire import registry

from .callers import McpCaller

Json = dict[str, Any]
LOGIN = {
    "schema_registry_username": "reader",
    "schema_registry_password": "secret://registry/password",
}
KAFKA = {"bootstrap_servers": "b:9092", "topics": "paid", "format": "avro"} | LOGIN


def parcel() -> str:
    """A Protobuf file as a registry gives it."""
    file = descriptor_pb2.FileDescriptorProto(
        name="p.proto",
        package="post",
        syntax="proto3",
        dependency=["google/protobuf/timestamp.proto"],
    )
    made = file.message_type.add(name="Parcel")
    made.field.add(name="id", number=1, type=3, label=1)
    at = made.field.add(name="at", number=2, type=11, label=1)
    at.type_name = ".google.protobuf.Timestamp"
    return base64.b64encode(file.SerializeToString()).decode()


SUBJECTS: dict[str, list[Json]] = {
    "paid-value": [{"id": 1, "version": 1, "schema": AVRO, "schemaType": "AVRO"}],
    "sent": [{"id": 2, "version": 4, "schema": parcel(), "schemaType": "PROTOBUF"}],
    "broken-value": [{"id": 3, "version": 1, "schema": "{"}],
}


@pytest.fixture
def caller(fresh: Host, monkeypatch: pytest.MonkeyPatch) -> McpCaller:
    monkeypatch.setenv("REGISTRY_PASSWORD", "of the registry")
    return McpCaller(fresh)


def made(caller: McpCaller, address: str, **config: Any) -> str:
    """A pipeline of such a source and a table."""
    document = {
        "name": "one",
        "nodes": [
            {
                "id": "feed",
                "type": "kafka-topic",
                "config": KAFKA | {"schema_registry_url": address} | config,
            },
            {"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}},
        ],
        "edges": [["feed", "out"]],
    }
    answer = caller.call("create_pipeline", {"id": "one", "document": document})
    assert [f["code"] for f in answer["findings"]][:1] == ["MISSING_CONFIG"]
    assert "discover_schema" in answer["findings"][0]["hint"]
    return "one"


@pytest.mark.parametrize(
    ("config", "columns", "times"),
    [
        ({}, "id bigint, key string, at timestamp, other timestamp", ["at", "other"]),
        (
            {"format": "protobuf", "schema_registry_subject": "sent"},
            "id bigint, at timestamp",
            ["at"],
        ),
    ],
)
@pytest.mark.parametrize("node", ["", "feed"])
def test_the_fix_declares_what_the_registry_has(
    caller: McpCaller, config: Json, columns: str, times: list[str], node: str
) -> None:
    with registry(SUBJECTS) as address:
        name = made(caller, address, **config)
        asked = {"pipeline_id": name} | ({"node": node} if node else {})
        answer = caller.call("discover_schema", asked)
    assert (answer["columns"], answer["times"]) == (columns, times)
    edit = {"pipeline_id": name, "changes": answer["fix"]}
    assert caller.call("edit_pipeline", edit)["counts"]["errors"] == 0


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [
        ({"topics": "none"}, "CONNECTION_FAILED", "no subject `none-value`"),
        ({"topics": "broken"}, "INVALID_SCHEMA", ""),
        ({"schema_registry_subject": "sent"}, "INVALID_SCHEMA", "PROTOBUF"),
        ({"schema_registry_password": "secret://no/such"}, "SECRET_NOT_FOUND", ""),
        ({"schema_registry_url": "http://127.0.0.1:9"}, "CONNECTION_FAILED", "reached"),
    ],
)
def test_what_it_does_not_have_is_said(
    caller: McpCaller, config: Json, code: str, said: str
) -> None:
    with registry(SUBJECTS) as address:
        name = made(caller, address, **config)
        answer = caller.call("discover_schema", {"pipeline_id": name, "node": "feed"})
    assert (answer["error"]["code"], answer["error"]["where"]["node"]) == (code, "feed")
    assert said in answer["error"]["message"]


def test_it_takes_who_may_reach_out(caller: McpCaller) -> None:
    host = caller.host
    user = LocalUser("author")
    with registry(SUBJECTS) as address:
        made(caller, address)
        author = McpCaller(Host(host.workspace.with_caller(user.identity), user))
        answer = author.call("discover_schema", {"pipeline_id": "one", "node": "feed"})
    assert answer["error"]["code"] in ("FORBIDDEN", "NOT_FOUND")
