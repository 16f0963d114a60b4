"""Python text as a tree, in any thread."""

from __future__ import annotations

import ast
from threading import RLock

_ONE_AT_A_TIME = RLock()


def module_tree(text: str) -> ast.Module:
    """The tree of a module, as Python 3.11 reads it.

    Raises SyntaxError, ValueError, RecursionError, MemoryError.
    """
    # CPython 3.11 counts the depth of all threads' trees in one place: garbage collection in the
    # middle may let another thread parse, and then both fail with a SystemError.
    with _ONE_AT_A_TIME:
        return ast.parse(text, feature_version=(3, 11))


def expression_tree(text: str) -> ast.Expression:
    """The tree of one expression. Raises what `module_tree` raises."""
    with _ONE_AT_A_TIME:
        return ast.parse(text, mode="eval", feature_version=(3, 11))
