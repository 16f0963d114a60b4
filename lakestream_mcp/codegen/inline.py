"""The carried source: which parts of our own files a notebook contains, word for word."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from ..cep.syntax_tree import module_tree
from .filters import Source

FOLDER = Path(__file__).parent / "structured_streaming"
MARK = "# --- carried ---\n"
PACKAGE = Path(__file__).parent.parent
PLATFORM = (
    *("core", "sources", "formats", "mqtt", "sinks"),
    *("alerts", "databases", "authored", "services"),
)
"""Files of `structured_streaming/platform/`, in the order in which generated code carries them."""
ELSEWHERE = ("nodes/sources/stream_simulator/clicks", "nodes/messages", "cep/processor/calls")
"""Files that lie where local tests use them too; carried after those of the platform."""
PLATFORM_FILES = (
    *(FOLDER / "platform" / f"{name}.py" for name in PLATFORM),
    *(PACKAGE / f"{name}.py" for name in ELSEWHERE),
)


@lru_cache(maxsize=32)
def carried_text(name: str) -> Source:
    """What follows the mark in one of the files of this target, or in a file of this path."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return Source(text.partition(MARK)[2].strip() + "\n")


def platform_functions(code: Iterable[str]) -> Source:
    """The platform functions that pieces of code use, and what those use, in file order.

    Constants of the first file are always there, those of the others where they are used.
    """
    core, *others = (carried_text(str(path)) for path in PLATFORM_FILES)
    defined = _definitions("\n".join([core, *others]))
    needed = {name for name, (_, kind) in _definitions(core).items() if kind is ast.Assign}
    todo = [name for piece in [*code, *(defined[n][0] for n in needed)] for name in names_in(piece)]
    while todo:
        name = todo.pop()
        if name in defined and name not in needed:
            needed.add(name)
            todo += names_in(defined[name][0])
    used = [(source, kind) for name, (source, kind) in defined.items() if name in needed]
    constants = [source for source, kind in used if kind is ast.Assign]
    definitions = [source for source, kind in used if kind is not ast.Assign]
    return Source("\n\n\n".join(["\n".join(constants), *definitions]) + "\n")


def _definitions(text: str) -> dict[str, tuple[str, type]]:
    """Top-level names with their source and kind."""
    lines = text.splitlines()
    found: dict[str, tuple[str, type]] = {}
    for statement in module_tree(text).body:
        first = min(
            [statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))]
        )
        source = "\n".join(lines[first - 1 : statement.end_lineno])
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            found[statement.name] = (source, type(statement))
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found[statement.targets[0].id] = (source, ast.Assign)
    return found


def names_in(code: str) -> set[str]:
    """Every name a piece of Python mentions."""
    return {n.id for n in ast.walk(module_tree(code)) if isinstance(n, ast.Name)}


def global_names(code: str) -> set[str]:
    """Every name that a piece of Python reads, without those that its parts import or set."""
    used: set[str] = set()
    for statement in module_tree(code).body:
        inside = list(ast.walk(statement))
        names = [n for n in inside if isinstance(n, ast.Name)]
        own = {n.id for n in names if isinstance(n.ctx, ast.Store)}
        for found in inside:
            if isinstance(found, ast.Import | ast.ImportFrom):
                own |= {a.asname or a.name.partition(".")[0] for a in found.names}
        used |= {n.id for n in names} - own
    return used


def top_level_names(code: str) -> set[str]:
    """Every name a piece of Python defines or imports at its top level."""
    names: set[str] = set()
    for statement in module_tree(code).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            names |= {(a.asname or a.name).partition(".")[0] for a in statement.names}
        else:
            targets = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
            names |= {n.id for n in targets if isinstance(n.ctx, ast.Store)}
    return names
