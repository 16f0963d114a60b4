"""`test_connection`: what is there answers, what is not says why, and nothing is sent unasked."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from lakestream_mcp.identity import LocalUser
from lakestream_mcp.settings import Settings
from lakestream_mcp.surfaces.host import Host

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


def test_tables_have_nothing_to_reach(host: Host) -> None:
    assert probe(host, "delta-table-sink", {"table": "a.b.c"})["code"] == "UNSUPPORTED"


def test_only_a_deployer_may_reach_out(host: Host) -> None:
    user = LocalUser("author")
    served = Host(host.workspace.with_caller(user.identity), user)
    document = pipeline("http://127.0.0.1:9/")
    made = call(host, "create_pipeline", document=document)
    answer = call(served, "test_connection", pipeline_id=made["pipeline_id"], node="slack")
    assert not answer or answer["error"]["code"] in ("FORBIDDEN", "NOT_FOUND")
