"""`test_connection`: what is there answers, what is not says why, and nothing is sent unasked."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.identity import LocalUser
from lakestream_mcp.nodes.kafka_probe import scram_proof
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host
from tests.mqtt.broker import PASSWORD, USER, broker

from .servers import Answer, http_server, smtp_server
from .test_shown import call, pipeline


@pytest.fixture
def host(tmp_path: Path) -> Any:
    made = Host.local(Settings(data_dir=tmp_path))
    yield made
    made.workspace.close()


def probe(host: Host, node_type: str, config: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The verdict on a pipeline's sink of this type."""
    document = pipeline("http://127.0.0.1:9/")
    document["nodes"][2] |= {"type": node_type, "config": config}
    made = call(host, "create_pipeline", document=document | {"name": node_type})
    assert "error" not in made, made
    answer = call(host, "test_connection", pipeline_id=made["pipeline_id"], node="slack", **more)
    return answer.get("error", answer)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


SLACK = {"provider": "slack", "message": "{key}"}
MAIL = {
    "host": "127.0.0.1",
    "security": "none",
    "sender": "a@b.c",
    "to": "d@e.f",
    "subject": "x",
    "body": "x",
}


def test_a_message_is_sent_only_when_asked(host: Host) -> None:
    with http_server() as server:
        config = {**SLACK, "webhook_url": server.url}
        assert probe(host, "slack-teams-pagerduty", config)["ok"]
        assert server.requests == []
        sent = probe(host, "slack-teams-pagerduty", config, send=True)
        assert sent["verdict"] == "127.0.0.1 took it with status 200"
        assert [r.body["text"] for r in server.requests] == ["LakeStream connection test"]


