"""Expressions of DEFINE and MEASURES: parsed, with the functions of row patterns made plain.

`FINAL LAST(A.price, 2)` is no SQL that a parser of expressions knows. So functions of row patterns
and aggregates are renamed in the text (`mr__final__last(…)`) and recognised in the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sqlglot import exp

from ...cep.match_row import quoted
from ...errors import InvalidSql, nearest
from ...graph.model import Relation
from ...relational import guard
from ...relational.sql import sql
from .analysis import Labels
from .tokens import FIELD, Token, tokenize

NAVIGATIONS = ("first", "last", "prev", "next")
OWN = (*NAVIGATIONS, "classifier", "match_number")
AGGREGATES: dict[str, tuple[int, int]] = {
    "count": (0, 1),
    "sum": (1, 1),
    "avg": (1, 1),
    "mean": (1, 1),
    "min": (1, 2),
    "max": (1, 2),
    "min_by": (2, 3),
    "max_by": (2, 3),
    "array_agg": (1, 1),
    "collect_list": (1, 1),
    "listagg": (1, 2),
    "string_agg": (1, 2),
    "set_agg": (1, 1),
    "map_agg": (2, 2),
    "multimap_agg": (2, 2),
    "histogram": (1, 1),
    "any_value": (1, 1),
    "count_if": (1, 1),
    "bool_and": (1, 1),
    "every": (1, 1),
    "bool_or": (1, 1),
    "some": (1, 1),
    "stddev": (1, 1),
    "stddev_samp": (1, 1),
    "stddev_pop": (1, 1),
    "variance": (1, 1),
    "var_samp": (1, 1),
    "var_pop": (1, 1),
}
"""Aggregates over the rows of a match, with how many arguments each takes."""
_RENAMED = re.compile(r"\bmr__(plain|running|final)__(\w+)\(", re.I)


class Call(NamedTuple):
    """A call of a function of row patterns, or of an aggregate. `mode`: plain, running or final."""

    name: str
    mode: str
    arguments: tuple[exp.Expr, ...]

    @property
    def is_navigation(self) -> bool:
        return self.name in NAVIGATIONS

    @property
    def is_aggregate(self) -> bool:
        return self.name in AGGREGATES


def call_of(node: exp.Expr) -> Call | None:
    """The call a node is; None for everything else."""
    if not isinstance(node, exp.Anonymous) or not isinstance(node.this, str):
        return None
    prefix, _, rest = node.this.partition("__")
    mode, _, name = rest.partition("__")
    if prefix.lower() != "mr" or mode not in ("plain", "running", "final"):
        return None
    return Call(name, mode, tuple(node.expressions))


def calls(tree: exp.Expr) -> Iterator[tuple[exp.Expr, Call]]:
    """Every call in a tree, the outer ones first."""
    for node in tree.walk(bfs=False):
        found = call_of(node)
        if found is not None:
            yield node, found


def shown(tree: exp.Expr | str) -> str:
    """An expression as it was written, for messages."""
    return unmarked(tree if isinstance(tree, str) else sql(tree))[:300]


def unmarked(text: str) -> str:
    """The text of an expression with its calls named as they are written in a clause."""
    return _RENAMED.sub(
        lambda m: f"{'' if m[1].lower() == 'plain' else m[1].upper() + ' '}{m[2].upper()}(", text
    )


def refused(code: str, message: str, node: exp.Expr | str, hint: str | None = None) -> InvalidSql:
    """An error about a place in an expression."""
    return InvalidSql(message, code=code, where={"field": FIELD}, got=shown(node), hint=hint)


def parse(text: str, relation: Relation, labels: Labels) -> exp.Expr:
    """The tree of an expression, whose columns and functions may be used. Raises InvalidSql."""
    if any(token.is_word("MATCH_RECOGNIZE") for token in tokenize(text)):
        raise refused(
            "NESTED_ROW_PATTERN_RECOGNITION",
            "A MATCH_RECOGNIZE cannot stand inside another one.",
            text,
        )
    tree = guard.parsed(_renamed(text), FIELD)
    if tree.find(exp.Query) is not None:
        raise refused(
            "SQL_NOT_ALLOWED", "A subquery reads other rows than those of the match.", text
        )
    whole = exp.Paren(this=tree)
    _check_decorations(whole)
    for column in whole.find_all(exp.Column):
        if isinstance(column.this, exp.Star):
            _check_all_rows(column, labels)
    _check_scalars(whole)
    for column in list(whole.find_all(exp.Column)):
        if not isinstance(column.this, exp.Star) and not _is_classified(column):
            label_of(column, relation, labels)
    return whole.this  # type: ignore[no-any-return]


def _renamed(text: str) -> str:
    """The text with the names of calls of row patterns and of aggregates marked."""
    tokens = tokenize(text)
    out, at, mode = [], 0, "plain"
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.text[:1] == '"' and _is_part_of_name(tokens, i):
            out.append(text[at : token.start] + quoted(token.plain))
            at = token.end
        if following is None or token.kind != "word" or token.start < at:
            continue
        if token.is_word("FINAL", "RUNNING") and _starts_call(tokens, i + 1):
            mode = token.text.lower()
            out.append(text[at : token.start])
            at = following.start
        elif following.is_sign("("):
            name = token.text.lower()
            if name in OWN or name in AGGREGATES:
                out.append(f"{text[at : token.start]}mr__{mode}__{name}")
                at = token.end
            elif mode != "plain":
                raise refused(
                    "INVALID_PROCESSING_MODE",
                    f"{mode.upper()} goes with FIRST, LAST and aggregates only, not with "
                    f"{name.upper()}.",
                    text,
                )
            mode = "plain"
    return "".join(out) + text[at:]


def _is_part_of_name(tokens: list[Token], at: int) -> bool:
    """Whether a dot stands beside: then a double-quoted text is a name as in the standard."""
    return any(0 <= i < len(tokens) and tokens[i].is_sign(".") for i in (at - 1, at + 1))


def _starts_call(tokens: list[Token], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at].kind == "word" and tokens[at + 1].is_sign("(")


def _check_decorations(tree: exp.Expr) -> None:
    """OVER, FILTER, ORDER BY and DISTINCT have no meaning here."""
    for node in tree.walk(bfs=False):
        if isinstance(node, (exp.Window, exp.Filter)):
            what = "OVER" if isinstance(node, exp.Window) else "FILTER"
            _refuse_decoration(what, call_of(node.this), node)
        if isinstance(node, (exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)):
            _refuse_decoration("WITHIN GROUP or NULLS", call_of(node.this), node)
        if isinstance(node, (exp.Distinct, exp.Order)):
            what = "DISTINCT" if isinstance(node, exp.Distinct) else "ORDER BY"
            _refuse_decoration(what, call_of(node.parent) if node.parent else None, node)


def _refuse_decoration(what: str, call: Call | None, node: exp.Expr) -> None:
    code = "NESTED_WINDOW" if what == "OVER" else "NOT_SUPPORTED"
    if call is not None and not call.is_aggregate:
        code = "INVALID_PATTERN_RECOGNITION_FUNCTION"
    raise refused(code, f"{what} cannot be used in DEFINE and MEASURES.", node)


def _check_all_rows(column: exp.Column, labels: Labels) -> None:
    """`A.*` is the one argument of COUNT."""
    call = call_of(column.parent) if column.parent is not None else None
    if call is None or call.name != "count" or len(call.arguments) != 1:
        raise refused(
            "INVALID_FUNCTION_ARGUMENT",
            "`label.*` can only be the argument of COUNT.",
            column,
        )
    if spelled(column.parts[0]) not in labels.known:
        raise refused(
            "INVALID_FUNCTION_ARGUMENT",
            f"{column.table} is no variable of the pattern; there are {', '.join(labels.known)}.",
            column,
        )


def _check_scalars(tree: exp.Expr) -> None:
    """Everything but our own calls is an expression over a row's columns, and allowed."""
    plain = tree.copy()
    for node, _ in reversed(list(calls(plain))):
        arguments = [a for a in node.expressions if not _is_star(a)]
        node.replace(exp.Tuple(expressions=[a.copy() for a in arguments] or [exp.null()]))
    guard.check_expression(plain, FIELD, aggregates=False, nondeterministic=False)


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) or (
        isinstance(node, exp.Column) and isinstance(node.this, exp.Star)
    )


