"""What a pipeline writes to topics is read back as the rows of the tester, in every format."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow.dataset
import pytest
from google.protobuf import descriptor_pb2, timestamp_pb2

from lakestream_mcp.deploy.replay import plain_rows
from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.nodes.avro_schema import avro_schema
from lakestream_mcp.relational.column_types import parse_columns
from tests.codegen.bench import Bench, Made

from .wire import descriptor_set, registry

pytestmark = [pytest.mark.spark, pytest.mark.kafka]
Json = dict[str, Any]
COLUMNS = (
    "id bigint, kind string, price decimal(10,2), share double, day date, at timestamp, "
    "local timestamp_ntz, good boolean, tags array<string>, sizes map<string,int>, "
    "place struct<city:string,seen:timestamp>, stops array<struct<city:string,seen:timestamp>>"
)
FIRST: Json = {
    "id": 1,
    "kind": "LARGE",
    "price": 19.99,
    "share": -0.5,
    "day": "2026-03-01",
    "at": "2026-03-01T10:00:00.123456Z",
    "local": "2026-03-01T10:00:00.5",
    "good": True,
    "tags": ["é", "b"],
    "sizes": {"a": 1, "b": -2},
    "place": {"city": "Oslo", "seen": "1969-12-31T23:59:59.9Z"},
    "stops": [{"city": "Bergen", "seen": None}, {"city": None, "seen": "2026-03-01T00:00:00Z"}],
}
ROWS: list[Json] = [
    FIRST,
    {"id": 2**40, "kind": "SMALL", "tags": [], "sizes": {}, "stops": [], "good": False},
    {**FIRST, "id": -3, "place": {"city": None, "seen": None}, "share": 1e300, "good": None},
]
PICKED = "id, at, kind, price"
TICKET = {
    "type": "record",
    "name": "Ticket",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["SMALL", "LARGE"]}},
        {"name": "seat", "type": ["null", "string"], "default": None},
        {
            "name": "price",
            "type": [
                "null",
                {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 3},
            ],
        },
    ],
}


def parcel() -> descriptor_pb2.FileDescriptorProto:
    """A message of the columns that Protobuf has types for; single values are optional."""
    time = ".google.protobuf.Timestamp"
    file = descriptor_pb2.FileDescriptorProto(name="p.proto", package="post", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    kind = file.enum_type.add(name="Kind")
    kind.value.add(name="SMALL", number=0)
    kind.value.add(name="LARGE", number=1)
    place = file.message_type.add(name="Place")
    made = file.message_type.add(name="Parcel")
    single = [("id", 3, None), ("kind", 14, ".post.Kind"), ("share", 1, None), ("good", 8, None)]
    for message, fields in ((place, [("city", 9, None)]), (made, single)):
        for number, (name, of, named) in enumerate(fields, 1):
            index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{name}")
            message.field.add(
                name=name,
                number=number,
                type=of,
                type_name=named,
                label=1,
                oneof_index=index,
                proto3_optional=True,
            )
    place.field.add(name="seen", number=2, type=11, type_name=time, label=1)
    made.field.add(name="at", number=5, type=11, type_name=time, label=1)
    made.field.add(name="place", number=6, type=11, type_name=".post.Place", label=1)
    made.field.add(name="stops", number=7, type=11, type_name=".post.Place", label=3)
    made.field.add(name="tags", number=8, type=9, label=3)
    entry = made.nested_type.add(name="SizesEntry", options={"map_entry": True})
    entry.field.add(name="key", number=1, type=9, label=1)
    entry.field.add(name="value", number=2, type=5, label=1)
    made.field.add(name="sizes", number=9, type=11, type_name=".post.Parcel.SizesEntry", label=3)
    return file


def descriptors() -> str:
    """The message in a descriptor set with the file that it needs."""
    library = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(library)
    return descriptor_set(parcel(), library)


def formats(address: str) -> dict[str, tuple[Json, Json]]:
    """What each topic's sink and source are told."""
    known = {
        "schema_registry_url": address,
        "schema_registry_username": "reader",
        "schema_registry_password": "secret://registry/password",
    }
    whole = {"format": "avro", "value_schema": avro_schema(parse_columns(COLUMNS))}
    ticket = {"format": "avro", "value_schema": json.dumps(TICKET)}
    proto = {"format": "protobuf", "value_schema": descriptors(), "message": "post.Parcel"}
    picked = {"format": "avro", **known, "columns": PICKED}
    types = {c.name: c.type for c in parse_columns(COLUMNS)}
    shown = ", ".join(f"{name} {types[name]}" for name in PICKED.split(", "))
    return {
        "w_json": ({}, {"columns": COLUMNS}),
        "w_avro": ({"format": "avro"}, whole),
        "w_ticket": (ticket, ticket),
        "w_known": (picked, picked | {"columns": shown}),
        "w_chosen": (ticket | known, {"format": "avro", **known, "columns": "id bigint"}),
        "w_proto": (proto, proto),
    }


