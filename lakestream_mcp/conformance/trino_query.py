"""A query over MATCH_RECOGNIZE: its columns, and its clause and outer SELECT written for Spark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InvalidSql
from .case_file import Json
from .engines import Answer

if TYPE_CHECKING:
    from ..patterns.match_recognize.clause import Clause
    from ..relational.local import LocalEngine
    from .trino_sql import Query

TYPES = {
    "integer": "int",
    "varchar": "string",
    "char": "string",
    "real": "float",
    "timestamp_ms": "timestamp",
}
RESERVED = ("match_id", "pattern", "started_at", "ended_at", "detected_at", "events")


class Shown(NamedTuple):
    """An output column: what the query calls it, and what it is called in the match rows."""

    name: str
    inside: str


class Read(NamedTuple):
    """A case's query, understood."""

    query: Query
    clause: Clause
    types: dict[str, str]  # by name in small letters
    renamed: dict[str, str]
    shown: tuple[Shown, ...]


def read(case: Json) -> Read:
    """Take the query of a case apart. Raises LakestreamError."""
    from ..patterns.match_recognize.clause import parse_clause
    from . import trino_sql

    query = trino_sql.parted(case["sql"])
    clause = parse_clause(query.clause)
    names = [column["name"] for column in case["columns"]]
    types = {column["name"].lower(): _type(column["type"]) for column in case["columns"]}
    taken = {name.lower() for name in RESERVED}
    renamed = {name.lower(): f"{name}_in" for name in names if name.lower() in taken}
    inside = {name.lower(): renamed.get(name.lower(), name) for name in names}
    shown = _shown(clause, names, inside)
    if query.names and len(query.names) != len(shown):
        raise InvalidSql(
            f"The result has {len(shown)} columns, and {len(query.names)} names are given.",
            code="MISMATCHED_COLUMN_ALIASES",
            got=list(query.names),
            expected=[column.name for column in shown],
        )
    if query.names:
        shown = tuple(Shown(n, s.inside) for n, s in zip(query.names, shown, strict=True))
    return Read(query, clause, types, renamed, shown)


def _type(name: str) -> str:
    base, bracket, rest = name.lower().partition("(")
    if base == "decimal":
        return f"decimal{bracket}{rest}" if bracket else "decimal(38,0)"
    return TYPES.get(base, base)


def _shown(clause: Clause, names: Sequence[str], inside: dict[str, str]) -> tuple[Shown, ...]:
    """The output columns in the order of the standard."""
    measures = [Shown(m.name, f"measure_{n}") for n, m in enumerate(clause.measures)]
    key = [Shown(name, inside.get(name.lower(), name)) for name in clause.partition_by]
    if clause.rows == "one row":
        return (*key, *measures)
    ordered = [Shown(item.column, inside.get(item.column.lower(), item.column))
               for item in clause.order_by]  # fmt: skip
    before = {column.name.lower() for column in (*key, *ordered)}
    rest = [Shown(name, inside[name.lower()]) for name in names if name.lower() not in before]
    return (*key, *ordered, *measures, *rest)


def clause_text(one: Read, time: str) -> str:
    """The clause in Spark's SQL, ordered by the pipeline's event time."""
    from . import trino_sql

    clause = one.clause

    def spark(text: str) -> str:
        return trino_sql.expression(text, one.types, one.renamed)

    measures = [f"{spark(m.expression)} AS measure_{n}" for n, m in enumerate(clause.measures)]
    key = [_quoted(one.renamed.get(name.lower(), name)) for name in clause.partition_by]
    parts = [
        f"PARTITION BY {', '.join(key)}" if key else "",
        f"ORDER BY {_quoted(time)}",
        f"MEASURES {', '.join(measures)}" if measures else "",
        _rows_text(clause),
        f"AFTER MATCH SKIP {_skip_text(clause)}",
        f"PATTERN ({_pattern_text(one.query.clause)})",
        f"WITHIN {clause.within_us} microseconds" if clause.within_us else "",
        "SUBSET " + ", ".join(_subset_text(*each) for each in clause.subsets)
        if clause.subsets
        else "",
        "DEFINE " + ", ".join(f"{_quoted(name)} AS {spark(text)}" for name, text in clause.define),
    ]
    return "\n".join(part for part in parts if part)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _rows_text(clause: Clause) -> str:
    if clause.rows == "one row":
        return "ONE ROW PER MATCH"
    how = "WITH UNMATCHED ROWS" if clause.unmatched else "SHOW EMPTY MATCHES"
    return f"ALL ROWS PER MATCH {how if clause.show_empty else 'OMIT EMPTY MATCHES'}"


