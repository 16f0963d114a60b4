"""The little language of filters: `name LIKE 'x%'`, `level = 'ERROR' AND timestamp > '…'`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import exp

from .refusals import invalid

COMPARED = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
}


def passes(filter: str | None, row: Mapping[str, Any]) -> bool:
    """Whether a row passes a filter. Raises Refused for one that cannot be read."""
    if not filter:
        return True
    try:
        tree = sqlglot.parse_one(filter, dialect="databricks")
    except sqlglot.ParseError:
        raise invalid(f"Invalid filter: {filter}") from None
    return _holds(tree, row, filter)


def like(pattern: str | None, value: str) -> bool:
    """SQL's LIKE; no pattern lets all pass."""
    made = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern or "%")
    return re.fullmatch(made, value, re.S | re.I) is not None


def _holds(tree: exp.Expr, row: Mapping[str, Any], text: str) -> bool:
    if isinstance(tree, exp.Paren):
        return _holds(tree.this, row, text)
    if isinstance(tree, exp.And):
        return _holds(tree.this, row, text) and _holds(tree.expression, row, text)
    if not isinstance(tree.this, exp.Column) or tree.this.name not in row:
        raise invalid(f"Invalid filter: {text}; it may name {', '.join(row)}")
    value = row[tree.this.name]
    if isinstance(tree, exp.In):
        return value in [item.name for item in tree.expressions]
    if isinstance(tree, exp.Like):
        return like(tree.expression.name, str(value))
    if type(tree) in COMPARED:
        return bool(COMPARED[type(tree)](value, tree.expression.name))
    raise invalid(f"Invalid filter: {text}")
