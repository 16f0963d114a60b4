"""Every pattern's README is executed: its configuration on its events gives its matches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests import witness
from tests.surfaces.callers import McpCaller

PATTERNS = Path(__file__).parents[2] / "lakestream_mcp" / "patterns"
BLOCK = re.compile(
    r"^(## .+?)$|^```json (config|events|matches|rows|order)\n(.*?)^```", re.M | re.S
)
Json = dict[str, Any]


class Example(NamedTuple):
    """One section of a README: its matches, or the rows that an author's own code puts out.

    Events are rows, or rows by port where there are several.
    """

    type: str
    title: str
    config: Json
    events: list[Json] | dict[str, list[Json]]
    matches: list[Json]
    rows: list[Json] | None
    depends_on_order: bool

    def feeds(self) -> dict[str, list[Json]]:
        """Rows by the port they flow into."""
        return self.events if isinstance(self.events, dict) else {"in": self.events}

    def __str__(self) -> str:
        return f"{self.type}: {self.title}"


def examples() -> Iterator[Example]:
    for readme in sorted(PATTERNS.glob("*/README.md")):
        kind, sections = readme.parent.name.replace("_", "-"), [("", {})]
        for heading, block, text in BLOCK.findall(readme.read_text()):
            if heading:
                sections.append((heading.removeprefix("## "), {}))
            else:
                sections[-1][1][block] = json.loads(text)
        for title, parts in sections:
            if parts:
                matches, rows = parts.get("matches", []), parts.get("rows")
                order = parts.get("order", False)
                yield Example(kind, title, parts["config"], parts["events"], matches, rows, order)


def column_type(values: list[Any]) -> str:
    known = [v for v in values if v is not None]
    if all(isinstance(v, bool) for v in known):
        return "boolean"
    if all(isinstance(v, int) for v in known):
        return "bigint"
    if all(isinstance(v, int | float) for v in known):
        return "double"
    return "string"


def columns(rows: list[Json]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    typed = {n: column_type([row.get(n) for row in rows]) for n in names}
    return ", ".join(f"`{n}` {'timestamp' if n == 'at' else kind}" for n, kind in typed.items())


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("readmes")))
    yield McpCaller(host)
    host.workspace.close()


def pipeline(agent: McpCaller, example: Example, number: int) -> str:
    timed = {"path": "in", "event_time": "at", "watermark_delay": "1 hour"}
    nodes = [
        (port, "auto-loader", {**timed, "columns": columns(rows)})
        for port, rows in example.feeds().items()
    ]
    nodes += [("it", example.type, example.config), ("out", "file-sink", {"path": "out"})]
    edges = [*((port, "it", port) for port in example.feeds()), ("it", "out", "in")]
    changes: list[Json] = [
        {"op": "add_node", "node": {"id": name, "type": kind, "config": config}}
        for name, kind, config in nodes
    ]
    changes += [
        {"op": "connect", "source": source, "target": target, "target_port": port}
        for source, target, port in edges
    ]
    pipeline_id = f"readme_{number}"
    agent.call("create_pipeline", {"name": pipeline_id, "id": pipeline_id})
    answer = agent.call("edit_pipeline", {"pipeline_id": pipeline_id, "changes": changes})
    assert "error" not in answer, answer
    assert not [f for f in answer["findings"] if f["severity"] == "error"], answer["findings"]
    return pipeline_id


def shown(match: Json, wanted: Json) -> Json:
    """The parts of a match that the README names."""
    picked = {name: match.get(name) for name in wanted}
    if "events" in wanted:
        picked["events"] = [event["event"] for event in match["events"]]
    if "ids" in wanted:
        picked["ids"] = [event["row"]["id"] for event in match["events"]]
    if "steps" in wanted:
        picked["steps"] = [event["step"] for event in match["events"]]
    return picked


ALL = list(examples())


@pytest.mark.parametrize("number", range(len(ALL)), ids=[str(e) for e in ALL])
def test_example(agent: McpCaller, number: int) -> None:
    example = ALL[number]
    arguments = {
        "pipeline_id": pipeline(agent, example, number),
        "events": example.events,
        "check_order": True,
        "limit": 100,
        "detail": "full",
    }
    answer = agent.call("test_pattern", arguments)
    assert "error" not in answer, answer
    wanted = example.matches
    found = answer["matches"]
    assert len(found) == len(wanted), found
    assert [shown(m, w) for m, w in zip(found, wanted)] == wanted
    if example.rows is not None:
        assert answer["rows"]["it"] == example.rows
    assert answer["order"]["it"]["depends_on_order"] is example.depends_on_order
    for match in found:
        explained = agent.call(
            "explain_match", {"run_id": answer["run_id"], "match_id": match["match_id"]}
        )
        assert "error" not in explained, explained
        for event in explained["match"]["events"]:
            assert all(part["holds"] for part in event["parts"]), event
    witness.saw(example.type, "readme")


def test_every_pattern_has_examples() -> None:
    documented = {e.type for e in ALL}
    assert documented == {p.parent.name.replace("_", "-") for p in PATTERNS.glob("*/node.py")}
