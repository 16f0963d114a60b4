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

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from sqlglot import exp

from ..errors import InvalidSql, LakestreamError, Unsupported
from ..graph.model import Column
from .dialect import generate
from .guard import check_query, parsed
from .sql import cast

INTEGERS = ("tinyint", "smallint", "int", "bigint")
INT_MAX = 2**31 - 1
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul)
COMPARISONS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.Between, exp.In,
)  # fmt: skip

TypeOf = Callable[[list[str]], list[tuple[Column, ...]]]
"""Asks the engine for the output columns of several queries at once."""


class _Site(NamedTuple):
    """A place whose operands' types decide what becomes of it."""

    node: exp.Expr
    operands: tuple[exp.Expr, ...]


def checked(text: str, relations: Collection[str], type_of: TypeOf) -> str:
    """The text to run on Sail for a query over `relations`.

    Raises InvalidSql for what is no plain SELECT over them, Unsupported for integer arithmetic
    whose types cannot be told.
    """
    tree = check_query(parsed(text, None), relations)
    sites = [*_arithmetic(tree), *_comparisons(tree), *_branches(tree)]
    types = _types(tree, sites, type_of)
    # The deepest first, since an outer operand contains the inner ones.
    for site in sorted(sites, key=lambda s: -_depth(s.node)):
        found = [types[id(operand)] for operand in site.operands]
        if isinstance(site.node, (exp.Case, exp.If)):
            _check_branches(site.node, found)
        elif isinstance(site.node, COMPARISONS):
            _compare_as_doubles(site.node, found)
        elif all(t in INTEGERS for t in found):
            _guard_overflow(site, found)
    return generate(tree)


def _depth(node: exp.Expr) -> int:
    depth, parent = 0, node.parent
    while parent is not None:
        depth, parent = depth + 1, parent.parent
    return depth


def _arithmetic(tree: exp.Expr) -> Iterable[_Site]:
    for node in tree.find_all(*ARITHMETIC, exp.Sum):
        bounds = _bounds(node)
        if bounds is not None and bounds[0] >= -INT_MAX and bounds[1] <= INT_MAX:
            continue
        if isinstance(node, exp.Sum):
            yield _Site(node, (node.this,))
        else:
            yield _Site(node, (node.this, node.expression))


def _comparisons(tree: exp.Expr) -> Iterable[_Site]:
    """Comparisons with a literal like `2.5`, and what is compared with it."""
    for node in tree.find_all(*COMPARISONS):
        operands = list(node.iter_expressions())
        others = [operand for operand in operands if not _is_decimal(operand)]
        if others and len(others) < len(operands):
            yield _Site(node, (others[0],))


def _is_decimal(node: exp.Expr) -> bool:
    inner = node.this if isinstance(node, exp.Neg) else node
    return isinstance(inner, exp.Literal) and not inner.is_string and "." in inner.this


def _compare_as_doubles(node: exp.Expr, types: list[str]) -> None:
    if types[0] in ("float", "double"):
        for operand in list(node.iter_expressions()):
            if _is_decimal(operand):
                operand.replace(cast(operand.copy(), "double"))


def _branches(tree: exp.Expr) -> Iterable[_Site]:
    for node in tree.find_all(exp.Case, exp.If):
        if isinstance(node, exp.Case):
            results = [branch.args["true"] for branch in node.args["ifs"]]
            rest = node.args.get("default")
        elif not isinstance(node.parent, exp.Case):
            results, rest = [node.args["true"]], node.args.get("false")
        else:
            continue
        yield _Site(node, (*results, *([rest] if rest is not None else [])))


def _bounds(node: exp.Expr) -> tuple[int, int] | None:
    """The least and greatest value of an integer expression made of constants, if that is known."""
    if isinstance(node, exp.Literal) and not node.is_string:
        return (int(node.this),) * 2 if node.this.isdecimal() else None
    if isinstance(node, exp.Paren) or (isinstance(node, exp.Cast) and _static(node) in INTEGERS):
        return _bounds(node.this)
    if isinstance(node, exp.Neg):
        inner = _bounds(node.this)
        return (-inner[1], -inner[0]) if inner else None
    if isinstance(node, exp.Case) and node.args.get("default") is not None:
        results = [*(branch.args["true"] for branch in node.args["ifs"]), node.args["default"]]
        known = [found for found in map(_bounds, results) if found]
        whole = len(known) == len(results)
        return (min(k[0] for k in known), max(k[1] for k in known)) if whole else None
    if isinstance(node, ARITHMETIC):
        return _combined(node, _bounds(node.this), _bounds(node.expression))
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


