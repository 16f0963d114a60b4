"""Flows: `CREATE FLOW … AS INSERT INTO …`, AUTO CDC, and APPLY CHANGES of older code.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from typing import Literal

from sqlglot import exp

from .cursor import Cursor
from .note import Note
from .query import expression_of, query_of
from .statements import AutoCdc, Flow

UNREAD = ("IGNORE NULL UPDATES", "APPLY AS TRUNCATE WHEN")
"""Clauses of Databricks' AUTO CDC alone: open-source Spark, which code is tried on, has none."""
CLAUSES = (
    *("IGNORE NULL", "APPLY AS", "SEQUENCE BY", "COLUMNS", "STORED AS", "TRACK HISTORY"),
    *("KEYS", "WHERE"),
)


def flow_statement(cursor: Cursor, notes: list[Note]) -> Flow | AutoCdc:
    """`CREATE FLOW name AS …`. Raises NotRead."""
    cursor.expect("CREATE FLOW")
    name = cursor.dotted()
    if cursor.accept("COMMENT"):
        at = cursor.tokens[cursor.at - 1].start
        notes.append(Note("CLAUSE_NOT_KEPT", f"a flow's comment: {cursor.string()[:200]}", at))
    cursor.expect("AS")
    if cursor.at_words("AUTO CDC"):
        return change_flow(cursor, name)
    cursor.expect("INSERT INTO")
    if cursor.at_words("ONCE"):
        raise cursor.error("a flow that runs once is no stream")
    target = cursor.dotted()
    cursor.expect("BY NAME")
    return Flow(name, target, query_of(cursor.text, cursor.rest()))


def change_flow(cursor: Cursor, name: str | None) -> AutoCdc:
    """`AUTO CDC INTO target FROM …` or `APPLY CHANGES INTO …`. Raises NotRead."""
    if not cursor.accept("AUTO CDC INTO"):
        cursor.expect("APPLY CHANGES INTO")
    target = cursor.dotted()
    return change_clauses(cursor, name or target, target)


def change_clauses(cursor: Cursor, name: str, target: str) -> AutoCdc:
    """What follows the target of AUTO CDC. Raises NotRead."""
    cursor.expect("FROM")
    source = _source(cursor)
    cursor.expect("KEYS")
    keys = cursor.names()
    delete_when: exp.Expr | None = None
    _refuse_unread(cursor)
    if cursor.accept("APPLY AS DELETE WHEN"):
        delete_when = expression_of(cursor.text, cursor.until(*CLAUSES))
    _refuse_unread(cursor)
    cursor.expect("SEQUENCE BY")
    sequence_by = expression_of(cursor.text, cursor.until(*CLAUSES))
    if delete_when is None and cursor.accept("APPLY AS DELETE WHEN"):
        delete_when = expression_of(cursor.text, cursor.until(*CLAUSES))
    columns, except_columns = _columns(cursor, "COLUMNS")
    scd_type = _scd_type(cursor)
    tracked, tracked_except = _columns(cursor, "TRACK HISTORY ON")
    if not cursor.done:
        raise cursor.error("this part of AUTO CDC has no counterpart here")
    return AutoCdc(
        name, target, source, keys, sequence_by, delete_when, columns, except_columns,
        scd_type, tracked, tracked_except,
    )  # fmt: skip


def _refuse_unread(cursor: Cursor) -> None:
    """Raise NotRead where a clause comes that no node has."""
    for words in UNREAD:
        if cursor.at_words(words):
            raise cursor.error(f"no node has {words}")


def _source(cursor: Cursor) -> str:
    cursor.accept("STREAM")
    if not cursor.at_words("("):
        return cursor.dotted()
    inside = cursor.brackets()
    source = inside.dotted()
    if not inside.done:
        raise inside.error("AUTO CDC reads a dataset by its name")
    return source


def _columns(cursor: Cursor, words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`COLUMNS (a, b)`, `COLUMNS a, b` or `COLUMNS * EXCEPT (a, b)`."""
    if not cursor.accept(words):
        return (), ()
    if cursor.accept("* EXCEPT"):
        return (), cursor.names()
    if cursor.accept("*"):
        return (), ()
    if cursor.at_words("("):
        return cursor.names(), ()
    names = [cursor.name()]
    while cursor.accept(","):
        names.append(cursor.name())
    return tuple(names), ()


def _scd_type(cursor: Cursor) -> Literal[1, 2]:
    if not cursor.accept("STORED AS"):
        return 1
    cursor.accept("SCD TYPE")
    if cursor.accept("1"):
        return 1
    cursor.expect("2")
    return 2
