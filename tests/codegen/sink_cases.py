"""Sinks: a small configuration of each, and for each of its fields another value."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

QUEUE: Json = {"bootstrap_servers": "kafka:9092", "target": "kafka", "topic": "dead", "table": None}
SENDING: Json = {
    "id_column": {"id_column": "note"},
    "max_per_minute": {"max_per_minute": 7},
    "over_limit": {"over_limit": "log"},
    "tries": {"tries": 2},
    "timeout": {"timeout": "9s"},
    "longest_wait": {"longest_wait": "9s"},
    "give_up_after": {"give_up_after": 9},
    "connections": {"connections": 2},
    "log_table": {"log_table": "main.ops.sent"},
    "remember": {"remember": "9 days"},
}
PAGED: Json = {"provider": "pagerduty", "webhook_url": None, "routing_key": "secret://alerts/key"}
BASIC: Json = {"auth": "basic", "username": "me", "password": "secret://alerts/password"}
SMTP_LOGIN: Json = {"username": "me", "password": "secret://alerts/password"}

SINK_BASES: dict[str, Json] = {
    "rest-webhook-sink": {"url": "https://example.com/hook"},
    "unity-catalog-table-sink": {"table": "main.out.matches"},
    "dead-letter-queue": {"table": "main.out.dead"},
    "sql-warehouse-sink": {
        "warehouse_id": "w1",
        "table": "main.out.matches",
        "merge_keys": ["key"],
        "sequence_by": "at",
    },
    "feature-store-sink": {
        "table": "main.out.features",
        "primary_keys": ["key"],
        "timestamp_key": "at",
    },
    "lakebase-sink": {
        "host": "db.example.com",
        "table": "matches",
        "user": "me",
        "password": "secret://db/password",
        "merge_keys": ["key"],
        "sequence_by": "at",
    },
    "slack-teams-pagerduty": {
        "provider": "slack",
        "webhook_url": "secret://alerts/slack",
        "message": "{key}: {amount:.2}",
    },
    "email-sink": {
        "host": "smtp.example.com",
        "sender": "lake@example.com",
        "to": ["ops@example.com"],
        "subject": "{key}",
        "body": "{kind} at {at}",
    },
}

SINK_CHANGES: dict[str, Json] = {
    "rest-webhook-sink": {
        **SENDING,
        "url": {"url": "secret://alerts/url"},
        "method": {"method": "PUT"},
        "headers": {"headers": {"X-Api-Key": "secret://alerts/key", "X-Team": "ops"}},
        "auth": BASIC,
        "token": {"auth": "bearer", "token": "secret://alerts/token"},
        "username": {**BASIC, "username": "you"},
        "password": {**BASIC, "password": "secret://alerts/other"},
        "payload": {"payload": {"text": "{kind} {{x}}", "n": ["{amount}", 1]}},
    },
    "slack-teams-pagerduty": {
        **SENDING,
        "provider": {"provider": "teams"},
        "webhook_url": {"webhook_url": "secret://alerts/other"},
        "message": {"message": "{kind}"},
        "routing_key": PAGED,
        "region": {**PAGED, "region": "eu"},
        "severity": {**PAGED, "severity": "critical"},
        "source": {**PAGED, "source": "plant 7"},
    },
    "email-sink": {
        **SENDING,
        "provider": {"provider": "sendgrid", "host": None, "api_key": "secret://alerts/sendgrid"},
        "host": {"host": "smtp.example.org"},
        "port": {"port": 25},
        "security": {"security": "tls"},
        "username": {**SMTP_LOGIN, "username": "you"},
        "password": {**SMTP_LOGIN, "password": "secret://alerts/other"},
        "api_key": {"provider": "sendgrid", "host": None, "api_key": "secret://alerts/sendgrid"},
        "sender": {"sender": "you@example.com"},
        "to": {"to": "a@example.com, b@example.com"},
        "subject": {"subject": "{note}"},
        "body": {"body": "{note:json}"},
    },
    "unity-catalog-table-sink": {
        "table": {"table": "main.out.other"},
        "mode": {"mode": "overwrite"},
        "cluster_by": {"cluster_by": ["kind"]},
        "merge_schema": {"merge_schema": True},
    },
    "dead-letter-queue": {
        "target": QUEUE,
        "table": {"table": "main.out.other"},
        "topic": {**QUEUE, "topic": "other"},
        "error": {"error": "concat(kind, 'x')"},
        "source": {"source": "orders"},
        "include_error": {"include_error": False},
    },
    "feature-store-sink": {
        "table": {"table": "main.out.other"},
        "primary_keys": {"primary_keys": ["kind"]},
        "timestamp_key": {"timestamp_key": "other"},
        "sequence_by": {"sequence_by": "id"},
        "description": {"description": "what it's"},
        "mode": {"mode": "overwrite"},
    },
    "lakebase-sink": {
        "host": {"host": "db.example.org"},
        "port": {"port": 5433},
        "database": {"database": "other"},
        "schema_name": {"schema_name": "other"},
        "table": {"table": "other"},
        "user": {"user": "you"},
        "password": {"password": "secret://db/other"},
        "instance": {"password": None, "instance": "one"},
        "tls": {"tls": "verify-full"},
        "mode": {"mode": "append", "sequence_by": None},
        "merge_keys": {"merge_keys": ["kind"]},
        "sequence_by": {"sequence_by": "other"},
    },
    "sql-warehouse-sink": {
        "warehouse_id": {"warehouse_id": "w2"},
        "table": {"table": "main.out.other"},
        "merge_keys": {"merge_keys": ["kind"]},
        "sequence_by": {"sequence_by": "other"},
        "staging": {"staging": "/Volumes/main/ops/staging"},
    },
}
