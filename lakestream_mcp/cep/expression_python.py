"""Python for SQL expressions over bound events, with the types that Spark would give them.

Each method writes one kind of node. What is not written here is refused by name; what reads only
the current row is not written at all but packed with the row, as SQL. The functions that the code
calls are in `sqlnull.py`.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlglot import exp

from ..errors import InvalidSql, Unsupported, nearest
from .expression import Scope

WHOLE = {"tinyint": 7, "smallint": 15, "int": 31, "bigint": 63}
REAL = ("float", "double")
MAX_DEPTH = 40
MAX_NODES = 4_000
NUMBER = "decimal literal"
COMPARED: dict[type[exp.Expr], str] = {
    exp.EQ: "sql_eq",
    exp.NEQ: "sql_ne",
    exp.LT: "sql_lt",
    exp.LTE: "sql_le",
    exp.GT: "sql_gt",
    exp.GTE: "sql_ge",
    exp.NullSafeEQ: "sql_same",
}
CALCULATED: dict[type[exp.Expr], str] = {
    exp.Add: "sql_add",
    exp.Sub: "sql_sub",
    exp.Mul: "sql_mul",
    exp.Mod: "sql_mod",
}
UNITS = {"unix_micros": 1, "unix_millis": 1_000, "unix_seconds": 1_000_000}
AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.First, exp.Last)
SAFE: tuple[type[exp.Expr], ...] = (
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Paren,
    exp.Upper,
)
SAFE += (exp.Lower, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
NULL_IN_NULL_OUT = (exp.Cast, exp.Upper, exp.Lower, exp.Like, exp.ILike, exp.RegexpLike, exp.Trim)
NULL_IN_NULL_OUT_NAMES = frozenset(
    (
        *("length", "char_length", "trim", "ltrim", "rtrim", "substring", "substr", "left"),
        *("right", "year", "month", "day", "hour", "minute", "second", "round", "floor", "ceil"),
        *("sqrt", "unix_date", "startswith", "endswith", "contains", "reverse", "radians"),
    )
)


class Typed(NamedTuple):
    """Python code and the SQL type of its value; `number` is a literal like 1.5, a decimal."""

    code: str
    type: str
    constant: bool = False

    def column_type(self, scope: Scope) -> str:
        """The type as a column's. Raises InvalidSql where there is none."""
        if self.type in ("void", NUMBER):
            raise InvalidSql(
                "the type of the value is not known",
                where=scope.where(),
                got=self.code,
                hint="write CAST(… AS DOUBLE), or whatever it shall be",
            )
        return self.type


