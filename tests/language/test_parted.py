"""Rows that part ways, and what is compared: in the many ways that people say it."""

from __future__ import annotations

import pytest

from lakestream_mcp.language.proposal import Draft

from .test_slots import READINGS, config, draft, edges, nodes, types

PAYMENTS = {
    "card_number": "string",
    "merchant": "string",
    "amount": "double",
    "currency": "string",
    "status": "string",
    "ts": "timestamp",
}
PLANS = {"id": "string", "actual": "double", "planned": "double", "late": "boolean"}
PLANS |= {"ok": "boolean", "ts": "timestamp"}


def ways(made: Draft) -> dict[str, str]:
    """Where each way out of a router or of rules leads, by the table's name."""
    tables = {c.node.id: c.node.config.get("table") for c in made.changes if c.op == "add_node"}
    return {
        c.source_port: str(tables[c.target]).split(".")[-1]
        for c in made.changes
        if c.op == "connect" and c.source_port
    }


@pytest.mark.parametrize(
    "said",
    [
        "status = 'paid' goes to main.a.paid, status = 'new' to main.a.fresh, all others to "
        "main.a.other",
        "Route by status: paid to main.a.paid, new to main.a.fresh, everything else to "
        "main.a.other",
        "Send to main.a.paid if status = 'paid', to main.a.fresh if status = 'new', otherwise to "
        "main.a.other",
        "Split the rows: status = 'paid' -> main.a.paid; status = 'new' -> main.a.fresh; rest -> "
        "main.a.other",
    ],
)
def test_rows_go_where_what_is_said_of_each_place_holds(said: str) -> None:
    made = draft(said, PAYMENTS)
    assert ways(made) == {"paid": "paid", "new": "fresh", "other": "other"}
    assert [route["condition"] for route in config(made, "split-router")["routes"]] == [
        "status = 'paid'",
        "status = 'new'",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "Data quality: amount > 0 (drop), currency is not null (warn). Table main.a.b.",
        "Check that amount > 0, otherwise drop; currency must not be null, otherwise warn. To "
        "main.a.b",
        "drop rows that violate amount > 0; just log those that violate currency is not null; "
        "main.a.b",
        "rules - drop: amount > 0; warn: currency is not null - then store in main.a.b",
    ],
)
def test_each_rule_has_the_action_that_is_said_with_it(said: str) -> None:
    rules = config(draft(said, PAYMENTS), "data-quality-expectations")["expectations"]
    assert [(rule["constraint"], rule["action"]) for rule in rules] == [
        ("amount > 0", "drop"),
        ("NOT currency IS NULL", "warn"),
    ]


@pytest.mark.parametrize(
    "said",
    [
        "Validate: amount must be positive; put invalid rows into main.a.bad and valid ones into "
        "main.a.good",
        "quarantine rows where amount is not positive in main.a.bad, others to main.a.good",
    ],
)
def test_rows_that_break_a_rule_are_set_apart(said: str) -> None:
    made = draft(said, PAYMENTS)
    assert ways(made) == {"quarantine": "bad"}
    assert ("data-quality-expectations", "delta-table-sink") in edges(made)
    assert config(made, "data-quality-expectations")["quarantine"]


