"""The second reading of new pipelines: by what stands in a text, wherever it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.language.proposal import Draft, Request
from lakestream_mcp.language.rules import Rules

CATALOG = Catalog.load()
LOGINS = {"user_id": "string", "event_type": "string", "ip": "string", "ts": "timestamp"}
READINGS = {"device_id": "string", "temperature": "double", "ts": "timestamp"}
PARTS = (
    "Read the Kafka topic logins at k1:9092 with columns user_id string, event string, ts "
    "timestamp",
    "Look for 5 or more rows with event = 'failed' per user_id within 10 minutes",
    "Matches go to the table main.sec.alerts",
)


FIELDS = (
    "sink: main.p.y",
    "key: device_id",
    "window: 2 minutes",
    "count: 25 or more",
    "condition: temperature > 3",
)


def draft(text: str, schema: dict[str, str] | None = None) -> Draft:
    empty = PipelineDocument.model_validate({"name": "New"})
    return Rules().draft(Request(text, empty, {}, schema or {}, CATALOG))


def nodes(made: Draft) -> list[tuple[str, dict[str, Any]]]:
    assert made.changes, (made.refusal, made.questions)
    return [(c.node.type, c.node.config) for c in made.changes if c.op == "add_node"]


def edges(made: Draft) -> set[tuple[str, str]]:
    types = {c.node.id: c.node.type for c in made.changes if c.op == "add_node"}
    return {(types[c.source], types[c.target]) for c in made.changes if c.op == "connect"}


def types(made: Draft) -> list[str]:
    return [name for name, _ in nodes(made)]


def config(made: Draft, name: str) -> dict[str, Any]:
    return next(told for kind, told in nodes(made) if kind == name)


@given(st.permutations(PARTS))
def test_the_order_of_sentences_changes_nothing(parts: list[str]) -> None:
    assert nodes(draft(". ".join(parts) + ".")) == nodes(draft(". ".join(PARTS) + "."))


@given(st.permutations(FIELDS))
def test_the_order_of_fields_changes_nothing(fields: list[str]) -> None:
    made = nodes(draft("\n".join(fields), READINGS))
    assert [kind for kind, _ in made][1:] == ["count-threshold", "delta-table-sink"]
    assert made[1][1] == {
        "key": ["device_id"],
        "where": "temperature > 3",
        "threshold": 25,
        "comparison": ">=",
        "window": "2 minutes",
    }
    assert made[2][1]["table"] == "main.p.y"


def test_two_sources_are_read_with_their_own_columns() -> None:
    made = draft(
        "Correlate two streams: kafka topic badge_in (k1:9092; employee_id string, door string, "
        "t timestamp) and kafka topic vpn (k1:9092; employee_id string, ip string, t timestamp), "
        "same employee_id within 10 minutes of each other, in any order, to Slack"
    )
    sources = [told["columns"] for kind, told in nodes(made) if kind == "kafka-topic"]
    assert sources == [
        "employee_id string, door string, t timestamp",
        "employee_id string, ip string, t timestamp",
    ]
    assert config(made, "temporal-correlation")["key"] == ["employee_id"]
    assert ("kafka-topic", "temporal-correlation") in edges(made)


def test_a_list_of_topics_is_as_many_sources() -> None:
    made = draft(
        "Union of the kafka topics a_one, b_two and c_three, all at ik:9092 with id string, v "
        "double, ts timestamp. Keep v > 0. Append to main.iot.all"
    )
    brokers = [t["bootstrap_servers"] for kind, t in nodes(made) if kind == "kafka-topic"]
    assert brokers == ["ik:9092"] * 3
    assert types(made)[3:] == ["union-merge", "filter", "delta-table-sink"]


def test_equal_names_of_joined_streams_are_told_apart() -> None:
    made = draft(
        "Join kafka topic orders (b:9092; order_id string, total double, ts timestamp) with kafka "
        "topic shipments (b:9092; order_id string, carrier string, ts timestamp) on order_id "
        "within 1 day, write to main.log.joined"
    )
    told = config(made, "stream-stream-join")
    assert (told["keys"], told["within_after"], told["right_prefix"]) == (
        ["order_id"],
        "1 day",
        "right_",
    )


def test_each_branch_has_its_own_pattern_and_sink() -> None:
    made = draft(
        "(a) 5 or more event_type 'failed' per user_id within 5 minutes goes to Slack; (b) a "
        "user_id with no events for 30 days goes to main.sec.dormant",
        LOGINS,
    )
    assert {
        ("count-threshold", "slack-teams-pagerduty"),
        ("heartbeat", "delta-table-sink"),
    } <= edges(made)
    assert ("count-threshold", "heartbeat") not in edges(made)


def test_sinks_come_in_the_order_of_the_text() -> None:
    text = "event_type = 'failed' 3 times in 1 minute per user_id -> {} and {}"
    table, topic = "main.sec.hits", "kafka topic hits at k:9092"
    assert types(draft(text.format(table, topic), LOGINS))[-2:] == [
        "delta-table-sink",
        "kafka-topic-sink",
    ]
    assert types(draft(text.format(topic, table), LOGINS))[-2:] == [
        "kafka-topic-sink",
        "delta-table-sink",
    ]


def test_different_values_are_counted_as_such() -> None:
    made = draft(
        "Within one hour, if the same user_id is seen at four or more different ip, write an "
        "alert to Kafka topic alerts, bootstrap servers k1:9092.",
        LOGINS,
    )
    told = config(made, "count-threshold")
    assert (told["distinct"], told["threshold"], told["key"]) == ("ip", 4, ["user_id"])


def test_a_rate_may_be_measured_over_another_time_than_its_unit() -> None:
    made = draft(
        "I want to know when the rate of logins of a user_id is above 50 per second, measured over "
        "10 seconds. Slack.",
        LOGINS,
    )
    told = config(made, "velocity")
    assert (told["threshold"], told["per"], told["window"]) == (50, "second", "10 seconds")


def test_a_machine_moves_when_its_conditions_say() -> None:
    made = draft(
        "A state machine for each user_id: idle goes to running when event_type = 'start', running "
        "goes to idle when event_type = 'stop'. Into main.fab.states.",
        LOGINS,
    )
    moves = config(made, "state-machine")["transitions"]
    assert {(m["from"], m["to"], m["when"]) for m in moves} >= {
        ("idle", "running", "event_type = 'start'"),
        ("running", "idle", "event_type = 'stop'"),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Use MAD with threshold 5 on temperature by device_id over the 60 last readings, "
            "result -> main.iot.odd",
            ["main.iot.odd", "60", "5", "temperature", "mad"],
        ),
        (
            "per device_id: temperature over 90 three or more times in 10 minutes, then "
            "https://x.example/hook",
            ["90", "3", "10 minutes", "https://x.example/hook"],
        ),
        (
            "lowest and highest temperature of each device_id per minute, then a table main.iot.b",
            ["min", "max", "1 minute", "main.iot.b"],
        ),
    ],
)
def test_nothing_that_is_said_is_lost(text: str, said: list[str]) -> None:
    made = json.dumps(nodes(draft(text, READINGS)))
    assert not [word for word in said if word not in made]


@pytest.mark.parametrize(
    "text",
    [
        "average temperature per device_id to main.iot.avg",
        "Sessionize the readings by device_id into main.iot.s",
        "write hot readings to kafka",
        "run my own python logic for each device_id and save it in main.iot.custom",
        "many readings with temperature > 3 per device_id in 10 minutes, tell slack",
    ],
)
def test_what_is_open_is_asked_and_nothing_is_made(text: str) -> None:
    made = draft(text, READINGS)
    assert made.questions
    assert not made.changes


def test_one_row_is_not_two_things_at_once() -> None:
    made = draft(
        "By user_id: event_type 'reset', later event_type 'export', and no 'confirm' between the "
        "two. One hour for the whole thing. main.sec.resets",
        LOGINS,
    )
    wheres = [step["where"] for step in config(made, "sequence")["steps"]]
    assert sorted(wheres) == [f"event_type = '{v}'" for v in ("confirm", "export", "reset")]


def test_a_row_pattern_told_part_by_part_is_sql() -> None:
    made = draft(
        "Use match recognize on the logins: partitioned by user_id, ordered by ts, pattern "
        "(F{3,} OK), F is event_type = 'failed', OK is event_type = 'ok', within 5 minutes. "
        "Write to main.sec.taken",
        LOGINS,
    )
    assert types(made)[1:] == ["match-recognize", "delta-table-sink"]
    assert config(made, "match-recognize")["clause"] == (
        "PARTITION BY user_id ORDER BY ts PATTERN (F{3,} OK) WITHIN INTERVAL '5' MINUTE "
        "DEFINE F AS event_type = 'failed', OK AS event_type = 'ok'"
    )


@pytest.mark.parametrize(("said", "order"), [("after", "left-first"), ("before", "right-first")])
def test_streams_have_the_order_and_the_sides_that_are_told(said: str, order: str) -> None:
    made = draft(
        "Correlate table main.a.gas (room string, ppm double, ts timestamp) with table main.a.fan "
        f"(room string, rpm int, ts timestamp) by room: a fan within 2 hours {said} a gas, "
        "rpm > 9. Output main.a.both."
    )
    found = config(made, "temporal-correlation")
    assert (found["order"], found["right"]) == (order, "rpm > 9")
    assert "left" not in found


@pytest.mark.parametrize(
    "said", ["price * quantity is less than 9", "price times quantity is under 9"]
)
def test_arithmetic_of_columns_is_compared_as_a_whole(said: str) -> None:
    trades = {"price": "double", "quantity": "int", "ts": "timestamp"}
    made = draft(f"filter trades where {said} into main.m.small", trades)
    assert config(made, "filter")["condition"] == "price * quantity < 9"


def test_a_zone_is_told_by_its_corners() -> None:
    places = {"truck_id": "string", "lat": "double", "lon": "double", "ts": "timestamp"}
    text = "A truck_id enters the polygon (1,2) (1,4) (3,4), write it to main.a.b"
    (zone,) = config(draft(text, places), "geofence")["zones"]
    ring = [[2, 1], [4, 1], [4, 3], [2, 1]]
    assert zone["polygon"] == {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize("said", ["When a sensor stops sending data, write it to main.a.b"])
def test_a_silence_without_a_time_is_asked(said: str) -> None:
    made = draft(said, READINGS)
    assert not made.changes
    assert any("silence" in question.text for question in made.questions)
