"""The pipeline that the tests of the surfaces build: many large orders of a customer."""

from __future__ import annotations

from typing import Any

ORDERS: dict[str, Any] = {
    "type": "auto-loader",
    "id": "orders",
    "config": {
        "path": "orders.jsonl",
        "format": "json",
        "columns": "order_id bigint, customer string, amount double, at timestamp",
        "event_time": "at",
        "watermark_delay": "10 minutes",
    },
}
CHANGES: list[dict[str, Any]] = [
    {
        "op": "add_node",
        "node": {"type": "filter", "id": "big", "config": {"condition": "amount > 100"}},
        "after": "orders",
    },
    {
        "op": "add_node",
        "node": {
            "type": "count-threshold",
            "id": "burst",
            "config": {
                "key": ["customer"],
                "where": "amount > 200",
                "threshold": 2,
                "window": "1 hour",
            },
        },
        "after": "big",
    },
    {
        "op": "add_node",
        "node": {"type": "file-sink", "id": "out", "config": {"path": "out", "format": "json"}},
        "after": "burst",
    },
]
