"""A comparison that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlglot import exp


class Clause(NamedTuple):
    """A comparison: where it is among the tokens, and what it says."""

    start: int
    end: int
    tree: exp.Expr
