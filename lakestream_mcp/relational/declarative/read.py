"""Text of a Lakeflow Declarative Pipeline as statements: the inverse of `write`.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlglot.tokenizer_core import Token

from ...errors import LimitExceeded
from ..dialect import TokenError
from .clauses import dataset_statements
from .cursor import Cursor, NotRead
from .dialect import tokenize
from .flows import change_flow, flow_statement
from .note import Note
from .pieces import Marker, Piece, Places, pieces
from .statements import Setting, Statement, Unknown, Use

TEXT_MAX = 1_000_000
STATEMENTS_MAX = 5_000
STATEMENT_MAX = 100_000
TOKENS_MAX = 20_000
NESTING_MAX = 60


class Placed(NamedTuple):
    """A statement with its text, its place (from 1) and what the remarks above it say."""

    statement: Statement
    text: str
    line: int
    column: int
    marker: Marker | None
    notes: tuple[Note, ...] = ()


def read(text: str) -> tuple[Statement, ...]:
    """The statements of a text. What is none of the known ones is `Unknown`, never dropped.

    Raises LimitExceeded for a text that is too long.
    """
    return tuple(placed.statement for placed in read_placed(text))


def read_placed(text: str) -> tuple[Placed, ...]:
    """The statements of a text, each with its place."""
    if len(text) > TEXT_MAX:
        raise LimitExceeded(
            f"SQL is limited to {TEXT_MAX} characters", got=len(text), expected=TEXT_MAX
        )
    found: list[Placed] = []
    for count, piece in enumerate(pieces(text), 1):
        if count > STATEMENTS_MAX:
            raise LimitExceeded(
                f"SQL is limited to {STATEMENTS_MAX} statements",
                where={"line": piece.line, "column": piece.column},
                expected=STATEMENTS_MAX,
            )
        found += _placed(piece)
    return tuple(found)


def _placed(piece: Piece) -> Iterator[Placed]:
    notes: list[Note] = []
    statements: tuple[Statement, ...]
    try:
        statements = _statements(piece, notes)
    except NotRead as refusal:
        line, column = _place(piece, refusal.offset)
        statements = (Unknown(piece.text, line, column, refusal.reason),)
    placed = tuple(
        note._replace(line=line, column=column)
        for note in notes
        for line, column in [_place(piece, note.line)]
    )
    for index, statement in enumerate(statements):
        said = placed if index == 0 else ()
        yield Placed(statement, piece.text, piece.line, piece.column, piece.marker, said)


def _place(piece: Piece, offset: int) -> tuple[int, int]:
    line, column = Places(piece.text).of(min(offset, len(piece.text)))
    return piece.line + line - 1, column + piece.column - 1 if line == 1 else column


def _statements(piece: Piece, notes: list[Note]) -> tuple[Statement, ...]:
    if piece.unclosed is not None:
        raise NotRead("a quote or a remark is not closed", piece.unclosed)
    if len(piece.text) > STATEMENT_MAX:
        raise NotRead(f"a statement is limited to {STATEMENT_MAX} characters", STATEMENT_MAX)
    cursor = Cursor(piece.text, _tokens(piece.text))
    if cursor.at_words("CREATE"):
        return _created(cursor, notes)
    if cursor.at_words("APPLY CHANGES INTO"):
        notes.append(Note("OLD_SYNTAX", "APPLY CHANGES INTO is now AUTO CDC INTO", 0))
        return (change_flow(cursor, None),)
    if cursor.accept("SET"):
        return (_setting(cursor),)
    if cursor.accept("USE"):
        return _use(cursor)
    if cursor.at_words("SELECT") or cursor.at_words("WITH"):
        raise cursor.error("a query alone makes no table: CREATE STREAMING TABLE name AS …")
    if cursor.at_words("FROM") or cursor.at_words("IMPORT"):
        raise cursor.error("this is Python, and SQL is read; a notebook becomes nodes by hand")
    raise cursor.error("this is no statement of a pipeline that can be read")


def _tokens(text: str) -> list[Token]:
    depth = 0
    try:
        tokens = tokenize(text)
    except TokenError as error:
        raise NotRead(f"it cannot be cut into words: {str(error)[:200]}", 0) from None
    if len(tokens) > TOKENS_MAX:
        raise NotRead(f"a statement is limited to {TOKENS_MAX} words", tokens[TOKENS_MAX].start)
    for token in tokens:
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if depth > NESTING_MAX:
            raise NotRead(f"brackets are nested more than {NESTING_MAX} deep", token.start)
    return tokens


def _created(cursor: Cursor, notes: list[Note]) -> tuple[Statement, ...]:
    if cursor.at_words("CREATE FLOW"):
        return (flow_statement(cursor, notes),)
    return dataset_statements(cursor, notes)


def _setting(cursor: Cursor) -> Setting:
    key = cursor.source(cursor.until("="))
    cursor.expect("=")
    value = cursor.rest()
    if not key or not value:
        raise cursor.error("`key = value` is expected")
    key = ".".join(part.strip("`") for part in key.split("."))
    return Setting(key, value[0].text if len(value) == 1 else cursor.source(value))


def _use(cursor: Cursor) -> tuple[Use, ...]:
    kind = cursor.one_of("CATALOG", "SCHEMA", "DATABASE")
    parts = cursor.dotted().split(".")
    if not cursor.done or len(parts) > 2 or (kind == "CATALOG" and len(parts) > 1):
        raise cursor.error("USE CATALOG name or USE SCHEMA name is expected")
    if kind == "CATALOG":
        return (Use("catalog", parts[0]),)
    schema = Use("schema", parts[-1])
    return (Use("catalog", parts[0]), schema) if len(parts) == 2 else (schema,)