class Writer:
    """Writes expressions of one scope. `guard`: rows for which it is false need no values."""

    def __init__(self, scope: Scope, guard: exp.Expr | None) -> None:
        self.scope = scope
        self.guard = guard
        self._depth = 0
        self._written = 0

    def write(self, node: exp.Expr) -> Typed:
        """The code of an expression. Raises InvalidSql, Unsupported."""
        if isinstance(node, exp.Paren):
            return self.write(node.this)
        self._depth += 1
        self._written += 1
        if self._depth > MAX_DEPTH or self._written > MAX_NODES:
            raise self._unsupported(node, "an expression this long or deep")
        try:
            return self._node(node)
        finally:
            self._depth -= 1

    def _node(self, node: exp.Expr) -> Typed:
        method = METHODS.get(type(node))
        if isinstance(node, (exp.Literal, exp.Boolean, exp.Null, *AGGREGATES)) and method:
            return method(self, node)
        steps = {self._step_of(c) for c in node.find_all(exp.Column) if not self._counted(c)}
        calls = node.find(*AGGREGATES) is not None
        if steps <= {None} and not calls and (None in steps or method is None or text_cast(node)):
            return self._current(node)
        if len(steps) == 1 and not calls and self._null_in_null_out(node):
            return self._of_step(node, steps.pop(), "sql_last")
        if isinstance(node, exp.Column):
            return self._of_step(node, self._step_of(node), "sql_last")
        if method is None:
            name = node.sql_name() if isinstance(node, exp.Func) else node.key
            raise self._unsupported(node, f"{name.upper()} over earlier events")
        return method(self, node)

    # Values of rows

    def _step_of(self, column: exp.Column) -> int | None:
        return self.scope.step(column.table) if column.table else None

    def _counted(self, column: exp.Column) -> bool:
        """Whether it is the `v` of COUNT(v), which names a step."""
        return isinstance(column.parent, exp.Count) and self._named_step(column) is not None

    def _named_step(self, node: exp.Expr) -> int | None:
        bare = isinstance(node, exp.Column) and not node.table
        return self.scope.step(node.name) if bare else None

    def _current(self, node: exp.Expr) -> Typed:
        """A value of the current row, packed with it."""
        if not self.scope.current:
            raise self._no_current_row(node)
        checked = self.scope.sql.check(node, False)
        column_type = self.scope.sql.type_of(checked)
        return Typed(f"row[{self._place(checked, column_type, self.guard)}]", column_type)

    def _of_step(self, node: exp.Expr, step: int | None, function: str) -> Typed:
        """A value of an event bound to a step, packed with the event when it was the current."""
        inner = self._without_step(node)
        column_type = self.scope.sql.type_of(inner)
        place = self._place(inner, column_type, None)
        return Typed(f"{function}(bound, {step}, {place})", column_type)

    def _without_step(self, node: exp.Expr) -> exp.Expr:
        whole = node.copy()
        for column in list(whole.find_all(exp.Column)):
            if column.table and self._step_of(column) is not None:
                column.set("table", None)
        return self.scope.sql.check(whole, False)

    def _place(self, node: exp.Expr, column_type: str, guard: exp.Expr | None) -> int:
        if isinstance(node, exp.Column) and not node.table:
            return self.scope.values.place(self.scope.sql.write(node), column_type, node.name)
        if guard is not None and not all(isinstance(part, SAFE) for part in node.walk()):
            node = exp.Case().when(guard.copy(), node.copy())  # what may fail, fails as it should
        return self.scope.values.place(self.scope.sql.write(node), column_type)

    def _null_in_null_out(self, node: exp.Expr) -> bool:
        """Whether it may be computed with the row: no event, no value, and so NULL either way."""
        for part in node.walk():
            if isinstance(part, (exp.Column, exp.Identifier, exp.Literal, exp.Paren)):
                continue
            if isinstance(part, (exp.DataType, exp.DataTypeParam, *NULL_IN_NULL_OUT)):
                continue
            named = isinstance(part, exp.Anonymous) and str(part.this).lower()
            if named not in NULL_IN_NULL_OUT_NAMES:
                return False
        return not isinstance(node, exp.Column)

    # Aggregates over the events of a step

    def _aggregate(self, node: exp.Expr) -> Typed:
        counted = self._named_step(node.this) if isinstance(node, exp.Count) else None
        if counted is not None:
            return Typed(f"sql_count(bound, {counted})", "bigint")
        step = self._only_step(node)
        if isinstance(node, (exp.First, exp.Last)):
            return self._of_step(node.this, step, f"sql_{node.key}")
        values = self._of_step(node.this, step, "sql_values")
        if isinstance(node, exp.Count):
            return Typed(f"len({values.code})", "bigint")
        self._refuse_decimal(node, values.type)
        if isinstance(node, (exp.Min, exp.Max)):
            best = "sql_greatest" if isinstance(node, exp.Max) else "sql_least"
            return Typed(f"{best}(*{values.code})", values.type)
        return self._sum_or_mean(node, values)

    def _sum_or_mean(self, node: exp.Expr, values: Typed) -> Typed:
        if values.type not in (*WHOLE, *REAL):
            raise self._unsupported(node, f"{node.key.upper()} of {values.type}")
        if isinstance(node, exp.Avg):
            return Typed(f"sql_avg({values.code})", "double")
        if values.type in WHOLE:
            return Typed(f"sql_whole(sql_sum({values.code}, 0), 63)", "bigint")
        return Typed(f"sql_sum({values.code}, 0.0)", "double")

    def _only_step(self, node: exp.Expr) -> int:
        """The step whose events an aggregate reads."""
        inner = node.this
        if {name for name, value in node.args.items() if value} - {"this", "big_int"}:
            raise self._unsupported(node, "a second argument of an aggregate")
        if not isinstance(inner, exp.Expr) or isinstance(inner, (exp.Star, exp.Distinct)):
            raise self._unsupported(node, "DISTINCT or `*` in an aggregate over earlier events")
        if inner.find(*AGGREGATES) is not None:
            raise self._unsupported(node, "an aggregate of an aggregate")
        steps = {self._step_of(column) for column in inner.find_all(exp.Column)}
        if len(steps) == 1 and None not in steps:
            return next(step for step in steps if step is not None)
        raise InvalidSql(
            f"`{self.scope.sql.write(node)}` does not say whose events it reads.",
            code="STEP_MISSING",
            where=self.scope.where(),
            got=self.scope.sql.write(node),
            expected=list(self.scope.steps),
            hint="name one step, as in SUM(step.column)",
        )

    # Logic

    def _logic(self, node: exp.Expr) -> Typed:
        kind = type(node)
        parts: list[exp.Expr] = []
        todo = [node]
        while todo:
            part = todo.pop()
            if isinstance(part, exp.Paren):
                todo.append(part.this)
            elif isinstance(part, kind):
                todo += [part.args["expression"], part.this]
            else:
                parts.append(part)
        codes = [self._boolean(part) for part in parts]
        deciding = "False" if kind is exp.And else "True"
        if deciding in codes:  # whatever the others are, or whether they can be worked out
            return Typed(deciding, "boolean", True)
        function = "sql_and" if kind is exp.And else "sql_or"
        return Typed(f"{function}({', lambda: '.join(codes)})", "boolean")

    def _boolean(self, node: exp.Expr) -> str:
        written = self.write(node)
        if written.type not in ("boolean", "void"):
            raise self._mismatch(node, f"a condition is expected, not {written.type}")
        return written.code

    def _not(self, node: exp.Expr) -> Typed:
        return Typed(f"sql_not({self._boolean(node.this)})", "boolean")

    def _is(self, node: exp.Expr) -> Typed:
        value, wanted = self.write(node.this), node.args["expression"]
        if isinstance(wanted, exp.Null):
            return Typed(f"({value.code} is None)", "boolean")
        if isinstance(wanted, exp.Boolean) and value.type in ("boolean", "void"):
            return Typed(f"({value.code} is {bool(wanted.this)})", "boolean")
        raise self._unsupported(node, "IS other than IS [NOT] NULL, TRUE or FALSE")

    def _compare(self, node: exp.Expr) -> Typed:
        left, right = self._alike(node, [self.write(node.this), self.write(node.expression)], True)
        return Typed(f"{COMPARED[type(node)]}({left.code}, {right.code})", "boolean")

    def _between(self, node: exp.Expr) -> Typed:
        value, low, high = node.this, node.args["low"], node.args["high"]
        return self.write(
            exp.and_(exp.GTE(this=value.copy(), expression=low.copy()),
                     exp.LTE(this=value.copy(), expression=high.copy()))
        )  # fmt: skip

    def _in(self, node: exp.Expr) -> Typed:
        if node.args.get("query") or node.args.get("unnest") or not node.expressions:
            raise self._unsupported(node, "IN without a list")
        written = [self.write(node.this), *map(self.write, node.expressions)]
        codes = [part.code for part in self._alike(node, written, True)]
        return Typed(f"sql_in({', '.join(codes)})", "boolean")

    # Arithmetic

    def _calculate(self, node: exp.Expr) -> Typed:
        written = [self.write(node.this), self.write(node.expression)]
        self._refuse_text(node, written)
        left, right = self._alike(node, written, False)
        code = f"{CALCULATED[type(node)]}({left.code}, {right.code})"
        return self._result(node, code, left.type)

    def _divide(self, node: exp.Expr) -> Typed:
        written = [self.write(node.this), self.write(node.expression)]
        self._refuse_text(node, written)
        self._alike(node, written, False)
        left, right = (self._as_double(part) for part in written)
        return Typed(f"sql_div({left.code}, {right.code})", "double")

    def _negate(self, node: exp.Expr) -> Typed:
        value = self.write(node.this)
        if value.constant and value.type in (*WHOLE, *REAL, NUMBER):
            code = value.code
            return value._replace(code=code[1:] if code.startswith("-") else f"-{code}")
        self._refuse_text(node, [value])
        return self._result(node, f"sql_neg({value.code})", value.type)

    def _absolute(self, node: exp.Expr) -> Typed:
        value = self.write(node.this)
        self._refuse_text(node, [value])
        return self._result(node, f"sql_abs({value.code})", value.type)

    def _result(self, node: exp.Expr, code: str, kind: str) -> Typed:
        if kind in WHOLE:
            return Typed(f"sql_whole({code}, {WHOLE[kind]})", kind)
        if kind in ("double", "void"):
            return Typed(code, kind)
        if kind == "float":
            raise self._unsupported(node, "arithmetic on FLOAT", "CAST each value AS DOUBLE")
        raise self._unsupported(node, "decimal arithmetic", "CAST each value AS DOUBLE")

    # Choices

    def _if(self, node: exp.Expr) -> Typed:
        return self._choice(node, [(node.this, node.args["true"])], node.args.get("false"))

    def _case(self, node: exp.Expr) -> Typed:
        pairs = []
        for branch in node.args["ifs"]:
            asked = branch.this
            if node.this is not None:
                asked = exp.EQ(this=node.this.copy(), expression=asked.copy())
            pairs.append((asked, branch.args["true"]))
        return self._choice(node, pairs, node.args.get("default"))

    def _choice(
        self, node: exp.Expr, pairs: list[tuple[exp.Expr, exp.Expr]], default: exp.Expr | None
    ) -> Typed:
        asked = [self._boolean(condition) for condition, _ in pairs]
        values = [self.write(value) for _, value in pairs]
        values.append(self.write(default) if default is not None else Typed("None", "void", True))
        values = self._alike(node, values, False)
        code = values[-1].code
        for question, value in zip(reversed(asked), reversed(values[:-1]), strict=True):
            code = f"({value.code} if {question} is True else {code})"
        return Typed(code, values[0].type)

    def _first_of(self, node: exp.Expr) -> Typed:
        return self._call("sql_first_of", node, [node.this, *node.expressions])

    def _nullif(self, node: exp.Expr) -> Typed:
        return self._call("sql_nullif", node, [node.this, node.expression])

    def _greatest(self, node: exp.Expr) -> Typed:
        return self._call("sql_greatest", node, [node.this, *node.expressions])

    def _least(self, node: exp.Expr) -> Typed:
        return self._call("sql_least", node, [node.this, *node.expressions])

    def _call(self, function: str, node: exp.Expr, arguments: list[exp.Expr]) -> Typed:
        values = self._alike(node, [self.write(each) for each in arguments], False)
        return Typed(f"{function}({', '.join(v.code for v in values)})", values[0].type)

    def _anonymous(self, node: exp.Expr) -> Typed:
        unit = UNITS.get(str(node.this).lower())
        if unit is None or len(node.expressions) != 1:
            raise self._unsupported(node, f"{str(node.this).upper()} over earlier events")
        value = self.write(node.expressions[0])
        if value.type not in ("timestamp", "void"):
            raise self._mismatch(node, f"a timestamp is expected, not {value.type}")
        return Typed(f"sql_floor_div({value.code}, {unit})", "bigint")

    def _cast(self, node: exp.Expr) -> Typed:
        wanted = node.args["to"].sql("spark").lower()
        value = self.write(node.this)
        if value.type == wanted:
            return value
        if wanted == "double" and value.type in (*WHOLE, *REAL, NUMBER):
            return self._as_double(value)
        if wanted in WHOLE and value.type in WHOLE and not node.args.get("safe"):
            return Typed(f"sql_whole({value.code}, {WHOLE[wanted]})", wanted)
        raise self._unsupported(node, f"CAST of {value.type} to {wanted} over earlier events")

    # Literals

    def _literal(self, node: exp.Expr) -> Typed:
        text = str(node.this)
        if node.args.get("is_string"):
            return Typed(repr(text), "string", True)
        if text.isdigit():
            if int(text) >= 1 << 63:
                raise self._unsupported(node, "a whole number beyond 64 bits")
            return Typed(str(int(text)), "int" if int(text) < 1 << 31 else "bigint", True)
        if float(text) == float("inf"):
            raise self._unsupported(node, "a number beyond the range of DOUBLE")
        if "e" in text.lower():
            return Typed(repr(float(text)), "double", True)
        if sum(c.isdigit() for c in text) > 15:
            raise self._unsupported(node, "a decimal of more than 15 digits", "CAST it AS DOUBLE")
        return Typed(repr(float(text)), NUMBER, True)

    def _true_or_false(self, node: exp.Expr) -> Typed:
        return Typed(str(bool(node.this)), "boolean", True)

    def _null(self, node: exp.Expr) -> Typed:
        return Typed("None", "void", True)

    # Types

    def _as_double(self, value: Typed) -> Typed:
        if value.type not in WHOLE:
            return value._replace(type="double")
        code = repr(float(int(value.code))) if value.constant else f"sql_float({value.code})"
        return Typed(code, "double", value.constant)

    def _alike(self, node: exp.Expr, values: list[Typed], compared: bool) -> list[Typed]:
        """The values in their common type, as Spark would find it. Raises Unsupported."""
        kinds = {value.type for value in values if value.type != "void"}
        for kind in kinds:
            if not compared or kind.startswith("decimal("):
                self._refuse_decimal(node, kind)
        if len(kinds) <= 1:
            common = next(iter(kinds), "void")
            return [value._replace(type=common) for value in values]
        if kinds <= set(WHOLE):
            common = max(kinds, key=lambda kind: WHOLE[kind])
            return [value._replace(type=common) for value in values]
        if compared and kinds <= {*WHOLE, NUMBER}:
            return values  # Python compares whole numbers and floats exactly
        if "double" in kinds and kinds <= {*WHOLE, *REAL, NUMBER}:
            return [self._as_double(value) for value in values]
        if compared and kinds == {"float", NUMBER}:
            return values
        names = " and ".join(sorted(kinds))
        hint = "CAST each value AS DOUBLE" if kinds & {"float", NUMBER} else "CAST one of them"
        raise self._unsupported(node, f"{names} together", hint)

    # Refusals

    def _refuse_decimal(self, node: exp.Expr, kind: str) -> None:
        if kind.startswith("decimal(") or (kind.startswith("decimal") and kind != NUMBER):
            raise self._unsupported(node, "decimals over earlier events", "CAST them AS DOUBLE")

    def _refuse_text(self, node: exp.Expr, values: list[Typed]) -> None:
        for value in values:
            self._refuse_decimal(node, value.type)
            if value.type not in (*WHOLE, *REAL, NUMBER, "void"):
                hint = "compare timestamps by unix_micros(…)" if value.type == "timestamp" else None
                raise self._unsupported(node, f"arithmetic on {value.type}", hint)

    def _no_current_row(self, node: exp.Expr) -> InvalidSql | Unsupported:
        column = node.find(exp.Column)
        if column is None:
            return self._unsupported(node, "such a constant in a measure")
        return InvalidSql(
            f"`{column.name}` needs a step: a measure reads the events of a match.",
            code="STEP_MISSING",
            where=self.scope.where(),
            got=column.name,
            expected=list(self.scope.steps),
            hint=nearest(column.name, self.scope.steps) or f"write step.{column.name}",
        )

    def _mismatch(self, node: exp.Expr, message: str) -> InvalidSql:
        return InvalidSql(message, where=self.scope.where(), got=self.scope.sql.write(node))

    def _unsupported(self, node: exp.Expr, what: str, hint: str | None = None) -> Unsupported:
        return Unsupported(
            f"{what} is not supported in a part that reads earlier events.",
            where=self.scope.where(),
            got=self.scope.sql.write(node)[:300],
            hint=hint or "compute it in a map-select node before the pattern",
        )


