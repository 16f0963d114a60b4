"""Parts of declarative queries as trees: what is read as a stream, and functions that read.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from ..sql import identifier


def table(name: str, alias: str | None = None) -> exp.Table:
    """A table or view by its dotted name."""
    parts = [identifier(part) for part in name.split(".")]
    catalog, db, this = [None, None, *parts][-3:]
    known_as = exp.TableAlias(this=identifier(alias)) if alias else None
    return exp.Table(this=this, db=db, catalog=catalog, alias=known_as)


def stream(relation: exp.Table) -> exp.Stream:
    """`STREAM relation`: only the rows that are new since the last update."""
    return exp.Stream(this=relation)


def rows_of(name: str) -> exp.Select:
    """`SELECT * FROM STREAM name`."""
    return exp.select("*").from_(stream(table(name)))


def streamed_name(rows: exp.Query) -> str:
    """The dotted name of the one relation that `rows_of` reads."""
    (read,) = rows.find_all(exp.Table)
    return ".".join(part.name for part in read.parts)


def table_function(name: str, options: Mapping[str, str | exp.Expr], *positional: str) -> exp.Table:
    """`name('positional', option => value, `dotted.option` => value)`."""
    given: list[exp.Expr] = [exp.Literal.string(value) for value in positional]
    for key, value in options.items():
        said = exp.Literal.string(value) if isinstance(value, str) else value
        name_of = exp.Identifier(this=key, quoted=not (key.isascii() and key.isidentifier()))
        given.append(exp.Kwarg(this=name_of, expression=said))
    return exp.Table(this=exp.Anonymous(this=name, expressions=given))


def secret(scope: str, key: str) -> exp.Expr:
    """`secret('scope', 'key')`: a secret's value, read when the pipeline runs."""
    return exp.Anonymous(
        this="secret", expressions=[exp.Literal.string(scope), exp.Literal.string(key)]
    )
