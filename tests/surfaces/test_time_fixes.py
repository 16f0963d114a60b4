"""A wrong event time is mended where it is wrong, and what was given beside it stays."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

Json = dict[str, Any]


@pytest.mark.parametrize("given", ["timestamp", "id"])
def test_the_given_delay_stays(host: Host, given: str) -> None:
    caller = McpCaller(host)
    feed: Json = {"bootstrap_servers": "b:9092", "topics": "t"}
    feed |= {"columns": "id string, ts timestamp", "watermark_delay": "1 minute"}
    feed |= {"event_time": given}
    pattern = {"key": ["id"], "timeout": "5 minutes", "forget_after": "1 day"}
    document = {
        "nodes": [
            {"id": "feed", "type": "kafka-topic", "config": feed},
            {"id": "quiet", "type": "heartbeat", "config": pattern},
            {"id": "out", "type": "delta-table-sink", "config": {"table": "a.b.c"}},
        ],
        "edges": [["feed", "quiet"], ["quiet", "out"]],
    }
    made = caller.call("create_pipeline", {"name": f"Time {given}", "document": document})
    assert [f for f in made["findings"] if f["severity"] == "error"]
    asked = {"pipeline_id": made["pipeline_id"], "autofix": "apply"}
    mended = caller.call("validate_pipeline", asked)
    assert mended["counts"]["errors"] == 0, mended["findings"]
    node = {"pipeline_id": made["pipeline_id"], "detail": "node", "node": "feed"}
    stored = caller.call("get_pipeline", node)["node"]["config"]
    assert (stored["event_time"], stored["watermark_delay"]) == ("ts", "1 minute")
