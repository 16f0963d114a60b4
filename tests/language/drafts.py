"""What models of the tests answer."""

from __future__ import annotations

import json
from typing import Any

SOURCE = {
    "bootstrap_servers": "localhost:9092",
    "topics": ["orders"],
    "columns": "customer string, amount double, at timestamp",
    "event_time": "at",
    "watermark_delay": "10 minutes",
}
BURST = {"key": ["customer"], "where": "amount > 200", "threshold": 2, "window": "1 hour"}


def reply(*changes: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """The input of the tool."""
    empty = {"changes": list(changes), "assumptions": [], "questions": [], "refusal": ""}
    return empty | parts


def add(node: str, kind: str, config: dict[str, Any], after: str = "") -> dict[str, Any]:
    """A node to add, with its configuration as text."""
    return {
        "op": "add_node",
        "id": node,
        "type": kind,
        "config": json.dumps(config),
        "after": after,
    }


GOOD = reply(
    add("orders", "kafka-topic", SOURCE),
    add("burst", "count-threshold", BURST, "orders"),
    add("alerts", "delta-table-sink", {"table": "main.default.alerts"}, "burst"),
    assumptions=["Two orders within an hour are many."],
)
WRONG_COLUMN = reply(
    add("orders", "kafka-topic", SOURCE),
    add("burst", "count-threshold", BURST | {"where": "amuont > 200"}, "orders"),
)