def _skip_text(clause: Clause) -> str:
    to, label = clause.skip
    if label is None:
        return "TO NEXT ROW" if to == "next row" else "PAST LAST ROW"
    return f"TO {to.upper()} {_quoted(label)}"


def _subset_text(name: str, labels: Sequence[str]) -> str:
    return f"{_quoted(name)} = ({', '.join(map(_quoted, labels))})"


def _pattern_text(clause: str) -> str:
    """What stands in PATTERN ( … ), as it is written."""
    from ..patterns.match_recognize.tokens import Reader, tokenize

    reader = Reader(clause, tokenize(clause))
    while True:
        if reader.take().is_word("PATTERN") and reader.peek().is_sign("("):
            return reader.inside().source()


def outer_text(one: Read) -> str:
    """The outer query over the match rows, its columns named by place. Raises InvalidSql."""
    from sqlglot import exp

    from . import trino_sql

    tree = trino_sql.parse_query(one.query.outer)
    items: list[exp.Expr] = []
    for item in tree.expressions:
        named = item.this if isinstance(item, exp.Alias) else item
        star = isinstance(named, exp.Star) or (
            isinstance(named, exp.Column) and isinstance(named.this, exp.Star)
        )
        if star:
            _check_table(named, one)
            items += [exp.column(column.inside, quoted=True) for column in one.shown]
        else:
            items.append(named)
    tree.set("expressions", [exp.alias_(item, f"out_{n}") for n, item in enumerate(items)])
    inside = {column.inside for column in one.shown}
    for column in list(tree.find_all(exp.Column)):
        if column.name not in inside or column.table:
            column.replace(exp.column(_resolved(column, one), quoted=True))
    types = {column.inside.lower(): one.types.get(column.name.lower(), "") for column in one.shown}
    return trino_sql.written(tree, types)


def _check_table(named: Any, one: Read) -> None:
    table = getattr(named, "table", "")
    if table and table.lower() != (one.query.alias or "").lower():
        raise InvalidSql(
            f"There is no table `{table}`.",
            code="TABLE_NOT_FOUND",
            got=table,
            expected=one.query.alias,
        )


def _resolved(column: Any, one: Read) -> str:
    alias = (one.query.alias or "").lower()
    found = [c.inside for c in one.shown if c.name.lower() == column.name.lower()]
    if column.table and column.table.lower() != alias:
        found = []
    if len(found) == 1:
        return found[0]
    raise InvalidSql(
        f"Column `{column.sql()}` {'is ambiguous' if found else 'cannot be resolved'}.",
        code="AMBIGUOUS_NAME" if found else "COLUMN_NOT_FOUND",
        got=column.sql(),
        expected=[c.name for c in one.shown],
    )


def selected(one: Read, answer: Answer, engine: LocalEngine) -> list[list[Any]]:
    """The outer query on the match rows."""
    import pyarrow as pa

    from ..relational.arrow_types import arrow_type
    from .trino_sql import ROWS

    columns = answer.relation.columns
    arrays = [
        pa.array([found.row[c.name] for found in answer.found], type=arrow_type(c.type))
        for c in columns
    ]
    table = pa.table(arrays, names=[c.name for c in columns])
    result = engine.run(outer_text(one), {ROWS: table})
    return [list(row.values()) for row in result.to_pylist()]
