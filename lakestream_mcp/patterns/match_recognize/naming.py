"""Columns that a clause names, and the clause with other names for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ...graph.reads import COLUMN, Inputs, Named, Renames
from ...relational.naming import named_in, rename
from .analysis import analyze
from .clause import parse_clause, sections
from .tokens import Reader

if TYPE_CHECKING:
    from sqlglot import exp


class _Span(NamedTuple):
    """A place in the text: a column's name, or an expression, and the measure it is of."""

    start: int
    end: int
    text: str
    is_name: bool
    measure: str | None = None


class ClauseForm:
    """The text of a MATCH_RECOGNIZE clause."""

    def named(self, text: str, inputs: Inputs) -> Iterator[Named]:
        """Columns of PARTITION BY, ORDER BY, MEASURES and DEFINE. Raises InvalidSql."""
        known = _with_labels(text, inputs)
        for span in _spans(text):
            if span.is_name:
                yield from COLUMN.named(span.text, known)
                continue
            tree = _tree(span.text)
            for found in named_in(tree, known):
                aggregated = span.measure is not None and _aggregates(tree)
                yield found._replace(output=span.measure, aggregated=aggregated)

    def renamed(self, text: str, inputs: Inputs, renames: Renames) -> str:
        """The clause with each place that names such a column written anew. Raises InvalidSql."""
        known = _with_labels(text, inputs)
        for span in sorted(_spans(text), reverse=True):
            new = _rewritten(span, known, renames)
            if new != span.text:
                text = text[: span.start] + new + text[span.end :]
        return text


CLAUSE = ClauseForm()


def _with_labels(text: str, inputs: Inputs) -> Inputs:
    return inputs._replace(labels=analyze(parse_clause(text)).known)


def _rewritten(span: _Span, inputs: Inputs, renames: Renames) -> str:
    from ...relational.sql import identifier, sql
    from .calls import unmarked

    if span.is_name:
        new = COLUMN.renamed(span.text, inputs, renames)
        return span.text if new == span.text else sql(identifier(new))
    tree = _tree(span.text)
    return unmarked(sql(tree)) if rename(tree, inputs, renames) else span.text


def _tree(text: str) -> exp.Expr:
    from sqlglot import exp

    from .calls import parsed_definition

    held: exp.Expr = exp.Paren(this=parsed_definition(text)).this
    return held


def _aggregates(tree: exp.Expr) -> bool:
    from .calls import calls

    return any(call.is_aggregate for _, call in calls(tree))


def _spans(text: str) -> Iterator[_Span]:
    """Every place of the text that may name columns. Raises InvalidSql."""
    for name, reader in sections(text).items():
        for part in reader.parts():
            tokens = part.tokens
            if name in ("PARTITION BY", "ORDER BY"):
                yield _Span(tokens[0].start, tokens[0].end, tokens[0].plain, is_name=True)
            elif name == "MEASURES":
                yield _expression(Reader(text, tokens[:-2]), tokens[-1].plain)
            elif name == "DEFINE":
                yield _expression(Reader(text, tokens[2:]))


def _expression(reader: Reader, measure: str | None = None) -> _Span:
    first, last = reader.tokens[0], reader.tokens[-1]
    return _Span(first.start, last.end, reader.source(), is_name=False, measure=measure)
