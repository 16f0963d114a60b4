"""Cases of MATCH_RECOGNIZE: a query over one table, and its rows. Trino's answer counts."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..errors import InvalidSql
from .case_file import Json, Verdict, code_of, compared
from .engines import CLOSED, Answer, Trial
from .trino_query import Read, clause_text, outer_text, read, selected

if TYPE_CHECKING:
    from ..relational.local import LocalEngine

PATTERN = "found"
RANK = "case_rank"
ARRIVAL = "case_arrival"
BASE_US = 1_600_000_000_000_000
RANK_US = 1_000_000


def trial(case: Json) -> Trial:
    """The pipeline and the rows of a case. Raises LakestreamError."""
    one = read(case)
    _check_order(one)
    outer_text(one)
    if not one.shown:
        raise InvalidSql("The result has no column.", code="TABLE_HAS_NO_COLUMNS")
    names = [column["name"] for column in case["columns"]]
    inside = [one.renamed.get(name.lower(), name) for name in names]
    rows = [dict(zip(names, row, strict=True)) for row in case["rows"]]
    order = _ordered(rows, one, names)
    time = _event_time(one, rows)
    columns = {name: one.types[given.lower()] for name, given in zip(inside, names, strict=True)}
    columns |= {RANK: "timestamp", ARRIVAL: "bigint"}
    placed = []
    for place, number in enumerate(order):
        row = {name: _value(rows[number][given], columns[name])
               for name, given in zip(inside, names, strict=True)}  # fmt: skip
        row[RANK] = BASE_US + place * RANK_US
        row[ARRIVAL] = place
        placed.append(row)
    config = {"clause": clause_text(one, time), "order_by": [ARRIVAL]}
    return Trial(
        node={"id": PATTERN, "type": "match-recognize", "name": "Rows", "config": config},
        columns=columns,
        event_time=time,
        rows=sorted(placed, key=lambda row: row[time]),
        until=CLOSED,
        fails=_wanted(case) is None,
    )


def _value(value: Any, column_type: str) -> Any:
    if value is not None and column_type == "timestamp":
        return int(value) * 1000
    return value


def _event_time(one: Read, rows: Sequence[Json]) -> str:
    """The first column of ORDER BY if it is a time, ascending and always there; else the rank."""
    if not one.clause.order_by:
        return RANK
    first = one.clause.order_by[0]
    name = first.column.lower()
    given = [value for row in rows for key, value in row.items() if key.lower() == name]
    usable = one.types.get(name) == "timestamp" and first.how in ("", "ASC")
    if usable and all(value is not None and value > 0 for value in given):
        return one.renamed.get(name, first.column)
    return RANK


def _ordered(rows: list[Json], one: Read, names: Sequence[str]) -> list[int]:
    """The numbers of the rows under ORDER BY, arrival last; NULL last as in Trino."""
    order = list(range(len(rows)))
    by_lower = {name.lower(): name for name in names}
    for item in reversed(one.clause.order_by):
        name = by_lower.get(item.column.lower())
        if name is None:
            continue  # the pattern's own check refuses it
        exact = one.types[name.lower()].startswith("decimal")
        keys = {n: Decimal(rows[n][name]) if exact and rows[n][name] else rows[n][name]
                for n in order}  # fmt: skip
        known = [n for n in order if keys[n] is not None]
        absent = [n for n in order if keys[n] is None]
        known.sort(key=keys.__getitem__, reverse=item.how.startswith("DESC"))
        order = [*absent, *known] if "NULLS FIRST" in item.how else [*known, *absent]
    return order


def _check_order(one: Read) -> None:
    """ORDER BY names columns of the table. Raises InvalidSql."""
    for item in one.clause.order_by:
        plain = re.fullmatch(r"(ASC|DESC)?( ?NULLS (FIRST|LAST))?", item.how)
        if plain is None or item.column.lower() not in one.types:
            raise InvalidSql(
                f"ORDER BY {item.column} {item.how}: only columns can be named.",
                code="INVALID_COLUMN_REFERENCE" if plain is None else "COLUMN_NOT_FOUND",
                got=item.column,
                expected=sorted(one.types),
            )


def judge(case: Json, answer: Answer, engine: LocalEngine) -> Verdict:
    """Whether the rows are what the case says."""
    wanted = _wanted(case)
    got = selected(read(case), answer, engine)
    if wanted is None:
        return Verdict("wrong", f"expected a refusal: {_error(case)}; got {len(got)} rows")
    types = case.get("expected_types") or []
    exact = [_is_exact(got, types, at) for at in range(len(wanted[0]) if wanted else 0)]
    plain = [[_comparable(v, e) for v, e in zip(row, exact, strict=True)] for row in wanted]
    found = [[_comparable(v) for v in row] for row in got]
    return compared("rows", plain, found) or Verdict("pass")


def _is_exact(got: list[list[Any]], types: Sequence[str], at: int) -> bool:
    """Whether the texts of a column are decimals."""
    if at < len(types):
        return "decimal" in str(types[at])
    return any(len(row) > at and isinstance(row[at], Decimal) for row in got)


def _wanted(case: Json) -> list[list[Any]] | None:
    """The rows of the answer that counts; None where a refusal does."""
    if case.get("ansi_error"):
        return None
    if case.get("expected_ansi") is not None:
        rows: list[list[Any]] = case["expected_ansi"]
        return rows
    return None if case.get("error") else case["expected"]


def _error(case: Json) -> str:
    return f"{case.get('error_code') or ''} {case.get('ansi_error') or case.get('error')}".strip()


def _comparable(value: Any, exact: bool = False) -> Any:
    """A value so that equal ones are equal as JSON: numbers by value, times in milliseconds."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {key: _comparable(each, exact) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(each, exact) for each in value]
    if isinstance(value, int | float | Decimal) or (exact and isinstance(value, str)):
        return _number(value)
    if isinstance(value, dt.datetime):
        return _number(round(value.timestamp() * 1000))
    return str(value)


def _number(value: float | Decimal | str) -> str:
    """A number as text; of a binary fraction as many digits as are certain."""
    if isinstance(value, float) and not value.is_integer():
        value = f"{value:.12g}"
    number = Decimal(str(value))
    return "0" if number == 0 else f"number {number.normalize()}"


def refused(case: Json, error: Exception, at_run_time: bool) -> Verdict:
    """The verdict where there is no answer: a pass where the case says that there is none."""
    code = code_of(error)
    said = f"{code}: {error}"
    if _wanted(case) is not None:
        return Verdict("crash" if at_run_time else "refused", said)
    if at_run_time and case.get("error_code") is not None:
        return Verdict("crash", f"{said}; expected a refusal: {_error(case)}")
    same = at_run_time or code == case.get("error_code")
    return Verdict("pass", said if same else f"{said}; expected {_error(case)}")
