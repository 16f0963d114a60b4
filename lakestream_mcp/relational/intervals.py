"""Lengths of time in SQL.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from sqlglot import exp

from ..errors import InvalidArgument
from ..graph.duration import duration_us


def interval_us(value: exp.Expr) -> int | None:
    """Microseconds of `INTERVAL 90 SECONDS` or `INTERVAL 1 HOUR 30 MINUTES`; None for else."""
    if isinstance(value, exp.Paren):
        return interval_us(value.this)
    if isinstance(value, exp.Add):
        parts = interval_us(value.this), interval_us(value.expression)
        return None if parts[0] is None or parts[1] is None else parts[0] + parts[1]
    unit = value.args.get("unit")
    if not isinstance(value, exp.Interval) or value.this is None or not isinstance(unit, exp.Var):
        return None
    amount = value.this.name
    if amount.strip("0.") == "":
        return 0
    try:
        return duration_us(f"{amount} {unit.name}")
    except InvalidArgument:
        return None
