"""The local form of a query: the same answers as Spark, or an error where Spark raises one.

Sail lets integers wrap around silently where Spark raises ARITHMETIC_OVERFLOW. So `a + b` of
integers becomes `CAST(CAST(a AS DECIMAL(19,0)) + CAST(b AS DECIMAL(19,0)) AS BIGINT)` (or the next
wider integer), whose last cast raises when the value does not fit; `SUM` of integers likewise.
Sail compares `double > 2.5` as decimals, which fails on NaN and huge numbers, so the literal
becomes a double, as Spark has it. And Sail types `CASE` by its first branch where Spark widens, so
branches of different types are refused with the advice to cast them. Spark runs the query as it
was written.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlglot import exp

from ..errors import InvalidSql
from .dialect import generate, nodes
from .guard import check_query, parsed, syntax_error
from .operand_types import (
    ARITHMETIC,
    INT_MAX,
    INTEGERS,
    Site,
    TypeOf,
    cast_type,
    types_of,
    untyped,
    wider,
)
from .sql import cast

SHORTER = "write a long chain of operators as several columns, one after the other"
ROOM = 2
"""Casts and hidden columns make a query longer than its author wrote it."""
WORKED_OUT = (exp.Binary, exp.Case, exp.If)
NESTED = ("array", "map", "struct")
COMPARISONS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.Between, exp.In,
)  # fmt: skip


def checked(text: str, relations: Collection[str], type_of: TypeOf) -> str:
    """The text to run on Sail for a query over `relations`.

    Raises InvalidSql for what is no plain SELECT over them, Unsupported for integer arithmetic
    whose types cannot be told.
    """
    tree = check_query(parsed(text, None, ROOM), relations)
    try:
        return _checked(tree, type_of)
    except RecursionError:
        raise syntax_error("SQL is nested too deeply", text, None, SHORTER) from None


def _checked(tree: exp.Query, type_of: TypeOf) -> str:
    place = {id(node): number for number, node in enumerate(nodes(tree))}
    sites = [*_arithmetic(tree), *_comparisons(tree), *_branches(tree)]
    types = types_of(tree, sites, type_of)
    # The deepest first, since an outer operand contains the inner ones.
    for site in sorted(sites, key=lambda s: -place[id(s.node)]):
        found = [types[id(operand)] for operand in site.operands]
        if isinstance(site.node, (exp.Case, exp.If)):
            _check_branches(site.node, found)
        elif isinstance(site.node, COMPARISONS):
            _compare_as_doubles(site.node, found)
        elif all(t in INTEGERS for t in found):
            _guard_overflow(site, found)
    _set_apart(tree)
    return generate(tree)


def _set_apart(tree: exp.Query) -> None:
    """Write `NULLIF(c, NULL)`, which is `c`, for each cast of something worked out.

    Sail's time doubles with each operator below a cast that has a cast below it. That adds up over
    a chain of WITH, which Sail puts into one expression; a function in between ends it.
    """
    for node in [each for each in nodes(tree) if isinstance(each, exp.Cast)]:
        if isinstance(node.this.unnest(), WORKED_OUT) and not node.to.is_type(*NESTED):
            whole = exp.Placeholder()
            node.replace(whole)
            whole.replace(exp.Nullif(this=node, expression=exp.Null()))


def _arithmetic(tree: exp.Expr) -> Iterable[Site]:
    known: dict[int, tuple[int, int]] = {}
    for node in reversed(nodes(tree)):
        bounds = _bounds(node, known)
        if bounds is not None:
            known[id(node)] = bounds
        if not isinstance(node, (*ARITHMETIC, exp.Sum)):
            continue
        if bounds is not None and bounds[0] >= -INT_MAX and bounds[1] <= INT_MAX:
            continue
        if isinstance(node, exp.Sum):
            yield Site(node, (node.this,))
        else:
            yield Site(node, (node.this, node.expression))


def _comparisons(tree: exp.Expr) -> Iterable[Site]:
    """Comparisons with a literal like `2.5`, and what is compared with it."""
    for node in tree.find_all(*COMPARISONS):
        operands = list(node.iter_expressions())
        others = [operand for operand in operands if not _is_decimal(operand)]
        if others and len(others) < len(operands):
            yield Site(node, (others[0],))


def _is_decimal(node: exp.Expr) -> bool:
    inner = node.this if isinstance(node, exp.Neg) else node
    return isinstance(inner, exp.Literal) and not inner.is_string and "." in inner.this


def _compare_as_doubles(node: exp.Expr, types: list[str]) -> None:
    if types[0] in ("float", "double"):
        for operand in list(node.iter_expressions()):
            if _is_decimal(operand):
                operand.replace(cast(operand.copy(), "double"))


def _branches(tree: exp.Expr) -> Iterable[Site]:
    for node in tree.find_all(exp.Case, exp.If):
        if isinstance(node, exp.Case):
            results = [branch.args["true"] for branch in node.args["ifs"]]
            rest = node.args.get("default")
        elif not isinstance(node.parent, exp.Case):
            results, rest = [node.args["true"]], node.args.get("false")
        else:
            continue
        yield Site(node, (*results, *([rest] if rest is not None else [])))


def _bounds(node: exp.Expr, known: Mapping[int, tuple[int, int]]) -> tuple[int, int] | None:
    """The least and greatest value of an integer expression made of constants, if that is known.

    known: the same of what is below it.
    """
    if isinstance(node, exp.Literal) and not node.is_string:
        return (int(node.this),) * 2 if node.this.isdecimal() else None
    if isinstance(node, exp.Paren) or (isinstance(node, exp.Cast) and cast_type(node) in INTEGERS):
        return known.get(id(node.this))
    if isinstance(node, exp.Neg):
        inner = known.get(id(node.this))
        return (-inner[1], -inner[0]) if inner else None
    if isinstance(node, exp.Case) and node.args.get("default") is not None:
        results = [*(branch.args["true"] for branch in node.args["ifs"]), node.args["default"]]
        found = [known[id(result)] for result in results if id(result) in known]
        whole = len(found) == len(results)
        return (min(k[0] for k in found), max(k[1] for k in found)) if whole else None
    if isinstance(node, ARITHMETIC):
        return _combined(node, known.get(id(node.this)), known.get(id(node.expression)))
    return None


def _combined(
    node: exp.Expr, left: tuple[int, int] | None, right: tuple[int, int] | None
) -> tuple[int, int] | None:
    if left is None or right is None:
        return None
    if isinstance(node, exp.Add):
        return left[0] + right[0], left[1] + right[1]
    if isinstance(node, exp.Sub):
        return left[0] - right[1], left[1] - right[0]
    products = [a * b for a in left for b in right]
    return min(products), max(products)


def _check_branches(node: exp.Expr, found: list[str]) -> None:
    kinds = sorted({kind for kind in found if kind != "void"})
    if len(kinds) > 1:
        raise InvalidSql(
            f"the branches of this expression have different types: {', '.join(kinds)}",
            code="MIXED_TYPES",
            got=generate(node)[:300],
            hint=f"cast each branch to one type, for example CAST(… AS {kinds[-1].upper()})",
        )


def _guard_overflow(site: Site, found: list[str]) -> None:
    result = found[0] if len(found) == 1 else (wider(found[0], found[1]) or "bigint")
    if isinstance(site.node, exp.Sum):
        _guard_sum(site.node)
        return
    wide = "decimal(19,0)" if result == "bigint" else "bigint"
    left, right = site.node.this, site.node.expression
    whole = exp.Placeholder()
    site.node.replace(whole)
    exact = type(site.node)(this=cast(left, wide), expression=cast(right, wide))
    whole.replace(cast(exact, result))


def _guard_sum(node: exp.Sum) -> None:
    if isinstance(node.this, exp.Distinct):
        raise untyped(node)
    whole = node.parent if isinstance(node.parent, exp.Window) else node
    node.set("this", cast(node.this.copy(), "decimal(19,0)"))
    whole.replace(cast(whole.copy(), "bigint"))
