"""Configurations: earlier names and shapes are understood, bad values are refused clearly."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.config import canonical, own_names, parse
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.graph.naming import snake_case
from tests.codegen.schemas import AVRO, PROTOBUF

CATALOG = Catalog.load()
ORDERS = Relation(
    (Column("order_id", "bigint"), Column("amount", "double"), Column("at", "timestamp")), "at"
)

CDC = {"bootstrap_servers": "b:9092", "topics": "t", "columns": "id int", "primary_keys": "id"}
PUBSUB = {
    "project_id": "shop-prod",
    "topic_id": "orders",
    "subscription_id": "all-orders",
    "columns": "id bigint",
}
KAFKA = {"bootstrap_servers": "b:9092", "topics": "t", "columns": "id bigint"}
TABLE = {"table": "main.shop.orders", "columns": "id bigint"}
NEWEST = {"table": "t", "mode": "merge", "merge_keys": ["order_id"], "sequence_by": "at"}
HISTORY = {**NEWEST, "scd_type": 2}


@pytest.mark.parametrize(
    ("type_name", "given", "ours"),
    [
        ("auto-loader", {"cloudPath": "/a", "fileFormat": "csv"}, {"path": "/a", "format": "csv"}),
        (
            "kafka-topic",
            {
                "bootstrapServers": "b:9092",
                "topics": "x, y",
                "schemaSource": "infer",
                "startingOffset": "earliest",
                "deserializationFormat": "json",
                "columns": "id long",
            },
            {
                "bootstrap_servers": "b:9092",
                "topics": "x, y",
                "starting_offsets": "earliest",
                "format": "json",
                "columns": "id long",
            },
        ),
        (
            "delta-table-source",
            {"catalog": "c", "schema": "s", "table": "t", "startingVersion": "3"},
            {"table": "c.s.t", "starting_version": 3},
        ),
        (
            "cdc-stream",
            {
                "bootstrap_servers": "b:9092",
                "kafkaTopic": "t",
                "cdcFormat": "maxwell",
                "primaryKeys": "id",
                "schema": "id int",
            },
            {
                "bootstrap_servers": "b:9092",
                "topics": "t",
                "envelope": "maxwell",
                "primary_keys": "id",
                "columns": "id int",
            },
        ),
        (
            "event-hub-kinesis",
            {
                "provider": "kinesis",
                "streamArn": "a",
                "consumerGroup": "g",
                "startingPosition": "trim-horizon",
            },
            {
                "provider": "kinesis",
                "stream_arn": "a",
                "consumer_group": "g",
                "starting_position": "earliest",
            },
        ),
        (
            "google-pubsub",
            {"projectId": "p", "subscriptionId": "s", "deserializationFormat": "text"},
            {"project_id": "p", "subscription_id": "s", "format": "text"},
        ),
        (
            "stream-simulator",
            {"dataProfile": "custom", "customSchema": '[{"name": "a", "generator": "uuid"}]'},
            {"profile": "custom", "columns": [{"name": "a", "generator": "uuid"}]},
        ),
        (
            "map-select",
            {"outputColumns": '["a", {"alias": "b", "expr": "a + 1"}]'},
            {
                "columns": [
                    {"name": "a", "expression": "a"},
                    {"name": "b", "expression": "a + 1"},
                ]
            },
        ),
        (
            "rename-cast",
            {"columnMappings": '[{"from": "a", "to": "b", "castType": "LONG"}]'},
            {"columns": [{"column": "a", "name": "b", "type": "LONG"}]},
        ),
        (
            "watermark",
            {"timestampColumn": "at", "delayThreshold": {"value": 10, "unit": "seconds"}},
            {"event_time": "at", "delay": {"value": 10, "unit": "seconds"}},
        ),
        ("union-merge", {"unionType": "union-all"}, {"kind": "all"}),
        (
            "stream-static-join",
            {"staticTable": "c.s.t", "joinKeys": "a, b", "joinType": "inner"},
            {"table": "c.s.t", "keys": ["a", "b"], "join": "inner"},
        ),
        (
            "delta-table-sink",
            {"catalog": "c", "schema": "s", "table": "t", "writeMode": "upsert"},
            {"table": "c.s.t", "mode": "merge"},
        ),
        (
            "kafka-topic-sink",
            {"bootstrapServers": "b:9092", "topic": "t", "keyExpression": "id"},
            {"bootstrap_servers": "b:9092", "topic": "t", "key": "id"},
        ),
    ],
)
def test_earlier_configurations_are_understood(
    type_name: str, given: dict[str, Any], ours: dict[str, Any]
) -> None:
    assert canonical(CATALOG.get(type_name), given) == ours


@pytest.mark.parametrize("type_name", CATALOG.types())
def test_an_earlier_name_may_be_written_in_our_way(type_name: str) -> None:
    node_type = CATALOG.get(type_name)
    for earlier, field in node_type.field_aliases.items():
        named = own_names(node_type, {snake_case(earlier): "x"})
        expected = (
            snake_case(earlier) if snake_case(earlier) in node_type.Config.model_fields else field
        )
        assert named == {expected: "x"}, earlier


@pytest.mark.parametrize(
    ("type_name", "given", "field"),
    [
        ("kafka-topic", KAFKA | {"sasl_password": "hunter2"}, "sasl_password"),
        ("kafka-topic", KAFKA | {"bootstrap_servers": "b"}, "bootstrap_servers"),
        ("kafka-topic", KAFKA | {"topics": ["a b"]}, "topics.0"),
        ("kafka-topic", KAFKA | {"columns": "id bigin"}, "columns"),
        ("kafka-topic", KAFKA | {"columns": "a int, A int"}, "columns"),
        ("kafka-topic", KAFKA | {"starting_offsets": "timestamp"}, None),
        ("kafka-topic", KAFKA | {"watermark_delay": "1 minute"}, None),
        ("kafka-topic", KAFKA | {"event_time": "at", "watermark_delay": "5 parsecs"}, None),
        ("event-hub-kinesis", {"provider": "event-hub", "namespace": "a b"}, "namespace"),
        (
            "event-hub-kinesis",
            {"provider": "event-hub", "connection_string": "Endpoint=hunter2"},
            "connection_string",
        ),
        ("google-pubsub", PUBSUB | {"credentials_path": "/k.json"}, "credentials_path"),
        ("kafka-topic", KAFKA | {"schema_registry_url": "http://me:hunter2@x"}, None),
        ("delta-table-source", TABLE | {"table": "a.b.c.d"}, "table"),
        ("delta-table-source", TABLE | {"table": "../etc"}, "table"),
        ("delta-table-sink", {"table": "a b"}, "table"),
        ("delta-table-sink", {"table": "t", "mode": "overwrite"}, "mode"),
        ("stream-simulator", {"events_per_second": 0}, "events_per_second"),
        ("stream-simulator", {"events_per_second": 10_001}, "events_per_second"),
        ("stream-simulator", {"partitions": 65}, "partitions"),
        ("file-sink", {"path": "a\nb"}, "path"),
        ("filter", {"condition": ""}, "condition"),
        ("filter", {}, "condition"),
        ("filter", {"condition": "a", "conditoin": "b"}, "conditoin"),
    ],
)
def test_bad_values_are_refused_at_their_field(
    type_name: str, given: dict[str, Any], field: str | None
) -> None:
    problems = parse(CATALOG.get(type_name), given).problems
    assert problems
    if field is not None:
        assert problems[0].field == field
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    ("type_name", "given", "codes"),
    [
        ("kafka-topic", KAFKA | {"format": "avro"}, ["MISSING_CONFIG"]),
        ("kafka-topic", KAFKA | {"format": "avro", "value_schema": "{"}, ["INVALID_SCHEMA"]),
        (
            "kafka-topic",
            KAFKA | {"format": "avro", "value_schema": AVRO, "columns": "idd bigint"},
            ["UNKNOWN_COLUMN"],
        ),
        ("kafka-topic", KAFKA | {"schema_registry_url": "http://r"}, ["UNUSED_CONFIG"]),
        (
            "kafka-topic",
            KAFKA | {"format": "avro", "schema_registry_url": "http://r", "topics": "a,b"},
            ["MISSING_CONFIG"],
        ),
        (
            "kafka-topic",
            KAFKA | {"format": "protobuf", "value_schema": PROTOBUF, "message": "test.Evnt"},
            ["INVALID_SCHEMA"],
        ),
        ("kafka-topic", KAFKA | {"columns": None}, ["MISSING_CONFIG"]),
        ("cdc-stream", CDC | {"primary_keys": "nr"}, ["UNKNOWN_COLUMN"]),
        ("cdc-stream", CDC | {"path": "/in"}, ["UNUSED_CONFIG", "UNUSED_CONFIG"]),
        ("cdc-stream", CDC | {"topics": None}, ["MISSING_CONFIG"]),
        ("cdc-stream", CDC | {"columns": "id bigint, op int"}, ["DUPLICATE_COLUMN"]),
        ("cdc-stream", CDC | {"envelope": "maxwell", "include_before": True}, ["UNSUPPORTED"]),
        (
            "event-hub-kinesis",
            {"provider": "event-hub", "columns": "id bigint"},
            ["MISSING_CONFIG"] * 3,
        ),
        ("event-hub-kinesis", {"provider": "kinesis", "columns": "id int"}, ["MISSING_CONFIG"]),
        (
            "event-hub-kinesis",
            {"provider": "kinesis", "streams": "s", "columns": "id int", "namespace": "plants"},
            ["UNUSED_CONFIG"],
        ),
        (
            "event-hub-kinesis",
            {"provider": "kinesis", "streams": "s", "columns": "id int", "consumer_group": "g"},
            ["UNUSED_CONFIG"],
        ),
        ("google-pubsub", PUBSUB | {"client_id": "1"}, ["MISSING_CONFIG"] * 3),
        ("google-pubsub", PUBSUB | {"format": "text"}, ["UNUSED_CONFIG"]),
        (
            "kafka-topic",
            KAFKA | {"security_protocol": "SASL_SSL"},
            ["MISSING_CONFIG", "MISSING_CONFIG"],
        ),
        ("kafka-topic", KAFKA | {"sasl_password": "secret://a/b"}, ["UNUSED_CONFIG"]),
        ("kafka-topic", KAFKA | {"truststore_location": "/t"}, ["UNUSED_CONFIG"]),
        ("kafka-topic", KAFKA | {"event_time": "idd"}, ["UNKNOWN_COLUMN"]),
        ("kafka-topic", KAFKA | {"event_time": "id"}, ["EVENT_TIME_TYPE"]),
        ("auto-loader", {"path": "/a", "format": "avro"}, ["MISSING_CONFIG"]),
        ("auto-loader", {"path": "/a", "schema_evolution": "rescue"}, ["MISSING_CONFIG"]),
        (
            "auto-loader",
            {"path": "/a", "columns": "a int", "rescued_column": "a"},
            ["DUPLICATE_COLUMN"],
        ),
        (
            "delta-table-source",
            TABLE | {"change_feed": True, "ignore_deletes": True},
            ["UNUSED_CONFIG"],
        ),
        ("auto-loader", {"path": "/a", "delimiter": ";"}, ["UNUSED_CONFIG"]),
        (
            "auto-loader",
            {"path": "/a", "columns": "a int", "schema_hints": "b int"},
            ["UNKNOWN_COLUMN"],
        ),
        (
            "delta-table-source",
            TABLE | {"starting_version": 1, "starting_timestamp": "2026-01-01"},
            ["TWO_STARTS"],
        ),
        ("stream-simulator", {"profile": "custom"}, ["MISSING_CONFIG"]),
        (
            "stream-simulator",
            {"profile": "custom", "columns": [{"name": "a", "generator": "randm(1, 2)"}]},
            ["UNKNOWN_GENERATOR"],
        ),
        (
            "stream-simulator",
            {
                "profile": "custom",
                "columns": [{"name": "a", "type": "int", "generator": "choice(1, 1); drop)"}],
            },
            ["UNKNOWN_GENERATOR"],
        ),
        (
            "stream-simulator",
            {"profile": "custom", "columns": [{"name": "event_time", "generator": "uuid"}]},
            ["DUPLICATE_COLUMN"],
        ),
    ],
)
def test_what_cannot_work_is_a_problem(
    type_name: str, given: dict[str, Any], codes: list[str]
) -> None:
    node_type = CATALOG.get(type_name)
    parsed = parse(node_type, given)
    assert not parsed.problems
    assert [p.code for p in node_type.check(parsed.config, [])] == codes


@pytest.mark.parametrize(
    ("type_name", "given", "codes"),
    [
        ("watermark", {"event_time": "att"}, ["UNKNOWN_COLUMN"]),
        ("watermark", {"event_time": "amount"}, ["EVENT_TIME_TYPE"]),
        ("union-merge", {"kind": "distinct"}, ["UNSUPPORTED", "ONE_INPUT"]),
        (
            "stream-static-join",
            {"table": "t", "keys": ["order_id"], "static_columns": "order_id int", "join": "right"},
            ["UNSUPPORTED"],
        ),
        ("delta-table-sink", {"table": "t", "mode": "merge"}, ["MISSING_CONFIG"]),
        (
            "delta-table-sink",
            {"table": "t", "mode": "merge", "merge_keys": ["order_id"]},
            ["MISSING_CONFIG"],
        ),
        (
            "delta-table-sink",
            {"table": "t", "partition_by": "at", "cluster_by": "at"},
            ["TWO_LAYOUTS"],
        ),
        ("delta-table-sink", {"table": "t", "merge_keys": ["order_id"]}, ["UNUSED_CONFIG"]),
        ("delta-table-sink", {"table": "t", "partition_by": ["amout"]}, ["UNKNOWN_COLUMN"]),
        (
            "delta-table-sink",
            NEWEST | {"except_columns": ["Order_ID", "amount"]},
            ["COLUMN_NEEDED"],
        ),
        (
            "delta-table-sink",
            NEWEST | {"except_columns": ["amount"], "partition_by": ["amount"]},
            ["COLUMN_NEEDED"],
        ),
        (
            "delta-table-sink",
            NEWEST | {"except_columns": ["amount"], "cluster_by": ["amount"]},
            ["COLUMN_NEEDED"],
        ),
        ("delta-table-sink", NEWEST | {"track_history": ["amount"]}, ["UNUSED_CONFIG"]),
        (
            "delta-table-sink",
            HISTORY | {"track_history": ["amount"], "track_history_except": ["at"]},
            ["UNUSED_CONFIG"],
        ),
        ("delta-table-sink", HISTORY | {"track_history": ["amout"]}, ["UNKNOWN_COLUMN"]),
        (
            "delta-table-sink",
            HISTORY | {"track_history": ["amount"], "except_columns": ["amount"]},
            ["COLUMN_NEEDED"],
        ),
        ("file-sink", {"path": "/a", "header": False}, ["UNUSED_CONFIG"]),
        ("file-sink", {"path": "/a", "partition_by": "order_id,amount,at"}, ["NO_COLUMNS_LEFT"]),
        (
            "kafka-topic-sink",
            {"bootstrap_servers": "b:1", "topic": "t", "format": "protobuf"},
            ["MISSING_CONFIG"],
        ),
        (
            "kafka-topic-sink",
            {"bootstrap_servers": "b:1", "topic": "t", "key": "sum(amount)"},
            ["FUNCTION_REFUSED"],
        ),
    ],
)
def test_what_does_not_fit_the_rows_is_a_problem(
    type_name: str, given: dict[str, Any], codes: list[str]
) -> None:
    node_type = CATALOG.get(type_name)
    parsed = parse(node_type, given)
    assert not parsed.problems
    assert [p.code for p in node_type.check(parsed.config, [ORDERS])] == codes


def test_a_match_keeps_the_id_that_it_is_merged_by() -> None:
    sink = CATALOG.get("delta-table-sink")
    config = parse(sink, {"table": "t", "mode": "merge", "except_columns": ["match_id"]}).config
    matches = Relation((Column("match_id", "string"), Column("at", "timestamp")))
    assert [p.code for p in sink.check(config, [matches])] == ["COLUMN_NEEDED"]
