"""Data files that a text names: sources and sinks of files, with the columns that a file shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

from ..surfaces.callers import McpCaller
from .test_rules import config

QUAKES = '{"id": "a1", "network": "ak", "magnitude": 4.5, "at": "2026-05-01T10:00:00Z"}\n'
FEW = "a network has 5 quakes of magnitude 4 or more within an hour"


@pytest.fixture
def caller(tmp_path: Path, engine: LocalEngine) -> McpCaller:
    root = tmp_path / "root"
    root.mkdir()
    (root / "quakes.jsonl").write_text(QUAKES, encoding="utf-8")
    host = Host.local(Settings(data_dir=tmp_path, data_roots=(root,)))
    host.workspace.services.once("engine", lambda: engine)
    return McpCaller(host)


def made(caller: McpCaller, text: str, **more: Any) -> dict[str, dict[str, Any]]:
    answer = caller.call("nl_generate", {"text": text, "backend": "rules"} | more)
    nodes = [c["node"] for c in answer["changes"] if c["op"] == "add_node"]
    return {node["type"]: node["config"] for node in nodes}


def test_columns_are_those_of_the_file(caller: McpCaller) -> None:
    nodes = made(caller, f"Read quakes.jsonl; {FEW}.")
    source = nodes["auto-loader"]
    assert (source["path"], source["format"]) == ("quakes.jsonl", "json")
    assert source["columns"] == "id string, network string, magnitude double, at timestamp"
    pattern = nodes["count-threshold"]
    assert (pattern["key"], pattern["where"]) == (["network"], "magnitude >= 4")
    assert (pattern["threshold"], pattern["window"]) == (5, "1 hour")


@pytest.mark.parametrize("name", ["away.jsonl", "../settings.csv", "/etc/hosts.csv"])
def test_a_file_that_is_not_there_is_named_and_not_read(caller: McpCaller, name: str) -> None:
    nodes = made(caller, f"Read {name} and keep amount over 10")
    assert nodes["auto-loader"]["path"] == name


def test_columns_that_are_given_count_more_than_those_of_the_file(caller: McpCaller) -> None:
    nodes = made(caller, "Read quakes.jsonl and keep m over 3", schema="m double, at timestamp")
    assert nodes["auto-loader"]["columns"] == "m double, at timestamp"


@pytest.mark.parametrize(
    ("said", "path", "kind"),
    [
        ("data/x.csv", "data/x.csv", "csv"),
        ("*.parquet from /data/trips", "/data/trips/*.parquet", "parquet"),
        ("the csv files in the folder in/orders", "in/orders", "csv"),
        ("./orders.json", "./orders.json", "json"),
    ],
)
def test_a_file_is_no_table(said: str, path: str, kind: str) -> None:
    source = config(f"read {said} and keep rows where amount is over 10", "auto-loader", {})
    assert (source["path"], source["format"]) == (path, kind)


def test_a_file_to_write_to_is_a_sink_of_its_format() -> None:
    sink = config("keep rows where amount is over 10 and write them to out/big.csv", "file-sink")
    assert (sink["path"], sink["format"]) == ("out/big.csv", "csv")
