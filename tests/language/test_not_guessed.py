"""What earlier readings took for something else, and edits told by what they are for."""

from __future__ import annotations

from typing import Any

import pytest

from .test_reworded import METRICS, PAYMENTS, said
from .test_rule_edits import changed, configs, edges, judge
from .test_slots import config

__all__ = ["judge"]
LOADS = {"host": "string", "cpu": "double", "ts": "timestamp"}
LOGINS = {"user_id": "string", "event_type": "string", "ts": "timestamp"}


@pytest.mark.parametrize(
    ("text", "schema", "node", "expected"),
    [
        (
            "cpu dips below 10 and recovers above 90 within an hour per host → Slack",
            METRICS,
            "sequence",
            {"key": ["host"], "within": "1 hour"},
        ),
        (
            "flag when a card spends more than 2000 in total within 1 hour",
            PAYMENTS,
            "velocity",
            {"key": ["card_number"], "sum": "amount", "threshold": 2000},
        ),
        (
            "cpu increases 5 times in a row by at least 10 in total for a host within 10 "
            "minutes → Slack",
            LOADS,
            "trend",
            {"key": ["host"], "length": 6, "min_change": 10},
        ),
        (
            "Every row where cpu (%) exceeds 75.5 should be written to `main.o.hot`",
            METRICS,
            "filter",
            {"condition": "cpu > 75.5"},
        ),
        (
            "Read from `main.o.raw` and write rows with `cpu` > 50 to topic `hot` at `k:9092`",
            METRICS,
            "kafka-topic-sink",
            {"topic": "hot", "bootstrap_servers": "k:9092"},
        ),
    ],
)
def test_what_was_meant(
    text: str, schema: dict[str, str], node: str, expected: dict[str, Any]
) -> None:
    made = config(said(text, schema), node)
    assert {name: made.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        (
            "The same card_number is used at the same merchant with the same amount twice within "
            "5 minutes → main.p.x",
            PAYMENTS,
        ),
        ("password change without a preceding login by the same user_id within 1 hour", LOGINS),
        (
            "cancelled payments above 500 → Slack, and count of payments per merchant per day → "
            "main.p.x",
            PAYMENTS,
        ),
    ],
)
def test_what_is_asked_before_anything_is_built(text: str, schema: dict[str, str]) -> None:
    made = said(text, schema)
    assert made.questions
    assert not made.changes


@pytest.mark.parametrize(
    "text",
    [
        "drop the amount filter, every payment should count",
        "every payment should count, not just those over 100",
    ],
)
def test_whatever_counts_is_not_filtered(judge: Any, text: str) -> None:
    assert {("payments", "burst"), ("burst", "alerts")} == edges(changed(judge, "fraud", text))


def test_a_title_may_stand_behind_what_the_node_is(judge: Any) -> None:
    made = changed(judge, "two_filters", "we dont need the table Kept anymore")
    assert "kept" not in configs(made)
    assert "warm" not in configs(changed(judge, "two_filters", "remove the filter Warm"))


def test_an_average_is_of_a_number(judge: Any) -> None:
    made = changed(judge, "revenue", "also compute the average and the number of orders")
    told = {(a["function"], a.get("column")) for a in configs(made)["sums"]["aggregations"]}
    assert told == {("sum", "total"), ("avg", "total"), ("count", None)}


@pytest.mark.parametrize(
    ("text", "schema", "node", "expected"),
    [
        (
            "merchants with more than 3 payments with amount over 10 in one hour, Slack",
            PAYMENTS,
            "count-threshold",
            {"key": ["merchant"], "where": "amount > 10", "threshold": 3},
        ),
        (
            "merchant is not null and length of card_number is 16 → main.p.x",
            PAYMENTS,
            "filter",
            {"condition": "NOT merchant IS NULL AND LENGTH(card_number) = 16"},
        ),
        (
            "length of merchant is at least 3 → main.p.x",
            PAYMENTS,
            "filter",
            {"condition": "LENGTH(merchant) >= 3"},
        ),
        (
            "cpu > 3 into a SQL warehouse (id wh7), table main.o.x",
            LOADS,
            "sql-warehouse-sink",
            {"warehouse_id": "wh7", "table": "main.o.x"},
        ),
        (
            "keep rows with latency between 30 and 120 and greater than cpu, then main.o.x",
            METRICS,
            "filter",
            {"condition": "latency BETWEEN 30 AND 120 AND latency > cpu"},
        ),
        (
            "tumbling window 1h: min/max/avg cpu by host → main.o.x",
            LOADS,
            "window-aggregate",
            {"duration": "1 hour", "group_by": ["host"]},
        ),
        (
            "source: webhook, columns id string, v double, ts timestamp; filter v >= 10; sink: "
            "main.o.x",
            {},
            "rest-webhook-source",
            {},
        ),
    ],
)
def test_numbers_and_places_are_what_they_are(
    text: str, schema: dict[str, str], node: str, expected: dict[str, Any]
) -> None:
    made = config(said(text, schema), node)
    assert {name: made.get(name) for name in expected} == expected
