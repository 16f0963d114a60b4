"""Conditions over a left and a right row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ....errors import InvalidSql, LakestreamError
from ....graph.model import Relation
from ....graph.node_type import ColumnResolver
from ....relational.sql import column, find_column, parse_expression, sql

if TYPE_CHECKING:
    from sqlglot import exp

SIDES = {"left": 0, "right": 1}
FIELD = "condition"


def join_condition(text: str, inputs: Sequence[Relation]) -> exp.Expr:
    """The condition over the relations of the query. Raises InvalidSql."""
    from sqlglot import exp

    tree: exp.Expr = exp.Paren(this=parse_expression(text, FIELD))
    for found in list(tree.find_all(exp.Column)):
        side = _side(found)
        if side is None:
            raise InvalidSql(
                f"say whose column `{found.sql()[:100]}` is",
                code="UNKNOWN_COLUMN",
                where={"field": FIELD},
                got=found.sql()[:100],
                expected="`left.…` or `right.…`",
            )
        name = find_column(found.parts[1].name, inputs[side], FIELD, [found.parts[1].name])
        own: exp.Expr = column(name, f"in_{side}")
        for part in found.parts[2:]:
            own = exp.Dot(this=own, expression=part.copy())
        found.replace(own)
    return tree


def _side(found: exp.Column) -> int | None:
    parts = found.parts
    return SIDES.get(parts[0].name.lower()) if len(parts) > 1 else None


def refuse_no_condition(text: str, inputs: Sequence[Relation], resolver: ColumnResolver) -> None:
    """Raise InvalidSql where the condition is not a boolean over both rows."""
    from sqlglot import exp

    tree = join_condition(text, inputs)
    rows = exp.select(exp.Alias(this=tree, alias="c")).from_("in_0")
    probe = rows.join("in_1", join_type="cross")
    kind = resolver.columns(probe, list(inputs))[0].type
    if kind != "boolean":
        raise InvalidSql(
            f"a condition is true or false; this one is of type {kind}",
            code="NOT_A_CONDITION",
            where={"field": FIELD},
            got=text,
            expected="boolean",
        )


def migrated(config: dict[str, Any]) -> dict[str, Any]:
    """An earlier configuration: keys as text, or within the condition."""
    keys = config.get("keys")
    if isinstance(keys, str):
        listed = json.loads(keys) if keys.lstrip().startswith("[") else keys.split(",")
        config = config | {"keys": [k.strip() if isinstance(k, str) else k for k in listed]}
    given = config.get("condition")
    if "keys" in config or not isinstance(given, str):
        return config
    try:
        found, rest = _split(parse_expression(given, FIELD))
    except LakestreamError:
        return config  # validation says what is wrong with it
    kept = {k: v for k, v in config.items() if k != "condition"}
    if not found:
        return config
    return kept | {"keys": found} | ({"condition": rest} if rest else {})


def _split(tree: exp.Expr) -> tuple[list[Any], str]:
    """Equalities of a left with a right column, and what else is asked."""
    from sqlglot import exp

    keys: list[Any] = []
    others: list[exp.Expr] = []
    for part in tree.flatten() if isinstance(tree, exp.And) else [tree]:
        ends = [part.this, part.expression] if isinstance(part, exp.EQ) else []
        sides = {_side(e): e.name for e in ends if isinstance(e, exp.Column)}
        if set(sides) == {0, 1}:
            same = sides[0] == sides[1]
            keys.append(sides[0] if same else {"left": sides[0], "right": sides[1]})
        else:
            others.append(part)
    return keys, sql(exp.and_(*others)) if others else ""
