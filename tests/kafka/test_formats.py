"""What other producers write becomes the rows that were declared: one run, a table per topic."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from lakestream_mcp.deploy.spark_process import SparkProcess
from tests.codegen.bench import Bench

from .wire import avro_bytes, avro_long, descriptor_set, message, micros, registry

pytestmark = [pytest.mark.spark, pytest.mark.kafka]
Json = dict[str, Any]
Records = dict[str, list[bytes | None]]
AT = "2026-03-01T10:00:00.123456+00:00"
SHOWN = "2026-03-01T10:00:00.123456Z"

PAYMENT: Json = {
    "type": "record",
    "name": "Payment",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["NEW", "PAID"]}},
        {
            "name": "amount",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
        },
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "seen", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "note", "type": ["null", "string"]},
        {"name": "lines", "type": {"type": "array", "items": "int"}},
        {
            "name": "place",
            "type": {
                "type": "record",
                "name": "Place",
                "fields": [{"name": "city", "type": "string"}],
            },
        },
    ],
}
FIRST: Json = {
    "type": "record",
    "name": "Visit",
    "fields": [{"name": "id", "type": "long"}, {"name": "page", "type": "string"}],
}
SECOND: Json = FIRST | {
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "device", "type": "string", "default": "unknown"},
        {"name": "page", "type": "string"},
    ]
}


def parcel() -> descriptor_pb2.FileDescriptorProto:
    """A file with an enum, a list, a map, a nested message and an optional field."""
    file = descriptor_pb2.FileDescriptorProto(name="p.proto", package="post", syntax="proto3")
    kind = file.enum_type.add(name="Kind")
    kind.value.add(name="SMALL", number=0)
    kind.value.add(name="LARGE", number=1)
    file.message_type.add(name="Box").field.add(name="edge", number=1, type=1, label=1)
    made = file.message_type.add(name="Parcel")
    made.field.add(name="id", number=1, type=3, label=1)
    made.field.add(name="kind", number=2, type=14, type_name=".post.Kind", label=1)
    made.field.add(name="stops", number=3, type=9, label=3)
    made.field.add(name="box", number=4, type=11, type_name=".post.Box", label=1)
    made.oneof_decl.add(name="_note")
    made.field.add(name="note", number=5, type=9, label=1, oneof_index=0, proto3_optional=True)
    entry = made.nested_type.add(name="SizesEntry", options={"map_entry": True})
    entry.field.add(name="key", number=1, type=9, label=1)
    entry.field.add(name="value", number=2, type=5, label=1)
    made.field.add(name="sizes", number=6, type=11, type_name=".post.Parcel.SizesEntry", label=3)
    return file


def payment(number: int, note: bytes | None) -> bytes:
    parts = [
        avro_long(number),
        avro_long(1),
        avro_bytes((1999).to_bytes(2, "big")),
        avro_long(micros(AT)),
        avro_long(micros(AT) // 1000),
        avro_long(20_513),
        avro_long(0) if note is None else avro_long(1) + avro_bytes(note),
        avro_long(2) + avro_long(7) + avro_long(8) + avro_long(0),
        avro_bytes(b"Oslo"),
    ]
    return b"".join(parts)


def numbered(schema: int, body: bytes) -> bytes:
    return b"\0" + schema.to_bytes(4, "big") + body


def text(*values: Any) -> list[bytes | None]:
    return [
        None if v is None else v if isinstance(v, bytes) else json.dumps(v).encode() for v in values
    ]


def change(op: str, before: Json | None, after: Json | None, second: int) -> Json:
    source = {"ts_ms": micros(AT) // 1000 + second * 1000, "table": "customers"}
    return {"before": before, "after": after, "op": op, "ts_ms": 1, "source": source}


ANN, BOB = {"id": 1, "name": "Ann", "at": micros(AT)}, {"id": 1, "name": "Bob", "at": None}
RECORDS: Records = {
    "json": text({"id": 1, "at": AT}, b"no json", {"id": "x"}, None),
    "avro": [payment(1, None), payment(-5, "é".encode()), b"\x02"],
    "visits": [
        numbered(7, avro_long(1) + avro_bytes(b"/a")),
        numbered(9, avro_long(2) + avro_bytes(b"phone") + avro_bytes(b"/b")),
        numbered(8, avro_long(3)),
        b"",
    ],
    "proto": [
        message(
            parcel(),
            "post.Parcel",
            id=2**40,
            kind=1,
            stops=["Oslo", "Bergen"],
            box={"edge": 1.5},
            note="",
            sizes={"a": 4},
        ),
        message(parcel(), "post.Parcel"),
        b"\xff\xff",
    ],
    "numbered": [
        numbered(3, b"\x02\x02" + message(parcel(), "post.Parcel", id=5)),
        numbered(3, b"\x00" + message(parcel(), "post.Box", edge=2.0)),
    ],
    "debezium": text(
        change("c", None, ANN, 0),
        {"schema": {}, "payload": change("u", ANN, BOB, 1)},
        change("d", BOB, None, 2),
        None,
        change("r", None, ANN, 3),
        change("t", None, None, 4),
        b"{",
        change("c", None, {"name": "nobody"}, 5),
    ),
    "maxwell": text(
        {"type": "insert", "ts": 1, "data": {"id": 1, "name": "Ann"}},
        {"type": "update", "ts": 2, "data": {"id": 1, "name": "Bob"}, "old": {"name": "Ann"}},
        {"type": "delete", "ts": 3, "data": {"id": 1, "name": "Bob"}},
        {"type": "bootstrap-insert", "ts": 4, "data": {"id": 2, "name": "Cy"}},
        {"type": "table-alter", "ts": 5, "table": "customers"},
    ),
    "feed": text(
        {"id": 1, "name": "Ann", "_change_type": "insert", "_commit_timestamp": AT},
        {"id": 1, "name": "Ann", "_change_type": "update_preimage", "_commit_timestamp": AT},
        {"id": 1, "name": "Bob", "_change_type": "update_postimage", "_commit_timestamp": AT},
        {"id": 1, "name": "Bob", "_change_type": "delete", "_commit_timestamp": AT},
    ),
}


def produce(spark: SparkProcess, server: str, records: Records) -> None:
    """Send records by a batch write of Spark's own."""
    rows = [
        (topic, None if value is None else base64.b64encode(value).decode())
        for topic, values in records.items()
        for value in values
    ]
    code = (
        "from pyspark.sql import SparkSession\n"
        "spark = SparkSession.builder.getOrCreate()\n"
        "queries = []\n"
        f"rows = spark.createDataFrame({rows!r}, 'topic string, value string')\n"
        "rows.selectExpr('topic', 'unbase64(value) AS value').write.format('kafka')"
        f".option('kafka.bootstrap.servers', {server!r}).save()\n"
    )
    spark.request("run", notebook=code, parameters={})


