"""What a test tells about patterns with two inputs, and about keys that have no events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.surfaces.callers import McpCaller

Json = dict[str, Any]
PAIR: Json = {"id": "pair", "type": "temporal-correlation"}
WATCH: Json = {"id": "watch", "type": "heartbeat"}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("reports")))
    yield McpCaller(host)
    host.workspace.close()


def source(name: str, delay: str = "0 seconds") -> Json:
    columns = "id string, host string, v bigint, at timestamp"
    config = {"path": name, "columns": columns, "event_time": "at", "watermark_delay": delay}
    return {"id": name, "type": "auto-loader", "config": config}


def report(agent: McpCaller, node: Json, feeds: dict[str, str], events: Any, **how: Any) -> Json:
    """Test a node whose ports are fed by sources. feeds: source by port."""
    sink = {"id": "out", "type": "file-sink", "config": {"path": "out"}}
    nodes = [*map(source, dict.fromkeys(feeds.values())), node, sink]
    edges = [(at, node["id"], port) for port, at in feeds.items()] + [(node["id"], "out", "in")]
    return played(agent, nodes, edges, events, **how)


def played(
    agent: McpCaller, nodes: list[Json], edges: list[tuple[str, str, str]], events: Any, **how: Any
) -> Json:
    """Test a pipeline. edges: (from, to, port)."""
    name = f"p{len(agent.call('list_pipelines', {})['pipelines'])}"
    changes: list[Json] = [{"op": "add_node", "node": each} for each in nodes]
    changes += [
        {"op": "connect", "source": a, "target": b, "target_port": port} for a, b, port in edges
    ]
    agent.call("create_pipeline", {"name": name, "id": name})
    edited = agent.call("edit_pipeline", {"pipeline_id": name, "changes": changes})
    assert not [f for f in edited["findings"] if f["severity"] == "error"], edited["findings"]
    answer = agent.call(
        "test_pattern", {"pipeline_id": name, "events": events, "limit": 50, "detail": "full"} | how
    )
    assert "error" not in answer, answer
    return answer


def row(name: str, second: int, host: str | None = "a", v: int = 0) -> Json:
    return {"id": name, "host": host, "v": v, "at": f"2026-01-01T00:00:{second:02d}Z"}


def test_an_input_without_rows_holds_the_watermark_back_and_is_named(agent: McpCaller) -> None:
    node = PAIR | {"config": {"key": ["host"], "unpaired_left": True, "within": "5 seconds"}}
    feeds = {"left": "orders", "right": "payments"}
    events = {"orders": [row("o1", 0), row("o2", 50)], "payments": []}
    answer = report(agent, node, feeds, events, advance_to="none")
    assert answer["counts"]["matches"] == 0
    assert answer["counts"]["waiting"] == 2
    assert any("no rows from payments" in warning for warning in answer["warnings"])


def test_a_source_may_feed_both_ports(agent: McpCaller) -> None:
    config = {"key": ["host"], "within": "10 seconds", "order": "left-first", "left": "v = 1"}
    node = PAIR | {"config": config | {"right": "v = 2", "unpaired_left": True}}
    events = [row("a", 0, v=1), row("b", 3, v=2), row("c", 20, v=1), row("d", 30, v=2)]
    answer = report(agent, node, {"left": "feed", "right": "feed"}, events)
    shown = [
        [(e["input"], e["event"], e["row"]["id"]) for e in m["events"]] for m in answer["matches"]
    ]
    assert shown == [[("left", 0, "a"), ("right", 1, "b")], [("left", 2, "c")]]


def test_rows_of_either_input_are_late_by_the_slower_one(agent: McpCaller) -> None:
    node = PAIR | {"config": {"key": ["host"], "within": "10 seconds"}}
    events = {
        "left": [row("l0", 0), row("l1", 40), row("l2", 41), row("l3", 5)],
        "right": [row("r0", 1), row("r1", 30), row("r2", 42), row("r3", 35)],
    }
    answer = report(agent, node, {"left": "left", "right": "right"}, events)
    # Arrivals, interleaved by time: l0 r0 r1 l1 l2 l3 r2 r3. When l3 comes the watermark is r1's.
    assert [late["event"] for late in answer["late"]] == [5, 7]
    assert answer["counts"]["late"] == 2


def test_one_source_with_two_times_does_not_depend_on_the_cut(agent: McpCaller) -> None:
    """Each row is at other times for the two inputs, so that no other order would be in time."""
    columns = "id string, host string, sent timestamp, got timestamp"
    nodes = [
        {"id": "feed", "type": "auto-loader", "config": {"path": "in", "columns": columns}},
        *(
            {"id": name, "type": "watermark", "config": {"event_time": name, "delay": "1 second"}}
            for name in ("sent", "got")
        ),
        PAIR | {"config": {"key": ["host"], "within": "10 seconds"}},
        {"id": "out", "type": "file-sink", "config": {"path": "out"}},
    ]
    edges = [("feed", "sent", "in"), ("feed", "got", "in"), ("sent", "pair", "left")]
    edges += [("got", "pair", "right"), ("pair", "out", "in")]
    rows = [
        {"id": str(n), "host": "a", "sent": row("", n)["at"], "got": row("", n + 17 * n % 30)["at"]}
        for n in range(29)
    ]
    answer = played(agent, nodes, edges, rows, check_order=True)
    assert answer["order"]["pair"]["depends_on_order"] is False


def test_what_ended_without_a_partner_says_whose_it_was(agent: McpCaller) -> None:
    config = {"key": ["host"], "right_key": ["id"], "within": "10 seconds"}
    node = PAIR | {"config": config}
    events = {"left": [row("x", 0, "a")], "right": [row("b", 1, None), row("a", 30, None)]}
    answer = report(agent, node, {"left": "left", "right": "right"}, events)
    ended = [(e["key"], e["reason"], [s["input"] for s in e["events"]]) for e in answer["ended"]]
    assert sorted(ended, key=repr) == [
        ({"host": "a"}, "expired", ["left"]),
        ({"host": "a"}, "expired", ["right"]),
        ({"host": "b"}, "expired", ["right"]),
    ]


def test_expected_keys_wait_from_the_start(agent: McpCaller) -> None:
    config = {
        "key": ["host"],
        "timeout": "30 seconds",
        "forget_after": "5 minutes",
        "expected_keys": ["a", "never"],
        "expected_from": "2026-01-01T00:00:10Z",
    }
    node = WATCH | {"config": config}
    events = [row("e0", 1, "a"), row("e1", 35, "b")]
    answer = report(agent, node, {"in": "feed"}, events, advance_to="none")
    assert answer["matches"] == []
    waiting = [(w["key"]["host"], w["deadline"], len(w["events"])) for w in answer["waiting"]]
    assert sorted(waiting) == [
        ("a", "2026-01-01T00:00:40Z", 1),
        ("b", "2026-01-01T00:01:05Z", 1),
        ("never", "2026-01-01T00:00:40Z", 0),
    ]
    answer = report(agent, node, {"in": "feed"}, [*events, row("e2", 50, "b")])
    first = [m for m in answer["matches"] if m["detected_at"] == "2026-01-01T00:00:40Z"]
    silence = {m["key"]["host"]: (m["started_at"], m["measures"]["silence_ms"]) for m in first}
    assert silence == {
        "a": ("2026-01-01T00:00:01Z", 39_000),
        "never": ("2026-01-01T00:00:10Z", 30_000),
    }
    found = [m for m in first if m["key"]["host"] == "never"]
    explained = agent.call(
        "explain_match", {"run_id": answer["run_id"], "match_id": found[0]["match_id"]}
    )
    assert "expected from 2026-01-01T00:00:10Z" in explained["sentences"][-1]
