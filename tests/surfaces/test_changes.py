"""Changes of a table in a test: in their envelope or flat, sifted as the code sifts them."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

Json = dict[str, Any]
CHANGES: Json = {
    "bootstrap_servers": "b:9092",
    "topics": "shop.public.orders",
    "primary_keys": "id",
    "columns": "id bigint, state string",
    "watermark_delay": "1 minute",
}
CANCELLED: Json = {
    "key": ["id"],
    "steps": [
        {"name": "paid", "where": "op = 'u' AND state = 'paid'"},
        {"name": "gone", "where": "op = 'd'"},
    ],
    "within": "1 hour",
}


@pytest.fixture
def caller(host: Host) -> McpCaller:
    return McpCaller(host)


def pipeline(caller: McpCaller, name: str, **changes: Any) -> str:
    document = {
        "nodes": [
            {"id": "orders", "type": "cdc-stream", "config": CHANGES | changes},
            {"id": "lost", "type": "sequence", "config": CANCELLED},
            {"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}},
        ],
        "edges": [["orders", "lost"], ["lost", "out"]],
    }
    made = caller.call("create_pipeline", {"name": name, "document": document})
    return str(made["pipeline_id"])


def flat(op: str | None, minute: int, **row: Any) -> Json:
    return {"op": op, "source_time": f"2026-01-01T10:{minute:02d}:00Z", **row}


def answer_to(caller: McpCaller, pipeline_id: str, events: list[Json]) -> Json:
    return caller.call("test_pattern", {"pipeline_id": pipeline_id, "events": events})


PAID = {"id": 7, "state": "paid"}


def test_an_envelope_is_opened(caller: McpCaller) -> None:
    pipeline_id = pipeline(caller, "enveloped")
    deleted = {"before": {"id": 1}, "after": None, "op": "d", "ts_ms": 1}
    assert "before" not in str(answer_to(caller, pipeline_id, [deleted]).get("warnings"))
    at = 1_767_261_600_000
    events = [
        {"before": None, "after": PAID, "op": "u", "ts_ms": at},
        {"payload": {"before": PAID, "after": None, "op": "d", "source": {"ts_ms": at + 1_000}}},
    ]
    assert answer_to(caller, pipeline_id, events)["counts"]["matches"] == 1


def test_what_gives_no_row_is_told(caller: McpCaller) -> None:
    pipeline_id = pipeline(caller, "sifted")
    events = [flat("u", 0, **PAID), flat("x", 1, id=7), flat("d", 2), flat("d", 3, id=7)]
    answer = answer_to(caller, pipeline_id, events)
    assert answer["counts"]["matches"] == 1
    said = " ".join(answer["warnings"])
    assert "`op` is none of c, u, d, r" in said
    assert "`id` is NULL" in said


def test_a_change_that_would_stop_the_query_is_refused(caller: McpCaller) -> None:
    pipeline_id = pipeline(caller, "stopped", on_malformed="fail")
    answer = answer_to(caller, pipeline_id, [flat("u", 0, **PAID), flat("d", 2)])
    assert answer["error"]["where"] == {"source": "orders", "row": 1}


def test_rows_made_up_are_changes(caller: McpCaller) -> None:
    pipeline_id = pipeline(caller, "made up")
    seen = caller.call(
        "preview_node", {"pipeline_id": pipeline_id, "node": "orders", "events": {"sample": 50}}
    )
    assert {row["op"] for row in seen["rows"]} == {"c", "u", "d", "r"}


@pytest.mark.parametrize(
    ("envelope", "event"),
    [
        ("debezium", {"op": "u", "after": {"id": 1}, "ts_ms": 10**30}),
        ("debezium", {"op": ["u"], "after": {"id": 1}, "ts_ms": 1}),
        ("debezium", {"op": "u", "after": 7, "before": "x", "ts_ms": 1}),
        ("debezium", {"payload": {"op": "u", "after": {"id": {}}}}),
        ("maxwell", {"type": {}, "ts": "noon", "data": {"id": 1}}),
        ("spark-cdc", {"_change_type": [], "_commit_timestamp": 5, "id": 1}),
    ],
)
def test_nonsense_in_an_envelope_is_told(caller: McpCaller, envelope: str, event: Json) -> None:
    pipeline_id = pipeline(caller, f"nonsense {envelope}", envelope=envelope)
    answer = answer_to(caller, pipeline_id, [event])
    if "error" in answer:
        assert answer["error"]["code"] == "UNREADABLE_VALUE"
        assert answer["error"]["where"]["row"] == 0
    else:
        assert "no row" in " ".join(answer["warnings"])
