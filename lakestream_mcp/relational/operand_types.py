"""The types of operands: by what is plain to see, or else by what the engine says of them.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from sqlglot import exp

from ..errors import LakestreamError, Unsupported
from ..graph.model import Column
from .dialect import generate, nodes

INTEGERS = ("tinyint", "smallint", "int", "bigint")
INT_MAX = 2**31 - 1
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul)
TOGETHER = 64
"""SELECTs whose operands one query asks for: each such query repeats all that WITH defines."""

TypeOf = Callable[[list[str]], list[tuple[Column, ...]]]
"""Asks the engine for the output columns of several queries at once."""


class Site(NamedTuple):
    """A place whose operands' types decide what becomes of it."""

    node: exp.Expr
    operands: tuple[exp.Expr, ...]


STATIC: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.Null, "void"),
    (exp.Interval, "interval"),
    (exp.Predicate, "boolean"),
    (exp.Connector, "boolean"),
    (exp.Not, "boolean"),
    (exp.Boolean, "boolean"),
)


def _static(node: exp.Expr, known: Mapping[int, str]) -> str | None:
    """The type of an expression where it is plain to see, else None. known: of what is below it."""
    if isinstance(node, exp.Paren):
        return known.get(id(node.this))
    if isinstance(node, exp.Cast):
        return cast_type(node)
    if isinstance(node, exp.Literal):
        return "string" if node.is_string else _number_type(node.this)
    if isinstance(node, ARITHMETIC):
        return wider(known.get(id(node.this)), known.get(id(node.expression)))
    return next((text for kind, text in STATIC if isinstance(node, kind)), None)


def cast_type(node: exp.Cast) -> str:
    """The type that a cast names."""
    return generate(node.to).lower().replace(", ", ",").replace(": ", ":")


def _number_type(text: str) -> str | None:
    if text.isdecimal():
        value = int(text)
        return "int" if value <= INT_MAX else "bigint" if value < 2**63 else None
    return "double" if "e" in text.lower() else None


def wider(left: str | None, right: str | None) -> str | None:
    """The type of arithmetic with two types, where it is plain."""
    if left in INTEGERS and right in INTEGERS:
        return INTEGERS[max(INTEGERS.index(left), INTEGERS.index(right))]
    if left == right == "float":
        return left
    return "double" if "double" in (left, right) and None not in (left, right) else None


def types_of(tree: exp.Query, sites: list[Site], type_of: TypeOf) -> dict[int, str]:
    """The type of every operand, by what is plain or else by what Sail says of it.

    It is asked for what is added up, which tells of the sums: to ask for each would take long.
    """
    below = list(reversed(nodes(tree)))
    types = _plain(below, {})
    operands = [(operand, site) for site in sites for operand in site.operands]
    for asked in ([each for each in operands if not _is_sum(each[0])], operands):
        missing = [each for each in asked if id(each[0]) not in types]
        types = _plain(below, types | _told(tree, missing, type_of))
    return types


def _plain(below: Iterable[exp.Expr], told: dict[int, str]) -> dict[int, str]:
    """All types that follow from what was told of some nodes; `below`: each after its parts."""
    known = dict(told)
    for node in below:
        found = known.get(id(node)) or _static(node, known)
        if found is not None:
            known[id(node)] = found
    return known


def _is_sum(operand: exp.Expr) -> bool:
    return isinstance(operand.unnest(), ARITHMETIC)


def _told(
    tree: exp.Query, asked: Iterable[tuple[exp.Expr, Site]], type_of: TypeOf
) -> dict[int, str]:
    """What Sail says of the types of operands; of those that read alike it is asked once."""
    unknown: dict[tuple[int, bool], dict[str, list[exp.Expr]]] = {}
    scopes: dict[int, exp.Select] = {}
    for operand, site in asked:
        scope = operand.find_ancestor(exp.Select)
        if scope is None or operand.find_ancestor(exp.Lambda) is not None:
            raise untyped(site.node)
        scopes[id(scope)] = scope
        inside = operand.find_ancestor(exp.AggFunc, exp.Select)
        alike = unknown.setdefault((id(scope), inside is not scope), {})
        alike.setdefault(generate(operand), []).append(operand)
    scoped = list(unknown.items())
    together = [scoped[at : at + TOGETHER] for at in range(0, len(scoped), TOGETHER)]
    questions = [
        _question(tree, [_probe(scopes[scope], inside, found) for (scope, inside), found in each])
        for each in together
    ]
    told: dict[int, str] = {}
    for each, columns in zip(together, type_of(questions) if questions else [], strict=True):
        operands = [same for _, found in each for same in found.values()]
        for same, column in zip(operands, columns, strict=True):
            told |= {id(operand): column.type for operand in same}
    return told


def _probe(
    scope: exp.Select, inside_aggregate: bool, alike: Mapping[str, list[exp.Expr]]
) -> exp.Select:
    """A query over the same rows as `scope` whose columns are the operands."""
    probe = exp.Select(
        expressions=[same[0].copy().as_(f"o{i}") for i, same in enumerate(alike.values())],
        **{k: scope.args[k].copy() for k in ("from_",) if scope.args.get(k)},
        joins=[join.copy() for join in scope.args.get("joins") or []],
    )
    if not inside_aggregate and scope.args.get("group"):
        probe.set("group", scope.args["group"].copy())
    return probe


def _question(tree: exp.Query, probes: list[exp.Select]) -> str:
    """One query with the columns of all probes, one after the other."""
    first, *others = [each.subquery(f"q{i}", copy=False) for i, each in enumerate(probes)]
    whole = exp.Select(
        expressions=[exp.Star()],
        from_=exp.From(this=first),
        joins=[exp.Join(this=each, kind="CROSS") for each in others],
    )
    if tree.args.get("with_"):
        whole.set("with_", tree.args["with_"].copy())
    return generate(whole)


def untyped(node: exp.Expr) -> LakestreamError:
    """A refusal: an overflow would go unnoticed."""
    return Unsupported(
        "the types of this expression cannot be told before it runs, so an overflow would go "
        "unnoticed when it is tried locally",
        code="UNTYPED_ARITHMETIC",
        got=generate(node)[:300],
        hint="cast the operands, for example CAST(x AS DOUBLE)",
    )
