"""Events for a test: inline rows or a file, typed as the source declares; nothing is guessed.

Every table gets the hidden column `__row`, the arrival number of each row over all sources.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from ..errors import InvalidEvents, LimitExceeded, nearest
from ..graph.model import Column, Relation
from ..relational.arrow_types import arrow_type

MAX_ROWS = 1_000_000
MAX_LINE_CHARS = 1_000_000
MILLISECONDS_FROM = 100_000_000_000
ROW = "__row"
TIME_FORMS = "ISO 8601 such as `2026-01-31T10:00:00Z`; without a zone it is UTC"


def table_of(rows: Iterable[Any], relation: Relation, source: str) -> tuple[Any, list[str]]:
    """Rows as an Arrow table of the source's columns, and warnings (fields that were ignored).

    Raises InvalidEvents with the row's number, the field, what was given and what is accepted.
    """
    import pyarrow as pa

    listed = _listed(rows, source)
    arrays = []
    for column in relation.columns:
        values = [row.get(column.name) for row in listed]
        arrays.append(_array(values, column, source))
    known = set(relation.names)
    extra = sorted({name for row in listed for name in row if name not in known})
    table = pa.table(arrays, names=list(relation.names)) if arrays else pa.table({})
    return table, [_ignored(name, relation, source) for name in extra[:10]]


def _listed(rows: Iterable[Any], source: str) -> list[dict[str, Any]]:
    listed = []
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InvalidEvents(
                f"Event {number} is not an object.",
                where={"source": source, "row": number},
                got=shown(row),
                expected="an object with one value per column",
            )
        if number >= MAX_ROWS:
            raise LimitExceeded(
                f"A test takes at most {MAX_ROWS:,} events.",
                where={"source": source},
                got=number + 1,
            )
        listed.append(row)
    return listed


def _ignored(name: str, relation: Relation, source: str) -> str:
    near = nearest(name, relation.names)
    tail = f"; did you mean `{near}`?" if near else ""
    return f"Field `{shown(name)}` of the events is no column of `{source}` and was ignored{tail}"


def _array(values: list[Any], column: Column, source: str) -> Any:
    import pyarrow as pa

    convert = _CONVERSIONS.get(column.type.partition("(")[0])
    converted = values
    if convert is not None:
        converted = []
        for number, value in enumerate(values):
            try:
                converted.append(None if value is None else convert(value))
            except (TypeError, ValueError, OverflowError) as error:
                raise _unfit(value, number, column, source, str(error)) from None
    try:
        return pa.array(converted, type=arrow_type(column.type))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        number = _culprit(converted, column)
        raise _unfit(values[number], number, column, source, str(error)) from None


def _culprit(values: list[Any], column: Column) -> int:
    import pyarrow as pa

    for number, value in enumerate(values):
        try:
            pa.array([value], type=arrow_type(column.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            return number
    return 0


def _unfit(value: Any, number: int, column: Column, source: str, reason: str) -> InvalidEvents:
    accepted = TIME_FORMS if column.type.startswith("timestamp") else column.type
    return InvalidEvents(
        f"Event {number}: `{column.name}` cannot be read as {column.type}: {reason[:200]}",
        code="UNREADABLE_VALUE",
        where={"source": source, "row": number, "field": column.name},
        got=shown(value),
        expected=accepted,
    )


def shown(value: Any) -> str:
    """A value in a few characters."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _since_1970(value: Any) -> str:
    """How a number would be written if it counts seconds or milliseconds since 1970."""
    seconds = value / 1000 if isinstance(value, int) and value > MILLISECONDS_FROM else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < seconds < 4e9:
        return ""
    return f"; since 1970 it is `{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%SZ}`"


def moment(value: Any) -> dt.datetime:
    """A time from ISO 8601 text, in UTC. Raises ValueError, TypeError."""
    if isinstance(value, dt.datetime):
        parsed = value
    elif isinstance(value, str):
        parsed = dt.datetime.fromisoformat(value.strip())
    else:
        raise TypeError(f"not a time in text{_since_1970(value)}")
    return parsed.replace(tzinfo=dt.UTC) if parsed.tzinfo is None else parsed.astimezone(dt.UTC)


def _local_moment(value: Any) -> dt.datetime:
    """A time without zone from ISO 8601 text."""
    parsed = dt.datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
    if not isinstance(parsed, dt.datetime) or parsed.tzinfo is not None:
        raise ValueError("not a time without zone")
    return parsed


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str):
        return dt.date.fromisoformat(value.strip())
    raise TypeError("not a date in text")


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("not a whole number")
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError("not a whole number")
        return int(value)
    return int(value)


def _double(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("not a number")
    return float(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise TypeError("not true or false")


def _string(value: Any) -> str:
    if isinstance(value, str):
        value.encode()  # a lone surrogate cannot be stored
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _decimal(value: Any) -> Any:
    import decimal

    if isinstance(value, bool) or not isinstance(value, int | float | str | decimal.Decimal):
        raise TypeError("not a number")
    try:
        return decimal.Decimal(str(value))
    except decimal.InvalidOperation:
        raise ValueError("not a decimal number") from None


_CONVERSIONS: dict[str, Any] = {
    "timestamp": moment,
    "timestamp_ntz": _local_moment,
    "date": _date,
    "tinyint": _integer,
    "smallint": _integer,
    "int": _integer,
    "bigint": _integer,
    "float": _double,
    "double": _double,
    "boolean": _boolean,
    "string": _string,
    "decimal": _decimal,
}


def with_arrivals(tables: dict[str, Any], times: dict[str, str | None]) -> dict[str, Any]:
    """Number the rows of all sources in arrival order, in the hidden column `__row`.

    Each source's rows arrive as given; several sources are interleaved by event time, so that none
    runs ahead of the others. times: each source's event-time column.
    """
    import numpy as np
    import pyarrow as pa

    names = list(tables)
    total = sum(table.num_rows for table in tables.values())
    if len(names) == 1:
        arrivals = {names[0]: np.arange(total, dtype=np.int64)}
    else:
        progress = [_progress(tables[name], times[name]) for name in names]
        order = np.argsort(np.concatenate(progress), kind="stable")
        ranks = np.empty(total, dtype=np.int64)
        ranks[order] = np.arange(total, dtype=np.int64)
        splits = np.cumsum([table.num_rows for table in tables.values()])[:-1]
        arrivals = dict(zip(names, np.split(ranks, splits), strict=True))
    return {n: t.append_column(ROW, pa.array(arrivals[n])) for n, t in tables.items()}


def _progress(table: Any, event_time: str | None) -> Any:
    """How far a source's clock has come at each of its rows; never goes back."""
    import numpy as np

    if event_time is None or not table.num_rows:
        return np.arange(table.num_rows, dtype=np.int64)
    return np.maximum.accumulate(times_of(table, event_time))


def times_of(table: Any, event_time: str) -> Any:
    """Event times in microseconds as numpy int64; NULL counts as 1970."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table[event_time].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return pc.fill_null(column, 0).to_numpy()