def writing(server: str, folder: Path, told: dict[str, tuple[Json, Json]]) -> Json:
    """Files to topics."""
    feed = {"path": str(folder), "columns": COLUMNS}
    nodes: list[Json] = [{"id": "feed", "type": "auto-loader", "name": "feed", "config": feed}]
    for topic, (config, _) in told.items():
        sink = {"bootstrap_servers": server, "topic": topic, "key": "id", **config}
        nodes.append({"id": topic, "type": "kafka-topic-sink", "name": topic, "config": sink})
    edges = [{"source": "feed", "target": topic} for topic in told]
    return {"name": "Write", "nodes": nodes, "edges": edges}


def reading(server: str, told: dict[str, tuple[Json, Json]]) -> Json:
    """Topics to tables."""
    nodes: list[Json] = []
    for topic, (_, config) in told.items():
        feed = {"bootstrap_servers": server, "topics": topic, "starting_offsets": "earliest"}
        given = {**feed, **config, "on_malformed": "fail"}
        nodes.append({"id": topic, "type": "kafka-topic", "name": topic, "config": given})
        sink = {"table": f"{topic}_rows"}
        nodes.append(
            {"id": f"{topic}_out", "type": "delta-table-sink", "name": topic, "config": sink}
        )
    edges = [{"source": topic, "target": f"{topic}_out"} for topic in told]
    return {"name": "Read", "nodes": nodes, "edges": edges}


def timed(value: Any) -> Any:
    """Rows whose inner times are times, which the tester reads from text in whole columns only."""
    if isinstance(value, list):
        return [timed(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {name: timed(item) for name, item in value.items()}
    seen = inner.get("seen")
    return inner if seen is None else inner | {"seen": dt.datetime.fromisoformat(seen)}


def run(spark: SparkProcess, made: Made, folder: Path) -> None:
    (notebook,) = made.generated.files.values()
    parameters = {"checkpoints": str(folder / "state"), "tables": str(folder / "tables")}
    spark.request("run", notebook=notebook, parameters=parameters)


def test_rows_come_back(server: str, spark: SparkProcess, bench: Bench, tmp_path: Path) -> None:
    """All but microseconds in JSON, and a field that rows have not."""
    (tmp_path / "in").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "in" / "a.json").write_text(lines, encoding="utf-8")
    subjects: dict[str, list[Json]] = defaultdict(list)
    with registry(subjects) as address:
        told = formats(address)
        written = bench.make(writing(server, tmp_path / "in", told))
        run(spark, written, tmp_path / "write")
        read = bench.make(reading(server, told))
        run(spark, read, tmp_path / "read")
    host = bench.on_host(written, bench.tables(written, {"feed": timed(ROWS)}))
    for topic in told:
        relation = read.validation.relations[topic]
        lost = {"w_json": ["at"], "w_ticket": ["seat"]}.get(topic, [])
        names = [name for name in relation.names if name not in lost]
        folder = tmp_path / "read" / "tables" / f"{topic}_rows"
        files = [str(path) for path in folder.glob("*.parquet")]
        expected = host.tables["feed"].select(names)
        found = pyarrow.dataset.dataset(files, format="parquet").to_table(names)
        assert plain_rows(found.cast(expected.schema), names) == plain_rows(expected, names), topic
    assert {name: len(versions) for name, versions in subjects.items()} == {
        "w_known-value": 1,
        "w_chosen-value": 1,
    }
    assert json.loads(subjects["w_chosen-value"][0]["schema"]) == TICKET
