"""An agent that builds a one-pattern pipeline, tests it and asks about the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.surfaces.callers import McpCaller

Json = dict[str, Any]
Node = tuple[str, str, Json]
EXAMPLES = Path(__file__).parents[2] / "examples"


def loader(feed: Json) -> Json:
    """Configuration of a source of files."""
    return {"path": "in", "watermark_delay": "1 hour", **feed}


class Agent:
    """Calls operations through the in-memory MCP client."""

    def __init__(self, host: Host) -> None:
        self.mcp = McpCaller(host)
        self.made = 0

    def call(self, operation: str, **arguments: Any) -> Json:
        """An operation's answer, which must not be an error."""
        whole = {"detail": "full"} if "limit" in arguments else {}
        answer = self.mcp.call(operation, whole | arguments)
        assert "error" not in answer, answer
        return answer

    def pipeline(self, kind: str, config: Json, feed: Json, condition: str = "") -> str:
        """A pipeline of a source, perhaps a filter, one pattern and a sink; returns its id."""
        nodes = [("feed", "auto-loader", loader(feed))]
        if condition:
            nodes.append(("chosen", "filter", {"condition": condition}))
        nodes += [("it", kind, config), ("out", "file-sink", {"path": "out"})]
        return self._made(nodes, pairwise([name for name, _, _ in nodes]))

    def routed(self, kind: str, config: Json, feed: Json, condition: str) -> str:
        """The same with a router before the pattern, which reads its first port; returns its id."""
        nodes = [
            ("feed", "auto-loader", loader(feed)),
            ("split", "split-router", {"routes": [{"name": "cheap", "condition": condition}]}),
            ("it", kind, config),
            ("out", "file-sink", {"path": "out"}),
        ]
        return self._made(nodes, pairwise([name for name, _, _ in nodes]))

    def pairing(self, config: Json, feeds: dict[str, Json]) -> str:
        """A pipeline of a temporal correlation with a source per port; returns its id."""
        nodes = [(port, "auto-loader", loader(feed)) for port, feed in feeds.items()]
        nodes += [("it", "temporal-correlation", config), ("out", "file-sink", {"path": "out"})]
        return self._made(nodes, [*((port, f"it:{port}") for port in feeds), ("it", "out")])

    def _made(self, nodes: list[Node], edges: Iterable[tuple[str, str]]) -> str:
        self.made += 1
        pipeline_id = f"asked_{self.made}"
        changes: list[Json] = [
            {"op": "add_node", "node": {"id": name, "type": kind, "config": config}}
            for name, kind, config in nodes
        ]
        for source, place in edges:
            target, _, port = place.partition(":")
            edge = {"op": "connect", "source": source, "target": target}
            changes.append(edge | {"target_port": port or "in"})
        self.call("create_pipeline", name=pipeline_id, id=pipeline_id)
        answer = self.call("edit_pipeline", pipeline_id=pipeline_id, changes=changes)
        assert not [f for f in answer["findings"] if f["severity"] == "error"], answer["findings"]
        return pipeline_id

    def run(self, pipeline_id: str, events: Any, **options: Any) -> Json:
        """A test, with all that it found."""
        options = {"limit": 100, **options}
        return self.call("test_pattern", pipeline_id=pipeline_id, events=events, **options)


@contextmanager
def agent_in(folder: Path) -> Iterator[Agent]:
    """An agent with a store of its own that may read `examples/` and the folder."""
    host = Host.local(Settings(data_dir=folder / "data", data_roots=(EXAMPLES, folder)))
    try:
        yield Agent(host)
    finally:
        host.workspace.close()