def test_pagerduty_is_told_that_the_test_is_over(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERTS_PAGE_KEY", "r0")
    with http_server() as server:
        config = {
            "provider": "pagerduty",
            "routing_key": "secret://alerts/page-key",
            "webhook_url": server.url,
            "message": "x",
        }
        assert probe(host, "slack-teams-pagerduty", config, send=True)["ok"]
    assert [(r.body["event_action"], r.body["routing_key"]) for r in server.requests] == [
        ("trigger", "r0"),
        ("resolve", "r0"),
    ]


def test_a_refusal_is_a_verdict(host: Host) -> None:
    with http_server(Answer(403)) as server:
        answer = probe(host, "rest-webhook-sink", {"url": server.url}, send=True)
    assert (answer["ok"], answer["code"]) == (False, "CONNECTION_FAILED")
    assert answer["verdict"] == "127.0.0.1 answered with status 403."
    assert answer["seconds"] >= 0


def test_nobody_there_is_a_verdict(host: Host) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    answer = probe(host, "rest-webhook-sink", {"url": url})
    assert answer["code"] == "CONNECTION_FAILED"
    assert "refused" in answer["verdict"]


def test_a_secret_that_is_not_set_says_where(host: Host) -> None:
    answer = probe(host, "rest-webhook-sink", {"url": "secret://alerts/hook-url"})
    assert answer["code"] == "SECRET_NOT_FOUND"
    assert answer["next"].startswith("set the secret")


def test_mail_servers_are_logged_in_to(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "pw")
    login = {"username": "me", "password": "secret://mail/password"}
    with smtp_server() as server:
        config = {**MAIL, **login, "port": server.port}
        assert probe(host, "email-sink", config)["verdict"] == "127.0.0.1 takes the login"
        assert (len(server.logins), server.mails) == (1, [])
        assert probe(host, "email-sink", config, send=True)["ok"]
        assert len(server.mails) == 1


def test_a_port_that_is_no_broker_is_told_apart(host: Host) -> None:
    with http_server() as server:
        config = {"bootstrap_servers": f"127.0.0.1:{server.server_port}", "topic": "t"}
        answer = probe(host, "kafka-topic-sink", config)
    assert answer["code"] == "CONNECTION_FAILED"


def test_a_trust_store_of_the_jvm_is_told(host: Host) -> None:
    config = {
        "bootstrap_servers": f"127.0.0.1:{free_port()}",
        "topic": "t",
        "security_protocol": "SSL",
        "truststore_type": "JKS",
        "truststore_location": "/trust.jks",
    }
    answer = probe(host, "kafka-topic-sink", config)
    assert (answer["ok"], answer["code"]) == (False, "UNSUPPORTED")
    assert "JKS" in answer["verdict"]


def test_the_proof_of_a_login_is_that_of_the_standard() -> None:
    """The example of RFC 7677."""
    answer = (
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    last, signature = scram_proof("sha256", "pencil", "n=user,r=rOprNGfwEbeRWgbNEkqO", answer)
    assert last.endswith(",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    assert signature == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    other = answer.replace("r=rOpr", "r=xOpr")
    with pytest.raises(ValueError, match="none"):
        scram_proof("sha256", "pencil", "n=user,r=rOprNGfwEbeRWgbNEkqO", other)


def source(host: Host, node_type: str, config: dict[str, Any]) -> dict[str, Any]:
    """The verdict on a source."""
    node = {"id": "it", "type": node_type, "name": "It", "config": config}
    document = {"format_version": 1, "name": node_type, "nodes": [node], "edges": []}
    made = call(host, "create_pipeline", id=f"p{secrets.token_hex(4)}", document=document)
    assert "error" not in made, made
    return call(host, "test_connection", pipeline_id=made["pipeline_id"], node="it")


def test_a_message_broker_is_logged_in_to(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_RIGHT", PASSWORD)
    monkeypatch.setenv("MQTT_WRONG", "pen")
    with broker() as server:
        config = {
            "broker_url": f"mqtt://{server.address}",
            "topic_filters": ["rooms/#"],
            "client_id": "lakestream",
            "columns": "id bigint",
            "username": USER,
        }
        right = source(host, "mqtt", config | {"password": "secret://mqtt/right"})
        assert right["ok"]
        assert right["verdict"].endswith("is a broker that takes the login")
        wrong = source(host, "mqtt", config | {"password": "secret://mqtt/wrong", "qos": 0})
        assert (wrong["ok"], wrong["code"]) == (False, "CONNECTION_FAILED")
        assert server.subscribed == []
        assert server.sessions == [False, False], "the source's own session is left alone"
    with http_server() as other:
        config["broker_url"] = f"mqtt://127.0.0.1:{other.server_port}"
        config["password"] = "secret://mqtt/right"
        assert source(host, "mqtt", config | {"qos": 2})["code"] == "CONNECTION_FAILED"


CLOUD = {"streams": ["orders"], "columns": "id bigint"}


def test_cloud_streams_have_a_verdict(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_ORDERS", "Endpoint=sb://none")
    hub = {
        "provider": "event-hub",
        "namespace": "nobody.servicebus.invalid",
        "connection_string": "secret://azure/orders",
    }
    assert source(host, "event-hub-kinesis", CLOUD | hub)["code"] == "CONNECTION_FAILED"
    kinesis = source(host, "event-hub-kinesis", CLOUD | {"provider": "kinesis"})
    assert kinesis["code"] == "UNSUPPORTED"
    assert "Kinesis" in kinesis["verdict"]


def test_tables_have_nothing_to_reach(host: Host) -> None:
    answer = probe(host, "delta-table-sink", {"table": "a.b.c"})
    assert answer["code"] == "UNSUPPORTED"
    assert "update_node" not in answer["next"], "there is nothing to mend"


def test_only_a_deployer_may_reach_out(host: Host) -> None:
    user = LocalUser("author")
    served = Host(host.workspace.with_caller(user.identity), user)
    document = pipeline("http://127.0.0.1:9/")
    made = call(host, "create_pipeline", document=document)
    answer = call(served, "test_connection", pipeline_id=made["pipeline_id"], node="slack")
    assert not answer or answer["error"]["code"] in ("FORBIDDEN", "NOT_FOUND")
