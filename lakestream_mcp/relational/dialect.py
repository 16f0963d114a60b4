"""Spark's dialect for sqlglot, made faithful: what is read is what is written again.

Three changes. A function stays the call that was written (sqlglot would turn many into others that
mean almost the same), but for a few whose arguments need syntax of their own or that conditions
look into. A quote doubled inside a string is a quote, as in Spark 4. String literals are written
with the only escapes that Sail and Spark read alike.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import ParseError, TokenError
from sqlglot.generators.spark import SparkGenerator
from sqlglot.parsers.spark import SparkParser
from sqlglot.tokenizer_core import Token, TokenType

TYPED_FUNCTIONS = frozenset(
    (
        *("ABS", "AVG", "COALESCE", "NVL", "IFNULL", "COUNT", "FIRST", "LAST", "MAX", "MIN", "SUM"),
        *("GREATEST", "LEAST", "LOWER", "UPPER", "SQRT", "NULLIF", "IF", "TRY_CAST", "TRANSFORM"),
        *("STRUCT", "NAMED_STRUCT", "ARRAY", "MAP"),
        *("TIMESTAMPDIFF", "TIMESTAMPADD", "DATEADD", "DATE_ADD", "DATEDIFF", "DATE_DIFF"),
    )
)
SYNTAX_FUNCTIONS = frozenset(
    (
        *("CAST", "TRY_CAST", "EXTRACT", "TRIM", "SUBSTRING", "SUBSTR", "POSITION", "OVERLAY"),
        *("CEIL", "FLOOR"),
    )
)
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def string_literal(text: str) -> str:
    """A string as a literal that Sail and Spark read as the same text.

    Spark replaces `${name}` anywhere in SQL by a setting's value before it parses; an escaped
    dollar is hidden from that.
    """
    escaped = "".join(_ESCAPES.get(c) or (c if c >= " " else f"\\u{ord(c):04x}") for c in text)
    return "'" + escaped.replace("${", "\\u0024{") + "'"


class LakestreamSpark(Spark):
    """Spark 4 SQL, read and written without paraphrase."""

    class Parser(SparkParser):
        FUNCTIONS = {k: v for k, v in SparkParser.FUNCTIONS.items() if k in TYPED_FUNCTIONS}
        FUNCTION_PARSERS = {
            k: v for k, v in SparkParser.FUNCTION_PARSERS.items() if k in SYNTAX_FUNCTIONS
        }

    class Generator(SparkGenerator):
        def literal_sql(self, expression: exp.Literal) -> str:
            text: str = expression.this or ""
            return string_literal(text) if expression.is_string else text


DIALECT = LakestreamSpark()


def merge_doubled_quotes(sql: str, tokens: list[Token]) -> list[Token]:
    """`'it''s'` comes as two strings that touch; Spark reads one with a quote in it."""
    merged: list[Token] = []
    for token in tokens:
        before = merged[-1] if merged else None
        if token.token_type == TokenType.RAW_STRING:
            token.token_type = TokenType.STRING
        touching = (
            before is not None
            and before.token_type == token.token_type == TokenType.STRING
            and before.end + 1 == token.start
            and sql[before.end] == sql[token.start]
        )
        if before is not None and touching:
            before.text += sql[token.start] + token.text
            before.end = token.end
        else:
            merged.append(token)
    return merged


def tokenize(sql: str) -> list[Token]:
    """Tokens of a text. Raises sqlglot's TokenError."""
    return merge_doubled_quotes(sql, DIALECT.tokenize(sql))


def parse(tokens: list[Token], sql: str) -> list[exp.Expr | None]:
    """Statements or expressions of a tokenized text. Raises sqlglot's ParseError."""
    return DIALECT.parser().parse(tokens, sql)


def generate(tree: exp.Expr) -> str:
    """The text of a tree, without the comments that were in it."""
    return DIALECT.generate(tree, comments=False)


__all__ = ["DIALECT", "ParseError", "TokenError", "generate", "parse", "string_literal", "tokenize"]