def sources(server: str, address: str, start: dt.datetime) -> dict[str, tuple[str, Json]]:
    kafka = {"bootstrap_servers": server, "starting_offsets": "earliest"}
    known = {
        "schema_registry_url": address,
        "schema_registry_username": "reader",
        "schema_registry_password": "secret://registry/password",
    }
    changes = kafka | {"primary_keys": ["id"], "columns": "id bigint, name string"}
    proto = {"format": "protobuf", "value_schema": descriptor_set(parcel())}
    return {
        "json": ("kafka-topic", kafka | {"columns": "id bigint, at timestamp"}),
        "since": (
            "kafka-topic",
            kafka
            | {
                "topics": ["later"],
                "columns": "id bigint",
                "starting_offsets": "timestamp",
                "starting_timestamp": start.isoformat(),
            },
        ),
        "avro": ("kafka-topic", kafka | {"format": "avro", "value_schema": json.dumps(PAYMENT)}),
        "visits": (
            "kafka-topic",
            kafka | known | {"format": "avro", "columns": "id int, page string, device string"},
        ),
        "proto": ("kafka-topic", kafka | proto | {"message": "post.Parcel"}),
        "numbered": (
            "kafka-topic",
            kafka
            | known
            | {"format": "protobuf", "columns": "id bigint, kind string", "message": "post.Parcel"},
        ),
        "debezium": (
            "cdc-stream",
            changes
            | {
                "columns": "id bigint, name string, at timestamp",
                "times": "microseconds",
                "include_before": True,
            },
        ),
        "maxwell": ("cdc-stream", changes | {"envelope": "maxwell"}),
        "feed": ("cdc-stream", changes | {"envelope": "spark-cdc"}),
    }


SUBJECTS: dict[str, list[Json]] = {
    "visits-value": [
        {"id": 7, "version": 1, "schema": json.dumps(FIRST)},
        {"id": 9, "version": 2, "schema": json.dumps(SECOND)},
    ],
    "numbered-value": [
        {"id": 3, "schema": base64.b64encode(parcel().SerializeToString()).decode()},
    ],
}


def pipeline(made: dict[str, tuple[str, Json]]) -> Json:
    nodes, edges = [], []
    for name, (kind, given) in made.items():
        config = {"topics": [name], **given}
        sink = {"table": f"{name}_rows"}
        nodes.append({"id": f"{name}_in", "type": kind, "name": name, "config": config})
        nodes.append(
            {"id": f"{name}_out", "type": "delta-table-sink", "name": name, "config": sink}
        )
        edges.append({"source": f"{name}_in", "target": f"{name}_out"})
    return {"name": "Formats", "nodes": nodes, "edges": edges}


