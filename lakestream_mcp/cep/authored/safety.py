"""What an author's code may name: a first fence, before the guarded process that runs it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...errors import nearest
from ...graph.model import Problem
from ..processor.cycle import HIDDEN

_MODULES = """base64 binascii bisect collections collections.abc copy datetime decimal enum
fractions functools hashlib heapq hmac itertools json math numbers numpy operator pandas re
statistics string struct textwrap typing unicodedata zlib"""
_PROCESSOR_MODULES = """pyspark.sql pyspark.sql.streaming
pyspark.sql.streaming.stateful_processor"""
COMPUTING_MODULES = frozenset(_MODULES.split())
"""What code that only computes may import."""
ALLOWED_MODULES = COMPUTING_MODULES | frozenset(_PROCESSOR_MODULES.split())
"""What a StatefulProcessor may import."""
REASONS = {
    "time": "event time is in the rows, and `timerValues` has the clocks",
    "random": "a batch that is run again must give the same rows",
    "uuid": "a batch that is run again must give the same rows",
    "secrets": "a batch that is run again must give the same rows",
    "dataclasses": "Spark cannot send such classes to its workers; use typing.NamedTuple",
    "zoneinfo": "it reads files; times are in UTC",
    "pyspark.sql.types": "schemas are written as DDL text, such as `n bigint, at date`",
    "pyspark.sql.functions": "they work on columns, not on values",
    "__future__": "Spark cannot send such code to its workers",
}
FORBIDDEN_NAMES = HIDDEN | {"__import__", "__builtins__", "__loader__", "__spec__"}
ALLOWED_DUNDERS = frozenset({"__init__", "__name__", "__doc__", "__class__"})
CLOCK_METHODS = frozenset({"now", "utcnow", "today"})
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


def imported_modules(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every module that code imports, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), node.lineno


def syntax(error: Exception) -> Problem:
    """What the parser said about code that is not Python."""
    line = getattr(error, "lineno", None) or 1
    said = getattr(error, "msg", None) or str(error) or type(error).__name__
    text = (getattr(error, "text", None) or "").strip()[:80]
    return at(line, "CODE_SYNTAX", f"this is not Python: {said}.", got=text or None)


def unsafe_names(
    tree: ast.Module, allowed: frozenset[str] = ALLOWED_MODULES, clocks: bool = False
) -> Iterator[Problem]:
    """Imports, names and attributes that code here has no use for.

    clocks: whether it may read the machine's clock.
    """
    yield from _imports(tree, allowed)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            yield at(node.lineno, "NAME_REFUSED", f"`{node.id}` cannot be used here.", got=node.id)
        elif isinstance(node, ast.Attribute) and _is_hidden(node.attr):
            message = f"`.{node.attr}` is an internal of Python."
            yield at(node.lineno, "NAME_REFUSED", message, got=node.attr)
        elif isinstance(node, ast.Attribute) and node.attr in CLOCK_METHODS and not clocks:
            yield at(
                node.lineno,
                "CLOCK_REFUSED",
                f"`.{node.attr}()` reads the machine's clock: the same rows would give other "
                "answers.",
                got=node.attr,
                expected="the times of the rows, or timerValues of a processor",
            )
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global | ast.Nonlocal):
            word = type(node).__name__.removesuffix("FunctionDef").lower()
            yield at(node.lineno, "STATEMENT_REFUSED", f"`{word}` has no place here.", got=word)
    yield from _statements(tree)


def _is_hidden(name: str) -> bool:
    return name in INTERNALS or (name.startswith("__") and name not in ALLOWED_DUNDERS)


def _imports(tree: ast.Module, allowed: frozenset[str]) -> Iterator[Problem]:
    for module, line in imported_modules(tree):
        if module in allowed:
            continue
        reason = REASONS.get(module) or REASONS.get(module.partition(".")[0])
        near = nearest(module, allowed)
        yield at(
            line,
            "IMPORT_REFUSED",
            f"`{module}` cannot be imported.",
            got=module,
            expected=sorted(allowed),
            hint=reason or (f"did you mean `{near}`?" if near else None),
        )
    for node in ast.walk(tree):
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
                "this statement cannot stand outside functions.",
                got=number,
                expected="imports, constants, functions and classes",
            )
