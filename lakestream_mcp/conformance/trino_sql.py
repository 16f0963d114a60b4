"""Trino's SQL around and inside MATCH_RECOGNIZE, written as Spark's.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlglot
from sqlglot import exp

from ..errors import InvalidSql, Unsupported
from ..patterns.match_recognize.calls import AGGREGATES, OWN
from ..patterns.match_recognize.scalars import FUNCTIONS as SCALARS
from ..patterns.match_recognize.tokens import Reader, Token, tokenize

RENAMED = {"arbitrary": "any_value", "contains": "array_contains"}
"""Functions with another name in Spark that sqlglot does not translate; the one table of them."""
KEPT = {*OWN, *AGGREGATES, *SCALARS, *RENAMED}
"""Functions that are called as they are written: sqlglot would turn some into others."""
WHOLE = ("tinyint", "smallint", "int", "bigint")
WHOLE_CALLS = ("count", "match_number", "count_if", "length", "cardinality")
SAME_TYPE = ("first", "last", "prev", "next", "sum", "min", "max", "abs")
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod)
_MARKED = re.compile(r"\blk__(plain|running|final)__(\w+)\(", re.IGNORECASE)


class Query(NamedTuple):
    """A SELECT over one MATCH_RECOGNIZE: its text with the clause replaced by `ROWS`."""

    outer: str
    clause: str
    alias: str | None
    names: tuple[str, ...]  # of the columns, where the alias renames them


ROWS = "found_rows"


def parted(text: str) -> Query:
    """The query and its clause apart. Raises InvalidSql, Unsupported."""
    tokens = tokenize(text)
    places = [i for i, token in enumerate(tokens) if token.is_word("MATCH_RECOGNIZE")]
    if len(places) != 1 or sum(token.is_word("SELECT") for token in tokens) != 1:
        raise Unsupported(
            "Only one SELECT over one MATCH_RECOGNIZE can be run.",
            code="COMPOUND_QUERY",
            got=f"{len(places)} MATCH_RECOGNIZE clauses",
        )
    source = _source_start(tokens, places[0])
    reader = Reader(text, tokens)
    reader.at = places[0] + 1
    inner = reader.inside()
    alias, names = _alias(reader)
    after = tokens[reader.at].start if reader.at < len(tokens) else len(text)
    outer = f"{text[: tokens[source].start]} {ROWS} {text[after:]}"
    return Query(outer, inner.source(), alias, names)


def _source_start(tokens: Sequence[Token], clause: int) -> int:
    """Where the table stands that the clause reads: behind FROM."""
    for at in range(clause - 1, -1, -1):
        if tokens[at].is_word("FROM"):
            return at + 1
    raise InvalidSql("MATCH_RECOGNIZE stands behind FROM and a table.", code="SYNTAX_ERROR")


def _alias(reader: Reader) -> tuple[str | None, tuple[str, ...]]:
    named = reader.accept("AS")
    if not named and (not reader.peek().is_name or reader.peek().is_word(*FOLLOWING)):
        return None, ()
    alias = reader.name("the name of the result").plain
    if not reader.peek().is_sign("("):
        return alias, ()
    parts = reader.inside().parts()
    return alias, tuple(part.name("a column's name").plain for part in parts)


FOLLOWING = ("WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "UNION", "CROSS")


def expression(text: str, types: Mapping[str, str], renamed: Mapping[str, str]) -> str:
    """An expression of the clause in Spark's SQL.

    types: of the columns, by name in small letters. renamed: new names of columns.
    """
    tree = _parsed(marked(text))
    return written(_columns_renamed(tree, renamed), types)


def _columns_renamed(tree: exp.Expr, renamed: Mapping[str, str]) -> exp.Expr:
    for column in tree.find_all(exp.Column):
        name = renamed.get(column.name.lower())
        if name is not None:
            column.set("this", exp.to_identifier(name))
    return tree


def marked(text: str) -> str:
    """The text with calls marked whose names must stay, and what stands before them."""
    tokens = tokenize(text)
    out, at, mode = [], 0, "plain"
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.kind == "quoted" and token.text[0] == "`":
            out.append(text[at : token.start] + exp.to_identifier(token.plain, True).sql("trino"))
            at = token.end
        elif following is None:
            break
        elif token.kind == "quoted" and following.is_sign("("):
            _refuse_quoted_call(token)
        elif token.is_word("FINAL", "RUNNING") and following.kind == "word":
            mode = token.text.lower()
            out.append(text[at : token.start])
            at = following.start
        elif token.kind == "word" and following.is_sign("(") and _stays(token, mode):
            name = RENAMED.get(token.text.lower(), token.text.lower())
            out.append(f"{text[at : token.start]}lk__{mode}__{name}")
            at, mode = token.end, "plain"
    return "".join(out) + text[at:]


def _stays(token: Token, mode: str) -> bool:
    return mode != "plain" or token.text.lower() in KEPT


def _refuse_quoted_call(token: Token) -> None:
    if token.plain.lower() in OWN:
        raise InvalidSql(
            f"A delimited name calls no function of row patterns: {token.text}.",
            code="FUNCTION_NOT_FOUND",
            got=token.text,
            expected=token.plain.upper(),
        )


def unmarked(text: str) -> str:
    """The text with the marks taken off again."""
    return _MARKED.sub(
        lambda m: f"{'' if m[1].lower() == 'plain' else m[1].upper() + ' '}{m[2].upper()}(", text
    )


def _parsed(text: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(text, read="trino")
    except sqlglot.errors.SqlglotError as error:
        raise InvalidSql(f"This is no SQL: {error}", code="SYNTAX_ERROR", got=text[:200]) from None


def parse_query(text: str) -> exp.Select:
    """The outer query. Raises InvalidSql, Unsupported."""
    tree = _parsed(marked(text))
    if not isinstance(tree, exp.Select):
        raise Unsupported("Only a SELECT can be run.", code="COMPOUND_QUERY", got=text[:200])
    return tree


def written(tree: exp.Expr, types: Mapping[str, str]) -> str:
    """A tree as Spark's SQL; a quotient of whole numbers is one, as in Trino."""

    def divided(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Div) and _are_whole((node.this, node.expression), types):
            return exp.IntDiv(this=node.this, expression=node.expression)
        return node

    return unmarked(tree.transform(divided).sql("spark"))


def _are_whole(nodes: Iterable[exp.Expr], types: Mapping[str, str]) -> bool:
    return all(_is_whole(node, types) for node in nodes)


def _is_whole(node: exp.Expr, types: Mapping[str, str]) -> bool:
    """Whether an expression is certainly a whole number."""
    if isinstance(node, exp.Literal):
        return node.is_int
    if isinstance(node, exp.Column):
        return types.get(node.name.lower(), "") in WHOLE
    if isinstance(node, exp.Cast):
        return node.to.sql("spark").lower() in WHOLE
    if isinstance(node, ARITHMETIC):
        return _are_whole((node.this, node.expression), types)
    if isinstance(node, (exp.Paren, exp.Neg, exp.Abs)):
        return _is_whole(node.this, types)
    return isinstance(node, exp.Anonymous) and _gives_whole(node, types)


def _gives_whole(call: exp.Anonymous, types: Mapping[str, str]) -> bool:
    name = str(call.this).lower().rpartition("__")[2]
    same_type = name in SAME_TYPE and bool(call.expressions)
    return name in WHOLE_CALLS or (same_type and _is_whole(call.expressions[0], types))
