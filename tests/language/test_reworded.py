"""Other ways to say a thing, remarks about columns, and what is asked in place of a guess."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.language.proposal import Draft, Request
from lakestream_mcp.language.rules import Rules

from .test_slots import CATALOG, config, edges, types

PAYMENTS = {
    "transaction_id": "string", "card_number": "string", "merchant": "string", "amount": "double",
    "currency": "string", "status": "string", "ts": "timestamp",
}  # fmt: skip
METRICS = {"host": "string", "cpu": "double", "latency": "bigint", "region": "string",
           "at": "timestamp"}  # fmt: skip


def said(text: str, schema: dict[str, str] | None = None) -> Draft:
    empty = PipelineDocument.model_validate({"name": "New"})
    return Rules().draft(Request(text, empty, {}, schema or {}, CATALOG))


@pytest.mark.parametrize(
    ("text", "node", "expected"),
    [
        (
            "amount > 9 AND (currency = 'USD' OR currency = 'EUR') AND NOT status = 'x' to Slack",
            "filter",
            {"condition": "amount > 9 AND (currency = 'USD' OR currency = 'EUR') AND NOT "
             "status = 'x'"},
        ),
        (
            "keep amount between 1 and 5 or status = 'a', not status 'b', to main.a.b",
            "filter",
            {"condition": "(amount BETWEEN 1 AND 5 OR status = 'a') AND NOT (status = 'b')"},
        ),
        (
            "if amount = 0 or status is 'void' drop it, else write to main.a.b",
            "filter",
            {"condition": "NOT (amount = 0 OR status = 'void')"},
        ),
        (
            "Payments without a merchant shall be discarded. The others go to main.a.b.",
            "filter",
            {"condition": "NOT merchant IS NULL"},
        ),
        (
            "a payment 'held' but never 'paid' within 7 days (status, per transaction_id), Slack",
            "absence",
            {"key": ["transaction_id"], "trigger": "status = 'held'",
             "expected": "status = 'paid'"},
        ),
        (
            "status = 'declined', more than 3 per card_number per 15 min, Slack",
            "count-threshold",
            {"key": ["card_number"], "threshold": 3, "comparison": ">", "window": "15 minutes"},
        ),
        (
            "the sum of amount per card_number in any 10 minutes goes above 2,000, Slack",
            "velocity",
            {"sum": "amount", "threshold": 200, "per": "minute", "window": "10 minutes"},
        ),
        (
            "number of distinct merchant per card_number greater than 5 in half an hour, Slack",
            "count-threshold",
            {"distinct": "merchant", "threshold": 5, "comparison": ">"},
        ),
        (
            "Teams for amount > 500, but not more often than once per merchant and hour",
            "deduplicate",
            {"key": ["merchant"], "within": "1 hour"},
        ),
    ],
)  # fmt: skip
def test_what_is_said_otherwise_means_the_same(
    text: str, node: str, expected: dict[str, Any]
) -> None:
    made = config(said(text, PAYMENTS), node)
    assert {name: made.get(name) for name in expected} == expected


def test_what_must_not_come_after_an_event_is_looked_for() -> None:
    text = (
        "After status = 'paid' there must not come a status = 'failed' within an hour per "
        "transaction_id, otherwise alert Slack"
    )
    assert types(said(text, PAYMENTS))[1] in ("sequence", "absence")
    text = (
        "When status = 'paid' it must not be followed by status = 'failed' within an hour per "
        "transaction_id, otherwise alert Slack"
    )
    steps = config(said(text, PAYMENTS), "sequence")["steps"]
    assert [step["where"] for step in steps] == ["status = 'paid'", "status = 'failed'"]


def test_kafka_in_brackets_is_one_topic_at_one_broker() -> None:
    text = (
        "Read from Kafka (topic orders, broker k1:9092, columns id string, total double, ts "
        "timestamp). Send those with total > 500 to Kafka (topic big, broker k2:9092)."
    )
    made = said(text)
    assert config(made, "kafka-topic")["bootstrap_servers"] == "k1:9092"
    assert config(made, "kafka-topic-sink") == {"topic": "big", "bootstrap_servers": "k2:9092"}


def test_a_topic_with_columns_of_its_own_is_read() -> None:
    text = (
        "Alert me when any sensor_id in the Kafka topic readings (k:9092; sensor_id string, co2 "
        "int, ts timestamp) reports co2 above 1500 ten times within 5 minutes. Slack."
    )
    assert types(said(text)) == ["kafka-topic", "count-threshold", "slack-teams-pagerduty"]


def test_rows_that_are_kept_after_a_join_are_filtered_after_it() -> None:
    text = (
        "Join kafka topic orders (k:9092: id string, amount double, ts timestamp) with kafka topic "
        "payments (k:9092: id string, paid double, ts timestamp) on id within 1 hour; keep those "
        "where paid < amount; write to main.fin.underpaid"
    )
    made = said(text)
    assert config(made, "filter") == {"condition": "paid < amount"}
    assert ("stream-stream-join", "filter") in edges(made)


def test_rules_keep_their_actions_where_bad_rows_are_set_apart() -> None:
    text = (
        "Validate: amount must be positive (drop), card_number not null (fail). Write valid rows "
        "to main.a.ok, invalid ones to main.a.bad"
    )
    rules = config(said(text, PAYMENTS), "data-quality-expectations")["expectations"]
    assert [rule["action"] for rule in rules] == ["drop", "fail"]


def test_sums_have_the_names_that_they_are_given() -> None:
    text = "window 1 day, group by merchant; sum(amount) as total, count(*) as n; to main.a.b"
    made = config(said(text, PAYMENTS), "window-aggregate")["aggregations"]
    assert [a["name"] for a in made] == ["total", "n"]


def test_columns_of_a_table_have_the_types_that_are_told() -> None:
    text = (
        "Enrich with main.ref.shops on merchant (columns city and risk), then keep risk > 0.8 and "
        "write to main.a.b"
    )
    made = said(text, PAYMENTS)
    assert config(made, "lookup-enrichment")["static_columns"].endswith("risk double")
    assert config(made, "filter") == {"condition": "risk > 0.8"}


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("latency more than double the usual value for a host, Slack", METRICS),
        ("status = 'paid' NOT preceded by status = 'new' in 5 minutes per card_number, Slack",
         PAYMENTS),
        ("Send payments with amount over 1000 to Kafka", PAYMENTS),
        ("Notify somebody when amount is above 80", PAYMENTS),
        ("2 payments of a card_number in 5 minutes, the second more than double the first, Slack",
         PAYMENTS),
    ],
)  # fmt: skip
def test_what_no_node_has_is_asked_and_not_left_out(text: str, schema: dict[str, str]) -> None:
    made = said(text, schema)
    assert made.questions
    assert not made.changes
