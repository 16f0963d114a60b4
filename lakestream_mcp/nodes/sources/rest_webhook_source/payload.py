"""What a request holds, as the lines that are written: all of it is right, or none is taken."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from collections.abc import Iterator
from typing import Any, NoReturn

from ....cep.events import table_of
from ....errors import InvalidEvents, nearest
from ....graph.model import Relation

EVENTS_MAX = 10_000
LISTED_MAX = 20


def lines_of(body: bytes, relation: Relation, node_id: str) -> tuple[bytes, int]:
    """The events of a body as JSON lines, typed as the columns say, and how many there are.

    A body is one JSON object, a list of them, or one per line. Raises InvalidEvents.
    """
    events = _events(body)
    if not events or len(events) > EVENTS_MAX:
        raise InvalidEvents(
            f"The request holds {len(events)} events.",
            code="INVALID_PAYLOAD",
            got=len(events),
            expected=f"from 1 to {EVENTS_MAX}",
        )
    found = list(_unknown(events, relation))[:LISTED_MAX]
    rows: list[Any] = []
    try:
        if not found:
            rows = table_of(events, relation, node_id)[0].to_pylist(maps_as_pydicts="strict")
            found = list(_left_out(events, rows))[:LISTED_MAX]
    except InvalidEvents:
        found = _misfits(events, relation, node_id)
    if found:
        raise InvalidEvents(
            f"The events do not fit the columns: {found[0]['message']}",
            code="INVALID_PAYLOAD",
            where={"fields": found},
            got=sorted({problem["field"] for problem in found}),
            expected={column.name: column.type for column in relation.columns},
        )
    try:
        texts = [json.dumps(r, default=_plain, ensure_ascii=False, allow_nan=False) for r in rows]
    except ValueError:
        raise InvalidEvents(
            "JSON has no numbers that are not finite.", code="INVALID_PAYLOAD"
        ) from None
    return ("\n".join(texts) + "\n").encode(), len(rows)


def _events(body: bytes) -> list[Any]:
    try:
        text = body.decode()
        try:
            given = _loaded(text)
        except ValueError:
            given = [_loaded(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise InvalidEvents(
            f"The body is not JSON: {str(error)[:120]}.",
            code="INVALID_JSON",
            got=body[:80].decode("utf-8", "replace"),
            expected="a JSON object, a list of objects, or one object per line",
        ) from None
    return given if isinstance(given, list) else [given]


def _loaded(text: str) -> Any:
    return json.loads(text, parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unknown(events: list[Any], relation: Relation) -> Iterator[dict[str, Any]]:
    """Events that are no objects, and fields that are no columns."""
    for number, event in enumerate(events):
        if not isinstance(event, dict):
            yield {"row": number, "field": "", "message": "an event is an object"}
            continue
        for name in event.keys() - set(relation.names):
            near = nearest(name, relation.names)
            tail = f"; did you mean `{near}`?" if near else ""
            yield {"row": number, "field": name, "message": f"no column `{name}`{tail}"}


def _misfits(events: list[Any], relation: Relation, node_id: str) -> list[dict[str, Any]]:
    """Every value that is not of its column's type, up to a bound."""
    found: list[dict[str, Any]] = []
    for number, event in enumerate(events):
        for column in relation.columns:
            try:
                table_of([event], Relation((column,)), node_id)
            except InvalidEvents as error:
                message = error.message.removeprefix("Event 0: ")
                found.append({"row": number, "field": column.name, "message": message})
        if len(found) >= LISTED_MAX:
            break
    return found[:LISTED_MAX]


def _left_out(events: list[Any], rows: list[Any]) -> Iterator[dict[str, Any]]:
    """Fields of nested objects that the columns' types do not name."""
    for number, (event, row) in enumerate(zip(events, rows, strict=True)):
        todo = [(name, event[name], row[name]) for name in event]
        while todo:
            place, given, taken = todo.pop()
            if isinstance(given, dict) and isinstance(taken, dict):
                for name in given.keys() - taken.keys():
                    yield {"row": number, "field": f"{place}.{name}", "message": "no such field"}
                todo += [
                    (f"{place}.{name}", given[name], taken[name]) for name in taken if name in given
                ]
            elif isinstance(given, list) and isinstance(taken, list):
                todo += [(place, a, b) for a, b in zip(given, taken, strict=True)]


def _plain(value: Any) -> Any:
    """A value as Spark's JSON reader takes it back."""
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
