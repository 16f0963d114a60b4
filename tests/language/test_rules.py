"""The rules, whatever they are given: numbers, times, columns and text that nobody thought of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.apply import apply
from lakestream_mcp.graph.changes import AddNode
from lakestream_mcp.graph.duration import duration_text
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.language.proposal import Draft, Request
from lakestream_mcp.language.rules import Rules

CATALOG = Catalog.load()
EMPTY = PipelineDocument(name="New")
LOGINS = {
    "user_id": "string",
    "event_type": "string",
    "country": "string",
    "amount": "double",
    "event_time": "timestamp",
}
UNITS = {
    "s": 1, "sec": 1, "seconds": 1, "min": 60, "mins": 60, "minutes": 60, "m": 60, "h": 3600,
    "hours": 3600, "hrs": 3600, "days": 86_400, "weeks": 604_800,
}  # fmt: skip
SPOKEN = (
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def draft(text: str, schema: dict[str, str] = LOGINS, document: PipelineDocument = EMPTY) -> Draft:
    """What the rules make of a text, which can always be applied."""
    made = Rules().draft(Request(text, document, {}, schema, CATALOG))
    assert not made.changes or not (made.questions or made.refusal)
    if made.changes:
        apply(document, made.changes, CATALOG)
    return made


def config(text: str, type_name: str, schema: dict[str, str] = LOGINS) -> dict[str, Any]:
    """The configuration of the one node of a type that a text makes."""
    made = draft(text, schema)
    document = apply(EMPTY, made.changes, CATALOG).document if made.changes else EMPTY
    found = [node.config for node in document.nodes if node.type == type_name]
    assert len(found) == 1, (text, made)
    return found[0]


@given(
    count=st.integers(2, 500),
    length=st.integers(2, 90),
    unit=st.sampled_from(sorted(UNITS)),
    said=st.sampled_from(["more than", "at least", "exactly", "over"]),
    within=st.sampled_from(["within", "in", "in less than", "over the last", "during any"]),
    key=st.sampled_from(["per user", "for each user", "by user_id", "for the same user id"]),
)
@settings(deadline=None, max_examples=60)
def test_counts_and_times_are_what_was_said(
    count: int, length: int, unit: str, said: str, within: str, key: str
) -> None:
    made = config(
        f"{said} {count} 'login' events {within} {length} {unit} {key}", "count-threshold"
    )
    signs = {"more than": ">", "over": ">", "at least": ">=", "exactly": "="}
    assert (made["comparison"], made["threshold"]) == (signs[said], count)
    assert made["window"] == duration_text(length * UNITS[unit] * 1_000_000)
    assert made["key"] == ["user_id"]


@given(
    steps=st.lists(
        st.sampled_from(["login", "view", "buy", "pay", "logout"]), min_size=2, max_size=6
    ),
    joint=st.sampled_from([" then ", ", then ", " followed by ", " and then ", " -> "]),
    minutes=st.integers(2, 600),
)
@settings(deadline=None, max_examples=40)
def test_steps_keep_their_order(steps: list[str], joint: str, minutes: int) -> None:
    text = joint.join(f"'{step}'" for step in steps) + f" within {minutes} minutes per user"
    made = config(text, "sequence")
    assert [step["where"] for step in made["steps"]] == [f"event_type = '{s}'" for s in steps]
    assert len({step["name"] for step in made["steps"]}) == len(steps)
    assert made["within"] == duration_text(minutes * 60_000_000)


@given(place=st.integers(0, 10), value=st.integers(-1000, 10**7))
@settings(deadline=None, max_examples=40)
def test_numbers_in_words_and_in_digits(place: int, value: int) -> None:
    made = config(f"{SPOKEN[place]} 'login' events within an hour per user", "count-threshold")
    assert made["threshold"] == place + 2
    kept = config(f"keep only rows where amount is at least {value:,}", "filter")
    assert kept["condition"] == f"amount >= {value}"


@given(text=st.text(max_size=400))
@settings(deadline=None, max_examples=150)
def test_any_text_has_an_answer_and_always_the_same(text: str) -> None:
    first = draft(text)
    assert first == draft(text)
    assert first.changes or first.questions or first.refusal


TEXT = """
a the login then within 5 minutes per user more than not no followed by without send to slack kafka
topic from table main.a.b when amount over 100 or and average every hour , . ; ' ( -> remove make
window threshold filter it before after rename keep drop status 'x' = 3 times
"""
WORDS = st.sampled_from(TEXT.split())


@given(
    words=st.lists(WORDS, max_size=60), column=st.sampled_from(["user_id", "x'; DROP --", "a b"])
)
@settings(deadline=None, max_examples=150)
def test_words_in_any_order_break_nothing(words: list[str], column: str) -> None:
    draft(" ".join(words), {**LOGINS, column: "string"})
    draft(" ".join(words), {})


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\n", "!!!", "quel temps fait il dans la ville", "天気はどうですか", "sdfkj weoiu"],
)
def test_what_is_no_request_is_refused_kindly_with_an_example(text: str) -> None:
    refusal = draft(text).refusal
    assert "For example" in refusal
    assert not draft(text).changes


def test_what_was_not_used_is_said() -> None:
    made = draft("three 'login' events within 5 minutes per user with purple elephants")
    assert made.changes
    assert any("purple elephants" in said for said in made.assumptions)


def test_times_beyond_bounds_and_long_texts_are_refused() -> None:
    assert "no time" in draft("'a' then 'b' within 99999999 weeks per user").refusal
    assert "at most" in draft("login " * 4000).refusal


def test_undo_says_which_tool() -> None:
    document = apply(
        EMPTY, draft("'a' then 'b' within 5 minutes per user").changes, CATALOG
    ).document
    assert "restore_revision" in draft("undo that", document=document).refusal


def test_a_fix_of_the_validator_is_taken_and_the_rest_is_asked() -> None:
    request = Request("more than 5 'x' events in a minute per user", EMPTY, {}, LOGINS, CATALOG)
    first = Rules().draft(request)
    added = [c.node for c in first.changes if isinstance(c, AddNode)]
    pattern = next(node.id for node in added if node.type == "count-threshold")
    fix = [{"op": "update_node", "id": pattern, "config": {"threshold": 6}}]
    findings: list[dict[str, Any]] = [
        {"severity": "error", "message": "Too low.", "fix": fix},
        {"severity": "error", "message": "Unknown column.", "expected": ["a", "b"]},
        {"severity": "info", "message": "Nothing."},
    ]
    mended = Rules().repair(request, first, findings)
    assert mended.changes[-1].model_dump(exclude_none=True)["config"] == {"threshold": 6}
    assert [q.options for q in mended.questions] == [("a", "b")]
