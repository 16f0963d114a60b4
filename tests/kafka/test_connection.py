"""`test_connection` against a real broker: it answers, takes the login, and knows the topic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.explain.agent import Agent

from .broker import broker, free_port

pytestmark = [pytest.mark.spark, pytest.mark.kafka]
Json = dict[str, Any]
LOGIN = """\
listeners=PLAINTEXT://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{control}},LOGIN://127.0.0.1:{login}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},LOGIN://127.0.0.1:{login}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT
listener.name.login.sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512
listener.name.login.scram-sha-256.sasl.jaas.config=\\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.scram-sha-512.sasl.jaas.config=\\
org.apache.kafka.common.security.scram.ScramLoginModule required;
"""
USERS = [f"SCRAM-SHA-{n}=[name=me,password=pencil]" for n in (256, 512)]
COLUMNS = {"columns": "id bigint"}


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, str]]:
    """The address without a login, and that with one."""
    login = free_port()
    with broker(LOGIN.format(login=login), USERS) as server:
        yield server, f"127.0.0.1:{login}"


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    """An agent of a server that knows one right password and one wrong."""
    monkeypatch.setenv("KAFKA_RIGHT", "pencil")
    monkeypatch.setenv("KAFKA_WRONG", "pen")
    host = Host.local(Settings(data_dir=tmp_path / "store"))
    yield Agent(host)
    host.workspace.close()


def tried(agent: Agent, name: str, kind: str, config: Json) -> Json:
    """The verdict on a node."""
    node = {"id": "it", "type": kind, "name": "It", "config": config}
    document = {"format_version": 1, "name": name, "nodes": [node], "edges": []}
    agent.call("create_pipeline", id=name, document=document)
    answer: Json = agent.call("test_connection", pipeline_id=name, node="it")
    return answer


def make_topic(server: str) -> None:
    """A topic with two partitions, made by the first record."""
    from click.testing import CliRunner

    from lakestream_mcp.surfaces.cli import main

    words = ["simulate", "--config", '{"profile": "cdc"}', "--count", "2", "--kafka", server]
    assert CliRunner().invoke(main, [*words, "--topic", "changes"]).exit_code == 0


def test_topics_are_known_or_not(agent: Agent, servers: tuple[str, str]) -> None:
    server, _ = servers
    missing = {"bootstrap_servers": server, "topics": "none_such"} | COLUMNS
    for name in ("one", "again"):
        answer = tried(agent, name, "kafka-topic", missing)
        assert (answer["ok"], answer["code"]) == (False, "TOPIC_NOT_FOUND")
    make_topic(server)
    kafka = {"bootstrap_servers": server, "topics": "changes"}
    cdc = {"primary_keys": ["id"], **COLUMNS}
    assert tried(agent, "read", "kafka-topic", kafka | COLUMNS)["verdict"].endswith(
        "is a broker that answers; topic `changes` has 2 partitions"
    )
    assert tried(agent, "cdc", "cdc-stream", kafka | cdc)["ok"]


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_logins_are_tried(agent: Agent, servers: tuple[str, str], mechanism: str) -> None:
    config = {
        "bootstrap_servers": servers[1],
        "topics": "none_such",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_username": "me",
    } | COLUMNS
    right = tried(agent, "right", "kafka-topic", config | {"sasl_password": "secret://kafka/right"})
    assert right["code"] == "TOPIC_NOT_FOUND"
    wrong = tried(agent, "wrong", "kafka-topic", config | {"sasl_password": "secret://kafka/wrong"})
    assert wrong["code"] == "CONNECTION_FAILED"
    assert "the login was refused" in wrong["verdict"]
    plain = config | {"sasl_mechanism": "PLAIN", "sasl_password": "secret://kafka/right"}
    assert "does not know the mechanism" in tried(agent, "plain", "kafka-topic", plain)["verdict"]
