"""Functions that read, such as `read_kafka(name => value)`, taken apart.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp


class Call(NamedTuple):
    """A call in FROM STREAM: what is given by place, and by name. `outer` is what stands around."""

    name: str
    positional: tuple[exp.Expr, ...]
    named: dict[str, exp.Expr]
    outer: exp.Select

    def texts(self) -> dict[str, str] | None:
        """The named arguments as text; None if one of them is no literal."""
        found = {name: literal(value) for name, value in self.named.items()}
        return None if None in found.values() else {k: v for k, v in found.items() if v is not None}


def streamed_call(query: exp.Query, *names: str) -> Call | None:
    """The one call of these names that a query reads as a stream, itself or one level deeper."""
    if not isinstance(query, exp.Select):
        return None
    start = query.args.get("from_")
    source = start.this if start is not None else None
    if isinstance(source, exp.Subquery):
        inner = streamed_call(source.this, *names)
        return inner._replace(outer=query) if inner is not None else None
    table = source.this if isinstance(source, exp.Stream) else source
    called = table.this if isinstance(table, exp.Table) else None
    if not isinstance(called, exp.Anonymous) or str(called.this).lower() not in names:
        return None
    positional = tuple(e for e in called.expressions if not isinstance(e, exp.Kwarg))
    named = {e.this.name: e.expression for e in called.expressions if isinstance(e, exp.Kwarg)}
    return Call(str(called.this).lower(), positional, named, query)


def literal(value: exp.Expr) -> str | None:
    """The text of a literal: a string, a number, true or false."""
    if isinstance(value, exp.Literal):
        return str(value.this)
    return str(value.this).lower() if isinstance(value, exp.Boolean) else None


def only_star(query: exp.Select) -> bool:
    """Whether a query is `SELECT * FROM …` with nothing else."""
    said = {name for name, value in query.args.items() if value}
    items = query.expressions
    return said == {"expressions", "from_"} and len(items) == 1 and isinstance(items[0], exp.Star)
