"""What becomes of two conditions, the one that is there and the one that is said."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .phrase import Phrase

if TYPE_CHECKING:
    from sqlglot import exp

_EQUAL = r"=|equals?|equal to|exactly|precisely"


def no_bound(phrase: Phrase, new: exp.Expr, old: exp.Expr) -> bool:
    """Whether `goes to 30` was read as an equality where more, or less, was compared."""
    from sqlglot import exp

    bound = isinstance(old, exp.GT | exp.GTE | exp.LT | exp.LTE)
    return bound and isinstance(new, exp.EQ) and not phrase.has("exactly|equals?|equal|=|is|be")


def in_range(old: exp.Expr, new: exp.Expr) -> exp.Expr | None:
    """`less than 1000 too` beside `over 100`: both bounds, where something lies between them."""
    from sqlglot import exp

    lows = [t for t in (old, new) if isinstance(t, exp.GT | exp.GTE)]
    highs = [t for t in (old, new) if isinstance(t, exp.LT | exp.LTE)]
    bounds = [t.expression for t in (*lows, *highs)]
    if len(lows) != 1 or len(highs) != 1 or not all(b.is_number for b in bounds):
        return None
    low, high = (Fraction(b.sql()) for b in bounds)
    return exp.and_(old.copy(), new, copy=False) if low < high else None


def apart(tree: exp.Expr) -> exp.Expr:
    """`below 5 and above 100`: bounds of one column that no value keeps, as either of them."""
    from sqlglot import exp

    parts = list(tree.flatten()) if isinstance(tree, exp.And) else []
    pair = len(parts) == 2 and len({p.this.sql() for p in parts}) == 1
    kinds = (exp.GT, exp.GTE, exp.LT, exp.LTE)
    if not pair or not all(isinstance(p, kinds) and p.expression.is_number for p in parts):
        return tree
    lows = [Fraction(p.expression.sql()) for p in parts if isinstance(p, exp.GT | exp.GTE)]
    highs = [Fraction(p.expression.sql()) for p in parts if isinstance(p, exp.LT | exp.LTE)]
    alone = len(lows) == 1 and lows[0] >= highs[0]
    return exp.or_(*(p.copy() for p in parts), copy=False) if alone else tree


def either(old: exp.Expr, new: exp.Expr) -> exp.Expr:
    """Rows of which one or the other is true; several texts of one column as a list."""
    from sqlglot import exp

    pair = (old, new)
    if all(isinstance(t, exp.EQ | exp.In) and isinstance(t.this, exp.Column) for t in pair):
        values: dict[str, exp.Expr] = {}
        for tree in pair:
            items = tree.expressions if isinstance(tree, exp.In) else [tree.expression]
            values |= {item.sql(): item for item in items}
        return exp.In(this=old.this.copy(), expressions=[v.copy() for v in values.values()])
    return exp.or_(old.copy(), new, copy=False)


def negated(tree: exp.Expr) -> exp.Expr:
    """The opposite of a condition: `<=` of `>`, what is no text of `=`, else its denial."""
    from sqlglot import exp

    other: dict[type[exp.Expr], type[exp.Binary]] = {
        exp.GT: exp.LTE,
        exp.GTE: exp.LT,
        exp.LT: exp.GTE,
        exp.LTE: exp.GT,
        exp.EQ: exp.NEQ,
    }
    kind = other.get(type(tree))
    if kind is None:
        return exp.Not(this=exp.Paren(this=tree))
    return kind(this=tree.this, expression=tree.expression)


def bounded(phrase: Phrase, new: exp.Expr, old: exp.Expr) -> exp.Expr:
    """`the filter should be 40`, of one that has a bound: the same bound at another number."""
    from sqlglot import exp

    kept = isinstance(old, exp.GT | exp.GTE | exp.LT | exp.LTE)
    bare = isinstance(new, exp.EQ) and isinstance(new.expression, exp.Literal)
    if (
        not (kept and bare)
        or phrase.has(_EQUAL)
        or new.this != old.this
        or new.expression.is_string
    ):
        return new
    return type(old)(this=old.this.copy(), expression=new.expression.copy())
