"""Comparisons that are written as SQL in the midst of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .condition_clause import Clause
from .names import Columns
from .phrase import Phrase
from .tokens import Token
from .words import word_set

if TYPE_CHECKING:
    from sqlglot import exp

_WORDS = word_set("and or not in like between is null true false")
_SIGNS = {"(", ")", ",", "*", "+", "-", "/", "%", "=", "<", ">", "<=", ">=", "!="}
_FUNCTIONS = word_set("length char_length abs upper lower trim coalesce size year month hour")
_RESERVED = word_set(
    "load show describe desc use set insert update delete merge drop create alter call cache order "
    "group table from to select where having limit window start end rows interval case when then "
    "else user current_date primary key index values comment analyze refresh temp temporary"
)
"""Columns that SQL would take for a word of its own."""
_COMPARE = {"=", "<", ">", "<=", ">=", "!=", "in", "between", "like", "is"}
_LONGEST = 60


def nested(phrase: Phrase, at: int, columns: Columns) -> Clause | None:
    """A condition in SQL that words cannot say: with brackets in it, or sums and products."""
    from sqlglot import exp

    names = {name.lower(): name for name in columns.types}
    if columns.open or not phrase.part(at, at + _LONGEST).has(r"\(|\*|\+|-|/|%"):
        return None
    clause = _longest(phrase, at, names)
    if clause is None:
        return None
    sums = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
    grouped = any(isinstance(p.this, exp.Connector) for p in clause.tree.find_all(exp.Paren))
    return clause if grouped or clause.tree.find(*sums, exp.Func) else None


def sql_clauses(phrase: Phrase, columns: Columns) -> list[Clause]:
    """The longest runs that parse as conditions over known columns, in order."""
    names = {name.lower(): name for name in columns.types}
    found: list[Clause] = []
    at = 0
    while at < len(phrase):
        clause = _longest(phrase, at, names)
        if clause is None:
            at += 1
            continue
        found.append(clause)
        at = clause.end
    return found


def _longest(phrase: Phrase, at: int, names: dict[str, str]) -> Clause | None:
    first = phrase.tokens[at]
    called = first.norm in _FUNCTIONS and at + 1 < len(phrase) and phrase.tokens[at + 1].norm == "("
    if first.norm not in names and first.norm not in ("(", "not") and not called:
        return None
    end = at
    while end < min(len(phrase), at + _LONGEST) and _is_sql(phrase.tokens[end], names):
        if end > at and _stand_side_by_side(phrase.tokens[end - 1], phrase.tokens[end]):
            break
        end += 1
    if not _COMPARE & {token.norm for token in phrase.tokens[at:end]}:
        return None
    for stop in range(end, at + 2, -1):
        if phrase.tokens[stop - 1].norm in (*_SIGNS - {")"}, "and", "or", "in", "not", "is"):
            continue
        tree = _parsed(phrase.tokens[at:stop], names)
        if tree is not None:
            return Clause(at, stop, tree)
    return None


def _stand_side_by_side(before: Token, token: Token) -> bool:
    """Whether two values follow one another, which no expression has."""
    first = before.norm == ")" or (before.norm not in _SIGNS | _WORDS | _FUNCTIONS)
    return first and token.norm not in _SIGNS - {"("} and token.norm not in _WORDS


def _is_sql(token: Token, names: dict[str, str]) -> bool:
    if token.kind == "str":
        return token.text[:1] == "'"
    if token.kind == "num":
        return token.text.replace(".", "", 1).replace("-", "", 1).isdigit()
    known = token.norm in names or token.norm in _FUNCTIONS
    return known or token.norm in _WORDS or token.norm in _SIGNS


def _written(token: Token, names: dict[str, str]) -> str:
    """A token as SQL has it; a column that begins a statement in quotes."""
    name = names.get(token.norm)
    if name is None:
        return token.norm if token.kind == "op" else token.text
    return f"`{name}`" if token.norm in _RESERVED else name


def _parsed(tokens: tuple[Token, ...], names: dict[str, str]) -> exp.Expr | None:
    """A comparison; None for what is no SQL, or says nothing of a row."""
    from sqlglot import exp

    from ...errors import LakestreamError
    from ...relational.sql import parse_expression

    said = " ".join(_written(token, names) for token in tokens)
    try:
        tree = parse_expression(said, None)
    except LakestreamError:
        return None
    inner = tree.unnest()
    if not _says(inner):
        return None
    odd = [i for i in tree.find_all(exp.Is) if not isinstance(i.expression, exp.Null | exp.Boolean)]
    return (
        None if odd or tree.find(exp.Literal, exp.Null, exp.Boolean, exp.Binary) is None else tree
    )


def _says(tree: exp.Expr) -> bool:
    """Whether a tree is a comparison in all of its parts: `a = 1 AND b` is none."""
    from sqlglot import exp

    tree = tree.unnest()
    if isinstance(tree, exp.Connector):
        return _says(tree.left) and _says(tree.right)
    return _says(tree.this) if isinstance(tree, exp.Not) else isinstance(tree, exp.Predicate)
