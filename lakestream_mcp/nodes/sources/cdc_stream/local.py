"""Changes in a test: given flat or in their envelope, and sifted as generated code sifts them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from ....cep.events import ROW
from ....cep.physical import EPOCH
from ....errors import InvalidEvents
from ....graph.model import Column
from ....graph.node_parts import LocalRows
from .envelopes import CHANGE_FEED, MAXWELL, OPERATIONS, RESERVED, Kind

_PER_SECOND = {"milliseconds": 1_000, "microseconds": 1_000_000}
_DAY_S = 86_400
_ImageTypes = Mapping[str, str]


def flat(
    kind: Kind,
    event: Mapping[str, Any],
    columns: Sequence[Column],
    times: str,
    with_before: bool = False,
) -> Mapping[str, Any]:
    """A change as a row: one in its envelope is opened, one that is flat stays as it is."""
    types = {c.name: c.type for c in columns}
    opened = {"debezium": _debezium, "maxwell": _maxwell, "spark-cdc": _spark}[kind](event, types)
    if opened is None:
        return event
    operation, moment, before, after = opened

    def read(image: Mapping[str, Any]) -> dict[str, Any]:
        return {name: _value(value, types.get(name, ""), times) for name, value in image.items()}

    told = {"before": read(before)} if with_before and before else {}
    image = before if operation == "d" else after
    return {**read(image), **told, "op": operation, "source_time": moment}


_Opened = tuple[Any, Any, Mapping[str, Any], Mapping[str, Any]] | None
"""`op`, `source_time`, and the row before and after."""


def _debezium(event: Mapping[str, Any], types: _ImageTypes) -> _Opened:
    payload = event.get("payload")
    bare = payload if isinstance(payload, dict) and "payload" not in types else event
    if "after" not in bare and ("before" not in bare or set(bare) & set(types)):
        return None
    if {"after", "before"} & set(types):
        return None
    source = bare.get("source")
    stamped = source.get("ts_ms") if isinstance(source, dict) else None
    moment = stamped if stamped is not None else bare.get("ts_ms")
    return bare.get("op"), _since(moment, 1_000), _image(bare, "before"), _image(bare, "after")


def _maxwell(event: Mapping[str, Any], types: _ImageTypes) -> _Opened:
    if "data" in types or not isinstance(event.get("data"), dict):
        return None
    data = event["data"]
    return MAXWELL.get(str(event.get("type"))), _since(event.get("ts"), 1), data, data


def _spark(event: Mapping[str, Any], _types: _ImageTypes) -> _Opened:
    change, committed = RESERVED
    if change not in event:
        return None
    image = {name: value for name, value in event.items() if name not in RESERVED}
    return CHANGE_FEED.get(str(event[change])), event.get(committed), image, image


def _image(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    image = event.get(name)
    return image if isinstance(image, dict) else {}


def _since(value: Any, per_second: int) -> Any:
    """A whole number since 1970 as a time; anything else as it is, to be refused with its place."""
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    try:
        return EPOCH + dt.timedelta(microseconds=value * (1_000_000 // per_second))
    except OverflowError:
        return value


def _value(value: Any, column_type: str, times: str) -> Any:
    """A value of an image; with times as numbers, those of time columns are read."""
    if times not in _PER_SECOND or isinstance(value, bool) or not isinstance(value, int):
        return value
    if column_type == "timestamp":
        return _since(value, _PER_SECOND[times])
    moment = _since(value * _DAY_S, 1) if column_type == "date" else value
    return moment.date() if isinstance(moment, dt.datetime) else value


def sifted(table: Any, keys: Sequence[str], on_malformed: str, source: str) -> LocalRows:
    """The changes that give a row. Raises InvalidEvents where one without its key would stop."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pc.is_in(table["op"], pa.array(OPERATIONS))
    passing = known
    for key in keys:
        passing = pc.and_(passing, pc.is_valid(table[key]))
    keyless = pc.and_not(known, passing)
    if on_malformed == "fail" and (stopping := table.filter(keyless)).num_rows:
        raise InvalidEvents(
            "A change without its key stops the query, as `on_malformed` says.",
            where={"source": source, "row": stopping[ROW][0].as_py()},
            got={key: stopping[key][0].as_py() for key in keys},
            hint="give the key, or set `on_malformed: skip`",
        )
    counts = {
        f"`op` is none of {', '.join(OPERATIONS)}": pc.sum(pc.invert(known)).as_py() or 0,
        f"{', '.join(f'`{key}`' for key in keys)} is NULL": pc.sum(keyless).as_py() or 0,
    }
    notes = [
        f"{source}: {count} {'change gives' if count == 1 else 'changes give'} no row: {reason}"
        for reason, count in counts.items()
        if count
    ]
    return LocalRows(table.filter(passing), tuple(notes))
