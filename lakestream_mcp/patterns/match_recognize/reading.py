"""The expressions of a clause, read: bits, functions, packed values, what is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...cep.expression import PackedValues, conjuncts, function_source
from ...cep.physical import carried_type
from ...errors import Unsupported
from ...graph.model import Column, Relation
from ...graph.node_type import ColumnResolver
from ..common import PatternConfig, condition_place, packed_values, scope_of
from .analysis import Labels
from .clause import Clause
from .slots import Slots
from .tokens import FIELD

if TYPE_CHECKING:
    from sqlglot import exp

    from .expressions import RowWriter


class Written(NamedTuple):
    """A clause's expressions as code.

    tests: per variable (bit, look, test), see the matcher; measures: their columns. back, ahead:
    how many rows before and after a row are read. by_labels: tests read labels of other rows;
    numbered: the match's number is read.
    """

    conditions: tuple[str, ...]
    tests: tuple[tuple[int | None, str | None, str | None], ...]
    measures: tuple[Column, ...]
    functions: tuple[str, ...]
    memory: Slots
    measured: Slots
    back: int
    ahead: int
    by_labels: bool
    numbered: bool

    @property
    def by_history(self) -> bool:
        """Whether a definition reads the rows matched before."""
        return any(test is not None for _, _, test in self.tests)


class Reading:
    """Reads the expressions of a clause: bits, functions, packed values, what is remembered."""

    def __init__(
        self,
        clause: Clause,
        labels: Labels,
        config: PatternConfig,
        relation: Relation,
        resolver: ColumnResolver,
    ) -> None:
        self.clause = clause
        self.labels = labels
        self.relation = relation
        self.values = PackedValues(packed_values(config, relation))
        self.conditions: list[str] = []
        self.functions: list[str] = []
        self.memory, self.measured = Slots("remembered"), Slots("measured")
        self.guards: dict[int, exp.Expr] = {}
        self.back = self.ahead = 0
        self.by_labels = self.numbered = False
        self.scope = scope_of(config, relation, resolver, labels.primary, FIELD, self.values)

    def write(self, may_be_empty: bool) -> Written:
        """All of them. Raises InvalidSql, Unsupported, LimitExceeded."""
        parts = {name: self._parted(name, text) for name, text in self.clause.define}
        for label, (here, _) in parts.items():
            if here is not None:
                self.guards[self.labels.primary.index(label)] = here
        tests = []
        for number, label in enumerate(self.labels.primary):
            here, across = parts.get(label, (None, []))
            look, test = self._across(number, label, here, across)
            tests.append((self._bit(here), look, test))
        columns = self._measures(may_be_empty)
        return Written(
            tuple(self.conditions),
            tuple(tests),
            columns,
            (self.memory.source(), self.measured.source(), *self.functions),
            self.memory,
            self.measured,
            self.back,
            self.ahead,
            self.by_labels,
            self.numbered,
        )

    def _parted(self, label: str, text: str) -> tuple[exp.Expr | None, list[exp.Expr]]:
        """What SQL can tell of the row alone, and the other parts of a definition."""
        from sqlglot import exp

        from .calls import calls, labels_in, parse, refused
        from .rules import check_calls

        tree = parse(text, self.relation, self.labels)
        check_calls(tree, self.relation, self.labels, in_define=True)
        number = self.labels.primary.index(label)
        here: list[exp.Expr] = []
        across: list[exp.Expr] = []
        for part in conjuncts(tree):
            alone = next(calls(part), None) is None and all(
                (numbers := self.labels.numbers(each)) is None or number in numbers
                for each in labels_in(part, self.relation, self.labels)
            )
            (here if alone else across).append(part)
        if not here:
            return None, across
        current = self._without_labels(exp.and_(*here, copy=True))
        kind = self.scope.sql.type_of(current)
        if kind not in ("boolean", "void"):
            raise refused("TYPE_MISMATCH", f"{label} is defined by a condition, not {kind}.", text)
        return current, across

    def _without_labels(self, tree: exp.Expr) -> exp.Expr:
        from sqlglot import exp

        from .calls import label_of

        for column in list(tree.find_all(exp.Column)):
            if label_of(column, self.relation, self.labels) is not None:
                column.set("table", None)
        return self.scope.sql.check(tree, False)

    def _bit(self, here: exp.Expr | None) -> int | None:
        text = None if here is None else self.scope.sql.write(here)
        if text is None or text.upper() == "TRUE":
            return None
        return condition_place(self.conditions, text, FIELD)

    def _across(
        self, number: int, label: str, here: exp.Expr | None, parts: list[exp.Expr]
    ) -> tuple[str | None, str | None]:
        """Names of the functions that test the rest: by the place of the row, and by history."""
        from .calls import refused

        looks: list[str] = []
        tests: list[str] = []
        for part in parts:
            writer = self._writer(self.memory, number, here)
            written = writer.write(part)
            if written.type not in ("boolean", "void"):
                raise refused(
                    "TYPE_MISMATCH",
                    f"{label} is defined by a condition, not {written.type}.",
                    part,
                )
            self._note(writer)
            self.by_labels = self.by_labels or writer.on_labels
            by_history = writer.on_history or writer.on_labels
            (tests if by_history else looks).append(written.code)
        text = dict(self.clause.define).get(label, "")
        return (
            self._function(f"look_{number}", "v", looks, text),
            self._function(f"test_{number}", "v, m", tests, text),
        )

    def _function(self, name: str, arguments: str, codes: list[str], told: str) -> str | None:
        if not codes:
            return None
        code = codes[0] if len(codes) == 1 else f"sql_and({', lambda: '.join(codes)})"
        self.functions.append(function_source(name, arguments, code, told))
        return name

    def _measures(self, may_be_empty: bool) -> tuple[Column, ...]:
        from .calls import parse, refused
        from .rules import check_calls

        columns, codes = [], []
        for name, text in self.clause.measures:
            tree = parse(text, self.relation, self.labels)
            check_calls(tree, self.relation, self.labels, in_define=False)
            writer = self._writer(self.measured, None, None, may_be_empty)
            written = writer.write(tree)
            self._note(writer)
            column_type = written.column_type(self.scope)
            if not _crosses(column_type):
                raise refused(
                    "UNSUPPORTED_TYPE",
                    f"A measure cannot be {column_type}.",
                    text,
                    "take what you need of it, for example an element",
                )
            columns.append(Column(name, column_type))
            texts = "decimal" in column_type
            codes.append(f"texts_of({written.code})" if texts else written.code)
        if codes:
            told = ", ".join(f"{text} AS {name}" for name, text in self.clause.measures)
            code = f"({', '.join(codes)},)"
            self.functions.append(function_source("measures", "v, m, f", code, told))
        return tuple(columns)

    def _writer(
        self, slots: Slots, variable: int | None, guard: exp.Expr | None, empty: bool = False
    ) -> RowWriter:
        from .expressions import Place, RowWriter

        place = Place(self.labels, variable, self.guards, empty)
        return RowWriter(self.scope, place, slots, guard)

    def _note(self, writer: RowWriter) -> None:
        self.back = max(self.back, writer.back)
        self.ahead = max(self.ahead, writer.ahead)
        self.numbered = self.numbered or writer.numbered


def _crosses(column_type: str) -> bool:
    """Whether a match can carry a value of this type."""
    try:
        carried_type(column_type)
    except Unsupported:
        return False
    return True
