"""What SQL may do on a stream row by row, without keeping rows for later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlglot import exp

from ....graph.model import Problem
from ....relational.functions import functions
from ....relational.guard import function_name
from ....relational.sql import sql


class Refusal(NamedTuple):
    """A part of a query that a stream cannot have, and what to use in its place."""

    part: exp.Expr
    reason: str
    hint: str


def streaming_problems(tree: exp.Query) -> Iterator[Problem]:
    """Why a query is not answered row by row; one finding for each kind of part."""
    said: set[str] = set()
    for refusal in refusals(tree):
        if refusal.reason not in said:
            said.add(refusal.reason)
            yield Problem(
                "NOT_STREAMING",
                refusal.reason,
                field="query",
                got=sql(refusal.part)[:300],
                hint=refusal.hint,
            )


def refusals(tree: exp.Query) -> Iterator[Refusal]:
    """The parts of a query that wait for other rows than the one at hand."""
    for node in tree.walk():
        refusal = _refusal(node)
        if refusal is not None:
            yield Refusal(node, *refusal)


def _refusal(node: exp.Expr) -> tuple[str, str] | None:
    for kinds, reason, hint in PARTS:
        if isinstance(node, kinds):
            return reason, hint
    if isinstance(node, exp.SetOperation):
        if isinstance(node, exp.Union) and not node.args.get("distinct"):
            return None
        return "only UNION ALL joins streams row by row", "write UNION ALL"
    if isinstance(node, exp.Query) and not _in_from(node):
        return "a subquery in an expression reads all rows of a stream", "join the streams"
    if isinstance(node, exp.Select) and not node.args.get("from_"):
        return FROM_NOWHERE
    return AGGREGATE if _aggregates(node) else None


def _aggregates(node: exp.Expr) -> bool:
    if not isinstance(node, exp.Func) or isinstance(node.parent, exp.Window):
        return False
    known = functions().get(function_name(node).lower())
    return known is not None and known.kind == "aggregate"


def _in_from(node: exp.Query) -> bool:
    """Whether a query is the whole, a WITH, a branch of a union, or stands in FROM."""
    parent = node.parent
    if isinstance(node, exp.Subquery) or parent is None or isinstance(parent, exp.CTE):
        return parent is None or isinstance(parent, (exp.From, exp.Join, exp.SetOperation, exp.CTE))
    return isinstance(parent, (exp.Subquery, exp.SetOperation)) and _in_from(parent)


AGGREGATE = (
    "an aggregate over a stream never ends: it needs a window of time and a watermark",
    "use a window-aggregate node, or a pattern such as count-threshold",
)
FROM_NOWHERE = (
    "a SELECT without FROM has rows that come from no stream",
    "read such rows from a table: a stream-static-join adds them to a stream's",
)
PARTS: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], str, str], ...] = (
    (exp.Group, *AGGREGATE),
    (exp.Having, *AGGREGATE),
    (
        exp.Window,
        "a window function over a stream would have to sort rows that are still to come",
        "use a pattern: deduplicate, trend or match-recognize",
    ),
    (exp.Qualify, "QUALIFY reads other rows than the one at hand", "use a deduplicate node"),
    (exp.Distinct, "DISTINCT would have to remember every row", "use a deduplicate node"),
    (exp.Order, "a stream has no last row, so it cannot be sorted", "sort what is read later"),
    (exp.Limit, "a stream has no end, so LIMIT would pick rows by chance", "filter by a condition"),
    (
        exp.Join,
        "a join of streams keeps rows until their partners come",
        "use a stream-stream-join node, or stream-static-join for a table",
    ),
)
