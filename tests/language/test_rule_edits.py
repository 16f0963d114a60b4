"""What the rules make of edits: nothing of a clause is overlooked, and what is missing is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from evals.cases import Case, cases
from evals.score import Judge
from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.language.proposal import Draft
from lakestream_mcp.language.rules import Rules
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine

CATALOG = Catalog.load()
DOCUMENTS = {case.named: case.document for case in cases("edits")}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    engine = LocalEngine()
    yield Judge(Rules(), CATALOG, SailResolver(engine))
    engine.close()


def draft(judge: Judge, name: str, text: str) -> Draft:
    case = Case(text, DOCUMENTS[name], {}, {}, name)
    return Rules().draft(judge.request(case))


def changed(judge: Judge, name: str, text: str) -> PipelineDocument:
    made = draft(judge, name, text)
    assert made.changes, (made.refusal, made.questions)
    return apply(DOCUMENTS[name], made.changes, CATALOG).document


def configs(document: PipelineDocument) -> dict[str, Any]:
    return {node.id: node.config for node in document.nodes}


def edges(document: PipelineDocument) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in document.edges}


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        (
            "fraud",
            "change the burst threshold to 5 and the window to 10 min",
            {"burst": {"threshold": 5, "window": "10 minutes"}},
        ),
        (
            "fraud",
            "use broker k3:9092 and topic tx",
            {"payments": {"bootstrap_servers": "k3:9092", "topics": ["tx"]}},
        ),
        (
            "two_filters",
            "raise both thresholds by 10 %",
            {"warm": {"condition": "temperature > 22"}, "humid": {"condition": "humidity > 55"}},
        ),
        (
            "two_filters",
            "Humid must not be above 90 either",
            {"humid": {"condition": "humidity > 50 AND humidity <= 90"}},
        ),
        (
            "two_filters",
            "make the humidity filter less than 40 instead",
            {"humid": {"condition": "humidity < 40"}},
        ),
        ("fraud", "make the amount limit 5 % lower", {"large": {"condition": "amount > 95"}}),
        ("revenue", "partition the table by region", {"table": {"partition_by": ["region"]}}),
        ("clean", "don't keep status", {"once": {"keep": ["customer_id", "region", "total"]}}),
        ("takeover", "remove the time limit", {"takeover": {"within": None}}),
        (
            "fraud",
            "not only declined but also blocked should count in burst",
            {"burst": {"where": "status IN ('declined', 'blocked')"}},
        ),
    ],
)
def test_all_that_is_said_is_changed_and_nothing_else(
    judge: Judge, name: str, text: str, wanted: dict[str, dict[str, Any]]
) -> None:
    before, after = configs(DOCUMENTS[name]), configs(changed(judge, name, text))
    expected = {
        node: {k: v for k, v in {**config, **wanted.get(node, {})}.items() if v is not None}
        for node, config in before.items()
    }
    assert after == expected


@pytest.mark.parametrize(
    ("name", "text", "source"),
    [
        ("revenue", "write the raw orders into main.sales.bronze too", "orders"),
        ("two_filters", "also keep all readings raw in main.iot.raw", "readings"),
        ("fraud", "also write the large payments to main.fraud.large", "large"),
        ("two_filters", "additionally store whatever passes Warm in main.iot.warm", "warm"),
    ],
)
def test_a_new_sink_takes_the_rows_that_are_told_of(
    judge: Judge, name: str, text: str, source: str
) -> None:
    new = edges(changed(judge, name, text)) - edges(DOCUMENTS[name])
    assert [start for start, _ in new] == [source]


def test_the_rest_is_what_a_filter_does_not_let_through(judge: Judge) -> None:
    made = changed(judge, "revenue", "unpaid orders to main.sales.unpaid")
    assert {("orders", "rest"), ("rest", "unpaid")} <= edges(made)
    assert configs(made)["rest"] == {"condition": "status <> 'paid'"}


def test_what_is_summed_and_counted_is_said_anew(judge: Judge) -> None:
    made = changed(judge, "revenue", "sum total and count distinct customers")
    measured = [(a["function"], a["column"]) for a in configs(made)["sums"]["aggregations"]]
    assert measured == [("sum", "total"), ("count_distinct", "customer_id")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fraud", "make it stricter"),
        ("revenue", "make Paid case insensitive"),
        ("takeover", "only the failures and the password change matter"),
        ("takeover", "3 failures within 5 minutes; no success needed"),
    ],
)
def test_what_is_not_understood_changes_nothing(judge: Judge, name: str, text: str) -> None:
    made = draft(judge, name, text)
    assert not made.changes
    assert made.questions or made.refusal


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("remove the join", ("no join", "`payments`", "`large`", "`burst`", "`alerts`")),
        ("key by merchant", ("no column `merchant`",)),
        ("please do the thing with the colours", ("`payments` (Kafka topic)",)),
    ],
)
def test_what_is_not_there_is_asked_with_what_is(
    judge: Judge, text: str, named: tuple[str, ...]
) -> None:
    made = draft(judge, "fraud", text)
    said = " ".join([made.refusal, *(q.text for q in made.questions)])
    assert not made.changes
    assert all(name in said for name in named), said


def test_the_columns_that_there_are_are_offered(judge: Judge) -> None:
    options = [o for q in draft(judge, "fraud", "key by merchant").questions for o in q.options]
    assert {"card_number", "user_id"} <= set(options)
