"""Measures of a session as running totals, so that its events need not be kept.

A measure is written as for any pattern: Python that reads the events bound to a step. Each place in
that Python that reads them is one that can be kept up to date event by event; it becomes a total.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from ...cep.expression import PackedValues, function_source, measure_code
from ...cep.syntax_tree import expression_tree
from ...graph.model import Column, Relation
from ...graph.node_type import ColumnResolver
from ..common import scope_of

if TYPE_CHECKING:
    from sqlglot import exp

    from .node import SessionConfig

STEP = "event"
READS_ONE = {"sql_first": ("first", ()), "sql_last": ("last", None)}
READS_ALL = {"len": ("count", 0), "sql_greatest": ("max", None), "sql_least": ("min", None)}


class SessionMeasures(NamedTuple):
    """Extra columns, the totals they need as (kind, place, zero), and the function of these."""

    columns: tuple[Column, ...]
    folds: tuple[tuple[str, int, Any], ...]
    function: str


def session_measures(
    config: SessionConfig, relation: Relation, resolver: ColumnResolver, values: PackedValues
) -> SessionMeasures:
    """Read the measures asked for. Raises InvalidSql, Unsupported."""
    totals = _Totals()
    columns, codes = [], []
    for name, text in config.measures.items():
        field = f"measures.{name}"
        scope = scope_of(config, relation, resolver, (STEP,), field, values)
        code, column_type = measure_code(_of_event(text, field), scope._replace(current=False))
        columns.append(Column(name, column_type))
        codes.append(ast.unparse(totals.visit(expression_tree(code))))
    if not codes:
        return SessionMeasures((), (), "")
    told = ", ".join(f"{text} AS {name}" for name, text in config.measures.items())
    function = function_source("measures", "totals", f"({', '.join(codes)},)", told)
    return SessionMeasures(tuple(columns), tuple(totals.folds), function)


def _of_event(text: str, field: str) -> exp.Expr:
    """The measure with `event` named where it goes without saying: `SUM(amount)`, `COUNT(*)`."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    tree = parse_expression(text, field, aggregates=True)
    for star in list(tree.find_all(exp.Star)):
        if isinstance(star.parent, exp.Count):
            star.replace(exp.column(STEP))
    for column in tree.find_all(exp.Column):
        counted = isinstance(column.parent, exp.Count) and column.name.lower() == STEP
        if not column.table and not counted:
            column.set("table", exp.to_identifier(STEP))
    return tree


class _Totals(ast.NodeTransformer):
    """Puts `totals[n]` in the place of each reading of bound events; equal ones are shared."""

    def __init__(self) -> None:
        self.folds: list[tuple[str, int, Any]] = []

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "sql_count":
            return self._total("events", 0, 0)
        if name in READS_ONE:
            kind, zero = READS_ONE[name]
            return self._total(kind, _constant(node.args[2]), zero)
        place = _values_place(node.args[0]) if node.args else None
        return self.generic_visit(node) if place is None else self._of_all(name, place, node)

    def _of_all(self, name: str, place: int, node: ast.Call) -> ast.expr:
        """What reads all values at a place."""
        if name in READS_ALL:
            kind, zero = READS_ALL[name]
            return self._total(kind, place, zero)
        if name == "sql_sum":
            return self._total("sum", place, _constant(node.args[1]))
        assert name == "sql_avg", name
        count = self._total("count", place, 0)
        mean = ast.BinOp(self._total("sum", place, 0.0), ast.Div(), count)
        return ast.IfExp(count, mean, ast.Constant(None))

    def _total(self, kind: str, place: int, zero: Any) -> ast.expr:
        fold = (kind, place, zero)
        known = [repr(each) for each in self.folds]
        if repr(fold) not in known:
            self.folds.append(fold)
            known.append(repr(fold))
        at = ast.Constant(known.index(repr(fold)))
        return ast.Subscript(ast.Name("totals", ast.Load()), at, ast.Load())


def _values_place(node: ast.expr) -> int | None:
    """The place in `sql_values(bound, step, place)`, perhaps starred; None for anything else."""
    call = node.value if isinstance(node, ast.Starred) else node
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return None
    return _constant(call.args[2]) if call.func.id == "sql_values" else None


def _constant(node: ast.expr) -> Any:
    assert isinstance(node, ast.Constant), ast.dump(node)
    return node.value
