"""Limits in conditions: where numbers of the sample would put them, and values that it has not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import LakestreamError, nearest
from ..graph.node_type import NodeConfig
from ..graph.reads import Leaf, leaves, replaced
from .profile import numbers_of, profile, quantile
from .suggestion import Seen, Suggestion, round_up

if TYPE_CHECKING:
    from sqlglot import exp

VALUES_MOST = 50
UNCONDITIONAL = {"count-threshold": "where", "filter": "condition"}
"""Types whose rows are chosen by a condition that a limit would be, and its field."""


def limits(seen: Seen, config: NodeConfig | None) -> Iterator[Suggestion]:
    """Where limits of conditions would lie, by the numbers of the sample."""
    limited: set[str] = set()
    if config is not None:
        for leaf in leaves(config):
            if leaf.mark.use == "condition":
                yield from _of_condition(seen, config, leaf, limited)
    for name in seen.amounts:
        marks = profile(seen.rows, name).quantiles
        if name not in limited and marks is not None and marks[0] != marks[2]:
            yield _plain(seen, name, marks)


def _plain(seen: Seen, name: str, marks: tuple[float, float, float]) -> Suggestion:
    """A limit for a column that no condition reads."""
    field = UNCONDITIONAL.get(seen.node.type, "")
    why = f"Half of the rows have {marks[0]:g} or less, 95 % {marks[1]:g}, 99 % {marks[2]:g}."
    text = f"A limit for `{name}` between {marks[1]:g} and {marks[2]:g}"
    if field and not seen.given(field):
        return seen.setting(why, text, **{field: f"{_quoted(name)} > {round_up(marks[1]):g}"})
    return Suggestion(node=seen.node.id, text=text, why=why)


def _of_condition(
    seen: Seen, config: NodeConfig, leaf: Leaf, limited: set[str]
) -> Iterator[Suggestion]:
    """Each comparison of one condition with a literal."""
    from sqlglot import exp

    from ..relational.sql import parse_expression

    try:
        tree = parse_expression(leaf.text, leaf.field)
    except LakestreamError:
        return
    kinds = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ)
    for place, found in enumerate(tree.find_all(*kinds)):
        column, literal = found.this, found.expression
        plain = isinstance(column, exp.Column) and not column.table and column.name in seen.rows[0]
        if not (plain and isinstance(literal, exp.Literal)):
            continue
        told = _number(seen, found) if not literal.is_string else _text(seen, found)
        if not literal.is_string and not isinstance(found, exp.EQ):
            limited.add(column.name)
        if told is not None:
            text = _written(tree, place, told[0], kinds)
            whole = replaced(config, {leaf.path: text})
            top = str(leaf.path[0])
            yield seen.setting(told[1], f"`{leaf.field}`: {text}", **{top: whole[top]})


def _number(seen: Seen, found: exp.Expr) -> tuple[exp.Expr, str] | None:
    """The limit that one row in a hundred passes, and how many pass the present one."""
    from sqlglot import exp

    name = found.this.name
    if name not in seen.numbers or isinstance(found, exp.EQ):
        return None
    numbers = numbers_of(seen.rows, name)
    if not numbers or numbers[0] == numbers[-1]:
        return None
    now, upper = float(found.expression.name), isinstance(found, exp.GT | exp.GTE)
    mark = quantile(numbers, 0.99 if upper else 0.01)
    wanted = round_up(mark) if upper else -round_up(-mark)
    if wanted == now:
        return None
    passing = sum(_holds(found, number, now) for number in numbers) / len(numbers)
    side = "less" if upper else "more"
    why = (
        f"`{found.sql()}` holds for {100 * passing:.3g} % of {len(numbers)} rows; 99 % have "
        f"`{name}` of {mark:g} or {side}."
    )
    return exp.Literal.number(wanted), why


def _holds(found: exp.Expr, number: float, limit: float) -> bool:
    from sqlglot import exp

    if number == limit:
        return isinstance(found, exp.GTE | exp.LTE)
    return (number > limit) == isinstance(found, exp.GT | exp.GTE)


def _text(seen: Seen, found: exp.Expr) -> tuple[exp.Expr, str] | None:
    """A value of the sample that is written almost like one that it has not."""
    from sqlglot import exp

    name, wanted = found.this.name, found.expression.name
    known = sorted({row[name] for row in seen.rows if isinstance(row.get(name), str)})
    if not isinstance(found, exp.EQ) or wanted in known or not 0 < len(known) <= VALUES_MOST:
        return None
    folded: dict[str, Any] = {value.casefold(): value for value in known}
    near = folded.get(wanted.casefold()) or nearest(wanted, known)
    why = (
        f"None of {len(seen.rows)} rows has `{name}` = '{wanted}'; there are "
        f"{', '.join(known[:8])}."
    )
    return (exp.Literal.string(near), why) if near else None


def _written(
    tree: exp.Expr, place: int, literal: exp.Expr, kinds: tuple[type[exp.Expr], ...]
) -> str:
    """The condition with another literal in one comparison."""
    from ..relational.sql import sql

    other = tree.copy()
    list(other.find_all(*kinds))[place].set("expression", literal)
    return sql(other)


def _quoted(name: str) -> str:
    from ..relational.sql import identifier, sql

    return sql(identifier(name))
