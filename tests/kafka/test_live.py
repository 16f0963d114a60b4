"""Live previews of real topics: the newest records, as the node decodes them."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.deploy.spark_process import SparkProcess
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.explain.agent import Agent

from .broker import free_port
from .test_formats import ANN, FIRST, SECOND, change, numbered, produce, text
from .wire import avro_bytes, avro_long, registry

pytestmark = [pytest.mark.spark, pytest.mark.kafka]
Json = dict[str, Any]
COLUMNS = "id bigint, at timestamp, place struct<city:string,seen:timestamp>"


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    """An agent of a server that knows the registry's password."""
    monkeypatch.setenv("REGISTRY_PASSWORD", "of the registry")
    host = Host.local(Settings(data_dir=tmp_path / "store"))
    yield Agent(host)
    host.workspace.close()


def made(agent: Agent, name: str, config: Json, kind: str = "kafka-topic") -> str:
    """A topic that goes through a filter into files."""
    through = {"condition": "id <> 7"}
    nodes = [
        ("feed", kind, config),
        ("it", "filter", through),
        ("out", "file-sink", {"path": "out"}),
    ]
    edges = [{"source": "feed", "target": "it"}, {"source": "it", "target": "out"}]
    listed = [{"id": i, "type": t, "name": i, "config": c} for i, t, c in nodes]
    document = {"format_version": 1, "name": name, "nodes": listed, "edges": edges}
    agent.call("create_pipeline", id=name, document=document)
    return name


def event(number: int) -> Json:
    at = f"2026-03-01T10:00:{number:02d}.000001Z"
    return {"id": number, "at": at, "place": {"city": "Oslo", "seen": at}}


def test_the_newest_records_and_those_since(agent: Agent, server: str, spark: SparkProcess) -> None:
    produce(spark, server, {"live": text(*map(event, range(20)))})
    time.sleep(0.01)
    produce(spark, server, {"live": text(event(20), event(7), b"{", event(21))})
    kafka = {"bootstrap_servers": server, "topics": "live", "columns": COLUMNS}
    asked = {"pipeline_id": made(agent, "live", kafka), "node": "it"}
    shown = agent.call("preview_node", **asked, events={"live": 4})
    assert shown["total"] == 2  # one is filtered out, and one cannot be read
    assert sorted(row["id"] for row in shown["rows"]) == [20, 21]
    assert {row["at"] for row in shown["rows"]} == {event(20)["at"], event(21)["at"]}
    assert "the last 4 records" in shown["warnings"][0]
    since = shown["warnings"][0].partition("since: ")[2]
    assert dt.datetime.fromisoformat(since).tzinfo is not None
    produce(spark, server, {"live": text(event(30))})
    newer = agent.call("preview_node", **asked, events={"live": 4, "since": since})
    assert [row["id"] for row in newer["rows"]] == [30]


def test_values_are_decoded_as_the_registry_has_them(
    agent: Agent, server: str, spark: SparkProcess
) -> None:
    values = [
        numbered(1, avro_long(1) + avro_bytes(b"/a")),
        numbered(2, avro_long(2) + avro_bytes(b"phone") + avro_bytes(b"/b")),
    ]
    produce(spark, server, {"visited": [*values]})
    versions = [{"id": 1, "schema": json.dumps(FIRST)}, {"id": 2, "schema": json.dumps(SECOND)}]
    with registry({"visited-value": versions}) as address:
        config = {
            "bootstrap_servers": server,
            "topics": "visited",
            "format": "avro",
            "columns": "id bigint, page string, device string",
            "schema_registry_url": address,
            "schema_registry_username": "reader",
            "schema_registry_password": "secret://registry/password",
            "include_metadata": True,
        }
        name = made(agent, "visited", config)
        shown = agent.call("preview_node", pipeline_id=name, node="feed", events={"live": 10})
    rows = sorted(shown["rows"], key=lambda row: row["id"])
    assert [(row["page"], row["device"]) for row in rows] == [("/a", "unknown"), ("/b", "phone")]
    assert {row["kafka_topic"] for row in rows} == {"visited"}


def test_changes_are_flattened(agent: Agent, server: str, spark: SparkProcess) -> None:
    produce(spark, server, {"altered": text(change("c", None, ANN, 0), change("d", ANN, None, 1))})
    config = {"bootstrap_servers": server, "topics": "altered", "primary_keys": ["id"]}
    name = made(agent, "altered", config | {"columns": "id bigint, name string"}, "cdc-stream")
    shown = agent.call("preview_node", pipeline_id=name, node="it", events={"live": 10})
    assert sorted((row["name"], row["op"]) for row in shown["rows"]) == [("Ann", "c"), ("Ann", "d")]


def refusal(agent: Agent, name: str, config: Json) -> Json:
    asked = {"pipeline_id": made(agent, name, config), "node": "feed", "events": {"live": 5}}
    error: Json = agent.mcp.call("preview_node", asked)["error"]
    assert error["where"]["node"] == "feed"
    return error


def test_a_topic_that_is_not_there_is_not_made(agent: Agent, server: str) -> None:
    kafka = {"bootstrap_servers": server, "topics": "none_such", "columns": "id bigint"}
    error = refusal(agent, "none", kafka)
    assert (error["code"], error["got"]) == ("TOPIC_NOT_FOUND", "none_such")
    assert refusal(agent, "again", kafka)["code"] == "TOPIC_NOT_FOUND"


def test_what_cannot_be_reached_says_so(agent: Agent, server: str) -> None:
    kafka = {"topics": "live", "columns": "id bigint"}
    nobody = {**kafka, "bootstrap_servers": f"127.0.0.1:{free_port()}"}
    assert refusal(agent, "nobody", nobody)["code"] == "CONNECTION_FAILED"
    login = {
        "bootstrap_servers": server,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_username": "me",
        "sasl_password": "secret://nowhere/password",
    }
    assert refusal(agent, "secret", {**kafka, **login})["code"] == "SECRET_NOT_FOUND"


def test_it_takes_who_may_reach_out(server: str, tmp_path: Path) -> None:
    host = Host.local(Settings(data_dir=tmp_path / "store", role="author"))
    kafka = {"bootstrap_servers": server, "topics": "live", "columns": "id bigint"}
    author = Agent(host)
    asked = {"pipeline_id": made(author, "mine", kafka), "node": "feed", "events": {"live": 5}}
    assert author.mcp.call("preview_node", asked)["error"]["code"] == "FORBIDDEN"
    host.workspace.close()
