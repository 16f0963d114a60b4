"""Datasets: `CREATE OR REFRESH STREAMING TABLE` and its kin, of today and of older code.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from .cursor import Cursor
from .flows import change_clauses
from .note import Note
from .query import expression_of, query_of
from .statements import (
    Dataset,
    DatasetKind,
    Expectation,
    Flow,
    Query,
    Statement,
    TableColumn,
)

KINDS: dict[str, DatasetKind] = {
    "STREAMING TABLE": "streaming_table",
    "STREAMING LIVE TABLE": "streaming_table",
    "INCREMENTAL LIVE TABLE": "streaming_table",
    "LIVE STREAMING TABLE": "streaming_table",
    "MATERIALIZED VIEW": "materialized_view",
    "LIVE TABLE": "materialized_view",
    "PRIVATE STREAMING TABLE": "private_table",
    "PRIVATE MATERIALIZED VIEW": "private_table",
    "TEMPORARY STREAMING TABLE": "private_table",
    "TEMPORARY STREAMING LIVE TABLE": "private_table",
    "TEMPORARY LIVE TABLE": "private_table",
    "TEMPORARY VIEW": "temporary_view",
    "TEMP VIEW": "temporary_view",
    "TEMPORARY LIVE VIEW": "temporary_view",
    "TEMPORARY STREAMING LIVE VIEW": "temporary_view",
    "STREAMING LIVE VIEW": "temporary_view",
    "LIVE VIEW": "temporary_view",
    "VIEW": "temporary_view",
}
CLAUSES = (
    *("AS", "COMMENT", "TBLPROPERTIES", "PARTITIONED BY", "CLUSTER BY", "USING", "FLOW"),
    *("SCHEDULE", "TRIGGER ON", "WITH ROW FILTER", "WITH (", "LOCATION", "DEFAULT COLLATION"),
)


def dataset_statements(cursor: Cursor, notes: list[Note]) -> tuple[Statement, ...]:
    """`CREATE … name (…) … AS query`, and the flow it may hold. Raises NotRead."""
    cursor.expect("CREATE")
    cursor.one_of("OR REFRESH", "OR REPLACE")
    words = cursor.one_of(*KINDS)
    if words is None:
        raise cursor.error("a table or view of a pipeline is expected")
    if "LIVE" in words.split():
        notes.append(Note("OLD_SYNTAX", f"{words} is syntax of older code", 0))
    cursor.accept("IF NOT EXISTS")
    made = Dataset(KINDS[words], cursor.dotted())
    if cursor.at_words("("):
        made = _with_columns(made, cursor.brackets(), notes)
    while not cursor.done:
        if cursor.accept("AS"):
            return (made._replace(query=query_of(cursor.text, cursor.rest())),)
        if cursor.accept("FLOW"):
            return (made, _inline_flow(made.name, cursor))
        made = _with_clause(made, cursor, notes)
    return (made,)


def _inline_flow(name: str, cursor: Cursor) -> Statement:
    if cursor.accept("AUTO CDC"):
        return change_clauses(cursor, name, name)
    cursor.expect("INSERT BY NAME")
    query: Query = query_of(cursor.text, cursor.rest())
    return Flow(name, name, query)


def _with_clause(made: Dataset, cursor: Cursor, notes: list[Note]) -> Dataset:
    if cursor.accept("COMMENT"):
        return made._replace(comment=cursor.string())
    if cursor.accept("TBLPROPERTIES"):
        return made._replace(properties=_properties(cursor.brackets()))
    if cursor.accept("PARTITIONED BY"):
        return made._replace(partition_by=cursor.names())
    if cursor.accept("CLUSTER BY ("):
        cursor.at -= 1
        return made._replace(cluster_by=cursor.names())
    if cursor.accept("USING DELTA"):
        return made
    if not any(cursor.at_words(words) for words in (*CLAUSES, "CLUSTER BY AUTO")):
        raise cursor.error("this clause is not known")
    first = cursor.tokens[cursor.at]
    cursor.at += 1
    clause = [first, *cursor.until(*CLAUSES)]
    notes.append(Note("CLAUSE_NOT_KEPT", f"{cursor.source(clause)[:200]}", first.start))
    return made


def _properties(inside: Cursor) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    while not inside.done:
        key = inside.source(inside.until("=", ",")).strip("'\"")
        if not inside.accept("="):
            raise inside.error("`key = value` is expected")
        value = inside.until(",")
        found.append((key, value[0].text if len(value) == 1 else inside.source(value)))
        inside.accept(",")
    return tuple(found)


def _with_columns(made: Dataset, inside: Cursor, notes: list[Note]) -> Dataset:
    """Columns and expectations of a column list."""
    columns: list[TableColumn] = []
    expectations: list[Expectation] = []
    while not inside.done:
        if inside.at_words("CONSTRAINT"):
            start = inside.tokens[inside.at]
            inside.at += 1
            name = inside.name()
            if inside.accept("EXPECT"):
                expectations.append(_expectation(name, inside))
            else:
                clause = [start, *inside.until(",")]
                notes.append(Note("CLAUSE_NOT_KEPT", inside.source(clause)[:200], start.start))
        else:
            columns.append(_column(inside, notes))
        if not inside.done:
            inside.expect(",")
    return made._replace(columns=tuple(columns), expectations=tuple(expectations))


def _expectation(name: str, inside: Cursor) -> Expectation:
    condition = inside.brackets()
    tree = expression_of(condition.text, condition.rest())
    if not inside.accept("ON VIOLATION"):
        return Expectation(name, tree)
    action = inside.one_of("DROP ROW", "FAIL UPDATE")
    if action is None:
        raise inside.error("DROP ROW or FAIL UPDATE is expected")
    return Expectation(name, tree, "drop" if action == "DROP ROW" else "fail")


def _column(inside: Cursor, notes: list[Note]) -> TableColumn:
    start = inside.at
    name = inside.name()
    stops = (",", "COMMENT", "NOT NULL", "GENERATED", "DEFAULT", "MASK", "CONSTRAINT", "PRIMARY")
    written = inside.source(inside.until(*stops)) or None
    comment: str | None = None
    while not inside.done and not inside.at_words(","):
        if inside.accept("COMMENT"):
            comment = inside.string()
        elif not inside.accept("NOT NULL"):
            first = inside.tokens[start]
            inside.until(",")
            said = inside.source(inside.tokens[start : inside.at])[:200]
            notes.append(Note("CLAUSE_NOT_KEPT", said, first.start))
    return TableColumn(name, written, comment)
