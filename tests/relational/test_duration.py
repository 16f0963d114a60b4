"""Durations: every accepted form, one canonical text, exact lengths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from lakestream_mcp.errors import InvalidArgument
from lakestream_mcp.graph.duration import (
    MAX_DAYS,
    Delay,
    Duration,
    delay_ms,
    duration_ms,
    duration_text,
    duration_us,
)

DAY_US = 86_400_000_000


class Timed(BaseModel):
    within: Duration
    delay: Delay = "0 seconds"


@pytest.mark.parametrize(
    ("given_text", "canonical"),
    [
        ("6 hours", "6 hours"),
        ("5m", "5 minutes"),
        ("PT5M", "5 minutes"),
        ("90 s", "90 seconds"),
        ("250ms", "250 milliseconds"),
        ("1 hour 30 minutes", "90 minutes"),
        ("1.5 hours", "90 minutes"),
        ("P1DT2H", "26 hours"),
        ("2 weeks", "14 days"),
        ("24 hours", "1 day"),
        ("PT0.5S", "500 milliseconds"),
        ("7us", "7 microseconds"),
        ("INTERVAL '5' MINUTE", "5 minutes"),
        ({"value": 10, "unit": "seconds"}, "10 seconds"),
    ],
)
def test_accepted_forms_have_one_text(given_text: object, canonical: str) -> None:
    assert Timed.model_validate({"within": given_text}).within == canonical


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "5",
        "5 parsecs",
        "0 s",
        "-5 s",
        "1 month",
        "1 year",
        "4000 days",
        "P",
        5,
        None,
        "h",
        "1e3 s",
    ],
)
def test_refused_forms_name_what_is_accepted(bad: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Timed.model_validate({"within": bad})
    assert len(caught.value.errors()) == 1


def test_an_error_names_the_forms() -> None:
    with pytest.raises(InvalidArgument) as caught:
        duration_us("5 parsecs")
    assert "PT5M" in caught.value.expected


def test_a_delay_may_be_nothing_but_no_finer_than_a_millisecond() -> None:
    assert delay_ms(Timed.model_validate({"within": "1s", "delay": "0 s"}).delay) == 0
    with pytest.raises(ValidationError):
        Timed.model_validate({"within": "1s", "delay": "5 us"})
    with pytest.raises(InvalidArgument):
        duration_ms("5 us")


@given(st.integers(min_value=1, max_value=MAX_DAYS * DAY_US))
def test_canonical_text_reads_back_exactly(microseconds: int) -> None:
    assert duration_us(duration_text(microseconds)) == microseconds


@given(st.text(max_size=30))
def test_any_text_is_a_duration_or_a_clear_error(text: str) -> None:
    try:
        assert 0 < duration_us(text) <= MAX_DAYS * DAY_US
    except InvalidArgument as error:
        assert error.got == text
