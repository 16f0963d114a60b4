"""What a piece of an author's code changes in place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...graph.model import Problem
from .safety import at

_MUTATORS = """append extend insert remove pop popitem clear update setdefault add discard
appendleft popleft extendleft"""
MUTATORS = frozenset(_MUTATORS.split())


def shared_names(tree: ast.Module) -> Iterator[Problem]:
    """Changes of the module's own names inside functions: an answer would depend on other rows."""
    module_names = stored_names(tree)
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        local = {a.arg for a in function.args.args} | stored_names(function)
        for node in ast.walk(function):
            target = written(node)
            root = root_of(target) if target is not None else None
            if target is not None and root in module_names - local:
                yield at(
                    getattr(node, "lineno", function.lineno),
                    "SHARED_STATE",
                    f"`{ast.unparse(target)}` is changed in `{function.name}`: rows would depend "
                    "on the rows before them, which Spark orders as it likes.",
                    got=ast.unparse(target),
                    expected="a function of its arguments alone",
                )


def written(node: ast.AST) -> ast.expr | None:
    """What a statement or a call changes in place."""
    if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(
        node.ctx, ast.Store | ast.Del
    ):
        return node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        holder = node.func.value
        plain = isinstance(holder, ast.Name | ast.Subscript)
        return holder if node.func.attr in MUTATORS and plain else None
    return None


def root_of(node: ast.expr) -> str | None:
    """The name at the root of `name.field[0]`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def stored_names(tree: ast.AST) -> set[str]:
    """Names that a module or function assigns, its inner functions left out."""
    found: set[str] = set()
    todo = list(ast.iter_child_nodes(tree))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            found |= {node.name} if not isinstance(node, ast.Lambda) else set()
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        todo += ast.iter_child_nodes(node)
    return found
