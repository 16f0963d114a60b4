"""Rows that part ways, branches of one text, and numbers that are held against one another."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.language.proposal import Draft

from .test_reworded import METRICS, PAYMENTS, said
from .test_slots import config, types

LOGINS = {"user_id": "string", "event_type": "string", "country": "string", "ts": "timestamp"}


def ways(made: Draft) -> set[tuple[str | None, str]]:
    """Each port of the router and where it leads."""
    names = {c.node.id: c.node.type for c in made.changes if c.op == "add_node"}
    return {
        (c.source_port, c.target)
        for c in made.changes
        if c.op == "connect" and names[c.source] == "split-router"
    }


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        (
            "route by currency: EUR → main.p.eur, USD → main.p.usd, everything else → main.p.rest",
            ["currency = 'EUR'", "currency = 'USD'"],
        ),
        (
            "If amount > 100 send to main.p.big, if between 10 and 100 send to main.p.mid, else "
            "write to main.p.small",
            ["amount > 100", "amount BETWEEN 10 AND 100"],
        ),
        (
            "merchant is missing or currency is empty: send to main.p.bad, rest main.p.ok",
            ["merchant IS NULL OR currency IS NULL"],
        ),
    ],
)
def test_each_way_has_its_condition(text: str, conditions: list[str]) -> None:
    made = said(text, PAYMENTS)
    assert [route["condition"] for route in config(made, "split-router")["routes"]] == conditions
    assert len(ways(made)) == len(conditions) + 1


def test_bad_rows_go_where_it_is_said() -> None:
    made = said(
        "check that amount is between 1 and 9; bad rows to main.p.bad, good ones to main.p.good",
        PAYMENTS,
    )
    assert config(made, "data-quality-expectations")["quarantine"] is True


def test_some_rows_may_go_elsewhere_too() -> None:
    made = said("all payments go to main.p.all; those over 5000 also go to Slack", PAYMENTS)
    assert config(made, "filter") == {"condition": "amount > 5000"}
    assert ("events", "all") in {(c.source, c.target) for c in made.changes if c.op == "connect"}


@pytest.mark.parametrize(
    ("text", "schema", "steps"),
    [
        (
            "From the stream: branch one, hosts silent for 1 hour go to main.o.silent; branch two, "
            "hosts whose cpu rises 5 times in a row go to Slack.",
            METRICS,
            {"heartbeat", "trend"},
        ),
        (
            "- cpu rises 4 times in a row per host -> Slack\n- no reading of a host for 10 minutes "
            "-> PagerDuty\n- latency above 90 -> main.o.slow",
            METRICS,
            {"trend", "heartbeat", "filter"},
        ),
        (
            "Branch A: 5 failed events per user_id in 10 minutes → Slack. Branch B: event_type "
            "'reset' not followed by 'changed' in 1 hour per user_id → main.s.resets",
            LOGINS,
            {"count-threshold", "absence"},
        ),
    ],
)
def test_each_branch_has_its_pattern(text: str, schema: dict[str, str], steps: set[str]) -> None:
    assert steps <= {*types(said(text, schema))}


@pytest.mark.parametrize(
    ("text", "schema", "node", "expected"),
    [
        (
            "when latency is more than 5 times cpu, write main.o.odd",
            METRICS,
            "filter",
            {"condition": "latency > cpu * 5"},
        ),
        ("latency > 3x cpu → Slack", METRICS, "filter", {"condition": "latency > cpu * 3"}),
        (
            "average amount per status in hourly windows; Slack if the average is over 500",
            PAYMENTS,
            "filter",
            {"condition": "avg_amount > 500"},
        ),
        (
            "event_type='login' then event_type='transfer' (user_id, within 10 minutes), Slack",
            LOGINS,
            "sequence",
            {"key": ["user_id"], "within": "10 minutes"},
        ),
        (
            "merchant starts with /checkout and amount over 2; table main.p.x",
            PAYMENTS,
            "filter",
            {"condition": "STARTSWITH(merchant, '/checkout') AND amount > 2"},
        ),
        (
            "a user_id has event_type 'failed' 5x in 2 min, Slack",
            LOGINS,
            "count-threshold",
            {"key": ["user_id"], "threshold": 5},
        ),
    ],
)
def test_what_is_compared(
    text: str, schema: dict[str, str], node: str, expected: dict[str, Any]
) -> None:
    made = config(said(text, schema), node)
    assert {name: made.get(name) for name in expected} == expected


def test_one_country_is_no_key_where_another_follows() -> None:
    made = said(
        "login from one country followed by a login from a different country in 1 hour per user_id;"
        " Slack",
        LOGINS,
    )
    steps = config(made, "sequence")
    assert steps["key"] == ["user_id"]
    assert "country <> " in steps["steps"][1]["where"]


def test_payments_are_not_those_that_were_paid() -> None:
    made = said(
        "a small payment (< 2) then a payment 100 times larger with same card_number in 5 min, "
        "Slack",
        PAYMENTS,
    )
    assert "status" not in config(made, "sequence")["steps"][1]["where"]


@pytest.mark.parametrize(
    "text",
    [
        "fail the pipeline if merchant is null, drop rows with negative amounts, write main.p.x",
        "a payment followed by one of the same card_number within 1 minute with an amount at "
        "least 10 higher → main.p.x",
    ],
)
def test_what_would_be_guessed_is_asked(text: str) -> None:
    made = said(text, PAYMENTS)
    assert made.questions
    assert not made.changes
