"""What an author's code may name: a first fence, before the guarded process that runs it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...cep.processor.cycle import HIDDEN
from ...errors import nearest
from ...graph.model import Problem
from .code import Authored

_MODULES = """base64 binascii bisect collections collections.abc copy datetime decimal enum
fractions functools hashlib heapq hmac itertools json math numbers numpy operator pandas re
statistics string struct textwrap typing unicodedata zlib pyspark.sql pyspark.sql.streaming
pyspark.sql.streaming.stateful_processor"""
_MUTATORS = """append extend insert remove pop popitem clear update setdefault add discard
appendleft popleft extendleft"""
ALLOWED_MODULES = frozenset(_MODULES.split())
REASONS = {
    "time": "event time is in the rows, and `timerValues` has the clocks",
    "random": "a batch that is run again must give the same rows",
    "uuid": "a batch that is run again must give the same rows",
    "secrets": "a batch that is run again must give the same rows",
    "dataclasses": "Spark cannot send such classes to its workers; use typing.NamedTuple",
    "zoneinfo": "it reads files; times are in UTC",
    "pyspark.sql.types": "schemas are written as DDL text, such as `n bigint, at date`",
    "pyspark.sql.functions": "they work on columns, not inside a processor",
    "__future__": "Spark cannot send such code to its workers",
}
FORBIDDEN_NAMES = HIDDEN | {"__import__", "__builtins__", "__loader__", "__spec__"}
ALLOWED_DUNDERS = frozenset({"__init__", "__name__", "__doc__", "__class__"})
CLOCK_METHODS = frozenset({"now", "utcnow", "today"})
MUTATORS = frozenset(_MUTATORS.split())
INTERNALS = frozenset({"gi_frame", "gi_code", "tb_frame", "tb_next", "f_back", "f_globals"})
NOTEBOOK_LINE = re.compile(
    r"^\s*#\s*(COMMAND -|MAGIC\b|Databricks notebook source|DBTITLE|lakestream:|fmt:|ruff:)"
)


def at(line: int, code: str, message: str, **more: object) -> Problem:
    """A problem of the field `code`, with its line."""
    return Problem(code, f"Line {line}: {message}", "code", **more)  # type: ignore[arg-type]


def refused_lines(code: str) -> Iterator[Problem]:
    """Comments that a notebook would take for its own."""
    for number, line in enumerate(code.split("\n"), 1):
        if NOTEBOOK_LINE.match(line) or not all(c.isprintable() or c in "\t" for c in line):
            yield at(
                number,
                "CODE_LINE_REFUSED",
                "a notebook would take this line for one of its own, or it has control characters.",
                got=line.strip()[:80],
                hint="remove it",
            )


def unsafe_names(authored: Authored) -> Iterator[Problem]:
    """Imports, names and attributes that code here has no use for."""
    yield from _imports(authored)
    for node in ast.walk(authored.tree):
        if isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            yield at(node.lineno, "NAME_REFUSED", f"`{node.id}` cannot be used here.", got=node.id)
        elif isinstance(node, ast.Attribute) and _is_hidden(node.attr):
            message = f"`.{node.attr}` is an internal of Python."
            yield at(node.lineno, "NAME_REFUSED", message, got=node.attr)
        elif isinstance(node, ast.Attribute) and node.attr in CLOCK_METHODS:
            yield at(
                node.lineno,
                "CLOCK_REFUSED",
                f"`.{node.attr}()` reads the machine's clock: the same rows would give other "
                "answers.",
                got=node.attr,
                expected="the times of the rows, or timerValues",
            )
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global | ast.Nonlocal):
            word = type(node).__name__.removesuffix("FunctionDef").lower()
            yield at(node.lineno, "STATEMENT_REFUSED", f"`{word}` has no place here.", got=word)
    yield from _statements(authored.tree)


def _is_hidden(name: str) -> bool:
    return name in INTERNALS or (name.startswith("__") and name not in ALLOWED_DUNDERS)


def _imports(authored: Authored) -> Iterator[Problem]:
    for module, line in authored.imports:
        if module in ALLOWED_MODULES:
            continue
        reason = REASONS.get(module) or REASONS.get(module.partition(".")[0])
        near = nearest(module, ALLOWED_MODULES)
        yield at(
            line,
            "IMPORT_REFUSED",
            f"`{module}` cannot be imported.",
            got=module,
            expected=sorted(ALLOWED_MODULES),
            hint=reason or (f"did you mean `{near}`?" if near else None),
        )
    for node in ast.walk(authored.tree):
        if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            yield at(node.lineno, "IMPORT_REFUSED", "`import *` hides what is used.", got="*")


def _statements(tree: ast.Module) -> Iterator[Problem]:
    """A module of imports, constants, functions and classes: nothing that runs by itself."""
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    for number, node in enumerate(tree.body):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not isinstance(node, kinds) and not is_text:
            yield at(
                node.lineno,
                "STATEMENT_REFUSED",
                f"a {type(node).__name__.lower()} statement cannot stand outside functions.",
                got=number,
                expected="imports, constants, functions and classes",
            )


def shared_state(authored: Authored) -> Iterator[Problem]:
    """Assignments that outlive a key within a batch, and are lost after it."""
    module_names = _stored(authored.tree)
    for name, method in authored.methods.items():
        if name in ("init", "__init__", "close"):
            continue
        for node in ast.walk(method):
            target = _written(node)
            root = _root(target) if target is not None else None
            own = isinstance(target, ast.Attribute | ast.Subscript) and root == "self"
            local = root in {a.arg for a in method.args.args} | _stored(method)
            if own or (root in module_names and not local and not isinstance(target, ast.Name)):
                yield at(
                    getattr(node, "lineno", method.lineno),
                    "STATE_ON_SELF",
                    f"`{ast.unparse(target)}` is changed in `{name}`: Spark shares it between the "  # type: ignore[arg-type]
                    "keys of a partition and loses it after the batch.",
                    got=ast.unparse(target),  # type: ignore[arg-type]
                    expected="state declared in `init`",
                    hint="self.count = handle.getValueState('count', 'n bigint') in `init`",
                )


def _written(node: ast.AST) -> ast.expr | None:
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


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _stored(tree: ast.AST) -> set[str]:
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
