"""A secret that is given itself is stored nowhere: the call is refused with the way to store it."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.surfaces.host import Host

from .callers import McpCaller

Json = dict[str, Any]
WORD = "hunter2"
KAFKA = {"bootstrap_servers": "b:9092", "topics": "t", "columns": "id bigint"}
LOGIN = {"security_protocol": "SASL_SSL", "sasl_username": "me"}
HOOK = {"url": "https://x.example"}
MQTT = {"topic_filters": ["t"], "client_id": "c", "columns": "id bigint"}
CODE = "from pyspark.sql.datasource import DataSource\nclass A(DataSource):\n    pass\n"
LITERAL: list[tuple[str, str, Json]] = [
    ("kafka-topic", "sasl_password", KAFKA | LOGIN | {"sasl_password": WORD}),
    ("kafka-topic", "sasl_password", KAFKA | LOGIN | {"saslPassword": WORD}),
    ("kafka-topic", "sasl_password", {"topics": "", "sasl_password": WORD}),
    ("kafka-topic", "password", KAFKA | {"password": WORD}),
    ("kafka-topic", "schema_registry_url", KAFKA | {"schema_registry_url": f"http://m:{WORD}@x"}),
    ("mqtt", "broker_url", MQTT | {"broker_url": f"mqtt://me:{WORD}@b.example"}),
    ("event-hub-kinesis", "connection_string", {"connection_string": f"Endpoint=sb://x/;{WORD}"}),
    ("custom-python-source", "options", {"columns": "id bigint", "options": {"token": WORD}}),
    ("rest-webhook-sink", "headers", HOOK | {"headers": {"X-Api-Key": WORD}}),
    ("rest-webhook-sink", "url", {"url": f"https://me:{WORD}@x.example"}),
    (
        "slack-teams-pagerduty",
        "webhook_url",
        {"provider": "slack", "message": "m", "webhook_url": f"https://hooks.slack.com/{WORD}"},
    ),
]


def given(kind: str, config: Json) -> Json:
    code = {"code": CODE} if kind == "custom-python-source" else {}
    return {"id": "it", "type": kind, "name": "It", "config": config | code}


def refused(answer: Json, field: str) -> None:
    """The answer is the refusal that says how to store it, and does not repeat it."""
    error = answer["error"]
    assert error["code"] == "SECRET_IN_CONFIG", error
    assert error["where"]["node"] == "it"
    assert error["where"]["field"].split(".")[0] == field
    assert "databricks secrets put-secret" in error["hint"]
    assert str(error["expected"]).startswith("secret://")
    assert WORD not in str(answer)


def stored_anywhere(host: Host) -> bool:
    """Whether the word stands in a file of the store."""
    files = [path for path in host.workspace.settings.data_dir.rglob("*") if path.is_file()]
    return any(WORD.encode() in path.read_bytes() for path in files)


@pytest.mark.parametrize(("kind", "field", "config"), LITERAL)
def test_a_pipeline_with_it_is_not_made(fresh: Host, kind: str, field: str, config: Json) -> None:
    caller = McpCaller(fresh)
    document = {"format_version": 1, "name": "one", "nodes": [given(kind, config)], "edges": []}
    refused(caller.call("create_pipeline", {"document": document}), field)
    assert caller.call("list_pipelines", {})["pipelines"] == []
    assert not stored_anywhere(fresh)


@pytest.mark.parametrize(("kind", "field", "config"), LITERAL)
def test_an_edit_with_it_is_not_stored(fresh: Host, kind: str, field: str, config: Json) -> None:
    caller = McpCaller(fresh)
    caller.call("create_pipeline", {"id": "one", "name": "One"})
    for arguments in ({}, {"dry_run": True}):
        changes = [{"op": "add_node", "node": given(kind, config)}]
        edit = {"pipeline_id": "one", "changes": changes} | arguments
        refused(caller.call("edit_pipeline", edit), field)
    made = {"pipeline_id": "one", "type": kind, "id": "it", "config": given(kind, config)["config"]}
    refused(caller.call("create_node", made), field)
    assert caller.call("get_pipeline", {"pipeline_id": "one"})["head_revision"] == 1
    assert not stored_anywhere(fresh)


def test_the_way_that_is_told_is_taken(fresh: Host) -> None:
    caller = McpCaller(fresh)
    caller.call("create_pipeline", {"id": "one", "name": "One"})
    node = {"pipeline_id": "one", "type": "kafka-topic", "id": "it"}
    config = KAFKA | LOGIN
    answer = caller.call("create_node", node | {"config": config | {"sasl_password": WORD}})
    told = answer["error"]["expected"]
    assert told == "secret://one/sasl-password"
    assert "put-secret one sasl-password" in answer["error"]["hint"]
    assert "ONE_SASL_PASSWORD" in answer["error"]["hint"]
    done = caller.call("create_node", node | {"config": config | {"sasl_password": told}})
    assert done["revision"] == 2
    assert {f["code"] for f in done["findings"]} == {"NO_SINK", "SOURCE_NOT_CONNECTED"}


def test_a_path_and_what_is_no_text_are_no_secrets(fresh: Host) -> None:
    caller = McpCaller(fresh)
    caller.call("create_pipeline", {"id": "one", "name": "One"})
    config = {"credentialsPath": "/key.json"}
    done = caller.call("create_node", {"pipeline_id": "one", "type": "google-pubsub", "id": "p"})
    assert done["revision"] == 2
    patch = [{"op": "update_node", "id": "p", "config": config | {"max_tokens": 5}}]
    done = caller.call("edit_pipeline", {"pipeline_id": "one", "changes": patch})
    assert done["revision"] == 3
    assert "UNKNOWN_CONFIG" in {finding["code"] for finding in done["findings"]}
