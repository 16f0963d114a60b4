"""A small pipeline and its events: an order that is not shipped within ten minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COLUMNS = "at timestamp, customer string, kind string, amount double"
EVENTS: list[dict[str, Any]] = [
    {"at": "2026-01-05T10:00:00Z", "customer": "ada", "kind": "order", "amount": 40.0},
    {"at": "2026-01-05T10:02:00Z", "customer": "bob", "kind": "order", "amount": 15.0},
    {"at": "2026-01-05T10:04:00Z", "customer": "ada", "kind": "ship", "amount": 40.0},
    {"at": "2026-01-05T10:30:00Z", "customer": "cleo", "kind": "order", "amount": 99.0},
    {"at": "2026-01-05T11:00:00Z", "customer": "cleo", "kind": "ship", "amount": 99.0},
]
SILENT = ("bob", "cleo")


def nodes(folder: Path) -> list[dict[str, Any]]:
    """The nodes as `add_node` changes take them."""
    source = {
        "path": str(folder / "orders"),
        "format": "json",
        "columns": COLUMNS,
        "event_time": "at",
        "watermark_delay": "5 minutes",
    }
    unshipped = {
        "key": ["customer"],
        "trigger": "kind = 'order'",
        "expected": "kind = 'ship'",
        "within": "10 minutes",
    }
    return [
        _node("orders", "auto-loader", "Orders", source),
        _node("large", "filter", "Large orders", {"condition": "amount > 10"}, "orders"),
        _node("unshipped", "absence", "Not shipped", unshipped, "large"),
        _node("late", "delta-table-sink", "Late table", {"table": "main.shop.late"}, "unshipped"),
    ]


def _node(
    id: str, type: str, name: str, config: dict[str, Any], after: str | None = None
) -> dict[str, Any]:
    node = {"id": id, "type": type, "name": name, "config": config}
    return {"node": node, **({"after": after} if after else {})}
