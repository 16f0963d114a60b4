"""Sources in Databricks SQL: what a streaming table function reads, decoded and selected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

PARSED = "parsed"
"""Name of the decoded value, in SQL and in Structured Streaming."""


def literal(value: object) -> exp.Expr:
    """A text or a number as SQL."""
    from sqlglot import exp

    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return exp.Literal.number(value)
    return exp.Literal.string(str(value))


def secret_call(reference: str) -> exp.Expr:
    """`secret('scope', 'key')` for a reference `secret://scope/key`."""
    from ..relational.declarative.trees import secret

    return secret(*secret_parts(reference))


def secret_parts(reference: str) -> tuple[str, str]:
    """Scope and key of a reference `secret://scope/key`."""
    scope, _, key = reference.removeprefix("secret://").partition("/")
    return scope, key


def call(function: str, *arguments: exp.Expr) -> exp.Expr:
    """A function call, written as it is."""
    from sqlglot import exp

    return exp.Anonymous(this=function, expressions=list(arguments))


def options_map(options: Mapping[str, str]) -> exp.Expr:
    """`map('name', 'value', …)`."""
    return call("map", *(literal(part) for pair in options.items() for part in pair))


def stream_of(
    function: str,
    arguments: Mapping[str, exp.Expr],
    parsed: exp.Expr,
    outputs: Sequence[exp.Expr],
    path: str | None = None,
) -> exp.Query:
    """`SELECT outputs FROM (SELECT *, parsed FROM STREAM function(path, name => value …))`."""
    from sqlglot import exp

    from ..relational.declarative.trees import stream, table_function

    read = stream(table_function(function, arguments, *([] if path is None else [path])))
    inner = exp.select("*", exp.alias_(parsed, PARSED)).from_(read)
    alias = exp.TableAlias(this=exp.to_identifier("records"))
    return exp.select(*outputs).from_(exp.Subquery(this=inner, alias=alias))
