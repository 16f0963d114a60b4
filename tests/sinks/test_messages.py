"""What messages say: hostile values break nothing, and waits are as the field does them."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.nodes import messages
from lakestream_mcp.nodes.messages import ServerReply
from tests.codegen.test_hostile import HOSTILE

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.fixed_dictionaries({"match_id": TEXT, "a": TEXT, "b c": TEXT | st.none() | st.integers()})
UTC = dt.UTC


@given(ROWS)
def test_values_cannot_break_a_payload(row: dict[str, Any]) -> None:
    payload = {"title": 'say "{a}"', "of": ["{b c}", {"{a}": "x{a}y"}], "n": 1}
    made = json.loads(messages.json_text(messages.webhook_message(payload)("id", row)))
    assert made["title"] == f'say "{row["a"]}"'
    assert made["of"] == [row["b c"], {"{a}": f"x{row['a']}y"}]


@given(ROWS)
def test_slack_reads_nothing_in_a_value(row: dict[str, Any]) -> None:
    text = messages.slack_message("<https://x|open> {a}")("id", row)["text"]
    value = text.removeprefix("<https://x|open> ")
    assert "<" not in value
    assert ">" not in value


@given(ROWS)
def test_a_subject_is_one_line(row: dict[str, Any]) -> None:
    made = messages.mail_message("a@b.c", ["d@e.f"], "{a}", "{a}")("id", row)
    assert not set(made["subject"]) & set("\r\n")
    assert made["body"] == row["a"]


@given(st.text("{}a:.2", max_size=12))
def test_a_template_is_text_and_columns_or_refused(template: str) -> None:
    try:
        parts = list(messages.template_pieces(template))
    except ValueError:
        return
    again = "".join(
        text.replace("{", "{{").replace("}", "}}") if name is None else "{" + name + "}"
        for text, name in parts
    )
    assert again == template


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (None, "", ""),
        (True, "", "true"),
        (2.5, ".0", "2"),
        (decimal.Decimal("12.345"), ".2", "12.34"),
        (
            dt.datetime(2026, 3, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            "date",
            "2026-02-28",
        ),
        (dt.datetime(2026, 3, 1, 1, 2, 3, 4, UTC), "", "2026-03-01T01:02:03.000004Z"),
        (dt.datetime(2026, 3, 1, 1), "", "2026-03-01T01:00:00"),
        ([{"step": "a", "at": dt.date(2026, 3, 1)}], "", '[{"step":"a","at":"2026-03-01"}]'),
        ("x", "json", '"x"'),
        (float("nan"), "", "nan"),
        (b"\x00\x01", "", "AAE="),
        ([("k", decimal.Decimal(1))], "", '{"k":"1"}'),
    ],
)
def test_values_as_text(value: Any, form: str, text: str) -> None:
    assert messages.formatted_value(value, form) == text


MAKERS: dict[str, Callable[[str], Callable[[str, Any], Any]]] = {
    "webhook": lambda text: messages.webhook_message({"said": text, "all": [text]}),
    "slack": messages.slack_message,
    "teams": messages.teams_message,
    "pagerduty": lambda text: messages.pagerduty_message(text, "here", "error"),
    "mail": lambda text: messages.mail_message("a@b.c", ["d@e.f"], text, text),
    "sendgrid": lambda text: messages.sendgrid_message("a@b.c", ["d@e.f"], text, text),
}


def shape_of(value: Any) -> Any:
    """A message without its texts."""
    if isinstance(value, dict):
        return {name: shape_of(item) for name, item in value.items()}
    return [shape_of(item) for item in value] if isinstance(value, list) else type(value)


def texts_of(value: Any) -> list[str]:
    """All texts of a message."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_change_no_message(maker: str, text: str) -> None:
    literal = text.replace("{", "{{").replace("}", "}}")
    plain = MAKERS[maker]("{a}: x")("id", {"a": "x"})
    for template, value in ((literal + " {a}", "x"), ("{a}: x", text), (literal + "{a}", text)):
        made = MAKERS[maker](template)("id", {"a": value})
        assert shape_of(made) == shape_of(plain)
        assert json.loads(messages.json_text(made)) == made
    assert text in texts_of(MAKERS[maker](literal)("id", {"a": "x"}))


def wait(reply: ServerReply, tried: int, chance: float = 1.0) -> float | None:
    return messages.wait_before_retry(reply, tried, 5, 20.0, chance, 1000.0)


def test_waits_grow_at_random_up_to_the_longest() -> None:
    broken = ServerReply(503, "", None, True)
    assert [wait(broken, n) for n in range(1, 6)] == [1, 2, 4, 8, None]
    assert wait(broken, 4, 0.25) == 2
    assert messages.wait_before_retry(broken, 9, 10, 20.0, 1.0, 0.0) == 20


def test_a_server_says_when_to_come_again() -> None:
    assert wait(ServerReply(429, "", "7", True), 1, 0.0) == 7
    assert wait(ServerReply(429, "", "21", True), 1) is None
    at = "Thu, 01 Jan 1970 00:16:50 GMT"
    assert wait(ServerReply(429, "", at, True), 1) == 10
    assert wait(ServerReply(400, "", "1", False), 1) is None


def test_pagerduty_keeps_to_its_limits() -> None:
    made = messages.pagerduty_message("{a}" * 2000, "s" * 10, "error")("i" * 300, {"a": "xy"})
    assert len(made["payload"]["summary"]) == 1024
    assert len(made["dedup_key"]) == 255
