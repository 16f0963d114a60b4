"""SQL expressions that read events already bound to steps: parted into SQL and Python.

`amount > 10 * small.amount AND kind = 'x'` has a part that reads only the current row, which stays
SQL and becomes a bit of the mask, and a part that reads earlier events. The latter becomes Python
(`expression_python.py`): what it needs of a row is packed with the row, computed by SQL, so that
the Python only compares and calculates. Trees come parsed; nothing here knows an engine.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InvalidSql, Unsupported, nearest
from ..graph.model import Relation
from .pattern_type import Value
from .syntax_tree import expression_tree

if TYPE_CHECKING:
    from sqlglot import exp

RESERVED = frozenset({"in_0"})


class Sql(NamedTuple):
    """What is needed of SQL, handed in by whoever has an engine.

    write: a tree as canonical text. check(tree, whole): the tree with its columns as declared;
    raises InvalidSql with the nearest name, and the fix if the tree is the whole of its field.
    type_of: the type of an expression over the current row.
    """

    write: Callable[[exp.Expr], str]
    check: Callable[[exp.Expr, bool], exp.Expr]
    type_of: Callable[[exp.Expr], str]


class PackedValues:
    """The values packed with every row. `place` is where a matcher finds one: `row[place]`."""

    def __init__(self, given: Sequence[Value]) -> None:
        self._columns = {v.name: 1 + i for i, v in reversed(list(enumerate(given)))}
        self._computed: dict[str, int] = {}
        self._first = 1 + len(given)
        self.computed: list[Value] = []

    def place(self, text: str, column_type: str, column: str | None = None) -> int:
        """The place of an expression's value, packing it if it is new."""
        if column in self._columns:
            return self._columns[column]
        if text not in self._computed:
            self._computed[text] = self._first + len(self.computed)
            self.computed.append(Value(text, text, column_type, "computed"))
        return self._computed[text]


class Scope(NamedTuple):
    """What names mean in an expression.

    steps: names in the order of their numbers. current: whether a current row exists, whose columns
    are written without a step; a measure has none. field: where the text stands, for errors.
    """

    relation: Relation
    steps: tuple[str, ...]
    values: PackedValues
    sql: Sql
    field: str
    current: bool = True

    def step(self, name: str) -> int | None:
        """The number of the step with this name; case counts only where two differ by it alone."""
        if name in self.steps:
            return self.steps.index(name)
        alike = [i for i, step in enumerate(self.steps) if step.lower() == name.lower()]
        return alike[0] if len(alike) == 1 else None

    def where(self) -> dict[str, str]:
        """The place, for errors."""
        return {"field": self.field}


class Parted(NamedTuple):
    """A condition: `current` is SQL over the current row, `code` a Python expression over `bound`
    (the events bound so far) and `row` (the current one). Both must be true; None: always is."""

    current: str | None
    code: str | None


def part_condition(tree: exp.Expr, scope: Scope) -> Parted:
    """Part a condition at its outermost ANDs. Raises InvalidSql, Unsupported."""
    from sqlglot import exp

    from .expression_python import Writer

    here: list[exp.Expr] = []
    across: list[exp.Expr] = []
    for part in conjuncts(tree):
        (across if reads_steps(part, scope) else here).append(part)
    current = scope.sql.check(exp.and_(*here, copy=True), not across) if here else None
    if current is not None and scope.sql.type_of(current) not in ("boolean", "void"):
        raise _no_condition(scope, scope.sql.write(current))
    if not across:
        return Parted(scope.sql.write(current) if current is not None else None, None)
    writer = Writer(scope, current)
    whole = exp.and_(*across, copy=True)
    written = writer.write(whole)
    if written.type not in ("boolean", "void"):
        raise _no_condition(scope, scope.sql.write(whole))
    return Parted(scope.sql.write(current) if current is not None else None, written.code)


def measure_code(tree: exp.Expr, scope: Scope) -> tuple[str, str]:
    """A measure over bound events as Python, and its SQL type. Raises InvalidSql, Unsupported."""
    from .expression_python import Writer

    written = Writer(scope, None).write(tree)
    return written.code, written.column_type(scope)


def function_source(name: str, arguments: str, code: str, told: str) -> str:
    """Python source of a function that answers one expression; `told` is shown as a comment."""
    shown = "".join(c if c.isprintable() else " " for c in told)
    if len(shown) > 90:
        shown = shown[:89] + "…"
    return f"def {name}({arguments}):\n    # {shown}\n    return {plain(code)}\n"


def plain(code: str) -> str:
    """A Python expression without brackets that mean nothing."""
    return ast.unparse(expression_tree(code))


def conjuncts(tree: exp.Expr) -> list[exp.Expr]:
    """The parts of a condition between its outermost ANDs, in order."""
    from sqlglot import exp

    found: list[exp.Expr] = []
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, exp.Paren):
            todo.append(node.this)
        elif isinstance(node, exp.And):
            todo += [node.expression, node.this]
        else:
            found.append(node)
    return found


def reads_steps(tree: exp.Expr, scope: Scope) -> bool:
    """Whether an expression reads events bound to steps. Raises InvalidSql for an unknown step."""
    from sqlglot import exp

    reads = False
    for node in tree.walk():
        if isinstance(node, (exp.AggFunc, exp.First, exp.Last)):
            reads = True
        if isinstance(node, exp.Column) and node.table:
            reads = _names_step(node, scope) or reads
    return reads


def _names_step(column: exp.Column, scope: Scope) -> bool:
    name = column.parts[0].name
    if scope.step(name) is not None:
        if len(column.parts) > 2:
            raise Unsupported(
                "a field of a nested column of a step cannot be read here.",
                where=scope.where(),
                got=scope.sql.write(column),
                hint="project the field with a map-select node before the pattern",
            )
        return True
    if name in RESERVED or name.lower() in {known.lower() for known in scope.relation.names}:
        return False
    near = nearest(name, (*scope.steps, *scope.relation.names))
    raise InvalidSql(
        f"`{name}` is neither a step nor a column" + (f"; did you mean `{near}`?" if near else ""),
        code="UNKNOWN_STEP",
        where=scope.where(),
        got=name,
        expected=[*scope.steps],
        hint=near,
    )


def _no_condition(scope: Scope, text: str) -> InvalidSql:
    return InvalidSql(
        f"`{text}` is not a condition: it is neither true nor false.",
        where=scope.where(),
        got=text,
        expected="boolean",
    )
