"""What happens told in other words: emoji, past tenses, counts told first, streams of their own."""

from __future__ import annotations

from typing import Any

import pytest

from .test_reworded import METRICS, PAYMENTS, said
from .test_slots import config, edges, types

READINGS = {"device_id": "string", "temperature": "double", "battery": "int", "ts": "timestamp"}
PAIR = "(id string, {} double, ts timestamp)"


@pytest.mark.parametrize(
    ("text", "schema", "node", "expected"),
    [
        (
            "👀 status = 'new' ➡️ status = 'paid' ➡️ status = 'sent', same card_number, in 1 h. "
            "Save in main.a.b",
            PAYMENTS,
            "sequence",
            {"key": ["card_number"], "within": "1 hour"},
        ),
        (
            "main.a.b gets every device_id whose battery fell below 10 without a battery above 80 "
            "in the next 3 hours",
            READINGS,
            "absence",
            {"trigger": "battery < 10", "expected": "battery > 80", "within": "3 hours"},
        ),
        (
            "when the temperature of a device has risen 7 times in a row, main.a.b",
            READINGS,
            "trend",
            {"direction": "up", "length": 8},
        ),
        (
            "if a host has cpu over 90 and, in the following 40 seconds, cpu under 5: main.a.b",
            METRICS,
            "sequence",
            {"key": ["host"], "within": "40 seconds"},
        ),
        (
            "count declined payments per card_number, if >= 3 in 10 min, write to main.a.b",
            PAYMENTS,
            "count-threshold",
            {"key": ["card_number"], "where": "status = 'declined'", "threshold": 3},
        ),
        (
            "at most one alert per host every 15 minutes for cpu > 90, Slack",
            METRICS,
            "deduplicate",
            {"key": ["host"], "within": "15 minutes"},
        ),
        (
            "Only the first payment of each merchant in any 5 seconds goes to main.a.b",
            PAYMENTS,
            "deduplicate",
            {"key": ["merchant"], "within": "5 seconds"},
        ),
        (
            "ignore the same transaction_id if it shows up again within 2 days; rest to main.a.b",
            PAYMENTS,
            "deduplicate",
            {"key": ["transaction_id"], "within": "2 days"},
        ),
        (
            "flag amount more than 4 standard deviations from the card's usual, window 1 day, to "
            "main.a.b",
            PAYMENTS,
            "outlier",
            {"key": ["card_number"], "value": "amount", "threshold": 4},
        ),
        (
            "pattern: velocity\nkey: host\nwhere: region = 'eu'\nrate: above 30 per minute\n"
            "window: 2 minutes\nsink: main.a.b",
            METRICS,
            "velocity",
            {"where": "region = 'eu'", "threshold": 30, "window": "2 minutes"},
        ),
        (
            "status 'declined' occurs 3 times and then 'approved' for one card_number within 5 "
            "minutes -> main.a.b",
            PAYMENTS,
            "sequence",
            {"key": ["card_number"], "within": "5 minutes"},
        ),
        (
            "merchant contains '/x' AND (amount > 3 OR amount is null) => https://a.example/b",
            PAYMENTS,
            "filter",
            {"condition": "CONTAINS(merchant, '/x') AND (amount > 3 OR amount IS NULL)"},
        ),
    ],
)
def test_other_words_say_the_same(
    text: str, schema: dict[str, str], node: str, expected: dict[str, Any]
) -> None:
    made = config(said(text, schema), node)
    assert {name: made.get(name) for name in expected} == expected


def test_an_event_elsewhere_is_held_against_the_one_before() -> None:
    made = said(
        "Kafka topic badge (k:9092; person string, door string, result string, ts timestamp). "
        "result 'denied' twice then 'granted' at another door by one person in 3 minutes. main.a.b"
    )
    assert "door <> " in config(made, "sequence")["steps"][1]["where"]


def test_a_channel_alone_is_one_of_slack() -> None:
    made = said("cpu > 90 -> #oncall", METRICS)
    assert config(made, "slack-teams-pagerduty")["provider"] == "slack"


def test_topics_with_columns_of_their_own_are_streams_of_their_own() -> None:
    made = said(
        f"Kafka topics temp {PAIR.format('heat')} and smoke {PAIR.format('density')} on k:9092. If "
        "heat > 60 and density > 5 within 2 minutes for the same id, in any order, PagerDuty."
    )
    assert types(made)[:2] == ["kafka-topic", "kafka-topic"]
    joined = config(made, "temporal-correlation")
    assert (joined["left"], joined["right"]) == ("heat > 60", "density > 5")


@pytest.mark.parametrize(
    "text",
    [
        f"Merge main.a.x {PAIR.format('v')} and main.b.y {PAIR.format('v')} into main.c.z",
        "Union the delta tables main.a.x and main.b.y (each: id string, v double, ts timestamp) "
        "and write everything to main.c.z",
    ],
)
def test_streams_are_united_where_nothing_else_is_done(text: str) -> None:
    made = said(text)
    assert types(made) == ["delta-table-source"] * 2 + ["union-merge", "delta-table-sink"]
    assert edges(made) == {
        ("delta-table-source", "union-merge"),
        ("union-merge", "delta-table-sink"),
    }


def test_one_limit_within_another_is_no_router() -> None:
    made = said("cpu > 90: teams; cpu > 99: pagerduty", METRICS)
    told = [c.node.config for c in made.changes if c.op == "add_node" and c.node.type == "filter"]
    assert [c["condition"] for c in told] == ["cpu > 90", "cpu > 99"]


def test_states_are_those_of_the_column_that_is_named() -> None:
    made = said(
        "kafka topic lifts on k:9092 (lift string, mode string, ts timestamp). state machine by "
        "lift using mode: idle→moving, moving→idle, moving→stuck. Write main.b.lifts"
    )
    machine = config(made, "state-machine")
    assert machine["key"] == ["lift"]
    assert machine["transitions"][0]["when"].startswith("mode = ")


def test_a_row_pattern_that_was_not_read_is_asked() -> None:
    made = said(
        "row pattern A B+ where B is amount < PREV(amount), per card_number, to main.a.b", PAYMENTS
    )
    assert made.questions
    assert not made.changes
