"""Alerts that may not come too often, copies of all rows, what lacks, and edits as people speak."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.language.rules.open_points import UNTIMED

from .test_reworded import METRICS, PAYMENTS, said
from .test_rule_edits import changed, configs, draft, edges, judge
from .test_slots import config, types
from .test_slots import edges as fed

__all__ = ["judge"]
LOGINS = {"user_id": "string", "event_type": "string", "ip_address": "string",
          "country": "string", "ts": "timestamp"}  # fmt: skip
ORDERS = {"order_id": "string", "total": "double", "items": "array<string>", "ts": "timestamp"}
TRUCKS = {"truck_id": "string", "lat": "double", "lon": "double", "ts": "timestamp"}


@pytest.mark.parametrize(
    "often",
    [
        "but please don't spam: max one per host every 10 minutes",
        "at most once every 10 minutes per host",
        "cooldown of 10 minutes per host",
        "but not more often than every 10 minutes per host",
        "do not alert again within 10 minutes per host",
        "keep quiet for 10 minutes after the first alert for the same host",
    ],
)
def test_alerts_that_come_again_are_repetitions(often: str) -> None:
    made = said(f"Slack when cpu > 90, {often}", METRICS)
    assert config(made, "deduplicate") == {"key": ["host"], "within": "10 minutes"}
    assert ("filter", "deduplicate") in fed(made)


@pytest.mark.parametrize(
    ("lacks", "condition"),
    [
        ("rows having no country or no ip_address", "country IS NULL OR ip_address IS NULL"),
        ("events lacking a user_id or an ip_address", "user_id IS NULL OR ip_address IS NULL"),
        ("rows with neither country nor ip_address", "country IS NULL AND ip_address IS NULL"),
    ],
)
def test_columns_may_be_said_to_lack(lacks: str, condition: str) -> None:
    made = said(f"{lacks} belong to main.a.b", LOGINS)
    assert config(made, "filter") == {"condition": condition}


@pytest.mark.parametrize(
    ("text", "schema", "node", "expected"),
    [
        ("zero or negative amounts go to main.a.b", PAYMENTS, "filter",
         {"condition": "amount <= 0"}),
        ("the same user_id from 3 countries within one hour, Slack", LOGINS, "count-threshold",
         {"distinct": "country", "threshold": 3}),
        ("a user_id visiting ip_address 'a' but never 'b' within a day, Slack", LOGINS, "absence",
         {"trigger": "ip_address = 'a'", "expected": "ip_address = 'b'"}),
        ("split items into separate rows, to main.a.b", ORDERS, "flatten-explode",
         {"column": "items"}),
        ("each element of items as its own row -> main.a.b", ORDERS, "flatten-explode",
         {"column": "items"}),
        ("zone 45.46 9.19 radius 1 km; event: leave; main.a.b", TRUCKS, "geofence",
         {"emit": ["exit"]}),
        ("cpu has been for 20 min already over 70 on a host, Slack", METRICS, "absence",
         {"trigger": "cpu > 70", "within": "20 minutes"}),
        ("the number of declined payments per merchant climbs over 30 in an hour: Slack", PAYMENTS,
         "count-threshold", {"where": "status = 'declined'", "threshold": 30, "key": ["merchant"]}),
    ],
)  # fmt: skip
def test_what_other_voices_say(
    text: str, schema: dict[str, str], node: str, expected: dict[str, Any]
) -> None:
    made = config(said(text, schema), node)
    assert {name: made.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    "text",
    [
        "Slack when cpu > 90. Every row also goes to main.a.raw.",
        "keep a copy of all rows in main.a.raw, and alert Slack when cpu > 90",
        "cpu > 90 goes to Slack, and all metrics are stored in main.a.raw",
    ],
)
def test_all_rows_are_those_that_come_in(text: str) -> None:
    made = said(text, METRICS)
    assert fed(made) == {
        ("delta-table-source", "filter"),
        ("filter", "slack-teams-pagerduty"),
        ("delta-table-source", "delta-table-sink"),
    }


def test_rules_with_places_of_their_own_are_branches() -> None:
    text = (
        "Kafka topic pumps at k:9092 (pump string, bar double, at timestamp), with a watermark of "
        "30 seconds. Rule 1: bar > 9 to Slack. Rule 2: no data from a pump for 10 minutes, to "
        "main.a.b."
    )
    made = said(text)
    assert ("filter", "slack-teams-pagerduty") in fed(made)
    assert ("heartbeat", "delta-table-sink") in fed(made)
    assert config(made, "kafka-topic")["watermark_delay"] == "30 seconds"


def test_rows_are_left_out_before_a_window_that_groups_by_them() -> None:
    made = said("count rows per host every minute, only hosts that contain 'eu', main.a.b", METRICS)
    assert types(made)[1:] == ["filter", "window-aggregate", "delta-table-sink"]


def test_a_sequence_without_a_time_is_asked_about() -> None:
    text = "event_type = 'a' followed by event_type = 'b' per user_id, Slack"
    assert [q.text for q in said(text, LOGINS).questions] == [UNTIMED]
    assert said(f"{text}, no time limit", LOGINS).changes


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("sessions that have at least one event_type 'x', per user_id, 20 min gap, Slack", LOGINS),
        ("there is no country: drop it, write to main.a.b", LOGINS),
    ],
)
def test_what_no_node_does_is_asked(text: str, schema: dict[str, str]) -> None:
    made = said(text, schema)
    assert made.questions
    assert not made.changes


@pytest.mark.parametrize(
    ("name", "text", "node", "expected"),
    [
        ("fraud", "Large payments from 500... no wait, make that 250", "large",
         {"condition": "amount >= 250"}),
        ("fraud", "set amount limit to 300, no, 350", "large", {"condition": "amount > 350"}),
        ("fraud", "window 10 min... sorry, I meant 12 min", "burst", {"window": "12 minutes"}),
        ("revenue", "hourly please, 15 minutes is too fine", "sums", {"duration": "1 hour"}),
        ("revenue", "paid should also let 'settled' through, and nothing with a total under 5",
         "paid", {"condition": "status IN ('paid', 'settled') AND total >= 5"}),
        ("takeover", "mail goes to a@corp.example only, and page PagerDuty as well", "mail",
         {"to": ["a@corp.example"]}),
    ],
)  # fmt: skip
def test_edits_as_people_speak(
    judge: Any, name: str, text: str, node: str, expected: dict[str, Any]
) -> None:
    made = configs(changed(judge, name, text))[node]
    assert {field: made.get(field) for field in expected} == expected


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("failed then success is enough for me", [("failed", None), ("success", None)]),
        (
            "between success and password there must be no logout",
            [("failed", None), ("success", None), ("logout", True), ("password", None)],
        ),
    ],
)
def test_steps_are_told_by_their_names(
    judge: Any, text: str, steps: list[tuple[str, bool | None]]
) -> None:
    made = configs(changed(judge, "takeover", text))["takeover"]["steps"]
    assert [(step["name"], step.get("negated")) for step in made] == steps


def test_an_order_that_is_said_twice_is_made_once(judge: Any) -> None:
    made = changed(judge, "clean", "filter first, then dedupe - swap Once and Paid")
    assert ("paid", "once") in edges(made)


@pytest.mark.parametrize(
    ("name", "text"),
    [("takeover", "send it to Kafka instead of mail"), ("fraud", "please no alerts under 200")],
)
def test_edits_that_lack_something_are_asked_about(judge: Any, name: str, text: str) -> None:
    made = draft(judge, name, text)
    assert made.questions
    assert not made.changes
