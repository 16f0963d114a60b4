"""One small document per node type, and for each of its fields another value.

A field whose other value changes neither the code nor is refused would be a setting without
effect. `LOCAL_ONLY` names those that serve tests in this process alone.
"""

from __future__ import annotations

import copy

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.config import parse

from . import relational_cases
from .authored import AUTHORED, FEED_CODE, FUNCTION
from .schemas import AVRO, PROTOBUF
from .sink_cases import QUEUE, SINK_BASES, SINK_CHANGES
from .source_cases import (
    COLUMNS,
    FEED,
    KAFKA,
    LOGIN,
    REGISTRY,
    REGISTRY_LOGIN,
    SERVER,
    SOURCE,
    SOURCE_BASES,
    SOURCE_CHANGES,
    TIMED,
    Json,
)

__all__ = ["BASES", "CHANGES", "COLUMNS", "FEED", "LOCAL_ONLY", "LOGIN", "Json", "document"]

SQUARE: Json = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
DETECT: Json = {"key": ["key"], "order_by": ["id"], "keep": ["id", "amount"]}

CATALOG = Catalog.load()
BASES: dict[str, Json] = {
    **relational_cases.BASES,
    **SOURCE_BASES,
    "custom-python-source": {**TIMED, "code": FEED_CODE, "options": {"url": "http://feed"}},
    "rest-webhook-source": {**TIMED, "landing_path": "/Volumes/main/raw/hooks"},
    "filter": {"condition": "amount > 1"},
    "map-select": {"columns": "*, amount * 2 AS twice"},
    "rename-cast": {"columns": [{"column": "note", "name": "remark", "type": "string"}]},
    "watermark": {"event_time": "at", "delay": "20 seconds"},
    "union-merge": {},
    "stream-static-join": {
        "table": "main.shop.people",
        "keys": [{"stream": "key", "static": "name"}],
        "static_columns": "name string, region string, age int",
    },
    "custom-sql": {"query": "SELECT *, amount * 2 AS doubled FROM in_0 WHERE amount > 1"},
    "absence": {**DETECT, "trigger": "kind = 'A'", "expected": "kind = 'B'"},
    "count-threshold": {**DETECT, "where": "kind = 'A'", "threshold": 3},
    "deduplicate": {"key": ["key"], "order_by": ["id"]},
    "geofence": {
        **DETECT,
        "latitude": "amount",
        "longitude": "amount + 1",
        "zones": [{"name": "depot", "latitude": 59.9, "longitude": 10.7, "radius_m": 200}],
    },
    "session": {**DETECT, "gap": "5 minutes", "measures": {"total": "SUM(event.amount)"}},
    "state-machine": {
        **DETECT,
        "states": ["new", "paid", "done"],
        "terminal": ["done"],
        "transitions": [
            {"from": "new", "to": "paid", "when": "kind = 'A'"},
            {"from": "paid", "to": "done", "when": "kind = 'B' AND amount >= paid.amount"},
            {"from": "paid", "to": "new", "after": "2 hours"},
        ],
    },
    "custom-python-udf": {
        "code": FUNCTION,
        "input_columns": ["amount", "kind"],
        "output_column": "share",
        "output_type": "double",
    },
    "ml-model-endpoint": {"endpoint": "fraud", "input_columns": ["amount", "kind"]},
    "custom": {"code": AUTHORED, "key": ["key"], "output": "key string, n bigint"},
    "sequence": {
        **DETECT,
        "steps": [
            {"name": "first", "where": "kind = 'A'"},
            {"name": "second", "where": "kind = 'B' AND amount > first.amount"},
        ],
        "within": "5 minutes",
    },
    "heartbeat": {**DETECT, "timeout": "6 minutes", "forget_after": "1 day"},
    "temporal-correlation": {**DETECT, "within": "5 minutes"},
    "velocity": {**DETECT, "where": "kind = 'A'", "threshold": 3, "per": "minute"},
    "trend": {**DETECT, "value": "amount", "direction": "up"},
    "outlier": {**DETECT, "value": "amount", "baseline_window": "1 hour"},
    "match-recognize": {
        "clause": "PARTITION BY key ORDER BY at, id MEASURES SUM(B.amount) AS total "
        "PATTERN (A B+ C) DEFINE A AS kind = 'A', B AS amount > PREV(amount), C AS kind = 'C'",
        "keep": ["id", "amount"],
    },
    "delta-table-sink": {"table": "main.out.matches"},
    "kafka-topic-sink": {**SERVER, "topic": "alerts"},
    "file-sink": {"path": "/data/out"},
    **SINK_BASES,
}

