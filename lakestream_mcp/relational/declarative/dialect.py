"""Databricks' dialect for sqlglot, as faithful as ours for Spark: functions stay as written.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.databricks import Databricks
from sqlglot.generators.databricks import DatabricksGenerator
from sqlglot.parsers.databricks import DatabricksParser
from sqlglot.tokenizer_core import Token, TokenType

from ..dialect import SYNTAX_FUNCTIONS, TYPED_FUNCTIONS, merge_doubled_quotes, string_literal


class LakestreamDatabricks(Databricks):
    """Databricks SQL, read and written without paraphrase."""

    class Parser(DatabricksParser):
        FUNCTIONS = {k: v for k, v in DatabricksParser.FUNCTIONS.items() if k in TYPED_FUNCTIONS}
        FUNCTION_PARSERS = {
            k: v for k, v in DatabricksParser.FUNCTION_PARSERS.items() if k in SYNTAX_FUNCTIONS
        }

    class Generator(DatabricksGenerator):
        def literal_sql(self, expression: exp.Literal) -> str:
            text: str = expression.this or ""
            return string_literal(text) if expression.is_string else text


DATABRICKS = LakestreamDatabricks()


def tokenize(sql: str) -> list[Token]:
    """Tokens of a text. Raises sqlglot's TokenError."""
    tokens = merge_doubled_quotes(sql, DATABRICKS.tokenize(sql))
    for token, after in pairwise(tokens):
        # The function `window`, which the parser would take for the clause WINDOW.
        if token.token_type == TokenType.WINDOW and after.token_type == TokenType.L_PAREN:
            token.token_type = TokenType.VAR
    return tokens


def parse(tokens: list[Token], sql: str) -> list[exp.Expr | None]:
    """Statements or expressions of a tokenized text. Raises sqlglot's ParseError."""
    return DATABRICKS.parser().parse(tokens, sql)
