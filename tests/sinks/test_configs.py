"""Sinks' configurations: earlier shapes are understood, secrets and nonsense are refused."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.config import canonical, parse
from lakestream_mcp.graph.model import Column, Relation

CATALOG = Catalog.load()
ROWS = Relation(
    (Column("Card", "string"), Column("amount", "double"), Column("at", "timestamp")), "at"
)
Json = dict[str, Any]
HOOK = {"url": "https://example.com/hook"}
SLACK = {"provider": "slack", "webhook_url": "secret://a/b"}
MAIL = {"host": "h", "sender": "a@b.c", "to": "d@e.f", "subject": "x", "body": "x"}
BASE = {"host": "h", "table": "t", "user": "u", "password": "secret://a/b"}


@pytest.mark.parametrize(
    ("type_name", "given", "ours"),
    [
        (
            "rest-webhook-sink",
            {
                "url": "https://x",
                "authType": "basic",
                "basicAuthUsername": "u",
                "basicAuthPassword": "secret://a/b",
                "headers": [{"key": "X-Team", "value": "ops"}],
                "payloadTemplate": '{"a": "{Card}"}',
            },
            {
                "url": "https://x",
                "auth": "basic",
                "username": "u",
                "password": "secret://a/b",
                "headers": {"X-Team": "ops"},
                "payload": '{"a": "{Card}"}',
            },
        ),
        (
            "slack-teams-pagerduty",
            {"provider": "teams", "webhookUrl": "secret://a/b", "messageTemplate": "x"},
            {"provider": "teams", "webhook_url": "secret://a/b", "message": "x"},
        ),
        (
            "email-sink",
            {"smtpProvider": "smtp", "smtpServer": "h", "smtpPort": 25, "subjectTemplate": "s"},
            {"provider": "smtp", "host": "h", "port": 25, "subject": "s"},
        ),
        (
            "dead-letter-queue",
            {"target": "delta", "deltaTable": "a.b.c", "includeErrorInfo": True},
            {"target": "delta", "table": "a.b.c", "include_error": True},
        ),
        (
            "unity-catalog-table-sink",
            {"catalog": "a", "schema": "b", "table": "c", "writeMode": "append"},
            {"table": "a.b.c", "mode": "append"},
        ),
        (
            "sql-warehouse-sink",
            {"warehouseId": "w", "catalog": "a", "schema": "b", "table": "c"},
            {"warehouse_id": "w", "table": "a.b.c"},
        ),
        (
            "feature-store-sink",
            {"featureTableName": "a.b.c", "primaryKeys": "k, l", "timestampKey": "at"},
            {"table": "a.b.c", "primary_keys": "k, l", "timestamp_key": "at"},
        ),
        (
            "lakebase-sink",
            {"schema": "s", "table": "t", "writeMode": "upsert", "mergeKeys": ["k"]},
            {"schema_name": "s", "table": "t", "mode": "merge", "merge_keys": ["k"]},
        ),
    ],
)
def test_earlier_configurations_are_understood(type_name: str, given: Json, ours: Json) -> None:
    assert canonical(CATALOG.get(type_name), given) == ours


@pytest.mark.parametrize(
    ("type_name", "given", "field"),
    [
        ("rest-webhook-sink", {"url": "ftp://x"}, "url"),
        ("rest-webhook-sink", {"url": "https://u:pw@x/"}, "url"),
        ("rest-webhook-sink", HOOK | {"token": "hunter2", "auth": "bearer"}, "token"),
        ("rest-webhook-sink", HOOK | {"headers": {"X-Api-Key": "hunter2"}}, "headers"),
        ("rest-webhook-sink", HOOK | {"headers": {"Authorization": "hunter2"}}, "headers"),
        ("rest-webhook-sink", HOOK | {"headers": {"A": "x\r\nB: y"}}, "headers.A"),
        ("rest-webhook-sink", HOOK | {"payload": "not JSON"}, "payload"),
        ("rest-webhook-sink", HOOK | {"over_limit": "summary"}, "over_limit"),
        (
            "slack-teams-pagerduty",
            {**SLACK, "webhook_url": "https://hooks.slack.com/hunter2", "message": "x"},
            "webhook_url",
        ),
        (
            "slack-teams-pagerduty",
            {**SLACK, "webhook_url": "http://127.0.0.1.evil.com/", "message": "x"},
            "webhook_url",
        ),
        ("email-sink", MAIL | {"to": "x@y.z\nBcc: a@b.c"}, "to"),
        ("email-sink", MAIL | {"password": "hunter2"}, "password"),
        ("lakebase-sink", BASE | {"table": 'a"b'}, "table"),
        ("lakebase-sink", BASE | {"tableType": "live-table"}, "tableType"),
        ("lakebase-sink", BASE | {"mode": "complete"}, "mode"),
        ("sql-warehouse-sink", {"warehouse_id": "w 1", "table": "a.b.c"}, "warehouse_id"),
        (
            "sql-warehouse-sink",
            {"warehouse_id": "w", "table": "a.b.c", "staging": "/tmp/x"},
            "staging",
        ),
        ("feature-store-sink", {"table": "a.b.c", "primary_keys": []}, "primary_keys"),
    ],
)
def test_bad_values_are_refused_at_their_field(type_name: str, given: Json, field: str) -> None:
    problems = parse(CATALOG.get(type_name), given).problems
    assert problems
    assert problems[0].field == field
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    ("type_name", "given", "codes"),
    [
        ("rest-webhook-sink", HOOK | {"auth": "basic"}, ["MISSING_CONFIG", "MISSING_CONFIG"]),
        ("rest-webhook-sink", HOOK | {"token": "secret://a/b"}, ["UNUSED_CONFIG"]),
        ("rest-webhook-sink", HOOK | {"timeout": "10 minutes"}, ["INVALID_VALUE"]),
        ("rest-webhook-sink", HOOK | {"payload": {"a": ["{crad}"]}}, ["UNKNOWN_COLUMN"]),
        ("rest-webhook-sink", HOOK | {"id_column": "crad"}, ["UNKNOWN_COLUMN"]),
        ("slack-teams-pagerduty", SLACK | {"message": "{Card:.2}"}, ["BAD_TEMPLATE"]),
        ("slack-teams-pagerduty", SLACK | {"message": "a { b"}, ["BAD_TEMPLATE"]),
        ("slack-teams-pagerduty", SLACK | {"message": "{card} {amount:.1} {at:date}"}, []),
        ("slack-teams-pagerduty", SLACK | {"message": "x", "region": "eu"}, ["UNUSED_CONFIG"]),
        ("email-sink", MAIL | {"api_key": "secret://a/b"}, ["UNUSED_CONFIG"]),
        ("email-sink", MAIL | {"username": "me"}, ["MISSING_CONFIG"]),
        ("dead-letter-queue", {"table": "a.b.c", "topic": "t"}, ["UNUSED_CONFIG"]),
        ("dead-letter-queue", {"table": "a.b.c", "error": "crad"}, ["UNKNOWN_COLUMN"]),
        (
            "dead-letter-queue",
            {"table": "a.b.c", "include_error": False, "source": "x"},
            ["UNUSED_CONFIG"],
        ),
        (
            "feature-store-sink",
            {"table": "a.b.c", "primary_keys": ["at"], "timestamp_key": "at"},
            ["DUPLICATE_COLUMN"],
        ),
        (
            "feature-store-sink",
            {"table": "a.b.c", "primary_keys": ["card"], "timestamp_key": "amount"},
            ["EVENT_TIME_TYPE"],
        ),
        ("lakebase-sink", {**BASE, "password": None}, ["MISSING_CONFIG", "MISSING_CONFIG"]),
        ("lakebase-sink", BASE | {"merge_keys": ["card"], "sequence_by": "at"}, []),
    ],
)
def test_what_cannot_work_is_a_problem(type_name: str, given: Json, codes: list[str]) -> None:
    node_type = CATALOG.get(type_name)
    parsed = parse(node_type, given)
    assert not parsed.problems
    assert [p.code for p in node_type.check(parsed.config, [ROWS])] == codes


def test_a_fix_mends_the_template() -> None:
    node_type = CATALOG.get("slack-teams-pagerduty")
    given = SLACK | {"message": "Card {crad} at {at:time}"}
    (problem,) = node_type.check(parse(node_type, given).config, [ROWS])
    assert problem.fix == {"message": "Card {Card} at {at:time}"}
    mended = parse(node_type, given | problem.fix).config
    assert not list(node_type.check(mended, [ROWS]))