MERGED: Json = {"mode": "merge", "merge_keys": ["id"], "sequence_by": "at"}
SHARED: Json = {
    "key": {"key": ["kind"]},
    "order_by": {"order_by": ["note"]},
    "keep": {"keep": ["note"]},
    "event_time": {"event_time": "other"},
    "ordering": {"ordering": "arrival"},
}

CHANGES: dict[str, Json] = {
    **relational_cases.CHANGES,
    **SOURCE_CHANGES,
    "custom-sql": {"query": {"query": "SELECT at, key FROM in_0"}},
    "custom-python-source": {
        **SOURCE,
        "code": {"code": FEED_CODE.replace("Feed", "Other")},
        "columns": {"columns": "at timestamp"},
        "options": {"options": {"url": "http://feed", "token": "secret://feed/token"}},
        "sample_rows": {"sample_rows": [{"id": 1}]},
    },
    "rest-webhook-source": {
        **SOURCE,
        "landing_path": {"landing_path": "/Volumes/main/raw/others"},
        "columns": {"columns": "at timestamp"},
        "auth": {"auth": "bearer", "auth_secret": "secret://hooks/token"},
        "auth_secret": {"auth": "basic", "auth_secret": "secret://hooks/token"},
        "max_request_bytes": {"max_request_bytes": 2048},
        "idempotency_header": {"idempotency_header": "X-Request-Id"},
        "max_files_per_batch": {"max_files_per_batch": 7},
    },
    "filter": {"condition": {"condition": "amount > 2"}},
    "map-select": {"columns": {"columns": "at, key"}},
    "rename-cast": {
        "columns": {"columns": [{"column": "kind", "name": "type"}]},
        "others": {"others": "drop"},
        "on_error": {
            "columns": [{"column": "note", "name": "remark", "type": "int"}],
            "on_error": "null",
        },
    },
    "watermark": {"event_time": {"event_time": "other"}, "delay": {"delay": "9s"}},
    "union-merge": {"kind": {"kind": "distinct"}, "missing": {"missing": "null"}},
    "stream-static-join": {
        "table": {"table": "main.shop.others"},
        "keys": {"keys": [{"stream": "kind", "static": "name"}]},
        "join": {"join": "inner"},
        "select": {"select": ["age"]},
        "prefix": {"prefix": "p_"},
        "static_columns": {"static_columns": "name string, city string"},
        "static_rows": {"static_rows": [{"name": "x"}]},
        "static_file": {"static_file": "people.jsonl"},
    },
    "absence": {
        **SHARED,
        "trigger": {"trigger": "kind = 'C'"},
        "expected": {"expected": "kind = 'C'"},
        "within": {"within": "9s"},
        "on_repeat": {"on_repeat": "each"},
        "max_waiting": {"max_waiting": 9},
    },
    "count-threshold": {
        **SHARED,
        "where": {"where": "kind = 'C'"},
        "threshold": {"threshold": 9},
        "comparison": {"comparison": "="},
        "window": {"window": "9s"},
        "windows": {"windows": "tumbling"},
        "slide": {"windows": "sliding", "slide": "3s"},
        "distinct": {"distinct": "note"},
        "repeat": {"repeat": True},
        "forget_after": {"windows": "tumbling", "comparison": "<", "forget_after": "9h"},
        "max_events_per_key": {"max_events_per_key": 77},
    },
    "deduplicate": {**SHARED, "within": {"within": "9s"}},
    "geofence": {
        **SHARED,
        "latitude": {"latitude": "amount - 1"},
        "longitude": {"longitude": "amount"},
        "zones": {"zones": [{"name": "port", "polygon": SQUARE}]},
        "emit": {"emit": ["exit"]},
        "dwell": {"emit": ["dwell"], "dwell": "9s"},
        "confirm": {"confirm": 3},
        "initial": {"initial": False},
        "exit_margin_m": {"exit_margin_m": 9.5},
        "accuracy": {"accuracy": "id", "max_accuracy_m": 9},
        "max_accuracy_m": {"accuracy": "amount", "max_accuracy_m": 9},
        "forget_after": {"forget_after": "9h"},
    },
    "session": {
        **SHARED,
        "gap": {"gap": "9s"},
        "max_duration": {"max_duration": "9h"},
        "where": {"where": "kind = 'C'"},
        "end": {"end": "kind = 'C'"},
        "min_events": {"min_events": 7},
        "measures": {"measures": {"most": "MAX(event.id)"}},
        "max_events_per_key": {"max_events_per_key": 77},
    },
    "state-machine": {
        **SHARED,
        "states": {"states": ["new", "done", "paid"]},
        "transitions": {
            "transitions": [
                {"from": "new", "to": "paid", "when": "kind = 'C'"},
                {"from": ["paid"], "to": "done", "after": "1 hour"},
            ]
        },
        "initial": {"initial": "paid"},
        "terminal": {"terminal": ["done", "paid"]},
        "emit_on": {"emit_on": ["paid"]},
        "on_unmatched": {"on_unmatched": "error"},
        "forget_after": {"forget_after": "9h"},
        "max_events_per_key": {"max_events_per_key": 77},
    },
    "custom-python-udf": {
        "code": {"code": FUNCTION.replace("share", "part")},
        "input_columns": {"input_columns": ["id", "kind"]},
        "output_column": {"output_column": "part"},
        "output_type": {"output_type": "float"},
        "style": {"style": "pandas"},
        "on_error": {"on_error": "null"},
    },
    "ml-model-endpoint": {
        "endpoint": {"endpoint": "churn"},
        "input_columns": {"input_columns": ["id"]},
        "output_column": {"output_column": "risk"},
        "output_type": {"output_type": "bigint"},
        "max_batch_size": {"max_batch_size": 7},
        "timeout_ms": {"timeout_ms": 7000},
        "concurrency": {"concurrency": 7},
        "max_retries": {"max_retries": 7},
        "on_error": {"on_error": "fallback"},
        "fallback_value": {"on_error": "fallback", "fallback_value": 7},
        "token": {"token": "secret://models/token"},
        "sample_predictions": {"sample_predictions": [{"prediction": 7}]},
    },
    "custom": {
        "code": {"code": AUTHORED.replace("Counts", "Others")},
        "key": {"key": ["kind"]},
        "output": {"output": "key string, n int"},
        "time_mode": {"time_mode": "none"},
        "output_mode": {"output_mode": "update"},
    },
    "sequence": {
        **SHARED,
        "steps": {"steps": [{"name": "only", "where": "kind = 'A'"}]},
        "contiguity": {"contiguity": "relaxed-any"},
        "within": {"within": "9s"},
        "after_match": {"after_match": "no-skip"},
        "skip_to": {"after_match": "skip-to-last", "skip_to": "first"},
        "skip_to_missing": {
            "after_match": "skip-to-last",
            "skip_to": "first",
            "skip_to_missing": "fail",
        },
        "emit_timed_out": {"emit_timed_out": True},
        "max_partial_matches": {"max_partial_matches": 7},
        "measures": {"measures": {"total": "SUM(first.amount)"}},
    },
    "heartbeat": {
        **SHARED,
        "where": {"where": "kind = 'C'"},
        "timeout": {"timeout": "9s"},
        "forget_after": {"forget_after": "9h"},
        "emit": {"emit": ["lost"]},
        "expected_keys": {"expected_keys": ["x"], "expected_from": "2026-01-01T00:00:00Z"},
        "expected_from": {"expected_keys": ["x"], "expected_from": "2026-01-01T00:00:00Z"},
    },
    "temporal-correlation": {
        **SHARED,
        "left": {"left": "kind = 'C'"},
        "right": {"right": "kind = 'C'"},
        "right_key": {"right_key": ["kind"]},
        "right_event_time": {"right_event_time": "other"},
        "right_keep": {"right_keep": ["note"]},
        "within": {"within": "9s"},
        "order": {"order": "left-first"},
        "pairing": {"pairing": "nearest"},
        "on": {"on": "left.amount = right.amount"},
        "unpaired_left": {"unpaired_left": True},
        "max_events_per_key": {"max_events_per_key": 77},
    },
    "velocity": {
        **SHARED,
        "where": {"where": "kind = 'C'"},
        "sum": {"sum": "amount"},
        "comparison": {"comparison": "below", "forget_after": "1 day"},
        "threshold": {"threshold": 9},
        "per": {"per": "hour"},
        "factor": {"comparison": "changed", "threshold": None, "factor": 0.5},
        "window": {"window": "9s"},
        "repeat": {"repeat": True},
        "forget_after": {"comparison": "below", "forget_after": "9h"},
        "max_events_per_key": {"max_events_per_key": 77},
    },
    "trend": {
        **SHARED,
        "value": {"value": "amount / 2"},
        "where": {"where": "kind = 'C'"},
        "direction": {"direction": "down"},
        "length": {"length": 9},
        "strict": {"strict": False},
        "tolerance": {"tolerance": 1},
        "tolerance_percent": {"direction": "flat", "tolerance_percent": 9},
        "min_change": {"min_change": 9},
        "emit": {"emit": "end"},
        "within": {"within": "9s"},
        "max_events_per_key": {"max_events_per_key": 77},
    },
    "outlier": {
        **SHARED,
        "value": {"value": "amount / 2"},
        "where": {"where": "kind = 'C'"},
        "method": {"method": "mad"},
        "threshold": {"threshold": 9},
        "baseline_window": {"baseline_window": "9s"},
        "baseline_count": {
            "baseline_window": None,
            "baseline_count": 99,
            "forget_after": "1 day",
        },
        "min_samples": {"min_samples": 9},
        "exclude_outliers": {"exclude_outliers": True},
        "forget_after": {
            "baseline_window": None,
            "baseline_count": 99,
            "forget_after": "9h",
        },
        "max_events_per_key": {"max_events_per_key": 77},
    },
    "match-recognize": {
        "key": {"key": ["kind"], "clause": "PATTERN (A) DEFINE A AS kind = 'A'"},
        "order_by": {"order_by": ["note"]},
        "keep": {"keep": ["note"]},
        "event_time": {"event_time": "other", "clause": "PATTERN (A) DEFINE A AS kind = 'A'"},
        "ordering": {"ordering": "arrival"},
        "clause": {"clause": "PATTERN (A) DEFINE A AS kind = 'A'"},
        "forget_after": {"forget_after": "9h"},
        "max_rows_per_match": {"max_rows_per_match": 77},
        "max_partial_matches": {
            "max_partial_matches": 77,
            "clause": "PATTERN (A B) DEFINE B AS kind = A.kind",
        },
    },
    "delta-table-sink": {
        "table": {"table": "main.out.other"},
        "mode": {"mode": "merge", "merge_keys": ["id"], "sequence_by": "at"},
        "merge_keys": {"mode": "merge", "merge_keys": ["note"], "sequence_by": "at"},
        "sequence_by": {"mode": "merge", "merge_keys": ["id"], "sequence_by": "other"},
        "partition_by": {"partition_by": ["kind"]},
        "cluster_by": {"cluster_by": ["kind"]},
        "merge_schema": {"merge_schema": True},
        "scd_type": {**MERGED, "scd_type": 2},
        "delete_when": {**MERGED, "delete_when": "kind = 'D' OR note IS NULL"},
        "except_columns": {**MERGED, "except_columns": ["kind"]},
        "track_history": {**MERGED, "scd_type": 2, "track_history": ["kind"]},
        "track_history_except": {**MERGED, "scd_type": 2, "track_history_except": ["amount"]},
    },
    "kafka-topic-sink": {
        **KAFKA,
        "topic": {"topic": "other"},
        "key": {"key": "id"},
        "columns": {"columns": ["id"]},
        "format": {"format": "avro"},
        "value_schema": {"format": "avro", "value_schema": AVRO},
        "message": {"format": "protobuf", "value_schema": PROTOBUF, "message": "test.Other"},
        "schema_registry_url": REGISTRY,
        "schema_registry_subject": {**REGISTRY, "schema_registry_subject": "other"},
        "schema_registry_username": {**REGISTRY_LOGIN, "schema_registry_username": "you"},
        "schema_registry_password": {
            **REGISTRY_LOGIN,
            "schema_registry_password": "secret://registry/other",
        },
    },
    "file-sink": {
        "path": {"path": "/data/other"},
        "format": {"format": "parquet"},
        "partition_by": {"partition_by": ["kind"]},
        "header": {"format": "csv", "header": False},
    },
    **SINK_CHANGES,
    "dead-letter-queue": {
        **{name: {**QUEUE, **change} for name, change in KAFKA.items()},
        **SINK_CHANGES["dead-letter-queue"],
    },
}
LOCAL_ONLY = {
    ("lookup-enrichment", "static_rows"),
    ("lookup-enrichment", "static_file"),
    ("stream-static-join", "static_rows"),
    ("stream-static-join", "static_file"),
    ("ml-model-endpoint", "sample_predictions"),
    ("custom-python-source", "sample_rows"),
    ("rest-webhook-source", "max_request_bytes"),
    ("rest-webhook-source", "idempotency_header"),
}
"""Rows that stand for a table in a local test: generated code reads the table itself. And what the
server does with posted events before generated code reads them: tests of the server look at it."""