def _is_classified(column: exp.Column) -> bool:
    """Whether it is the argument of CLASSIFIER, which names no column."""
    call = call_of(column.parent) if column.parent is not None else None
    return call is not None and call.name == "classifier"


def spelled(identifier: exp.Expr) -> str:
    """A name as SQL compares it: in capitals unless it is delimited."""
    return identifier.name if identifier.args.get("quoted") else identifier.name.upper()


def label_of(column: exp.Column, relation: Relation, labels: Labels) -> str | None:
    """The label before a column's name; None where there is none. Raises InvalidSql."""
    if len(column.parts) < 2:
        return None
    first = column.parts[0]
    label = spelled(first)
    if label in labels.known:
        if len(column.parts) > 2:
            raise refused(
                "NOT_SUPPORTED",
                "A field of a nested column of a variable cannot be read here.",
                column,
                "project the field with a map-select node before the pattern",
            )
        return label
    if first.name.lower() in {name.lower() for name in relation.names}:
        return None
    near = nearest(first.name, (*labels.known, *relation.names))
    raise InvalidSql(
        f"`{first.name}` is neither a variable of the pattern nor a column.",
        code="UNKNOWN_COLUMN",
        where={"field": FIELD},
        got=shown(column),
        expected=[*labels.known, *relation.names],
        hint=f"did you mean {near}?" if near else None,
    )


def labels_in(tree: exp.Expr, relation: Relation, labels: Labels) -> set[str | None]:
    """The labels of the columns and CLASSIFIER calls in an expression; None: all rows."""
    found: set[str | None] = set()
    for node in tree.walk():
        call = call_of(node)
        if call is not None and call.name == "classifier":
            found.add(spelled(call.arguments[0].this) if call.arguments else None)
        elif isinstance(node, exp.Column) and not _is_classified(node):
            star = isinstance(node.this, exp.Star)
            found.add(spelled(node.parts[0]) if star else label_of(node, relation, labels))
    return found


def parsed_definition(text: str) -> exp.Expr:
    """The tree of a definition that was checked before."""
    return guard.parsed(_renamed(text), FIELD)
