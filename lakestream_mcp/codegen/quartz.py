"""Quartz cron expressions, as Databricks' schedules take them, checked field by field.

Seconds, minutes, hours, day of the month, month, day of the week, and optionally the year; one of
the two days is `?`. Unix cron has other fields and other rules, so its libraries do not help.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
SHAPE = "seconds minutes hours day-of-month month day-of-week [year], such as `0 0/15 * * * ?`"


class Field(NamedTuple):
    """One field: its limits, names for its numbers, and forms that only it has."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    special: str = ""


FIELDS = (
    Field("seconds", 0, 59),
    Field("minutes", 0, 59),
    Field("hours", 0, 23),
    Field("day of the month", 1, 31, special=r"L|LW|L-(?:[1-9]|[12]\d|30)|(?:[1-9]|[12]\d|3[01])W"),
    Field("month", 1, 12, tuple(MONTHS)),
    Field("day of the week", 1, 7, tuple(DAYS), r"L|V#[1-5]|VL"),
    Field("year", 1970, 2099),
)
DAY, MONTH, WEEKDAY = 3, 4, 5


def check_quartz(text: str) -> str:
    """The expression with single spaces. Raises ValueError with what is wrong with which field."""
    parts = text.upper().split()
    if len(parts) not in (6, 7):
        raise ValueError(f"it has {len(parts)} fields instead of 6 or 7: {SHAPE}")
    if (parts[DAY] == "?") == (parts[WEEKDAY] == "?"):
        raise ValueError("one of day of the month and day of the week must be `?`, and only one")
    for part, field in zip(parts, FIELDS, strict=False):
        _check(part, field)
    _check_day_exists(parts[DAY], parts[MONTH])
    return " ".join(parts)


def _check(part: str, field: Field) -> None:
    if part == "?" and field in (FIELDS[DAY], FIELDS[WEEKDAY]):
        return
    value = rf"\d{{1,4}}{''.join(f'|{name}' for name in field.names)}"
    special = field.special.replace("V", f"(?:{value})") if field.names else field.special
    if special and re.fullmatch(special, part):
        _numbers(re.sub(r"#\d", "", part), field)
        return
    item = rf"(?:(?:\*|(?:{value})(?:-(?:{value}))?)(?:/\d{{1,2}})?|/\d{{1,2}})"
    if not re.fullmatch(rf"{item}(?:,{item})*", part):
        raise ValueError(f"`{part}` is no {field.name}")
    _numbers(part, field)


def _numbers(part: str, field: Field) -> None:
    """Every number within its limits, steps from 1 to the length of the field."""
    for step in re.findall(r"/(\d+)", part):
        if not 1 <= int(step) <= field.high:
            raise ValueError(f"the step /{step} of {field.name} is not from 1 to {field.high}")
    for value in map(int, re.findall(r"\d+", re.sub(r"/\d+|L-\d+", "", part))):
        if not field.low <= value <= field.high:
            limits = f"from {field.low} to {field.high}"
            raise ValueError(f"{value} is no {field.name}: it is a number {limits}")


def _check_day_exists(day: str, month: str) -> None:
    """Refuse days that none of the months has, such as 31 April: they would never come."""
    days = [int(d) for d in day.split(",") if d.isdigit()]
    named = [MONTHS.index(m) + 1 if m in MONTHS else m for m in month.split(",")]
    months = [int(m) for m in named if str(m).isdigit()]
    if len(days) != len(day.split(",")) or len(months) != len(named):
        return
    if min(days) > max(LONGEST[m - 1] for m in months):
        raise ValueError(f"day {day} of month {month} never comes")
