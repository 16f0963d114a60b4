"""The rules on edits of the product's own templates: several patterns, unions, selects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from evals.cases import Case
from evals.score import Judge
from lakestream_mcp.catalog import Catalog
from lakestream_mcp.language.rules import Rules
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine
from lakestream_mcp.templates.library import built_in

DISTINCT = (
    "Also detect cards used at more than 5 merchants within 10 minutes and put them into the same "
    "table"
)
TELLS = {
    "a column of several patterns": (
        "iot-sensor-health",
        "rename celsius to temperature",
        {
            "stuck": {"value": "temperature"},
            "far_off": {"value": "temperature"},
            "silent": {"keep": ["reading_id", "temperature"]},
        },
        [["readings", "rename-cast"], ["rename-cast", "stuck"], ["rename-cast", "far_off"]],
    ),
    "rows of every branch": (
        "iot-sensor-health",
        "ignore devices starting with 'test-'",
        {"filter": {"condition": {"mentions": ["test-"]}}},
        [["readings", "filter"], ["filter", "silent"], ["filter", "stuck"], ["filter", "far_off"]],
    ),
    "a branch that goes": ("iot-sensor-health", "drop the stuck sensor detection", {}, []),
    "a pattern before a union": ("fraud-detection", "remove the velocity pattern", {}, []),
    "one more pattern in a union": (
        "fraud-detection",
        DISTINCT,
        {"count-threshold": {"distinct": "merchant", "keep": ["payment_id", "merchant", "amount"]}},
        [["approved", "count-threshold"], ["count-threshold", "alerts"]],
    ),
    "partitions in the place of clusters": (
        "fraud-detection",
        "cases should be partitioned by card_id",
        {"cases": {"partition_by": ["card_id"], "cluster_by": None}},
        [],
    ),
    "an alert on rows beside patterns": (
        "fleet-monitoring",
        "also alert on speed over 100",
        {"filter": {"condition": {"sql": "speed_kmh > 100"}}},
        [["telematics", "filter"], ["telematics", "depots"], ["filter", "delta-table-sink"]],
    ),
    "one of two sources": (
        "security-threat-detection",
        "vpn topic is security.vpn2",
        {"vpn": {"topics": ["security.vpn2"]}},
        [],
    ),
    "a trigger": (
        "sla-breach-detection",
        "30 minutes, and only P1",
        {
            "unanswered": {
                "within": "30 minutes",
                "trigger": {"sql": "kind = 'opened' AND priority = 'P1'"},
            }
        },
        [],
    ),
    "rows that a filter rejects": (
        "order-event-cleanup",
        "bad rows to main.silver.rejected",
        {"delta-table-sink": {"table": "main.silver.rejected"}},
        [["timed", "filter"], ["filter", "delta-table-sink"]],
    ),
}
LEFT_OPEN = {
    "rows that no column tells": ("sla-breach-detection", "add PagerDuty for P1 tickets"),
    "a field that no words name": ("user-session-analytics", "max session length 4 hours"),
    "a step that is taken for a value": (
        "fraud-detection",
        "large means 100 times the probe",
    ),
    "what counts as another event": (
        "abandoned-cart",
        "count kind = 'checkout' as expected too",
    ),
}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    engine = LocalEngine()
    yield Judge(Rules(), Catalog.load(), SailResolver(engine))
    engine.close()


def case(template: str, text: str, expect: dict[str, Any]) -> Case:
    return Case(text, built_in()[template].pipeline, {}, expect, template)


@pytest.mark.parametrize("name", TELLS)
def test_a_template_is_edited_as_the_words_say(judge: Judge, name: str) -> None:
    template, text, config, edges = TELLS[name]
    result = judge.understood(case(template, text, {"config": config, "edges": edges}))
    assert not result.wrong


@pytest.mark.parametrize("name", LEFT_OPEN)
def test_what_could_only_be_guessed_changes_nothing(judge: Judge, name: str) -> None:
    template, text = LEFT_OPEN[name]
    draft = judge.backend.draft(judge.request(case(template, text, {})))
    assert not draft.changes
    assert draft.questions or draft.refusal
