"""Each pattern's README ends with examples on demand, as the pattern itself makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.conftest import REWRITE
from tests.surfaces.callers import McpCaller

from .test_readmes import ALL, PATTERNS, Example, pipeline

HEAD = "\n## Examples on demand\n"
TOLD = (
    '\n`test_pattern` with `{"examples": "all"}` makes these from the first configuration above, '
    "runs them\nthrough the pipeline, and shows only what came out as told. `decided by` names the "
    "field that makes\nthe difference.\n"
)
MOST_ROWS = 4
FIRST = {example.type: at for at, example in reversed(list(enumerate(ALL)))}
TYPES = sorted(set(FIRST) - {"custom"})
"""An author's own code tells no stories."""
Json = dict[str, Any]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("examples")))
    yield McpCaller(host)
    host.workspace.close()


def section(agent: McpCaller, example: Example, number: int) -> str:
    """The section as it should be."""
    made = pipeline(agent, example, number)
    asked = {"pipeline_id": made, "events": {"examples": "all"}, "limit": 100, "detail": "full"}
    told = agent.call("test_pattern", asked)["examples"]
    missing = [e["name"] for e in told if "not_found" in e]
    told = [e for e in told if "not_found" not in e]
    assert {e["expected"] for e in told} == {"match", "no match"}
    lines = ["| what happens | decided by | outcome | events |", "|---|---|---|---|"]
    lines += [
        f"| {e['name']} | {code(e['clause'])} | {e['expected']} | {events(e['rows'])} |"
        for e in told
    ]
    if missing:
        lines += ["", f"No rows were found for: {', '.join(missing)}."]
    return "\n".join([HEAD + TOLD, *lines]) + "\n"


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def events(rows: list[Json] | dict[str, list[Json]]) -> str:
    """The rows in short; of many only the first and the last."""
    feeds = rows if isinstance(rows, dict) else {"": rows}
    listed = [(port, row) for port, those in feeds.items() for row in those]
    shown = [f"{port} {compact(row)}".strip() for port, row in listed]
    if len(shown) > MOST_ROWS:
        shown = [*shown[:2], f"… {len(shown) - 3} more …", shown[-1]]
    return "<br>".join(code(s).replace("|", "\\|") if s[0] != "…" else s for s in shown)


def compact(row: Json) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(", ", ": "))


@pytest.mark.parametrize("kind", TYPES)
def test_golden_examples_on_demand(
    agent: McpCaller, kind: str, request: pytest.FixtureRequest
) -> None:
    readme = PATTERNS / kind.replace("-", "_") / "README.md"
    text = readme.read_text("utf-8")
    wanted = section(agent, ALL[FIRST[kind]], FIRST[kind])
    own = text.partition(HEAD)[0]
    if request.config.getoption(REWRITE):
        readme.write_text(own.rstrip("\n") + "\n" + wanted, "utf-8")
    else:
        assert text == own.rstrip("\n") + "\n" + wanted, "make golden"
