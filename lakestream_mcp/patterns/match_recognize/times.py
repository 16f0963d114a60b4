"""Times of several rows, moved by an interval.

Only units that have the same length on every day, whatever the time zone of the session.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from ...cep.expression_python import Typed
from ...errors import InvalidArgument
from ...graph.duration import duration_us

if TYPE_CHECKING:
    from .expressions import RowWriter


def moved(writer: RowWriter, node: exp.Expr) -> Typed | None:
    """`time + INTERVAL '10' MINUTE` or `time - INTERVAL …`; None if it is no such thing."""
    interval = node.expression
    if not isinstance(interval, exp.Interval):
        return None
    value = writer.write(node.this)
    length = _length_us(interval)
    if length is None:
        raise writer._unsupported(
            node, "an interval other than one of hours, minutes and seconds", "INTERVAL '24' HOUR"
        )
    if value.type not in ("timestamp", "void"):
        return None
    change = length if isinstance(node, exp.Add) else -length
    return Typed(f"sql_add({value.code}, {change})", "timestamp")


def _length_us(interval: exp.Interval) -> int | None:
    number, unit = interval.this, interval.args.get("unit")
    if not isinstance(number, exp.Literal) or not (unit is None or isinstance(unit, exp.Var)):
        return None
    text = f"{number.this} {unit.name if unit is not None else ''}"
    if any(word in text.lower() for word in ("day", "week", "-")):
        return None
    try:
        return duration_us(text)
    except InvalidArgument:
        return None
