"""Small pipelines to measure."""

from __future__ import annotations

from typing import Any

COLUMNS = "card string, amount double, at timestamp"
PAYMENTS: dict[str, Any] = {
    "name": "Payments",
    "settings": {"trigger": "10 seconds"},
    "nodes": [
        {
            "id": "feed",
            "type": "auto-loader",
            "name": "Feed",
            "config": {
                "path": "payments",
                "format": "json",
                "columns": COLUMNS,
                "event_time": "at",
                "watermark_delay": "10 minutes",
            },
        },
        {
            "id": "real",
            "type": "filter",
            "name": "Real",
            "config": {"condition": "amount > 0"},
        },
        {
            "id": "burst",
            "type": "count-threshold",
            "name": "Burst",
            "config": {"key": ["card"], "where": "amount > 500", "threshold": 3, "window": "5 s"},
        },
        {"id": "out", "type": "file-sink", "name": "Out", "config": {"path": "out"}},
    ],
    "edges": [
        {"source": "feed", "target": "real"},
        {"source": "real", "target": "burst"},
        {"source": "burst", "target": "out"},
    ],
}
