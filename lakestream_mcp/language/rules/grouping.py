"""Which comparisons belong together: by brackets, and by a comma before `and`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .condition_clause import Clause
from .condition_columns import column_tree
from .phrase import Phrase

if TYPE_CHECKING:
    from sqlglot import exp

UNLESS = (
    r"unless|except(?: when| if| where| for)?|(?:but|and) not (?:when|if|where|while|those)|"
    r"(?:but|and) (?:exclude|ignore|skip|leave out)|excluding(?: those| when| where)?|other than"
)
_APART = r"then|followed|after|before|next|later|without|->|;|\."
"""Words by which comparisons are of several events."""
_REACH = 4
_LINK = r"(?:,|and|or|but|also|either|both|that|which|is|are|where|with|the|a|an|it|must|be|has)"


def alike(tree: exp.Expr, more: tuple[list[str], str]) -> exp.Expr:
    """A comparison said of other columns too."""
    from sqlglot import exp

    names, joint = more
    if not names:
        return tree
    trees = [tree]
    for name in names:
        other = tree.copy()
        for old in other.find_all(exp.Column):
            old.replace(column_tree(name))
            break
        trees.insert(0, other)
    joined = exp.or_ if joint == "or" else exp.and_
    return joined(*trees, copy=False)


def grouped(phrase: Phrase, clauses: Sequence[Clause]) -> list[Clause]:
    """The comparisons, those that belong together as one."""
    found = _bracketed(phrase, _denied(phrase, clauses))
    found = _by_comma(phrase, found) if len(found) > 2 else found
    return _excepted(phrase, found)


def _denied(phrase: Phrase, clauses: Sequence[Clause]) -> list[Clause]:
    """The comparisons, those that `neither` or `nor` leads to as their opposites."""
    from sqlglot import exp

    made, end = [], 0
    for clause in clauses:
        lead = phrase.part(max(end, clause.start - _REACH), clause.start)
        denied = lead.has("neither|nor") and not isinstance(clause.tree, exp.Not | exp.NEQ)
        tree = exp.Not(this=exp.Paren(this=clause.tree)) if denied else clause.tree
        made.append(clause._replace(tree=tree))
        end = clause.end
    return made


def _excepted(phrase: Phrase, clauses: list[Clause]) -> list[Clause]:
    """`A or B unless C`: what is said before as one, and the opposite of what is said after."""
    from sqlglot import exp

    for number, (before, clause) in enumerate(pairwise(clauses), 1):
        gap = phrase.part(before.end, clause.start)
        first, rest = clauses[:number], clauses[number:]
        if len(gap) > _REACH + 2 or not gap.has(UNLESS):
            continue
        whole = phrase.part(first[0].start, rest[-1].end)
        if not whole.has(_APART) and _only(phrase, rest, rest[0].start, rest[-1].end):
            denied = exp.Not(this=exp.Paren(this=joined(phrase, rest)))
            kept = joined(phrase, first)
            kept = exp.Paren(this=kept) if isinstance(kept, exp.Or) else kept
            tree = exp.and_(kept, denied, copy=False)
            return [Clause(first[0].start, rest[-1].end, tree)]
    return clauses


def joined(phrase: Phrase, clauses: Sequence[Clause]) -> exp.Expr:
    """Comparisons with `and` and `or` between them; `and` binds closer."""
    from sqlglot import exp

    groups: list[list[exp.Expr]] = [[clauses[0].tree]]
    for before, clause in pairwise(clauses):
        if phrase.part(before.end, clause.start).has("or"):
            groups.append([])
        groups[-1].append(clause.tree)
    return exp.or_(*[exp.and_(*group, copy=False) for group in groups], copy=False)


def _bracketed(phrase: Phrase, clauses: list[Clause]) -> list[Clause]:
    """`(A or B) and C`: what stands in brackets is one."""
    opened: list[int] = []
    for at, token in enumerate(phrase.tokens):
        if token.norm == "(":
            opened.append(at)
        elif token.norm == ")" and opened:
            start = opened.pop()
            inside = [c for c in clauses if start < c.start and c.end <= at]
            if len(inside) > 1 and _only(phrase, inside, start + 1, at):
                first = clauses.index(inside[0])
                whole = Clause(start, at + 1, joined(phrase, inside))
                clauses[first : first + len(inside)] = [whole]
                phrase.use(start, at + 1)
    return clauses


def _by_comma(phrase: Phrase, clauses: list[Clause]) -> list[Clause]:
    """`A or B, and C`: the comma parts what `and` would bind closer."""
    parts: list[list[Clause]] = [[clauses[0]]]
    for before, clause in pairwise(clauses):
        gap = phrase.part(before.end, clause.start)
        denied = gap.text == "," and phrase.tokens[clause.start].norm == "not"
        if denied or gap.has(", (?:and|but)"):
            parts.append([])
        parts[-1].append(clause)
    made: list[Clause] = []
    for part in parts:
        whole = len(parts) > 1 and len(part) > 1
        if whole and _only(phrase, part, part[0].start, part[-1].end):
            made.append(Clause(part[0].start, part[-1].end, joined(phrase, part)))
        else:
            made += part
    return made


def _only(phrase: Phrase, clauses: Sequence[Clause], start: int, end: int) -> bool:
    """Whether nothing but words that link stands around some comparisons."""
    edges = [start, *(p for c in clauses for p in (c.start, c.end)), end]
    gaps = [phrase.part(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
    return all(gap.at(rf"{_LINK}(?: {_LINK}){{0,5}}$") for gap in gaps)
