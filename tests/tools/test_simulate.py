"""Simulated events through the runner: made, checked, or refused with the reason."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy.publish import checked
from lakestream_mcp.errors import LakestreamError
from lakestream_mcp.identity import Identity
from lakestream_mcp.operations import call, find
from lakestream_mcp.settings import Settings
from lakestream_mcp.workspace import Workspace

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace of its own."""
    folder = tmp_path_factory.mktemp("data")
    workspace = Workspace.open(Settings(data_dir=folder), Identity("ann", "deployer"))
    yield workspace
    workspace.close()


def simulate(ws: Workspace, **arguments: Any) -> Any:
    return call(find("simulate"), ws, arguments)


@pytest.mark.parametrize("profile", ["iot-sensors", "clickstream", "ecommerce-orders", "cdc"])
def test_events_fit_the_schema_of_their_columns(ws: Workspace, profile: str) -> None:
    answer = simulate(ws, config={"profile": profile, "malformed_share": 0.0}, count=300)
    assert answer.events == 300
    good, bad = checked(answer.first, answer.json_schema, "t", None, "t-dlq", NOW)
    assert (len(good), len(bad)) == (len(answer.first), 0)
    assert [json.loads(record.value) for record in good] == answer.first


def test_what_does_not_fit_becomes_a_dead_letter(ws: Workspace) -> None:
    answer = simulate(ws, config={"profile": "financial-transactions"}, count=3)
    events = [answer.first[0], answer.first[1] | {"amount": "much"}, answer.first[2]]
    del events[2]["currency"]
    good, bad = checked(events, answer.json_schema, "pay", "account_id", "pay-dlq", NOW)
    assert [(r.topic, r.key) for r in good] == [("pay", events[0]["account_id"])]
    assert [(r.topic, r.key) for r in bad] == [("pay-dlq", e["account_id"]) for e in events[1:]]
    letters = [json.loads(record.value) for record in bad]
    assert [letter["original_event"] for letter in letters] == events[1:]
    assert {letter["original_topic"] for letter in letters} == {"pay"}
    assert {letter["timestamp"] for letter in letters} == {"2026-01-01T00:00:00+00:00"}
    assert "amount" in letters[0]["error"]
    assert "currency" in letters[1]["error"]


def test_who_may_not_deploy_may_not_have_the_server_reach_out(ws: Workspace) -> None:
    author = ws.with_caller(Identity("ben", "author"))
    assert simulate(author, config={"profile": "cdc"}, count=2).events == 2
    with pytest.raises(LakestreamError) as caught:
        simulate(author, config={"profile": "cdc"}, kafka="127.0.0.1:9", topic="t")
    assert caught.value.code == "FORBIDDEN"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"config": {"profile": "weather"}}, "INVALID_CONFIG"),
        ({"config": {"profile": "custom"}}, "MISSING_CONFIG"),
        ({"config": {}, "count": 0}, "INVALID_ARGUMENT"),
        ({"config": {}, "kafka": "nowhere", "topic": "t"}, "INVALID_ARGUMENT"),
        ({"config": {}, "kafka": "host:1"}, "INVALID_ARGUMENT"),
        ({"config": {}, "kafka": "host:1", "topic": "a b"}, "INVALID_ARGUMENT"),
        ({"config": {}, "kafka": "h:1", "topic": "t", "key": "nr"}, "UNKNOWN_COLUMN"),
        (
            {"config": {}, "kafka": "h:1", "topic": "t", "json_schema": {"type": "thing"}},
            "INVALID_SCHEMA",
        ),
        (
            {
                "config": {},
                "kafka": "h:1",
                "topic": "t",
                "json_schema": {"$ref": "http://127.0.0.1:9/other.json"},
            },
            "INVALID_SCHEMA",
        ),
    ],
)
def test_what_cannot_be_is_refused(ws: Workspace, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(LakestreamError) as caught:
        simulate(ws, **arguments)
    assert caught.value.code == code, caught.value.to_json()


def test_the_same_is_made_on_the_command_line(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from lakestream_mcp.surfaces.cli import main

    words = ["simulate", "--config", '{"profile": "cdc", "seed": 4}', "--count", "2", "--json"]
    environment = {"LAKESTREAM_DATA_DIR": str(tmp_path)}
    result = CliRunner().invoke(main, words, env=environment)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert [event["op"] for event in found["first"]] == ["r", "r"]
