"""Targets through the tools that agents call, and the files by their addresses."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from fastmcp import Client

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from lakestream_mcp.surfaces.mcp import server
from tests.codegen.cases import BASES, FEED
from tests.surfaces.callers import McpCaller

from .cases import node

ID = "orders"
NODES = [
    node("feed", "auto-loader", **FEED),
    node("big", "filter", condition="amount > 1"),
    node("quiet", "absence", **BASES["absence"]),
    node("kept", "delta-table-sink", table="main.out.kept"),
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpCaller]:
    host = Host.local(Settings(data_dir=tmp_path_factory.mktemp("targets")))
    made = McpCaller(host)
    made.call("create_pipeline", {"name": "Orders", "id": ID})
    changes: list[dict[str, Any]] = []
    for number, each in enumerate(NODES):
        after = {"after": NODES[number - 1]["id"]} if number else {}
        changes.append({"op": "add_node", "node": each} | after)
    assert "error" not in made.call("edit_pipeline", {"pipeline_id": ID, "changes": changes})
    yield made
    host.workspace.close()


def read(agent: McpCaller, addresses: list[str]) -> list[str]:
    async def ask() -> list[str]:
        async with Client(server(agent.host)) as client:
            return [(await client.read_resource(a))[0].text for a in addresses]  # type: ignore[union-attr]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("target", "given", "files"),
    [
        ("auto", "sss", ["orders.py"]),
        ("hybrid", "hybrid", ["orders.sql", "orders.py"]),
        (
            "bundle",
            "bundle",
            ["databricks.yml", "resources/orders.yml", "src/orders.py"],
        ),
    ],
)
def test_files_of_a_target_are_where_the_answer_says(
    agent: McpCaller, target: str, given: str, files: list[str]
) -> None:
    answer = agent.call("generate_code", {"pipeline_id": ID, "target": target})
    assert answer["target"] == given
    assert [g["name"] for g in answer["generated"]] == files
    texts = read(agent, [g["resource"] for g in answer["generated"]])
    for file, text in zip(answer["generated"], texts, strict=True):
        assert hashlib.sha256(text.encode()).hexdigest() == file["sha256"]


def test_the_answer_says_where_each_node_went_and_why(agent: McpCaller) -> None:
    answer = agent.call("generate_code", {"pipeline_id": ID, "target": "hybrid", "content": True})
    assert [(r["target"], r["nodes"]) for r in answer["routes"]] == [
        ("sdp", ["feed", "big"]),
        ("sss", ["quiet"]),
        ("sss", ["kept"]),
    ]
    assert all(r["reason"] for r in answer["routes"])
    assert [t["depends_on"] for t in answer["tasks"]] == [[], ["declarative"]]
    for file, nodes in answer["line_map"].items():
        lines = answer["files"][file].split("\n")
        for name, ranges in nodes.items():
            assert all(f"lakestream:node={name}" in lines[first - 1] for first, _ in ranges)
    assert set(answer["line_map"]["orders.sql"]) == {"feed", "big", "big_table"}


def test_a_target_that_a_node_lacks_is_refused(agent: McpCaller) -> None:
    error = agent.call("generate_code", {"pipeline_id": ID, "target": "sdp"})["error"]
    assert (error["code"], error["where"]["node"]) == ("NO_CODE_FOR_TARGET", "quiet")
    assert error["expected"] == ["sss", "auto"]
