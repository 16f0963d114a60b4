"""What the canvas is told: one status per node, defaults, history, the last run."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import RestCaller
from .pipelines import CHANGES, ORDERS

EVENTS = {"file": "orders.jsonl"}


class Canvas:
    """One pipeline and what the canvas shows of it."""

    def __init__(self, host: Host, name: str) -> None:
        self.rest, self.name = RestCaller(host), name
        self.call("create_pipeline", id=name, name="Orders")
        self.call("create_node", pipeline_id=name, **ORDERS)

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        answer = self.rest.call(operation, arguments)
        assert "error" not in answer, answer
        return answer

    def edit(self, *changes: dict[str, Any]) -> None:
        self.call("edit_pipeline", pipeline_id=self.name, changes=list(changes))

    def test(self) -> dict[str, Any]:
        return self.call("test_pattern", pipeline_id=self.name, events=EVENTS)

    def view(self, **arguments: Any) -> dict[str, Any]:
        return self.call("get_view", pipeline_id=self.name, **arguments)

    def states(self) -> dict[str, str]:
        return {n["id"]: n["status"]["state"] for n in self.view()["nodes"]}


def test_a_node_goes_from_unconfigured_to_deployed(host: Host) -> None:
    canvas = Canvas(host, "statuses")
    incomplete = [{**CHANGES[0], "node": {"type": "filter", "id": "big"}}, CHANGES[1], CHANGES[2]]
    canvas.edit(*incomplete)
    assert canvas.states()["big"] == "unconfigured"
    canvas.edit({"op": "update_node", "id": "big", "config": {"condition": "amout > 100"}})
    assert canvas.states()["big"] == "error"
    canvas.edit({"op": "update_node", "id": "big", "config": {"condition": "amount > 100"}})
    assert set(canvas.states().values()) == {"untested"}
    canvas.test()
    assert set(canvas.states().values()) == {"tested"}
    canvas.edit({"op": "update_node", "id": "big", "config": {"condition": "amount > 150"}})
    assert canvas.states() == {"orders": "tested", "big": "stale", "burst": "stale", "out": "stale"}
    canvas.test()
    document = canvas.call("get_pipeline", pipeline_id="statuses", detail="document")["document"]
    canvas.edit({"op": "replace_document", "document": document | {"status": "deployed"}})
    assert set(canvas.states().values()) == {"deployed"}
    canvas.edit({"op": "disconnect", "source": "orders", "target": "big"})
    assert canvas.states()["big"] == "missing_input"


def test_titles_and_places_do_not_make_a_test_stale(host: Host) -> None:
    canvas = Canvas(host, "cosmetic")
    canvas.edit(*CHANGES)
    canvas.test()
    canvas.edit(
        {"op": "rename_node", "id": "big", "name": "Large orders"},
        {"op": "update_node", "id": "burst", "position": {"x": 10, "y": 20}},
        {"op": "set_pipeline", "description": "Now described"},
    )
    assert set(canvas.states().values()) == {"tested"}


def test_the_view_has_what_the_page_reads(host: Host) -> None:
    canvas = Canvas(host, "complete")
    assert canvas.view()["last_run"] is None
    canvas.edit(*CHANGES)
    run = canvas.test()
    view = canvas.view()
    assert view["pipeline"]["revision"] == view["pipeline"]["head_revision"] == 3
    assert view["last_run"]["run_id"] == run["run_id"]
    assert [h["revision"] for h in view["history"]] == [3, 2, 1]
    assert [e["id"] for e in view["edges"]] == [
        "orders:out>big:in",
        "big:out>burst:in",
        "burst:out>out:in",
    ]
    burst = next(n for n in view["nodes"] if n["id"] == "burst")
    assert burst["category"] == "pattern"
    assert burst["defaults"]["comparison"] == ">="
    assert "threshold" not in burst["defaults"], "a field that was given is no default"
    assert {"name": "match_id", "type": "string"} in burst["columns"]
    assert next(n for n in view["nodes"] if n["id"] == "orders")["event_time"] == "at"
    assert canvas.view(revision=2)["pipeline"]["head_revision"] == 3


@pytest.mark.parametrize("detail", ["mermaid", "svg"])
def test_diagrams_come_as_text(host: Host, detail: str) -> None:
    canvas = Canvas(host, f"drawn-{detail}")
    canvas.edit(*CHANGES)
    shown = canvas.call("get_pipeline", pipeline_id=canvas.name, detail=detail)["shown"]
    assert all(name in shown for name in ("Filter", "Count threshold"))