def document(node_type: str, config: Json, name: str = "Under test") -> Json:
    """A whole pipeline around one node: the node is `it`."""
    node = {"id": "it", "type": node_type, "name": name, "config": copy.deepcopy(config)}
    feed = {"id": "feed", "type": "auto-loader", "name": "Feed", "config": FEED}
    out = {"id": "out", "type": "file-sink", "name": "Out", "config": {"path": "/data/out"}}
    found = CATALOG.get(node_type)
    if found.category == "source":
        return _joined([node, out], [("it", "out")])
    if found.category == "sink":
        return _joined([feed, node], [("feed", "it")])
    if len(found.input_ports) > 1:
        feeds = [{**feed, "id": f"feed_{port}"} for port in found.input_ports]
        made = _joined([*feeds, node, out], [*((f["id"], "it") for f in feeds), ("it", "out")])
        for edge, port in zip(made["edges"], found.input_ports, strict=False):
            edge["target_port"] = port
        return made
    if node_type == "union-merge":
        other = {**feed, "id": "other"}
        return _joined([feed, other, node, out], [("feed", "it"), ("other", "it"), ("it", "out")])
    if node_type == "watermark":
        feed = {**feed, "config": {"path": "/data/in", "columns": COLUMNS}}
    if node_type == "flatten-explode":
        feed = {**feed, "config": {**FEED, "columns": f"{COLUMNS}, {relational_cases.NESTED}"}}
    made = _joined([feed, node, out], [("feed", "it"), ("it", "out")])
    ports = _ports(node_type, config)
    made["edges"][-1]["source_port"] = ports[0]
    for port in ports[1:]:
        end = {**out, "id": f"to_{port}", "name": port, "config": {"path": f"/data/{port}"}}
        made["nodes"].append(end)
        made["edges"].append({"source": "it", "target": end["id"], "source_port": port})
    return made


def _ports(node_type: str, config: Json) -> tuple[str, ...]:
    """The output ports a configuration has; `out` where it is not valid."""
    found = CATALOG.get(node_type)
    parsed = parse(found, config).config
    return ("out",) if parsed is None else found.output_ports(parsed)


def _joined(nodes: list[Json], edges: list[tuple[str, str]]) -> Json:
    return {
        "name": "Case",
        "nodes": nodes,
        "edges": [{"source": a, "target": b} for a, b in edges],
    }