def test_a_pattern_may_come_after_the_rules() -> None:
    made = draft(
        "Expect amount > 0, dropping violations; after that detect card_numbers with amount over "
        "90 three or more times in 10 minutes, write main.a.b",
        PAYMENTS,
    )
    assert types(made)[1:] == [
        "data-quality-expectations",
        "count-threshold",
        "delta-table-sink",
    ]


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        ("amount above 100 unless merchant is 'A'", "amount > 100 AND NOT (merchant = 'A')"),
        ("amount > 100 but not in USD", "amount > 100 AND currency <> 'USD'"),
        ("status is neither 'paid' nor 'new'", "NOT status IN ('paid', 'new')"),
        ("merchant starts with 'a' or contains 'b'", None),
        ("merchant contains 'a' or 'b'", "CONTAINS(merchant, 'a') OR CONTAINS(merchant, 'b')"),
        ("merchant LIKE 'A%' and amount > 1", "merchant LIKE 'A%' AND amount > 1"),
        ("no merchant (merchant is null) or a negative amount", "merchant IS NULL OR amount < 0"),
        ("everything except status 'paid'", "NOT (status = 'paid')"),
        ("amount in the range 20-25", "amount BETWEEN 20 AND 25"),
        ("amount over two thousand five hundred", "amount > 2500"),
        ("amount over 1 000 000", "amount > 1000000"),
    ],
)
def test_comparisons_are_read_in_the_words_of_people(said: str, condition: str | None) -> None:
    found = config(draft(f"{said} -> main.a.b", PAYMENTS), "filter")["condition"]
    assert found == (condition or "STARTSWITH(merchant, 'a') OR CONTAINS(merchant, 'b')")


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        ("actual exceeds planned by more than 20 %", "actual > planned * 1.2"),
        ("actual is at least 10 above planned", "actual >= planned + 10"),
        ("actual is more than twice the planned", "actual > planned * 2"),
        ("actual is over 90% of planned", "actual > planned * 0.9"),
        ("late but not ok and actual > 1", "late AND NOT ok AND actual > 1"),
        ("late is false or ok is true", "NOT late OR ok"),
    ],
)
def test_columns_are_held_against_columns(said: str, condition: str) -> None:
    assert config(draft(f"keep rows where {said}; main.a.b", PLANS), "filter") == {
        "condition": condition
    }


def test_a_place_that_nothing_leads_to_is_a_sink_where_the_rows_are_given() -> None:
    made = draft("temperature > 5 => Teams channel, also table main.a.b", READINGS)
    assert types(made) == [
        "delta-table-source",
        "filter",
        "slack-teams-pagerduty",
        "delta-table-sink",
    ]


@pytest.mark.parametrize(
    ("said", "columns"),
    [
        ("select card_number and amount * 2 as gross", "card_number, amount * 2 AS gross, ts"),
        ("compute amount * 0.2 as tax", "*, amount * 0.2 AS tax"),
    ],
)
def test_columns_are_computed_while_they_are_chosen(said: str, columns: str) -> None:
    assert config(draft(f"{said}, write to main.a.b", PAYMENTS), "map-select")["columns"] == columns


def test_a_model_predicts_from_the_columns_that_are_named() -> None:
    made = draft(
        "score with the model endpoint fraud-v2 using amount and merchant, and if prediction is "
        "greater than 0.9 write to main.a.b",
        PAYMENTS,
    )
    told = config(made, "ml-model-endpoint")
    assert (told["endpoint"], told["input_columns"]) == ("fraud-v2", ["amount", "merchant"])
    assert config(made, "filter")["condition"] == "prediction > 0.9"


@pytest.mark.parametrize(
    "said",
    [
        "risk > 0.7 and then cast it, table main.a.b",
        "rank the cards, casts amount to an unknown thing, main.a.b",
        "Detect fraud and write it to main.a.b",
        "clean the data and store it in main.a.b",
        "page me when the merchant is slow, and store it in main.a.b",
    ],
)
def test_what_a_draft_would_leave_out_is_asked(said: str) -> None:
    made = draft(said, PAYMENTS)
    assert not made.changes
    assert made.questions


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("temperature > 5 stays so for 20 minutes per device_id", "absence"),
        ("heartbeat per device_id, timeout 2 minutes", "heartbeat"),
        ("each device_id should report every minute; none for 3 minutes", "heartbeat"),
        ("1) temperature > 5 -> main.a.b 2) device_id silent for 1 hour -> main.a.c", "heartbeat"),
    ],
)
def test_what_lasts_and_what_is_silent(said: str, kind: str) -> None:
    made = draft(said if "main" in said else f"{said}; main.a.b", READINGS)
    assert kind in types(made)
    assert all("TRUE" not in told.values() for _, told in nodes(made))
