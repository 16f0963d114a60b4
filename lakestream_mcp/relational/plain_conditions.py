"""Conditions that are true or false whatever the engine says: columns compared with literals.

Most conditions are of this kind, and asking the engine for the type of each costs more than all
else that is done when a large pipeline is looked at for the first time.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlglot import exp

from ..graph.model import Column, Relation
from .sql import plain_select

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
NUMERIC = re.compile(r"tinyint|smallint|int|bigint|float|double|decimal\(\d+,\d+\)")
NUMBER = re.compile(r"\d{1,15}(\.\d{1,9})?")


def known_columns(query: exp.Query, inputs: Sequence[Relation]) -> tuple[Column, ...] | None:
    """Output columns of `SELECT condition AS name … FROM in_0` of such conditions; else None."""
    if len(inputs) != 1 or not plain_select(query):
        return None
    types = {column.name: column.type for column in inputs[0].columns}
    found: dict[str, Column] = {}
    for item in query.expressions:
        if not isinstance(item, exp.Alias) or not _is_plain(item.this, types):
            return None
        found[item.alias.lower()] = Column(item.alias, "boolean")
    return tuple(found.values()) if len(found) == len(query.expressions) else None


def _is_plain(condition: exp.Expr, types: Mapping[str, str]) -> bool:
    todo = [condition]
    while todo:
        node = todo.pop()
        if isinstance(node, (exp.And, exp.Or)):
            todo += [node.this, node.expression]
        elif isinstance(node, (exp.Not, exp.Paren)):
            todo.append(node.this)
        elif not _is_test(node, types):
            return False
    return True


def _is_test(node: exp.Expr, types: Mapping[str, str]) -> bool:
    """Whether this is `value IS NULL`, or a comparison of values of one kind."""
    if not isinstance(node, (exp.Is, *COMPARISONS)):
        return False
    left = _kind(node.this, types)
    if isinstance(node, exp.Is):
        return left is not None and isinstance(node.expression, exp.Null)
    return left is not None and left == _kind(node.expression, types)


def _kind(value: exp.Expr, types: Mapping[str, str]) -> str | None:
    """`number` or `text` for a column or a literal of that kind; None for anything else."""
    if isinstance(value, exp.Column) and len(value.parts) == 1:
        column_type = types.get(value.name, "")
        if NUMERIC.fullmatch(column_type):
            return "number"
        return "text" if column_type == "string" else None
    inner = value.this if isinstance(value, exp.Neg) else value
    if isinstance(inner, exp.Literal) and not inner.is_string:
        return "number" if NUMBER.fullmatch(inner.this) else None
    return "text" if isinstance(value, exp.Literal) else None
