"""Quartz expressions: what is written by its rules is taken, one number too many is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakestream_mcp.codegen.quartz import DAYS, FIELDS, MONTHS, check_quartz

GOOD = (
    "0 0/15 * * * ?",
    "0 0 12 ? * MON-FRI",
    "0 15 10 L-2 * ?",
    "0 15 10 ? * 6L",
    "0 15 10 ? * FRI#3",
    "0 0 12 1/5 * ? 2027",
    "0 0 12 LW * ?",
    "0 0 0 15W JAN,MAR ?",
    "0 0 22-2 * * ?",
    "0 /5 * * * ?",
    "0 0 0 29 2 ?",
)
BAD = (
    ("", "0 fields"),
    ("* * * * *", "5 fields"),
    ("0 0 12 * * *", "must be `?`"),
    ("0 0 12 ? * ?", "must be `?`"),
    ("0 0 12 1,? * MON", "must be `?`"),
    ("60 0 12 * * ?", "60 is no seconds"),
    ("0 5-61 * * * ?", "61 is no minutes"),
    ("0 0/0 * * * ?", "step /0"),
    ("0 0 12 ? * MON#6", "no day of the week"),
    ("0 0 12 ? * 0L", "no day of the week"),
    ("0 0 0 31 4 ?", "never comes"),
    ("0 0 0 30 FEB ?", "never comes"),
    ("0 0 12 ? * MON 1969", "no year"),
    ("? 0 0 * * ?", "no seconds"),
    ("0 0 12 ? * MONDAY", "no day of the week"),
)


@pytest.mark.parametrize("text", GOOD)
def test_what_quartz_takes(text: str) -> None:
    assert check_quartz(f"  {text.lower().replace(' ', '  ')} ") == text.upper()


@pytest.mark.parametrize(("text", "said"), BAD)
def test_what_quartz_refuses_is_said_by_field(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")):
        check_quartz(text)


@st.composite
def parts(draw: st.DrawFn, number: int) -> str:
    """One field, by the rules."""
    field = FIELDS[number]
    names = {4: MONTHS, 5: DAYS}.get(number, [])
    # Days beyond the 28th are for the examples: they may not exist.
    value = st.integers(field.low, min(field.high, 28)).map(str) | st.sampled_from(names or ["*"])
    one = draw(value)
    if one == "*":
        return draw(st.sampled_from(["*", f"*/{field.high}"]))
    tail = draw(st.sampled_from(["", f"/{field.high}", f",{field.low}", f"-{field.low}"]))
    return one + tail


@given(st.tuples(*(parts(n) for n in range(6))), st.booleans())
def test_anything_by_the_rules_is_taken(fields: tuple[str, ...], by_weekday: bool) -> None:
    made = list(fields)
    made[3 if by_weekday else 5] = "?"
    assert check_quartz(" ".join(made)) == " ".join(made)


@given(st.integers(0, 5), st.data())
def test_a_number_beyond_the_field_is_not(number: int, data: st.DataObject) -> None:
    made = ["0", "0", "0", "?" if number == 5 else "1", "*", "?" if number != 5 else "2"]
    made[number] = str(data.draw(st.integers(FIELDS[number].high + 1, 9_999)))
    with pytest.raises(ValueError, match=FIELDS[number].name):
        check_quartz(" ".join(made))
