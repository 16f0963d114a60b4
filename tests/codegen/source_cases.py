"""The sources: a small configuration of each, and for each of its fields another value."""

from __future__ import annotations

from typing import Any

from .schemas import AVRO, PROTOBUF

Json = dict[str, Any]

COLUMNS = (
    "id bigint, key string, kind string, amount double, note string, at timestamp, other timestamp"
)
TIMED: Json = {"columns": COLUMNS, "event_time": "at", "watermark_delay": "10 seconds"}
FEED: Json = {**TIMED, "path": "/data/in"}
SERVER: Json = {"bootstrap_servers": "kafka:9092"}
LOGIN: Json = {
    "security_protocol": "SASL_SSL",
    "sasl_mechanism": "PLAIN",
    "sasl_username": "me",
    "sasl_password": "secret://kafka/password",
}
REGISTRY: Json = {"format": "avro", "schema_registry_url": "https://registry:8081"}
REGISTRY_LOGIN: Json = {
    **REGISTRY,
    "schema_registry_username": "me",
    "schema_registry_password": "secret://registry/password",
}

SOURCE: Json = {"event_time": {"event_time": "other"}, "watermark_delay": {"watermark_delay": "9s"}}
KAFKA: Json = {
    "bootstrap_servers": {"bootstrap_servers": "other:9092"},
    "security_protocol": {"security_protocol": "SSL"},
    "sasl_mechanism": {**LOGIN, "sasl_mechanism": "SCRAM-SHA-256"},
    "sasl_username": {**LOGIN, "sasl_username": "you"},
    "sasl_password": {**LOGIN, "sasl_password": "secret://kafka/other"},
    "truststore_location": {"security_protocol": "SSL", "truststore_location": "/x.jks"},
    "truststore_type": {
        "security_protocol": "SSL",
        "truststore_location": "/x.jks",
        "truststore_type": "JKS",
    },
}
KAFKA_READ: Json = {
    "topics": {"topics": "a,b"},
    "consumer_group": {"consumer_group": "mine"},
    "starting_offsets": {"starting_offsets": "earliest"},
    "starting_timestamp": {
        "starting_offsets": "timestamp",
        "starting_timestamp": "2026-01-01T00:00:00Z",
    },
    "fail_on_data_loss": {"fail_on_data_loss": False},
    "max_records_per_batch": {"max_records_per_batch": 9},
}
PAYLOAD: Json = {
    "columns": {"columns": "at timestamp"},
    "sample_rows": {"columns": None, "sample_rows": [{"at": "2026-01-01T00:00:00Z"}]},
    "format": {"format": "avro", "columns": None, "value_schema": AVRO},
    "value_schema": {"format": "avro", "columns": None, "value_schema": AVRO},
    "message": {
        "format": "protobuf",
        "columns": None,
        "value_schema": PROTOBUF,
        "message": "test.Other",
    },
    "timestamp_format": {"timestamp_format": "yyyy"},
    "on_malformed": {"on_malformed": "fail"},
}
KINESIS: Json = {
    "provider": "kinesis",
    "namespace": None,
    "connection_string": None,
}
ACCOUNT: Json = {
    "client_email": "me@x.y",
    "client_id": "1",
    "private_key_id": "secret://gcp/id",
    "private_key": "secret://gcp/key",
}

SOURCE_BASES: dict[str, Json] = {
    "auto-loader": FEED,
    "kafka-topic": {**TIMED, **SERVER, "topics": "orders"},
    "delta-table-source": {**TIMED, "table": "main.raw.orders"},
    "stream-simulator": {"profile": "iot-sensors", "watermark_delay": "10 seconds"},
    "cdc-stream": {
        **SERVER,
        "columns": COLUMNS,
        "topics": "changes",
        "primary_keys": ["id"],
        "watermark_delay": "10 seconds",
    },
    "event-hub-kinesis": {
        **TIMED,
        "provider": "event-hub",
        "namespace": "plant-north",
        "streams": "orders",
        "connection_string": "secret://azure/orders",
    },
    "mqtt": {
        **TIMED,
        "broker_url": "mqtt://broker:1883",
        "topic_filters": "plant/#",
        "client_id": "plant",
    },
    "google-pubsub": {
        **TIMED,
        "project_id": "shop-prod",
        "topic_id": "orders",
        "subscription_id": "orders-all",
    },
}

