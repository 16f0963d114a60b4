"""Configuration of `temporal-correlation`: two inputs that must go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakestream_mcp.graph.analysis import Analysis, AnalysisCache, analyse
from lakestream_mcp.graph.config import canonical
from lakestream_mcp.graph.model import Column, Relation
from lakestream_mcp.patterns.temporal_correlation.node import NODE
from lakestream_mcp.relational.columns import SailResolver
from lakestream_mcp.relational.local import LocalEngine


def relation(event_time: str, **types: str) -> Relation:
    return Relation(tuple(Column(n, t) for n, t in types.items()), event_time, 0)


LEFT = relation(
    "at", customer="string", amount="double", note="string", n="int", at="timestamp", Day="date"
)
RIGHT = relation(
    "paid_at", payer="string", paid="double", note="bigint", n="int", paid_at="timestamp"
)
BASE: dict[str, Any] = {"key": ["customer"], "right_key": ["payer"], "right_keep": ["paid"]}


@pytest.fixture(scope="module")
def resolver() -> Iterator[SailResolver]:
    """Types from a running engine."""
    engine = LocalEngine()
    yield SailResolver(engine)
    engine.close()


def analysed(given: dict[str, Any], resolver: SailResolver, right: Relation = RIGHT) -> Analysis:
    config = canonical(NODE, BASE | given)
    return analyse(NODE, config, (LEFT, right), resolver, AnalysisCache())


def plan(given: dict[str, Any], resolver: SailResolver) -> Any:
    found = analysed(given, resolver)
    assert not found.problems
    return NODE.plan(found.config, [LEFT, RIGHT], resolver)


def test_earlier_names() -> None:
    given = {
        "streamAFilter": "amount > 1",
        "streamBFilter": "paid > 1",
        "correlationKey": "customer",
        "maxTimeGap": {"value": 5, "unit": "minutes"},
    }
    assert canonical(NODE, given) == {
        "left": "amount > 1",
        "right": "paid > 1",
        "key": "customer",
        "within": {"value": 5, "unit": "minutes"},
    }


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"right_key": None}, "UNKNOWN_COLUMN", "key"),
        ({"right_key": []}, "KEYS_DIFFER", "right_key"),
        ({"right_key": ["n"]}, "TYPES_DIFFER", "right_key"),
        ({"right_key": ["payr"]}, "UNKNOWN_COLUMN", "right_key"),
        ({"right_event_time": "paid"}, "EVENT_TIME_TYPE", "right_event_time"),
        ({"right_keep": ["payd"]}, "UNKNOWN_COLUMN", "right_keep"),
        ({"right_keep": ["note"]}, "COLUMNS_DIFFER", "right_keep"),
        ({"right_keep": None}, "COLUMNS_DIFFER", "right_keep"),
        ({"order_by": ["paid"]}, "UNKNOWN_COLUMN", "order_by"),
        ({"order_by": ["note"]}, "COLUMNS_DIFFER", "order_by"),
        ({"left": "paid > 1"}, "UNKNOWN_COLUMN", "left"),
        ({"right": "paid"}, "INVALID_SQL", "right"),
        ({"on": "amount = paid"}, "INPUT_MISSING", "on"),
        ({"on": "left.amount = middle.paid"}, "INPUT_MISSING", "on"),
        ({"on": "left.amount = right.payd"}, "UNKNOWN_COLUMN", "on"),
        ({"on": "left.amount + right.paid"}, "INVALID_SQL", "on"),
        ({"on": "left.meta.part = 1"}, "UNSUPPORTED", "on"),
        ({"on": "left.amount ="}, "INVALID_SQL", "on"),
        ({"on": "left.note = right.note"}, "UNSUPPORTED", "on"),
        ({"on": "COUNT(left.n) = right.n"}, "FUNCTION_REFUSED", "on"),
    ],
)
def test_what_is_refused(
    resolver: SailResolver, given: dict[str, Any], code: str, field: str
) -> None:
    found = [(p.code, p.field) for p in analysed(given, resolver).problems]
    assert found[0] == (code, field), found


@pytest.mark.parametrize(
    "given",
    [
        {"within": "0 minutes"},
        {"order": "left"},
        {"pairing": "all"},
        {"max_events_per_key": 0},
        {"unpaired_left": "maybe"},
    ],
)
def test_what_cannot_be_read(resolver: SailResolver, given: dict[str, Any]) -> None:
    assert [p.field for p in analysed(given, resolver).problems] == list(given)


def test_names_that_differ_by_case_only_are_refused(resolver: SailResolver) -> None:
    right = relation("at", payer="string", paid="double", day="date", at="timestamp")
    (problem,) = analysed({"right_keep": ["day"]}, resolver, right).problems
    assert (problem.code, problem.got, problem.expected) == (
        "COLUMNS_DIFFER",
        "day date",
        "Day date",
    )


def test_columns_of_one_name_and_type_are_one(resolver: SailResolver) -> None:
    made = plan({"right_keep": ["paid", "n"]}, resolver)
    kept = [(v.name, v.type) for v in made.values if v.role == "keep"]
    assert kept == [
        ("amount", "double"),
        ("note", "string"),
        ("n", "int"),
        ("Day", "date"),
        ("paid", "double"),
    ]
    given = dict(zip((v.name for v in made.values), zip(*(i.values for i in made.inputs))))
    assert given["n"] == ("`n`", "`n`")
    assert given["paid"] == ("CAST(NULL AS double)", "`paid`")


def test_a_condition_reads_a_column_that_is_not_kept_on_its_own(resolver: SailResolver) -> None:
    made = plan({"keep": ["n"], "on": "left.n = right.n AND left.note = 'x'"}, resolver)
    computed = [i for i, v in enumerate(made.values) if v.role == "computed"]
    assert [[part.values[i] for i in computed] for part in made.inputs] == [
        ["n", "note"],
        ["n", "CAST(NULL AS string)"],
    ]


def test_rows_whose_key_has_a_null_are_nobodys_partner(resolver: SailResolver) -> None:
    left, right = (part.conditions for part in plan({}, resolver).inputs)
    assert left == ("(TRUE) AND `customer` IS NOT NULL", "FALSE")
    assert right == ("FALSE", "(TRUE) AND `payer` IS NOT NULL")
    left = plan({"unpaired_left": True}, resolver).inputs[0].conditions
    assert left == ("TRUE", "FALSE")