def text_cast(node: exp.Expr) -> bool:
    """Whether it is a constant like TIMESTAMP '…', which SQL works out."""
    return isinstance(node, exp.Cast) and bool(node.this.args.get("is_string"))


METHODS: dict[type[exp.Expr], Callable[[Writer, exp.Expr], Typed]] = {
    **dict.fromkeys(AGGREGATES, Writer._aggregate),
    **dict.fromkeys(COMPARED, Writer._compare),
    **dict.fromkeys(CALCULATED, Writer._calculate),
    exp.And: Writer._logic,
    exp.Or: Writer._logic,
    exp.Not: Writer._not,
    exp.Is: Writer._is,
    exp.Between: Writer._between,
    exp.In: Writer._in,
    exp.Div: Writer._divide,
    exp.Neg: Writer._negate,
    exp.Abs: Writer._absolute,
    exp.If: Writer._if,
    exp.Case: Writer._case,
    exp.Coalesce: Writer._first_of,
    exp.Nullif: Writer._nullif,
    exp.Greatest: Writer._greatest,
    exp.Least: Writer._least,
    exp.Anonymous: Writer._anonymous,
    exp.Cast: Writer._cast,
    exp.TryCast: Writer._cast,
    exp.Literal: Writer._literal,
    exp.Boolean: Writer._true_or_false,
    exp.Null: Writer._null,
}