SOURCE_CHANGES: dict[str, Json] = {
    "auto-loader": {
        **SOURCE,
        "path": {"path": "/data/elsewhere"},
        "format": {"format": "parquet"},
        "columns": {"columns": "at timestamp"},
        "schema_hints": {"schema_hints": "id int"},
        "schema_location": {"schema_location": "/data/schema"},
        "schema_evolution": {"schema_evolution": "fail"},
        "rescued_column": {"rescued_column": "_rescued_data"},
        "header": {"format": "csv", "header": False},
        "delimiter": {"format": "csv", "delimiter": ";"},
        "timestamp_format": {"timestamp_format": "yyyy"},
        "max_files_per_batch": {"max_files_per_batch": 7},
    },
    "delta-table-source": {
        **SOURCE,
        "table": {"table": "main.raw.other"},
        "columns": {"columns": "at timestamp"},
        "starting_version": {"starting_version": 3},
        "starting_timestamp": {"starting_timestamp": "2026-01-01T00:00:00Z"},
        "ignore_deletes": {"ignore_deletes": True},
        "skip_change_commits": {"skip_change_commits": True},
        "change_feed": {"change_feed": True},
        "max_files_per_batch": {"max_files_per_batch": 7},
    },
    "kafka-topic": {
        **SOURCE,
        **KAFKA,
        **KAFKA_READ,
        **PAYLOAD,
        "include_metadata": {"include_metadata": True},
        "schema_registry_url": {**REGISTRY, "schema_registry_url": "https://other"},
        "schema_registry_subject": {**REGISTRY, "schema_registry_subject": "mine"},
        "schema_registry_username": {**REGISTRY_LOGIN, "schema_registry_username": "you"},
        "schema_registry_password": {
            **REGISTRY_LOGIN,
            "schema_registry_password": "secret://registry/other",
        },
    },
    "cdc-stream": {
        **KAFKA,
        **KAFKA_READ,
        "event_time": {"event_time": "other"},
        "watermark_delay": {"watermark_delay": "9s"},
        "path": {"bootstrap_servers": None, "topics": None, "path": "/data/changes"},
        "envelope": {"envelope": "maxwell"},
        "primary_keys": {"primary_keys": ["key"]},
        "columns": {"columns": "id bigint"},
        "times": {"times": "microseconds"},
        "include_before": {"include_before": True},
        "on_malformed": {"on_malformed": "fail"},
    },
    "event-hub-kinesis": {
        **SOURCE,
        **PAYLOAD,
        "provider": {**KINESIS, "provider": "kinesis"},
        "streams": {"streams": "a,b"},
        "namespace": {"namespace": "plant-south"},
        "connection_string": {"connection_string": "secret://azure/other"},
        "stream_arn": {
            **KINESIS,
            "streams": None,
            "stream_arn": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
        },
        "region": {**KINESIS, "region": "eu-west-1"},
        "service_credential": {**KINESIS, "service_credential": "reader"},
        "access_key": {**KINESIS, "access_key": "secret://a/b", "secret_key": "secret://a/c"},
        "secret_key": {**KINESIS, "access_key": "secret://a/b", "secret_key": "secret://a/d"},
        "role_arn": {**KINESIS, "role_arn": "arn:aws:iam::123456789012:role/reader"},
        "consumer_group": {"consumer_group": "mine"},
        "consumer_mode": {**KINESIS, "consumer_mode": "efo"},
        "starting_position": {"starting_position": "earliest"},
        "starting_timestamp": {
            "starting_position": "timestamp",
            "starting_timestamp": "2026-01-01T00:00:00Z",
        },
        "max_records_per_batch": {"max_records_per_batch": 9},
        "include_metadata": {"include_metadata": True},
    },
    "mqtt": {
        **SOURCE,
        **PAYLOAD,
        "broker_url": {"broker_url": "mqtts://broker"},
        "topic_filters": {"topic_filters": ["a/+", "b"]},
        "client_id": {"client_id": "other"},
        "qos": {"qos": 2},
        "username": {"username": "you", "password": "secret://mqtt/password"},
        "password": {"username": "me", "password": "secret://mqtt/other"},
        "max_records_per_batch": {"max_records_per_batch": 9},
        "include_metadata": {"include_metadata": True},
    },
    "google-pubsub": {
        **SOURCE,
        **PAYLOAD,
        "project_id": {"project_id": "shop-test"},
        "topic_id": {"topic_id": "returns"},
        "subscription_id": {"subscription_id": "orders-some"},
        "service_credential": {"service_credential": "reader"},
        "client_email": {**ACCOUNT, "client_email": "you@x.y"},
        "client_id": {**ACCOUNT, "client_id": "2"},
        "private_key_id": {**ACCOUNT, "private_key_id": "secret://gcp/other"},
        "private_key": {**ACCOUNT, "private_key": "secret://gcp/other"},
        "fetch_partitions": {"fetch_partitions": 3},
        "max_bytes_per_batch": {"max_bytes_per_batch": 9999},
        "max_records_per_fetch": {"max_records_per_fetch": 99},
        "delete_subscription": {"delete_subscription": True},
        "include_metadata": {"include_metadata": True},
    },
    "stream-simulator": {
        "event_time": {
            "profile": "custom",
            "columns": [
                {
                    "name": "when",
                    "type": "timestamp",
                    "generator": "timestamp(2026-01-01, 2026-02-01)",
                },
            ],
            "event_time": "when",
        },
        "watermark_delay": {"watermark_delay": "9s"},
        "profile": {"profile": "clickstream"},
        "columns": {
            "profile": "custom",
            "columns": [
                {"name": "x", "type": "bigint", "generator": "sequence"},
                {"name": "word", "type": "string", "generator": "choice(north, south)"},
            ],
        },
        "events_per_second": {"events_per_second": 77},
        "max_events": {"max_events": 78},
        "seed": {"seed": 79},
        "partitions": {"partitions": 3},
        "start_at": {"start_at": "2020-01-01T00:00:00Z"},
        "keys": {"keys": 80},
        "planted_share": {"profile": "financial-transactions", "planted_share": 0.5},
        "late_share": {"late_share": 0.5},
        "late_by": {"late_share": 0.5, "late_by": "9s"},
        "duplicate_share": {"duplicate_share": 0.5},
        "malformed_share": {"malformed_share": 0.5},
    },
}