def rows(spark: SparkProcess, folder: Path, name: str, order: str) -> list[Json]:
    options = (
        "map('ignoreNullFields', 'false', 'timestampFormat', \"yyyy-MM-dd'T'HH:mm:ss.SSSSSSX\")"
    )
    table = f"delta.`{folder}/tables/{name}_rows`"
    found = spark.request(
        "sql", text=f"SELECT to_json(struct(*), {options}) AS row FROM {table} ORDER BY {order}"
    )
    return [json.loads(each["row"]) for each in found]


def test_every_format_gives_its_rows(
    server: str, spark: SparkProcess, bench: Bench, tmp_path: Path
) -> None:
    produce(spark, server, RECORDS | {"later": text({"id": 1})})
    time.sleep(0.01)
    start = dt.datetime.now(dt.UTC)
    produce(spark, server, {"later": text({"id": 2})})
    with registry(SUBJECTS) as address:
        made = bench.make(pipeline(sources(server, address, start)))
        answer = spark.request(
            "run",
            notebook=next(iter(made.generated.files.values())),
            parameters={"checkpoints": str(tmp_path / "state"), "tables": str(tmp_path / "tables")},
        )

    nothing = {"id": None, "at": None}
    assert rows(spark, tmp_path, "json", "id, at") == [*[nothing] * 3, {"id": 1, "at": SHOWN}]
    assert rows(spark, tmp_path, "since", "id") == [{"id": 2}]

    paid = {
        "state": "PAID",
        "amount": 19.99,
        "at": SHOWN,
        "seen": "2026-03-01T10:00:00.123000Z",
        "day": "2026-03-01",
        "lines": [7, 8],
        "place": {"city": "Oslo"},
    }
    avro = rows(spark, tmp_path, "avro", "id")
    assert avro[0] == dict.fromkeys(["id", *paid, "note"])
    assert avro[1:] == [{"id": -5, **paid, "note": "é"}, {"id": 1, **paid, "note": None}]
    assert rows(spark, tmp_path, "visits", "id") == [
        *[dict.fromkeys(["id", "page", "device"])] * 2,
        {"id": 1, "page": "/a", "device": "unknown"},
        {"id": 2, "page": "/b", "device": "phone"},
    ]

    empty = {"id": 0, "kind": "SMALL", "stops": [], "box": None, "note": None, "sizes": {}}
    assert rows(spark, tmp_path, "proto", "id") == [
        dict.fromkeys(empty),
        empty,
        {
            "id": 2**40,
            "kind": "LARGE",
            "stops": ["Oslo", "Bergen"],
            "box": {"edge": 1.5},
            "note": "",
            "sizes": {"a": 4},
        },
    ]
    assert rows(spark, tmp_path, "numbered", "id") == [
        {"id": None, "kind": None},
        {"id": 5, "kind": "SMALL"},
    ]
    assert_changes(spark, tmp_path, answer)


def assert_changes(spark: SparkProcess, tmp_path: Path, answer: Json) -> None:
    ann, bob = {"id": 1, "name": "Ann", "at": SHOWN}, {"id": 1, "name": "Bob", "at": None}
    times = [f"2026-03-01T10:00:0{second}.123000Z" for second in range(4)]
    assert rows(spark, tmp_path, "debezium", "source_time") == [
        {**ann, "op": "c", "source_time": times[0], "before": None},
        {**bob, "op": "u", "source_time": times[1], "before": ann},
        {**bob, "op": "d", "source_time": times[2], "before": bob},
        {**ann, "op": "r", "source_time": times[3], "before": None},
    ]
    assert counted(answer, "debezium") == {"tombstones": 1, "skipped": 3}
    named = [("Ann", "c"), ("Bob", "u"), ("Bob", "d"), ("Cy", "r")]
    found = rows(spark, tmp_path, "maxwell", "source_time")
    assert [(row["name"], row["op"]) for row in found] == named
    assert found[0]["source_time"] == "1970-01-01T00:00:01.000000Z"
    assert counted(answer, "maxwell") == {"tombstones": 0, "skipped": 1}
    found = rows(spark, tmp_path, "feed", "op")
    assert [(row["name"], row["op"]) for row in found] == [("Ann", "c"), ("Bob", "d"), ("Bob", "u")]
    assert {row["source_time"] for row in found} == {SHOWN}
    assert counted(answer, "feed") == {"tombstones": 0, "skipped": 1}


def counted(answer: Json, name: str) -> dict[str, int]:
    """What a source observed, over all batches."""
    (query,) = (q for q in answer["queries"] if q["name"] == f"{name}_out")
    seen = [p["observedMetrics"].get(f"lakestream_{name}_in_changes") for p in query["progress"]]
    return {
        key: sum(metrics[key] for metrics in seen if metrics) for key in ("tombstones", "skipped")
    }
