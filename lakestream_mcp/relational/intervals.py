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
    amount, unit = value.this, value.args.get("unit")
    if not (isinstance(value, exp.Interval) and isinstance(unit, exp.Var)):
        return None
    if not isinstance(amount, exp.Literal):
        return None
    try:
        return duration_us(f"{amount.name} {unit.name}", least=0)
    except InvalidArgument:
        return None