STATIC: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.Null, "void"),
    (exp.Interval, "interval"),
    (exp.Predicate, "boolean"),
    (exp.Connector, "boolean"),
    (exp.Not, "boolean"),
    (exp.Boolean, "boolean"),
)


def _static(node: exp.Expr) -> str | None:
    """The type of an expression where it is plain to see, else None."""
    if isinstance(node, exp.Paren):
        return _static(node.this)
    if isinstance(node, exp.Cast):
        return generate(node.to).lower().replace(", ", ",").replace(": ", ":")
    if isinstance(node, exp.Literal):
        return "string" if node.is_string else _number_type(node.this)
    if isinstance(node, ARITHMETIC):
        return _wider(_static(node.this), _static(node.expression))
    return next((text for kind, text in STATIC if isinstance(node, kind)), None)


def _number_type(text: str) -> str | None:
    if text.isdecimal():
        value = int(text)
        return "int" if value <= INT_MAX else "bigint" if value < 2**63 else None
    return "double" if "e" in text.lower() else None


def _wider(left: str | None, right: str | None) -> str | None:
    if left in INTEGERS and right in INTEGERS:
        return INTEGERS[max(INTEGERS.index(left), INTEGERS.index(right))]
    return "double" if "double" in (left, right) and None not in (left, right) else None


def _types(tree: exp.Query, sites: list[_Site], type_of: TypeOf) -> dict[int, str]:
    """The type of every operand, by what is plain or else by what Sail says of it."""
    types: dict[int, str] = {}
    unknown: dict[tuple[int, bool], list[exp.Expr]] = {}
    scopes: dict[int, exp.Select] = {}
    for site in sites:
        for operand in site.operands:
            plain = _static(operand)
            scope = operand.find_ancestor(exp.Select)
            if plain is not None:
                types[id(operand)] = plain
            elif scope is None or operand.find_ancestor(exp.Lambda) is not None:
                raise _untyped(site.node)
            else:
                scopes[id(scope)] = scope
                inside = operand.find_ancestor(exp.AggFunc, exp.Select)
                unknown.setdefault((id(scope), inside is not scope), []).append(operand)
    probes = [_probe(tree, scopes[s], aggregated, o) for (s, aggregated), o in unknown.items()]
    if not probes:
        return types
    answers = type_of(probes)
    for operands, columns in zip(unknown.values(), answers, strict=True):
        types |= {id(o): c.type for o, c in zip(operands, columns, strict=True)}
    return types


def _probe(
    tree: exp.Query, scope: exp.Select, inside_aggregate: bool, operands: list[exp.Expr]
) -> str:
    """A query over the same rows as `scope` whose columns are the operands."""
    probe = exp.Select(
        expressions=[o.copy().as_(f"o{i}") for i, o in enumerate(operands)],
        **{k: scope.args[k].copy() for k in ("from_",) if scope.args.get(k)},
        joins=[join.copy() for join in scope.args.get("joins") or []],
    )
    if not inside_aggregate and scope.args.get("group"):
        probe.set("group", scope.args["group"].copy())
    if tree.args.get("with_"):
        probe.set("with_", tree.args["with_"].copy())
    return generate(probe)


def _untyped(node: exp.Expr) -> LakestreamError:
    return Unsupported(
        "the types of this expression cannot be told before it runs, so an overflow would go "
        "unnoticed when it is tried locally",
        code="UNTYPED_ARITHMETIC",
        got=generate(node)[:300],
        hint="cast the operands, for example CAST(x AS DOUBLE)",
    )


def _check_branches(node: exp.Expr, found: list[str]) -> None:
    kinds = sorted({kind for kind in found if kind != "void"})
    if len(kinds) > 1:
        raise InvalidSql(
            f"the branches of this expression have different types: {', '.join(kinds)}",
            code="MIXED_TYPES",
            got=generate(node)[:300],
            hint=f"cast each branch to one type, for example CAST(… AS {kinds[-1].upper()})",
        )


def _guard_overflow(site: _Site, found: list[str]) -> None:
    result = found[0] if len(found) == 1 else (_wider(found[0], found[1]) or "bigint")
    if isinstance(site.node, exp.Sum):
        _guard_sum(site.node)
        return
    wide = "decimal(19,0)" if result == "bigint" else "bigint"
    left, right = site.node.this, site.node.expression
    exact = type(site.node)(this=cast(left.copy(), wide), expression=cast(right.copy(), wide))
    site.node.replace(cast(exact, result))


def _guard_sum(node: exp.Sum) -> None:
    if isinstance(node.this, exp.Distinct):
        raise _untyped(node)
    whole = node.parent if isinstance(node.parent, exp.Window) else node
    node.set("this", cast(node.this.copy(), "decimal(19,0)"))
    whole.replace(cast(whole.copy(), "bigint"))
