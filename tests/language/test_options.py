"""What is said of a source or sink beside its place, and streams that are called by letters."""

from __future__ import annotations

from typing import Any

import pytest

from .test_reworded import METRICS, PAYMENTS, said
from .test_slots import config, types

COLUMNS = "(id string, v double, ts timestamp)"


@pytest.mark.parametrize(
    ("text", "node", "expected"),
    [
        (f"MQTT tcp://b:1883 topic a/+/b qos 2 {COLUMNS}, v > 9 to Slack", "mqtt", {"qos": 2}),
        (
            f"read delta table main.a.b starting from version 12 {COLUMNS}, write to main.c.d",
            "delta-table-source",
            {"starting_version": 12},
        ),
        (
            f"Receive webhooks with bearer auth secret://a/b {COLUMNS}, write to main.c.d",
            "rest-webhook-source",
            {"auth": "bearer", "auth_secret": "secret://a/b"},
        ),
    ],
)
def test_a_source_is_as_it_is_said_to_be(text: str, node: str, expected: dict[str, Any]) -> None:
    assert expected.items() <= config(said(text), node).items()


@pytest.mark.parametrize(
    ("text", "node", "expected"),
    [
        ("cpu > 9, email a@b.example via SendGrid", "email-sink", {"provider": "sendgrid"}),
        (
            "cpu > 9 to unity catalog table main.a.b, overwrite mode",
            "unity-catalog-table-sink",
            {"mode": "overwrite"},
        ),
        (
            "write cpu > 9 as csv to s3://lake/x partitioned by region and host",
            "file-sink",
            {"partition_by": ["region", "host"]},
        ),
        (
            "cpu > 9 to kafka topic d at k:9092 with message key host",
            "kafka-topic-sink",
            {"key": "host"},
        ),
        (
            "post cpu > 5 to https://a.example/x with bearer token secret://a/b",
            "rest-webhook-sink",
            {"auth": "bearer", "token": "secret://a/b"},
        ),
        (
            "heartbeat: key host, timeout 3 minutes, forget after 2 days, sink main.a.b",
            "heartbeat",
            {"timeout": "3 minutes", "forget_after": "2 days", "emit": ["lost"]},
        ),
    ],
)
def test_a_node_is_as_it_is_said_to_be(text: str, node: str, expected: dict[str, Any]) -> None:
    assert expected.items() <= config(said(text, METRICS), node).items()


def test_the_end_of_a_silence_is_told_where_that_is_said() -> None:
    made = said("no metrics of a host for 90 s, PagerDuty; also report when it is back", METRICS)
    assert "emit" not in config(made, "heartbeat")


def test_what_no_node_can_be_is_asked() -> None:
    made = said("write cpu > 9 to main.a.b in overwrite mode", METRICS)
    assert not made.changes
    assert "overwrite" in made.questions[0].text


def test_streams_go_by_their_letters() -> None:
    made = said(
        f"Temporal correlation:\n- A = delta table main.w.clicks {COLUMNS}\n"
        f"- B = delta table main.w.sales {COLUMNS}\n- key id, B after A, less than 1 hour\n"
        "- sink: Slack"
    )
    assert types(made)[:2] == ["delta-table-source"] * 2
    joined = config(made, "temporal-correlation")
    assert (joined["key"], joined["order"]) == (["id"], "left-first")


def test_a_place_with_columns_is_no_sink() -> None:
    made = said(
        f"A: main.x.a {COLUMNS}\nB: main.x.b (id string, w double, ts timestamp)\n"
        "Join A and B on id within 10 minutes, sink main.x.j"
    )
    assert not made.changes or config(made, "delta-table-sink")["table"] == "main.x.j"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Count payments per hour and save them to a table", "table"),
        ("Post amount > 70 to our webhook", "URL"),
    ],
)
def test_a_place_without_a_name_is_asked(text: str, asked: str) -> None:
    assert asked in said(text, PAYMENTS).questions[0].text


def test_what_is_sent_by_its_state_is_kept_by_it() -> None:
    made = said("send every declined payment to kafka topic d at k:9092", PAYMENTS)
    assert config(made, "filter") == {"condition": "status = 'declined'"}


def test_how_fast_a_simulator_is_looks_for_nothing() -> None:
    made = said("Generate 50 events per second of simulated IoT sensor data and write to main.a.b")
    assert types(made) == ["stream-simulator", "delta-table-sink"]
