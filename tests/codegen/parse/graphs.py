"""Random graphs that declarative SQL can say, and their configurations as SQL says them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
COLUMNS = "id bigint, kind string, amount double, at timestamp, `we ird` string"
TIMED = {"event_time": "at", "watermark_delay": "10 minutes"}
SOURCES: list[Json] = [
    {"type": "auto-loader", "config": {"path": "/in/a", "columns": COLUMNS}},
    {"type": "auto-loader", "config": {"path": "/in/it's", "columns": COLUMNS, **TIMED}},
    {
        "type": "auto-loader",
        "config": {
            "path": "/in/csv",
            "format": "csv",
            "columns": COLUMNS,
            "header": False,
            "delimiter": ";",
            "timestamp_format": "yyyy-MM-dd",
            "max_files_per_batch": 7,
            "event_time": "at",
        },
    },
    {
        "type": "kafka-topic",
        "config": {
            "bootstrap_servers": "a:9092,b:9092",
            "topics": ["x", "y"],
            "columns": COLUMNS,
            **TIMED,
        },
    },
    {
        "type": "kafka-topic",
        "config": {
            "bootstrap_servers": "a:9093",
            "topics": ["x"],
            "columns": COLUMNS,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_username": 'u"s',
            "sasl_password": "secret://kafka/password",
            "truststore_type": "JKS",
            "truststore_location": "/t.jks",
            "starting_offsets": "timestamp",
            "starting_timestamp": "2026-01-01T00:00:00Z",
            "timestamp_format": "yyyy",
            "on_malformed": "fail",
            "consumer_group": "g",
            "fail_on_data_loss": False,
            "max_records_per_batch": 9,
        },
    },
    {"type": "delta-table-source", "config": {"table": "main.raw.t", "columns": COLUMNS}},
    {"type": "delta-table-source", "config": {"table": "main.raw.u", "columns": COLUMNS, **TIMED}},
    {
        "type": "event-hub-kinesis",
        "config": {
            "provider": "event-hub",
            "namespace": "plant-north",
            "streams": ["it's"],
            "connection_string": "secret://azure/telemetry",
            "columns": COLUMNS,
            **TIMED,
        },
    },
    {
        "type": "event-hub-kinesis",
        "config": {
            "provider": "kinesis",
            "streams": ["clicks"],
            "region": "eu-west-1",
            "service_credential": "clicks_reader",
            "columns": COLUMNS,
            "starting_position": "earliest",
        },
    },
    {
        "type": "google-pubsub",
        "config": {
            "project_id": "shop-prod",
            "topic_id": "orders",
            "subscription_id": "orders-lakestream",
            "service_credential": "pubsub_reader",
            "columns": COLUMNS,
            **TIMED,
        },
    },
    {
        "type": "rest-webhook-source",
        "config": {
            "landing_path": "/Volumes/main/raw/hooks/orders",
            "columns": COLUMNS,
            "auth": "bearer",
            "auth_secret": "secret://hooks/orders-token",
            **TIMED,
        },
    },
]
_TOPIC = {"bootstrap_servers": "a:9092", "topics": ["db.t"], "primary_keys": ["id"]}
CHANGES: list[Json] = [
    {
        "type": "cdc-stream",
        "config": {
            **_TOPIC,
            "columns": COLUMNS,
            "envelope": envelope,
            "on_malformed": malformed,
            "times": times,
            **time,
        },
    }
    for envelope, malformed, times, time in (
        ("debezium", "skip", "iso", {"watermark_delay": "1 minute"}),
        ("debezium", "fail", "microseconds", {"include_before": True, **TIMED}),
        ("maxwell", "skip", "milliseconds", {}),
        ("spark-cdc", "fail", "iso", TIMED),
    )
]
"""Sources whose rows have columns of their own beside."""
CONDITIONS = (
    "amount > 1",
    "kind = 'it\\'s' OR kind IS NULL",
    "amount BETWEEN 1 AND 2 AND NOT kind LIKE 'a%'",
    "`we ird` IN ('x', 'y')",
    "CASE WHEN amount > 1 THEN id > 3 ELSE FALSE END",
)
SAME_COLUMNS: list[Json] = [
    *({"type": "filter", "config": {"condition": condition}} for condition in CONDITIONS),
    {"type": "map-select", "config": {"columns": "*, amount * 2 AS amount"}},
    {"type": "map-select", "config": {"columns": "id, UPPER(kind) AS kind, amount, at, `we ird`"}},
    {
        "type": "map-select",
        "config": {
            "columns": [
                {"name": "id", "expression": "id + 1", "type": "bigint"},
                {"name": "kind", "expression": "coalesce(kind, '')"},
                {"name": "amount", "expression": "amount"},
                {"name": "at", "expression": "at"},
                {"name": "we ird", "expression": "`we ird`"},
            ]
        },
    },
    {"type": "custom-sql", "config": {"query": "SELECT * FROM in_0 WHERE amount > 0"}},
    {
        "type": "custom-sql",
        "config": {
            "query": "WITH a AS (SELECT *, amount + 1 AS more FROM in_0) "
            "SELECT id, kind, more AS amount, at, `we ird` FROM a WHERE more > 2"
        },
    },
    {
        "type": "rename-cast",
        "config": {"columns": [{"column": "amount", "type": "double"}], "on_error": "null"},
    },
]
OTHER_COLUMNS: list[Json] = [
    {"type": "rename-cast", "config": {"columns": [{"column": "kind", "name": "sort"}]}},
    {
        "type": "rename-cast",
        "config": {
            "columns": [{"column": "id", "type": "int"}, {"column": "at", "name": "when"}],
            "others": "drop",
        },
    },
    {
        "type": "rename-cast",
        "config": {"columns": [{"column": "kind", "type": "int"}], "on_error": "null"},
    },
    {"type": "map-select", "config": {"columns": "id, amount / 2 AS half, 'x' AS x"}},
    {
        "type": "data-quality-expectations",
        "config": {
            "expectations": [
                {"name": "has_amount", "constraint": "amount > 0", "action": "drop"},
                {"name": "has_kind", "constraint": "kind IS NOT NULL"},
            ],
            "reasons": "why",
        },
    },
    {
        "type": "stream-static-join",
        "config": {
            "table": "main.crm.people",
            "keys": [{"stream": "id", "static": "number"}],
            "static_columns": "number bigint, name string, age int",
        },
    },
    {
        "type": "stream-static-join",
        "config": {
            "table": "main.crm.kinds",
            "keys": ["kind"],
            "join": "inner",
            "select": ["id", "label"],
            "prefix": "kind_",
            "static_columns": "kind string, id int, label string",
            "static_rows": [{"kind": "a", "id": 1, "label": "A"}],
        },
    },
]
ROUTER: Json = {
    "type": "split-router",
    "config": {
        "routes": [
            {"name": "big", "condition": "amount > 10"},
            {"name": "odd", "condition": "id % 2 = 1"},
        ]
    },
}
WINDOWS: list[Json] = [
    {
        "duration": "5 minutes",
        "group_by": ["kind"],
        "aggregations": [
            {"function": "count"},
            {"function": "sum", "column": "amount", "name": "total"},
            {"function": "avg", "column": "amount"},
            {"function": "count_distinct", "column": "id"},
        ],
    },
    {
        "window_type": "sliding",
        "duration": "10 minutes",
        "slide": "5 minutes",
        "aggregations": [{"function": "last", "column": "kind"}],
        "order_by": ["id"],
    },
    {
        "window_type": "session",
        "gap": "1 hour",
        "group_by": ["id"],
        "aggregations": [{"function": "max", "column": "amount"}],
    },
]
SINKS: list[Json] = [
    {"type": "delta-table-sink", "config": {"table": "main.out.t"}},
    {"type": "delta-table-sink", "config": {"table": "main.out.t", "merge_schema": True}},
    {"type": "delta-table-sink", "config": {"table": "main.out.t", "cluster_by": ["id"]}},
]
MERGE: Json = {"table": "main.out.t", "mode": "merge", "merge_keys": ["id"], "sequence_by": "at"}
MERGING: list[Json] = [
    {"type": "delta-table-sink", "config": MERGE | config}
    for config in (
        {"partition_by": ["kind"]},
        {"delete_when": "kind = 'gone;'", "except_columns": ["kind"]},
        {"scd_type": 2, "track_history": ["kind", "amount"]},
        {"scd_type": 2, "track_history_except": ["amount"]},
    )
]


@st.composite
def graphs(draw: st.DrawFn) -> Json:
    """A pipeline of one to three sources, transforms between, and a sink on every end."""
    nodes: list[Json] = []
    edges: list[Json] = []
    same: list[str] = []  # nodes whose rows have the columns that all sources have

    def add(choice: Json, *inputs: str) -> str:
        node_id = f"n{len(nodes)}"
        name = draw(st.sampled_from(["Node", "Größe; --", "It's"])) + f" {len(nodes)}"
        nodes.append({"id": node_id, "name": name, **choice})
        edges.extend({"source": source, "target": node_id} for source in inputs)
        return node_id

    same += [add(draw(st.sampled_from(SOURCES))) for _ in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["same", "same", "union", "watermark"]))
        if kind == "union" and len(same) > 1:
            chosen = draw(st.permutations(same))[: draw(st.integers(2, min(4, len(same))))]
            config = draw(st.sampled_from([{}, {"missing": "null"}]))
            same.append(add({"type": "union-merge", "config": config}, *chosen))
        elif kind == "watermark":
            config = {"event_time": "at", "delay": draw(st.sampled_from(["5 seconds", "1 day"]))}
            same.append(add({"type": "watermark", "config": config}, draw(st.sampled_from(same))))
        else:
            choice = draw(st.sampled_from(SAME_COLUMNS))
            same.append(add(choice, draw(st.sampled_from(same))))
    others = [
        add(draw(st.sampled_from(OTHER_COLUMNS)), draw(st.sampled_from(same)))
        for _ in range(draw(st.integers(0, 3)))
    ]
    if draw(st.booleans()):
        others.append(add(draw(st.sampled_from(CHANGES))))
    if draw(st.booleans()):
        router = add(ROUTER, draw(st.sampled_from(same)))
        for port in ("big", "odd", "other"):
            table = {"table": f"main.out.t{len(nodes)}"}
            add({"type": "delta-table-sink", "config": table})
            edges.append({"source": router, "source_port": port, "target": nodes[-1]["id"]})
    if draw(st.booleans()):
        config = draw(st.sampled_from(WINDOWS))
        others.append(add({"type": "window-aggregate", "config": config}, same[0]))
    fed = {edge["source"] for edge in edges}
    for end in [n for n in [*same, *others] if n not in fed]:
        choices = [*SINKS, *MERGING] if end in same else SINKS[:2]
        sink = draw(st.sampled_from(choices))
        table = {"table": f"main.out.t{len(nodes)}"}
        add({"type": sink["type"], "config": sink["config"] | table}, end)
    return {"name": "Random", "nodes": nodes, "edges": edges}
